"""The end of what a run has printed is kept, whatever and however much it prints."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waybill.domain.texts.tail import LOG_CAP
from waybill_worker.runs.run_log import RunLog


def told(log: RunLog) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(log.told())
    assert (said["task_id"], said["run"], said["claim"]) == ("a", 1, "claim")
    return said


def test_what_is_printed_is_told_and_that_it_is_new() -> None:
    log = RunLog("a", 1, "claim")
    news: list[RunLog] = []
    log.on_news = news.append
    for data in (b"one\n", b"two\n"):
        log.take(data)
    assert (log.is_new, news, len(log)) == (True, [log], 8)
    assert (told(log)["text"], told(log)["cut"], log.is_new) == ("one\ntwo\n", False, False)
    log.take(b"three\n")
    assert (news, told(log)["text"]) == ([log, log], "one\ntwo\nthree\n")


def test_of_much_the_last_lines_are_kept() -> None:
    log = RunLog("a", 1, "claim")
    for number in range(20_000):
        log.take(f"line {number}\n".encode())
        assert len(log) <= LOG_CAP
    said = told(log)
    lines = said["text"].splitlines()
    assert said["cut"]
    assert lines == [f"line {number}" for number in range(20_000 - len(lines), 20_000)]
    assert len(lines) > 2_900
    log.take(b"x" * 10 * LOG_CAP + b"\nend\n")
    assert told(log)["text"] == "x" * (LOG_CAP - 5) + "\nend\n", "one line is most of it"


@pytest.mark.parametrize(
    ("data", "text"),
    [(b"\xff\xfe\0bytes\n", "\ufffd\ufffdbytes\n"), (b"\x1b[31mred\x1b[0m\r\n", "red\n"), ("д".encode()[:1], "\ufffd")],
)
def test_a_log_is_text(data: bytes, text: str) -> None:
    log = RunLog("a", 1, "claim")
    log.take(data)
    assert told(log)["text"] == text


@given(st.lists(st.binary(max_size=3_000), max_size=30), st.integers(1, 20))
def test_it_is_never_larger_than_allowed(printed: list[bytes], times: int) -> None:
    log = RunLog("a", 1, "claim")
    for data in printed * times:
        log.take(data)
    assert len(log) <= LOG_CAP
    assert len(told(log)["text"].encode()) <= LOG_CAP

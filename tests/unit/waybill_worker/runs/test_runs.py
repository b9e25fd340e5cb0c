"""What a run says, and that it says nothing more once it has ended or was lost."""

import json
from typing import Any

import pytest

from waybill.delivery.spool import Parcel
from waybill.domain.status import ErrorCode
from waybill.encoding import REPORT_CAP
from waybill.queue.message import Message
from waybill_worker.runs.runs import Cancelled, Run, Runs


@pytest.fixture
def run() -> Run:
    run = Run(Message("a", 3), "claim", "w-1", 0.0)
    run.begin({"attempt": 2, "handler": "sleep"}, 1.0)
    return run


def said(parcel: Parcel | None) -> dict[str, Any]:
    assert parcel is not None
    report: dict[str, Any] = json.loads(parcel.text)
    return report


def test_a_claim_names_the_run_and_leaves_the_attempt_to_the_api(run: Run) -> None:
    claim = {"task_id": "a", "run": 3, "claim": "claim", "status": 2, "source": "w-1", "isolates": False}
    assert run.claim_report() == claim
    assert Run(Message("a", 3), "claim", "w-1", 0.0, isolates=True).claim_report() == claim | {"isolates": True}


def test_a_run_is_held_until_its_end_is_acknowledged_and_its_handler_has_left() -> None:
    news: list[None] = []
    runs = Runs("w-1", on_left=lambda: news.append(None))

    def granted(task_id: str) -> Run:
        run = runs.open(Message(task_id, 1), "claim")
        assert run is not None
        runs.enter([run])
        return run

    ended, timed_out, lost = map(granted, ("ended", "timed out", "lost"))
    ended.complete(None)
    runs.leave(ended)
    runs.forget(ended)
    assert runs.held() == [timed_out, lost]
    assert news == [], "the API does not wait for that"
    timed_out.fail(ErrorCode.TIMEOUT, "too slow")
    runs.forget(timed_out)
    lost.lose()
    runs.forget(lost)
    assert runs.held() == [timed_out, lost]
    runs.leave(timed_out)
    runs.leave(lost)
    assert (runs.held(), len(news)) == ([], 2)


def test_a_later_run_of_a_task_stops_what_still_executes_an_earlier_one() -> None:
    runs = Runs("w-1")
    first, other, second = (runs.open(Message(*key), "claim") for key in (("a", 1), ("b", 1), ("a", 2)))
    assert first is not None
    assert other is not None
    assert second is not None
    runs.enter([first, other])
    runs.enter([second])
    assert [run.is_stopped for run in (first, other, second)] == [True, False, False]


def test_every_report_carries_who_says_it_and_the_next_number(run: Run) -> None:
    whole = {"task_id": "a", "attempt": 2, "run": 3, "claim": "claim", "source": "w-1"}
    assert said(run.say(progress=0.5)) == whole | {"seq": 1, "progress": 0.5}
    assert said(run.complete({"n": 1})) == whole | {"seq": 2, "status": 3, "result": {"n": 1}}


def test_a_failure_says_why(run: Run) -> None:
    parcel = run.fail(ErrorCode.TIMEOUT, "no end after 3 s")
    assert said(parcel)["error"] == {"code": "timeout", "message": "no end after 3 s"}
    assert parcel is not None
    assert parcel.is_final
    assert run.is_stopped


def test_a_run_ends_once(run: Run) -> None:
    assert run.fail(ErrorCode.TIMEOUT, "late") is not None
    assert run.complete(None) is None
    with pytest.raises(Cancelled):
        run.say(progress=1.0)


def test_a_lost_run_says_nothing_more(run: Run) -> None:
    run.lose()
    assert run.is_stopped
    assert run.sleep(60)
    assert run.fail(ErrorCode.FAILED, "late") is None


@pytest.mark.parametrize(
    "result", [object(), {1j}, float("nan"), float("inf"), "\ud800", {"a": b"bytes"}, "x" * REPORT_CAP]
)
def test_what_cannot_travel_is_refused_and_the_run_goes_on(run: Run, result: Any) -> None:
    with pytest.raises(ValueError, match=r"not JSON|bytes of JSON|surrogate"):
        run.complete(result)
    with pytest.raises(ValueError, match=r"not JSON|bytes of JSON|surrogate"):
        run.say(metadata={"key": result})
    assert said(run.fail(ErrorCode.FAILED, "bad result"))["seq"] == 1


def test_a_result_nested_in_itself_is_refused(run: Run) -> None:
    nested: list[Any] = []
    nested.append(nested)
    with pytest.raises(ValueError, match="not JSON"):
        run.complete(nested)
    deep: Any = None
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ValueError, match="within each other"):
        run.complete(deep)


def test_error_messages_are_bounded_and_clean(run: Run) -> None:
    message = said(run.fail(ErrorCode.FAILED, "\0\ud800" + "x" * 10_000))["error"]["message"]
    assert len(message) == 2_000
    assert message.startswith("\ufffd?xxx")


@pytest.mark.parametrize(
    ("task", "limit"),
    [
        ({"handler": "sleep", "timeout": 5, "processing_time": 1}, 5),
        ({"handler": "sleep", "timeout": None, "processing_time": 7}, 67),
        ({"handler": "work", "timeout": None, "processing_time": 7}, 3_600),
        ({}, 3_600),
    ],
)
def test_the_limit_comes_from_the_task(run: Run, task: dict[str, Any], limit: float) -> None:
    run.begin(task, 0.0)
    assert run.limit == limit


def test_a_run_is_held_once_however_often_its_message_comes() -> None:
    runs = Runs("w-1")
    first = runs.open(Message("a", 1), "claim")
    assert first is not None
    assert runs.open(Message("a", 1), "other") is None
    other = runs.open(Message("a", 2), "other")
    assert runs.held() == [first, other]
    runs.forget(first)
    assert runs.find("a", 1) is None
    assert runs.find("a", 2) is other

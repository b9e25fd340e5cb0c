"""The supervisor starts its process anew however it ends, and notes what was done when."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from proof.journal import Journal
from proof.supervisor import Supervisor
from tests.acceptance.instance import wait_until

SLEEP = "import sys, time; print('Worker w-00000000000000aa serves', flush=True); time.sleep(600)"


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "journal.jsonl") as journal:
        yield journal


def supervised(code: str, journal: Journal, folder: Path) -> Supervisor:
    return Supervisor("it", [sys.executable, "-c", code], dict(os.environ), folder, journal)


def happened(journal: Journal) -> list[str]:
    return [deed.what for deed in journal.deeds]


def test_a_killed_process_is_started_anew(journal: Journal, tmp_path: Path) -> None:
    with supervised(SLEEP, journal, tmp_path) as one:
        wait_until(one.worker_id, "the id of the worker")
        one.kill()
        wait_until(lambda: happened(journal) == ["start", "kill", "exit", "start"], "another start")
        assert journal.deeds[1].worker_id == "w-00000000000000aa"
    assert not one.own_ends.total()
    lines = [json.loads(line) for line in (tmp_path / "journal.jsonl").read_text().splitlines()]
    assert [line["what"] for line in lines] == ["start", "kill", "exit", "start"]


def test_what_a_process_prints_when_it_is_ready_is_noted(journal: Journal, tmp_path: Path) -> None:
    with Supervisor("it", [sys.executable, "-c", SLEEP], dict(os.environ), tmp_path, journal, ready=b"serves") as one:
        wait_until(lambda: happened(journal) == ["start", "ready"], "a process that is ready")
        one.kill()
        wait_until(lambda: happened(journal)[2:] == ["kill", "exit", "start", "ready"], "another that is ready")


def test_a_process_that_ends_by_itself_is_started_anew_and_counted(journal: Journal, tmp_path: Path) -> None:
    with supervised("raise SystemExit(75)", journal, tmp_path) as one:
        wait_until(lambda: one.own_ends[75] >= 2, "two ends")


def test_a_stopped_process_stands_still_until_it_may_go_on(journal: Journal, tmp_path: Path) -> None:
    with supervised(SLEEP, journal, tmp_path) as one:
        pid = one.stop()
        assert pid is not None
        state = Path(f"/proc/{pid}/stat")
        wait_until(lambda: state.read_text().split()[2] == "T", "a process that stands still")
        one.go_on(pid)
        wait_until(lambda: state.read_text().split()[2] != "T", "a process that goes on")


def test_a_stopped_process_can_be_killed_and_its_successor_is_left_alone(journal: Journal, tmp_path: Path) -> None:
    with supervised(SLEEP, journal, tmp_path) as one:
        pid = one.stop()
        one.kill()
        wait_until(lambda: happened(journal)[-1] == "start", "another start")
        one.go_on(pid)
        assert "go on" not in happened(journal)


def test_nothing_runs_after_the_end(journal: Journal, tmp_path: Path) -> None:
    with supervised(SLEEP, journal, tmp_path) as one:
        pid = one.stop()
    assert not Path(f"/proc/{pid}").exists()
    assert happened(journal) == ["start", "stop"]

"""Runs that take too long end, and handlers that do not end even then are noticed."""

import json

from services.worker.runs import Run
from services.worker.watchdog import Watchdog
from shared.queue import Message
from shared.spool import Parcel


def test_a_run_over_its_limit_is_timed_out_once_and_hangs_when_it_goes_on() -> None:
    run = Run(Message("a", 1), "claim", "w-1", 0.0)
    run.begin({"attempt": 1, "timeout": 5}, 100.0)
    said: list[Parcel] = []
    now = 104.9
    watchdog = Watchdog(lambda: [run], said.append, hung_seconds=10, clock=lambda: now)
    assert not watchdog.look()
    assert said == []
    now = 105.0
    assert not watchdog.look()
    assert not watchdog.look()
    (parcel,) = said
    assert json.loads(parcel.text)["error"] == {"code": "timeout", "message": "no end after 5 s"}
    assert run.is_stopped
    now = 115.1
    assert watchdog.look()
    assert len(said) == 1


def test_a_lost_run_reports_no_timeout_but_still_hangs() -> None:
    run = Run(Message("a", 1), "claim", "w-1", 0.0)
    run.begin({"attempt": 1, "timeout": 5}, 0.0)
    run.lose()
    said: list[Parcel] = []
    assert Watchdog(lambda: [run], said.append, hung_seconds=10, clock=lambda: 16.0).look()
    assert said == []

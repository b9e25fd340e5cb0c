"""What a dead worker left is finished by exactly one finder, and nothing of it is lost."""

import json
import os
import sqlite3
import threading
from pathlib import Path

import pytest

from tests.descriptors import no_descriptors
from tests.unit.spools import dead_letters
from tests.unit.waybill_worker.scripted import ScriptedApi, judged, until
from waybill.api_error import ApiUnreachable
from waybill.delivery.spool import Parcel, Spool
from waybill.domain.status import Outcome
from waybill.host.lockfile import LockFile
from waybill_worker import adoption
from waybill_worker.adoption import Adoption

DEAD = "w-00000000000000aa"


class Bench:
    """A data directory in which one worker has died."""

    def __init__(self, folder: Path) -> None:
        self.api = ScriptedApi()
        self.api.reply = judged(Outcome.APPLIED)
        self.spool_dir = folder / "spool"
        self.doorbell_dir = folder / "doorbells"
        self.spool_dir.mkdir()
        self.doorbell_dir.mkdir()
        (self.spool_dir / f"{DEAD}.lock").touch()
        os.mkfifo(self.doorbell_dir / DEAD)
        self.adoption = Adoption(self.api, self.spool_dir, self.doorbell_dir)

    def leave(self, *numbers: int, stopped: bool = False) -> None:
        spool = Spool(self.spool_dir / f"{DEAD}.db")
        spool.append(
            [
                Parcel(
                    f"task-{number}",
                    1,
                    True,
                    json.dumps(
                        {
                            "task_id": f"task-{number}",
                            "attempt": 1,
                            "seq": number,
                            "source": DEAD,
                            "run": 1,
                            "claim": "c",
                            "status": 3,
                        }
                    ),
                )
                for number in numbers
            ]
        )
        if stopped:
            spool.mark_stopped()
        spool.close()

    def files(self) -> list[str]:
        folders = (self.spool_dir, self.doorbell_dir)
        return sorted(str(path.relative_to(folder)) for folder in folders for path in folder.rglob("*"))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_reports_are_delivered_in_order_then_the_runs_released_then_the_files_removed(bench: Bench) -> None:
    bench.leave(*range(1, 1_501))
    assert bench.adoption.look() == 1
    assert [report["seq"] for report in bench.api.reports] == list(range(1, 1_501))
    assert bench.api.farewells == [(DEAD, True)]
    assert bench.files() == []
    assert bench.adoption.look() == 0


def test_a_worker_that_stopped_on_its_own_has_not_crashed(bench: Bench) -> None:
    bench.leave(1, stopped=True)
    assert bench.adoption.look() == 1
    assert bench.api.farewells == [(DEAD, False)]


def test_a_worker_without_a_spool_is_adopted_too(bench: Bench) -> None:
    assert bench.adoption.look() == 1
    assert bench.api.farewells == [(DEAD, True)]
    assert bench.files() == []


def test_a_living_worker_is_left_alone(bench: Bench) -> None:
    owner = LockFile(bench.spool_dir / f"{DEAD}.lock")
    assert owner.acquire()
    bench.leave(1)
    assert bench.adoption.look() == 0
    assert bench.api.farewells == []
    assert len(bench.files()) == 3
    owner.release()


def test_while_the_api_is_down_everything_stays_for_a_later_look(bench: Bench) -> None:
    bench.leave(1, 2)
    bench.api.is_down = True
    assert bench.adoption.look() == 0
    assert len(bench.files()) == 3
    bench.api.is_down = False
    assert bench.adoption.look() == 1
    assert [report["seq"] for report in bench.api.reports] == [1, 2]


def test_what_the_api_could_not_hear_is_told_soon_after(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adoption, "INTERVAL_SECONDS", 3_600.0)
    bench.api.failures = [ApiUnreachable("starting"), ApiUnreachable("starting")]
    thread = threading.Thread(target=bench.adoption.work, daemon=True)
    thread.start()
    try:
        until(lambda: bench.files() == [])
    finally:
        bench.adoption.stop()
        thread.join()


def test_when_only_the_farewell_fails_nothing_is_delivered_twice(bench: Bench) -> None:
    bench.leave(1)
    gone = bench.api.gone

    def fail_once(worker_id: str, crashed: bool) -> None:
        bench.api.gone = gone  # type: ignore[method-assign]
        bench.api.failures = []
        raise OSError("no network")

    bench.api.gone = fail_once  # type: ignore[method-assign]
    assert bench.adoption.look() == 0
    assert bench.adoption.look() == 1
    assert len(bench.api.reports) == 1


def test_refused_and_unknown_reports_do_not_hold_up_the_rest(bench: Bench) -> None:
    outcomes = {1: Outcome.REFUSED, 2: Outcome.UNKNOWN, 3: Outcome.APPLIED}
    bench.api.reply = lambda report: judged(outcomes[report["seq"]])(report)
    bench.leave(1, 2, 3)
    assert bench.adoption.look() == 1
    assert [report["seq"] for report in bench.api.reports] == [1, 2, 3]
    kept = dead_letters(bench.spool_dir / "dead-letters" / f"{DEAD}.db")
    assert [reason for reason, _ in kept] == ["unknown: because"]


def test_an_invalid_end_is_replaced_by_a_plain_failure(bench: Bench) -> None:
    bench.api.reply = lambda report: judged(Outcome.INVALID if report["status"] == 3 else Outcome.APPLIED)(report)
    bench.leave(1)
    assert bench.adoption.look() == 1
    assert [report["status"] for report in bench.api.reports] == [3, 4]


def test_a_damaged_spool_is_set_aside_and_its_runs_released(bench: Bench) -> None:
    (bench.spool_dir / f"{DEAD}.db").write_bytes(b"garbage" * 1000)
    assert bench.adoption.look() == 1
    assert bench.api.farewells == [(DEAD, True)]
    assert bench.files() == ["damaged", f"damaged/{DEAD}.db"]


def test_a_healthy_spool_that_cannot_be_opened_stays_and_that_is_said_once(
    bench: Bench, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.leave(1)

    def starved(spool: Spool) -> None:
        with no_descriptors():
            sqlite3.connect(spool.path).execute("select 1 from reports")

    with monkeypatch.context() as patch:
        patch.setattr(Spool, "_open", starved)
        for _ in range(3):
            assert bench.adoption.look() == 0
    assert [record.getMessage() for record in caplog.records if "cannot be settled" in record.getMessage()] == [
        f"What {DEAD} left cannot be settled; retrying: unable to open database file"
    ]
    assert bench.adoption.look() == 1
    assert len(bench.api.reports) == 1


def test_a_spool_whose_lock_file_was_removed_is_adopted(bench: Bench) -> None:
    bench.leave(1)
    (bench.spool_dir / f"{DEAD}.lock").unlink()
    assert bench.adoption.look() == 1
    assert len(bench.api.reports) == 1
    assert bench.files() == []


def test_files_that_are_no_workers_are_left_alone(bench: Bench) -> None:
    bench.adoption.look()
    for name in ("notes.lock", "w-1.db", "readme"):
        (bench.spool_dir / name).touch()
    assert bench.adoption.look() == 0
    assert bench.files() == ["notes.lock", "readme", "w-1.db"]

"""Numbers only rise, and none is given twice to one source."""

import errno
import os
import threading
from pathlib import Path

import pytest

from waybill.clock import BLOCK, LogicalClock


def test_the_first_numbers_follow_what_was_received(tmp_path: Path) -> None:
    clock = LogicalClock(tmp_path / "clock")
    assert [clock.tick(received) for received in (0, 0, 7, 3, 5_000, 0)] == [1, 2, 8, 9, 5_001, 5_002]


def test_a_clock_that_starts_again_goes_on_above_its_own_last(tmp_path: Path) -> None:
    for _ in range(3):
        first = LogicalClock(tmp_path / "clock")
        last = [first.tick(0) for _ in range(2 * BLOCK + 5)][-1]
        assert LogicalClock(tmp_path / "clock").tick(0) > last


def test_threads_and_processes_never_share_a_number(tmp_path: Path) -> None:
    given: list[int] = []

    def work(clock: LogicalClock) -> None:
        given.extend([clock.tick(step) for step in range(3_000)])

    clocks = [LogicalClock(tmp_path / "clock") for _ in range(3)]
    threads = [threading.Thread(target=work, args=(clock,)) for clock in clocks for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(given)) == len(given) == 18_000


def test_a_file_that_is_damaged_or_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "clock").write_text("nonsense")
    assert LogicalClock(tmp_path / "clock").tick(0) == 1
    clock = LogicalClock(tmp_path / "missing" / "clock")
    assert [clock.tick(0) for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize("call", ["open", "pwrite", "fsync"])
def test_once_its_file_can_be_written_again_no_number_is_another_process_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, call: str
) -> None:
    def fails(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    first, second = LogicalClock(tmp_path / "clock"), LogicalClock(tmp_path / "clock")
    given = [first.tick(0), second.tick(0)]
    monkeypatch.setattr(os, call, fails)
    given += [clock.tick(0) for _ in range(2 * BLOCK) for clock in (first, second)]
    assert len(caplog.records) == 2, "each says it once"
    monkeypatch.undo()
    mine = [first.tick(0) for _ in range(2 * BLOCK)]
    given += mine
    assert mine[-1] - mine[0] < 4 * BLOCK, "numbers leap while the file fails, and no longer"
    assert LogicalClock(tmp_path / "clock").tick(0) > max(mine)
    given += [second.tick(0) for _ in range(2 * BLOCK)]
    collisions = len(given) - len(set(given))
    assert collisions <= BLOCK / 5, "while the file failed, chance alone kept them apart"
    assert not set(mine) & set(given[-2 * BLOCK :])


def test_a_number_that_no_report_could_carry_is_taken_for_damage(tmp_path: Path) -> None:
    (tmp_path / "clock").write_text("9" * 20)
    assert LogicalClock(tmp_path / "clock").tick(0) == 1

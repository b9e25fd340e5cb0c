"""Numbers only rise, and none is given twice to one source."""

import threading
from pathlib import Path

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

"""What is spooled is on disk, in order, and survives its owner."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.unit.spools import dead_letters, kept
from waybill.delivery.spool import Parcel, Spool

WRITER = """
import os, sys
from pathlib import Path
from waybill.delivery.spool import Parcel, Spool
spool = Spool(Path(sys.argv[1]))
for number in range(1_000_000):
    spool.append([Parcel("a", number, False, "{}"), Parcel("a", number, True, "{}")])
    print(number, flush=True)
"""


def parcel(number: int) -> Parcel:
    return Parcel(f"task-{number}", number, number % 2 == 1, f'{{"n":{number}}}')


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with closing(Spool(tmp_path / "w.db")) as spool:
        yield spool


def test_nothing_is_made_before_the_first_write(spool: Spool) -> None:
    assert spool.first(10) == []
    assert spool.dead_letters() == []
    assert not spool.was_stopped
    spool.discard()
    assert not spool.path.exists()


def test_parcels_come_out_as_they_went_in_and_in_order(spool: Spool) -> None:
    spool.append([parcel(1), parcel(2)])
    spool.append([parcel(3)])
    assert spool.first(2) == [parcel(1), parcel(2)]
    spool.remove(2)
    spool.append([parcel(4)])
    assert spool.first(10) == [parcel(3), parcel(4)]


def test_another_process_finds_what_was_left(spool: Spool) -> None:
    spool.append([parcel(1)])
    spool.remove(0, [("unknown: no such task", "{}")])
    spool.mark_stopped()
    spool.close()
    with closing(Spool(spool.path)) as found:
        assert found.first(10) == [parcel(1)]
        assert found.dead_letters() == [("unknown: no such task", "{}")]
        assert found.was_stopped


def test_only_its_owner_may_read_it(spool: Spool) -> None:
    spool.append([parcel(1)])
    assert stat.S_IMODE(spool.path.stat().st_mode) == 0o600


def test_a_discarded_spool_leaves_nothing(spool: Spool, tmp_path: Path) -> None:
    spool.append([parcel(1)])
    spool.discard()
    assert list(tmp_path.iterdir()) == []


def test_dead_letters_outlive_their_spool(spool: Spool, tmp_path: Path) -> None:
    spool.append([parcel(1)])
    spool.remove(1, [("invalid: too long", "text")])
    spool.discard()
    assert not spool.path.exists()
    assert dead_letters(tmp_path / "dead-letters" / "w.db") == [("invalid: too long", "text")]


def test_a_writer_that_is_killed_loses_nothing_that_was_kept_and_leaves_nothing_half_done(tmp_path: Path) -> None:
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path / "w.db")], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    for _ in range(20):
        writer.stdout.readline()
    os.kill(writer.pid, signal.SIGKILL)
    rest = writer.communicate()[0].split()
    last = int(rest[-1]) if rest else 19
    found = kept(tmp_path / "w.db")
    assert len(found) >= 2 * (last + 1)
    assert [one.run for one in found] == [number for number in range(len(found) // 2) for _ in "ab"]

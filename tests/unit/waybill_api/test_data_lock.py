"""The lock on a data directory holds even if its file is removed."""

import asyncio
from pathlib import Path

import pytest

from waybill.host.lockfile import LockFile
from waybill_api import data_lock
from waybill_api.data_lock import DataLock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The lock's file."""
    return tmp_path / "tasks.lock"


def test_a_second_one_waits_for_the_first_and_says_so_at_once(path: Path) -> None:
    first, second, said = DataLock(path), DataLock(path), list[str]()
    assert first.acquire()
    assert not second.acquire(0.2, lambda: said.append("waits"))
    assert said == ["waits"]
    first.release()
    assert second.acquire(0.2, lambda: said.append("waits again"))
    assert said == ["waits"], "without a wait, `on_wait` is not called"
    second.release()


@pytest.mark.parametrize("replaced", [False, True])
def test_who_removes_the_file_lets_nobody_in(path: Path, replaced: bool) -> None:
    first, second = DataLock(path), DataLock(path)
    assert first.acquire()
    path.unlink()
    if replaced:
        path.touch()
    assert not second.acquire()
    assert first.look()
    assert path.exists()
    assert not LockFile(path).acquire(), "an older version finds it locked, too"
    first.release()
    assert second.acquire()
    second.release()


@pytest.mark.gen_test
async def test_a_lock_that_another_process_has_taken_meanwhile_is_lost(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_lock, "TICK", 0.001)
    mine, of_an_older_version, lost = DataLock(path), LockFile(path), asyncio.Event()
    assert mine.acquire()
    path.unlink()
    assert of_an_older_version.acquire()
    await asyncio.wait_for(mine.watch(lost.set), 60)
    assert lost.is_set()
    of_an_older_version.release()
    mine.release()


def test_a_file_system_that_locks_no_folder_does_not_keep_it_from_starting(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(self: LockFile, descriptor: int) -> bool:
        raise OSError(9, "Bad file descriptor")

    lock = DataLock(path)
    with monkeypatch.context() as refusing:
        refusing.setattr(LockFile, "_take", refuses)
        assert lock._folder.acquire()
    assert lock.acquire()
    assert not LockFile(path).acquire()
    lock.release()

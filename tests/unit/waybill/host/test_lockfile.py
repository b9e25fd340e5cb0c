"""A lock file is held by at most one process, and by none once that is dead."""

import gc
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from waybill.host import lockfile
from waybill.host.lockfile import LockFile

HOLDER = """
import sys
from pathlib import Path
from waybill.host.lockfile import LockFile
lock = LockFile(Path(sys.argv[1]))
print(lock.acquire(wait=float(sys.argv[2])), flush=True)
sys.stdin.read()
"""

RACER = """
import sys
from pathlib import Path
from waybill.host.lockfile import LockFile
sys.stdin.readline()
lock = LockFile(Path(sys.argv[1]))
won = lock.acquire(create=False)
print(won, flush=True)
sys.stdin.readline()
lock.release(unlink=True)
"""


def start(script: str, *arguments: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def answer(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def tell(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def end(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.communicate()


def test_two_processes_never_hold_it_at_once(tmp_path: Path) -> None:
    holder = start(HOLDER, tmp_path / "lock", 0)
    assert answer(holder) == "True"
    assert not LockFile(tmp_path / "lock").acquire()
    end(holder)
    assert LockFile(tmp_path / "lock").acquire(wait=5)


def test_it_is_free_once_its_holder_was_killed(tmp_path: Path) -> None:
    holder = start(HOLDER, tmp_path / "lock", 0)
    assert answer(holder) == "True"
    waiting = LockFile(tmp_path / "lock")
    threading.Timer(0.2, holder.kill).start()
    assert waiting.acquire(wait=10)
    end(holder)


def test_a_released_lock_can_be_taken_again_and_its_file_removed(tmp_path: Path) -> None:
    lock = LockFile(tmp_path / "lock")
    assert lock.acquire()
    assert lock.is_held
    lock.release()
    assert (tmp_path / "lock").exists()
    assert lock.acquire()
    lock.release(unlink=True)
    assert not (tmp_path / "lock").exists()
    lock.release()


def test_a_missing_file_counts_as_taken_for_one_who_may_not_make_it(tmp_path: Path) -> None:
    assert not LockFile(tmp_path / "lock").acquire(wait=60, create=False)
    assert not (tmp_path / "lock").exists()


def test_a_lock_on_a_removed_file_keeps_nobody_out(tmp_path: Path) -> None:
    first = LockFile(tmp_path / "lock")
    assert first.acquire()
    (tmp_path / "lock").unlink()
    second = LockFile(tmp_path / "lock")
    assert second.acquire()
    first.release()
    assert not LockFile(tmp_path / "lock").acquire()
    second.release()


def test_of_many_finders_exactly_one_wins_even_when_it_removes_the_file(tmp_path: Path) -> None:
    for _ in range(3):
        (tmp_path / "lock").touch()
        racers = [start(RACER, tmp_path / "lock") for _ in range(4)]
        for racer in racers:
            tell(racer)
        wins = [answer(racer) for racer in racers]
        for racer in racers:
            racer.communicate("\n", timeout=20)
        assert wins.count("True") == 1
        assert not (tmp_path / "lock").exists()


def test_a_forked_child_does_not_keep_it(tmp_path: Path) -> None:
    lock = LockFile(tmp_path / "lock")
    assert lock.acquire()
    ready, go = os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        os.write(ready[1], b"x")
        os.read(go[0], 1)
        os._exit(0)
    os.read(ready[0], 1)
    lock.release()
    try:
        assert LockFile(tmp_path / "lock").acquire()
    finally:
        os.write(go[1], b"x")
        os.waitpid(child, 0)
        for descriptor in (*ready, *go):
            os.close(descriptor)


def test_a_lock_that_was_let_go_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registered: list[object] = []
    monkeypatch.setattr(os, "register_at_fork", lambda **hooks: registered.append(hooks))
    lockfile._held_here.cache_clear()
    kept = LockFile(tmp_path / "kept")
    assert kept.acquire()
    for number in range(50):
        lock = LockFile(tmp_path / f"lock-{number % 3}")
        assert lock.acquire()
        lock.release()
    del lock
    gc.collect()
    assert len(registered) == 1
    assert lockfile._held_here() == {kept}
    kept.release()
    monkeypatch.undo()
    lockfile._held_here.cache_clear()


def test_a_forked_child_keeps_none_of_many(tmp_path: Path) -> None:
    locks = [LockFile(tmp_path / f"lock-{number}") for number in range(3)]
    assert all(lock.acquire() for lock in locks)
    child = os.fork()
    if not child:
        os._exit(any(lock.is_held for lock in locks))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert all(lock.is_held for lock in locks)
    for lock in locks:
        lock.release()


def test_a_lock_whose_file_and_folder_were_removed_is_taken_anew(tmp_path: Path) -> None:
    lock, other = LockFile(tmp_path / "folder" / "lock"), LockFile(tmp_path / "folder" / "lock")
    lock.path.parent.mkdir()
    assert lock.acquire()
    shutil.rmtree(lock.path.parent)
    lock.renew()
    assert not other.acquire()
    lock.release()
    assert other.acquire()
    other.release()


def test_a_lock_whose_file_lies_there_is_left_as_it_is(tmp_path: Path) -> None:
    lock = LockFile(tmp_path / "lock")
    lock.renew()
    assert not lock.path.exists()
    assert lock.acquire()
    before = lock.path.stat().st_ino
    lock.renew()
    assert lock.path.stat().st_ino == before
    lock.release()

"""Processes that handlers have started: found in /proc, and ended by their worker or by its successor."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")

MARK = "WAYBILL_WORKER"
"""The variable with the worker's id, in the environment of every program that its handlers start."""

PATIENCE_SECONDS = 1.0
"""Seconds that the processes may take to end after SIGTERM."""

ROUNDS = 3
"""How often to look again for processes that were started meanwhile."""

LOOK_SECONDS = 0.02

TRACKER = b"multiprocessing.resource_tracker"
"""Python's own helper, which cleans up after a process has ended, and then ends by itself."""


def end_offspring() -> None:
    """End all descendants of this process, by SIGTERM and after PATIENCE_SECONDS by SIGKILL.

    Without /proc, none is found. A daemon, which has detached from its parents, is no descendant.
    """
    _end(offspring)


def end_orphans(worker_id: str) -> None:
    """End the programs that handlers of a dead worker have started: they have its mark in their environment.

    A program that is to outlive the worker is started without the mark.
    """
    _end(lambda: _marked(worker_id))


def _end(find: Callable[[], set[int]]) -> None:
    found = find()
    if not found:
        return
    _send(found, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while find() and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
    for _ in range(ROUNDS):
        left = find()
        if not left:
            return
        _send(left, signal.SIGKILL)
        time.sleep(LOOK_SECONDS)


def offspring() -> set[int]:
    """Return the ids of all descendants of this process that have not ended."""
    parents = dict(_parents())
    found: set[int] = set()
    generation = {os.getpid()}
    while generation:
        generation = {pid for pid, parent in parents.items() if parent in generation} - found
        found |= generation
    return {pid for pid in found if not _is_tracker(pid)}


def _parents() -> Iterator[tuple[int, int]]:
    """Yield the id of each process that has not ended, and that of its parent."""
    with suppress(OSError):
        for name in os.listdir(PROC):
            if name.isdecimal():
                with suppress(OSError, ValueError, IndexError):
                    # The program's name comes before, in brackets, and may hold any character.
                    state, parent = (PROC / name / "stat").read_bytes().rpartition(b")")[2].split()[:2]
                    if state not in (b"Z", b"X"):
                        yield int(name), int(parent)


def _marked(worker_id: str) -> set[int]:
    mark = f"{MARK}={worker_id}".encode()
    found = set()
    for pid, _ in _parents():
        # A process of another user cannot be read, and is none of ours.
        with suppress(OSError):
            if mark in (PROC / str(pid) / "environ").read_bytes().split(b"\0"):
                found.add(pid)
    return found - {os.getpid()}


def _is_tracker(pid: int) -> bool:
    try:
        return TRACKER in (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return False


def _send(pids: set[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(OSError):
            os.kill(pid, number)

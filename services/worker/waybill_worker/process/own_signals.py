"""Refuses signals that a handler sends to its own worker: its task fails, and the other tasks go on."""

import _thread
import errno
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from waybill_worker.process.signals import STOPPING

REFUSED = frozenset({*STOPPING, signal.SIGTSTP, signal.SIGSTOP})
"""The signals that stop a worker in good order; a signal that kills at once is a crash, and counts as one."""

ADVICE = "raise an exception to end this task; start children with start_new_session=True to end them as a group"


def refuse_own_signals() -> None:
    """Make Python refuse these signals with PermissionError, in this process and in its forked children.

    A signal from a program that a handler starts looks like any other: a shell's `kill $PPID` stops the worker.
    """
    pid = os.getpid()

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event in ("os.kill", "os.killpg", "signal.pthread_kill") and reaches(event, arguments, pid):
            raise _refusal(arguments[1])

    sys.addaudithook(watch)
    # These two calls have no audit event.
    for module, name in ((signal, "raise_signal"), (_thread, "interrupt_main")):
        setattr(module, name, _guarded(getattr(module, name), pid))


def reaches(event: str, arguments: tuple[Any, ...], pid: int) -> bool:
    """Return whether a call that Python is about to make would stop the process `pid`."""
    target, number = arguments[:2]
    if number not in REFUSED:
        return False
    if event == "signal.pthread_kill":
        return os.getpid() == pid
    if event == "os.kill" and target > 0:
        return bool(target == pid)
    if event == "os.kill" and target == -1:
        return True
    with suppress(OSError):
        return (abs(target) or os.getpgrp()) == os.getpgid(pid)
    return False


def _guarded(send: Callable[..., None], pid: int) -> Callable[..., None]:
    def guarded(number: int = signal.SIGINT, /) -> None:
        if number in REFUSED and os.getpid() == pid:
            raise _refusal(number)
        send(number)

    return guarded


def _refusal(number: int) -> PermissionError:
    return PermissionError(errno.EPERM, f"a handler may not stop its worker by {signal.Signals(number).name}: {ADVICE}")

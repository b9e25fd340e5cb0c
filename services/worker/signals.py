"""Signals: what ends the worker, and what a process that a handler forks makes of them."""

import ctypes
import os
import signal
import threading
from collections.abc import Callable, Collection
from types import FrameType
from typing import Any

from services.worker.ending import leave

STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

PR_SET_PDEATHSIG = 1
"""From <linux/prctl.h>: the signal that a process gets when the thread that started it has ended."""


class Signals:
    """The first signal ends the worker in good order, the second at once; forked children have the usual ones."""

    def __init__(self, on_first: Callable[[], None]) -> None:
        """Take whom to tell of the first signal; nothing is changed yet."""
        self._on_first = on_first
        self._received = False
        self._former: dict[signal.Signals, Any] = {number: signal.getsignal(number) for number in STOPPING}
        # Who starts a program by nohup wants it to outlive the terminal.
        ignored = {signal.SIGHUP} if self._former[signal.SIGHUP] is signal.SIG_IGN else set()
        self._numbers = [number for number in STOPPING if number not in ignored]
        self._forking = threading.local()
        self._lasting: Collection[int | None] = ()
        self._prctl: Callable[..., int] | None = getattr(ctypes.CDLL(None), "prctl", None)

    def take(self) -> None:
        """Take them, in the main thread; the threads that there are now last as long as the process."""
        self._lasting = {thread.ident for thread in threading.enumerate()}
        os.register_at_fork(before=self._block, after_in_parent=self._let_through, after_in_child=self._give_back)
        self.hold()

    def hold(self) -> None:
        """Take them again: a thread of a handler can put others' in their place (`faulthandler.register`)."""
        for number in self._numbers:
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._received:
            leave(128 + number)
        self._received = True
        self._on_first()

    def _block(self) -> None:
        """Keep a signal to a child waiting until it would end it; one that came earlier would be lost."""
        self._forking.mask = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)

    def _let_through(self) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, self._forking.mask)

    def _give_back(self) -> None:
        """Make a forked child what its program expects; else `terminate()` would only tell it of a first signal."""
        if self._prctl is not None and threading.get_ident() in self._lasting:
            # Only there: a child of a thread that ends sooner would end with it.
            self._prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL))
        for number, former in self._former.items():
            signal.signal(number, signal.SIG_DFL if former is None else former)
        self._let_through()

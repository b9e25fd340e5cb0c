"""Signals: which ones end the worker, and which ones a process gets that a handler forks."""

import os
import signal
import threading
from collections.abc import Callable, Collection
from types import FrameType
from typing import Any

from waybill.host.starter import end_with, endings
from waybill_worker.process.offspring import end_offspring

STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

STRAY = (signal.SIGALRM, signal.SIGVTALRM, signal.SIGPROF, signal.SIGUSR1, signal.SIGUSR2)
"""Signals that a handler's timers and libraries may send, and that by default end the process."""


class Signals:
    """The first signal ends the worker in good order, the second at once; forked children get the former handlers."""

    def __init__(self, on_first: Callable[[], None]) -> None:
        """Take the function that the first signal calls; no signal handler is installed yet."""
        self._on_first = on_first
        self._received = False
        self._former: dict[signal.Signals, Any] = {number: signal.getsignal(number) for number in (*STOPPING, *STRAY)}
        self._numbers = endings()
        self._stray = [number for number in STRAY if self._former[number] is not signal.SIG_IGN]
        self._pid = os.getpid()
        self._forking = threading.local()
        self._lasting: Collection[int | None] = ()

    def take(self) -> None:
        """Install the signal handlers, in the main thread; the threads of now last as long as the process."""
        self._lasting = {thread.ident for thread in threading.enumerate()}
        os.register_at_fork(before=self._block, after_in_parent=self._let_through, after_in_child=self._give_back)
        self.hold()

    def hold(self) -> None:
        """Install the signal handlers again, since a task's handler can replace them (`faulthandler.register`)."""
        for number in STOPPING:
            # Huey's consumer has also installed handlers for signals that the worker's parent ignores.
            signal.signal(number, self._on_signal if number in self._numbers else signal.SIG_IGN)
        for number in self._stray:
            signal.signal(number, _ignore)

    def release(self) -> None:
        """Let signals end the process at once, as they do before `take`."""
        for number in self._numbers:
            signal.signal(number, signal.SIG_DFL)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._received:
            end_offspring()
            os._exit(128 + number)
        self._received = True
        self._on_first()

    def _block(self) -> None:
        """Block signals until a forked child has its own handlers; one that came before would be lost."""
        self._forking.pid = os.getpid()
        self._forking.mask = signal.pthread_sigmask(signal.SIG_BLOCK, (*STOPPING, *STRAY))

    def _let_through(self) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, self._forking.mask)

    def _give_back(self) -> None:
        """Restore the former handlers in a forked child; with ours, `terminate()` would not end it."""
        # Only in lasting threads: a child would also end with a short-lived thread that forked it.
        if self._forking.pid == self._pid and threading.get_ident() in self._lasting:
            end_with(self._pid)
        for number, former in self._former.items():
            signal.signal(number, signal.SIG_DFL if former is None else former)
        self._let_through()


def _ignore(number: int, frame: FrameType | None) -> None:
    """Do nothing; programs that a handler starts would inherit SIG_IGN, but not this."""

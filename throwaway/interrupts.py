"""Signals that stop this process, and when they may do so."""

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

from waybill.host.starter import endings, hang_up_with, is_in_the_foreground


@contextlib.contextmanager
def put_off() -> Iterator[None]:
    """Delay stop signals until the block ends: within Popen, one would leave a process behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    usual = {number: signal.signal(number, lambda number, _: came.append(number)) for number in endings()}
    try:
        yield
    finally:
        for number, handler in usual.items():
            signal.signal(number, handler)
    if came:
        signal.raise_signal(came[0])


def raise_once() -> None:
    """Make the first stop signal raise KeyboardInterrupt, and ignore later ones, which would disturb the cleanup.

    A closed terminal counts as a stop signal too.
    """
    numbers = endings()

    def interrupt(number: int, frame: FrameType | None) -> None:
        for ending in numbers:
            signal.signal(ending, signal.SIG_IGN)
        raise KeyboardInterrupt

    for ending in numbers:
        signal.signal(ending, interrupt)
    if signal.SIGHUP in numbers and is_in_the_foreground():
        hang_up_with(sys.stdin.fileno())

"""The end of the process: within seconds, even if handlers have left threads or children behind."""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

from waybill_worker.process.offspring import end_offspring

FLUSH_SECONDS = 2.0
"""Seconds that the output may take to be written, since its reader may have stopped."""


def leave(status: int, flush: Callable[[], None] = lambda: None, last: Callable[[], None] = lambda: None) -> NoReturn:
    """End this process and all processes that handlers have started; `flush` waits until the output is written.

    The interpreter's own end would wait for every thread, executor, child and exit hook of a handler. `last` is called
    at last, and may put another program in place of this one.
    """
    end_offspring()
    flushing = threading.Thread(target=_flush, args=(flush,), name="flush", daemon=True)
    with suppress(RuntimeError):
        flushing.start()
        flushing.join(FLUSH_SECONDS)
    with suppress(OSError):
        last()
    os._exit(status)


class Deadline:
    """Ends the process by force if its end takes longer than `seconds`."""

    def __init__(self, seconds: float, give_up: Callable[[int], object] | None = None) -> None:
        """Take the time limit; the thread starts now, since later there may be no thread left."""
        self._seconds = seconds
        self._give_up = give_up or _end
        self._begun = threading.Event()
        self._status = 0
        threading.Thread(target=self._work, name="deadline", daemon=True).start()

    def begin(self, status: int) -> None:
        """Start the time limit; `status` is the exit status after it has passed."""
        self._status = status
        self._begun.set()

    def _work(self) -> None:
        self._begun.wait()
        time.sleep(self._seconds)
        self._give_up(self._status)


def _end(status: int) -> None:
    try:
        end_offspring()
    finally:
        os._exit(status)


def _flush(flush: Callable[[], None]) -> None:
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    flush()

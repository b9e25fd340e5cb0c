"""The end of the process: in seconds, whatever handlers have left behind."""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

from services.worker.offspring import end_offspring

FLUSH_SECONDS = 2.0
"""How long what was printed and logged may take to get out; whoever reads it may have stopped reading."""


def leave(status: int, flush: Callable[[], None] = lambda: None) -> NoReturn:
    """End this process and all that handlers have started; `flush` waits for what was printed.

    The interpreter's own end would wait for every thread, executor, child and exit hook that a handler has left.
    """
    end_offspring()
    flushing = threading.Thread(target=_flush, args=(flush,), name="flush", daemon=True)
    with suppress(RuntimeError):
        flushing.start()
        flushing.join(FLUSH_SECONDS)
    os._exit(status)


class Deadline:
    """Ends the process some time after its end has begun, if it has not ended by then."""

    def __init__(self, seconds: float, give_up: Callable[[int], object] | None = None) -> None:
        """Take the time; the thread starts now, since there may be none to be had later."""
        self._seconds = seconds
        self._give_up = give_up or _end
        self._begun = threading.Event()
        self._status = 0
        threading.Thread(target=self._work, name="deadline", daemon=True).start()

    def begin(self, status: int) -> None:
        """Let the time begin; `status` is the exit status if it runs out."""
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

"""The sender of logs: what runs have logged or printed goes to the API, beside their reports and never before them."""

import logging
from collections.abc import Callable, Sequence
from math import inf

from waybill.api_error import ApiError, ApiProblem
from waybill.host.world import REAL, World
from waybill_worker.runs.run_log import RunLog
from waybill_worker.runs.runs import Run

logger = logging.getLogger(__name__)

EVERY_SECONDS = 2.0
"""Seconds for which more of a log gathers while its run goes on."""

PAUSE = 0.2
"""Seconds between two requests: the logs of many short runs travel together."""

LONGEST_PAUSE = 10.0

BATCH = 300
BATCH_BYTES = 192 * 1024
"""How many logs, and how many bytes of them, one request has: the API takes no more than 300 and 256 KiB."""

ROOM = 8 * 1024 * 1024
"""Bytes of logs of runs that are over, which wait while the API is away; beyond that, the oldest are dropped."""

OVERHEAD = 500
"""Bytes that even a short log takes."""

NOT_FOUND = 404
NEVER_ACCEPTED = (400, 413, 422)


class LogSender:
    """Sends a log when its run is over, and before that every few seconds if it has grown.

    Nothing waits for it: what the API does not take in time is dropped.
    """

    def __init__(self, send: Callable[[Sequence[str]], object], world: World = REAL) -> None:
        """Take the function that sends logs, each as JSON; it may raise ApiError."""
        self._send = send
        self._clock = world.monotonic
        self._changed = world.condition()
        self._due: dict[RunLog, float] = {}
        """When each log that has grown is to be sent."""
        self._over: dict[RunLog, int] = {}
        """The sizes of those whose runs are over, the oldest first."""
        self._size = 0
        self._pause = PAUSE
        self._rests_until = 0.0
        self._wakes_at = 0.0
        self._deadline: float | None = None
        self._is_off = False

    def follow(self, run: Run) -> None:
        """Send the log of a run as it grows."""
        run.log.on_news = self._note

    def finish(self, run: Run) -> None:
        """Send what a run that is over has printed since its log was last sent."""
        log = run.log
        if not len(log):
            return
        with self._changed:
            if self._is_off or log in self._over or not (log.is_new or log in self._due):
                return
            size = self._over[log] = len(log) + OVERHEAD
            self._size += size
            while self._size > ROOM:
                self._drop(next(iter(self._over)))
            self._put(log, self._clock())

    def work(self) -> None:
        """Send until closed."""
        while (due := self._next()) is not None:
            self._deliver(due)

    def close(self, seconds: float) -> None:
        """Send what there is at once, and let `work` end after `seconds` at the latest."""
        with self._changed:
            self._deadline = self._clock() + seconds
            self._changed.notify_all()

    def _note(self, log: RunLog) -> None:
        if self._is_off:
            return
        with self._changed:
            if log not in self._due:
                self._put(log, self._clock() + EVERY_SECONDS)

    def _put(self, log: RunLog, due_at: float) -> None:
        self._due[log] = due_at
        # Not for each of a thousand runs a second.
        if max(due_at, self._rests_until) < self._wakes_at:
            self._changed.notify_all()

    def _next(self) -> list[RunLog] | None:
        """Wait until logs are due, and return them; None if there is nothing more to do."""
        with self._changed:
            while True:
                if self._is_off:
                    self._due.clear()
                now = self._clock()
                is_closing = self._deadline is not None
                if is_closing and (now >= self._last or not self._due):
                    return None
                due_at = now if is_closing else min(self._due.values(), default=inf)
                self._wakes_at = min(max(due_at, self._rests_until), self._last)
                if self._wakes_at <= now:
                    self._wakes_at = 0.0
                    return [log for log, at in self._due.items() if at <= now or is_closing]
                self._changed.wait(None if self._wakes_at == inf else self._wakes_at - now)

    @property
    def _last(self) -> float:
        return inf if self._deadline is None else self._deadline

    def _deliver(self, due: list[RunLog]) -> None:
        """Send as many logs as one request may have, first those of runs that are over."""
        begun = self._clock()
        due.sort(key=lambda log: log not in self._over)
        texts: list[str] = []
        size = 0
        for log in due[:BATCH]:
            text = log.told()
            size += len(text.encode())
            if texts and size > BATCH_BYTES:
                log.is_new = True
                break
            texts.append(text)
        is_done = self._sent(texts)
        now = self._clock()
        with self._changed:
            # A slow API gets less: the pause is no shorter than the request was.
            self._pause = max(PAUSE, now - begun) if is_done else min(2 * self._pause, LONGEST_PAUSE)
            self._rests_until = now + self._pause
            for log in due[: len(texts)] if is_done else ():
                if log.is_new:
                    self._due[log] = now if log in self._over else now + EVERY_SECONDS
                else:
                    self._drop(log)

    def _sent(self, texts: Sequence[str]) -> bool:
        """Send logs, and return whether they are done with."""
        try:
            self._send(texts)
        except ApiProblem as problem:
            if problem.status == NOT_FOUND:
                self._switch_off()
            elif problem.status not in NEVER_ACCEPTED:
                return False
            else:
                logger.info("The logs of %d runs were not accepted: %s", len(texts), problem)
        except ApiError as error:
            logger.debug("The logs of %d runs have to be sent again: %s", len(texts), error)
            return False
        return True

    def _switch_off(self) -> None:
        logger.info("The API is of a version that keeps no logs of runs: what they print stays in this one")
        with self._changed:
            self._is_off = True
            self._over.clear()

    def _drop(self, log: RunLog) -> None:
        self._due.pop(log, None)
        self._size -= self._over.pop(log, 0)

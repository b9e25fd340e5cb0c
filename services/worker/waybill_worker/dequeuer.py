"""The dequeuer: the one thread that takes messages from the queue and claims their runs over HTTP."""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

from waybill.api_error import ApiError, ApiProblem
from waybill.client.calls import Answer
from waybill.delivery.courier import BATCH, NEVER_ACCEPTED, Reports
from waybill.delivery.outage import Outage
from waybill.domain.status import Outcome
from waybill.host.world import REAL, World
from waybill.queue.errors import QueueUnavailable
from waybill.queue.message import RoutedMessage
from waybill.queue.queue import Queue
from waybill_worker.handlers.registry import Registry
from waybill_worker.runs.fairness import admitted
from waybill_worker.runs.runs import Run, Runs
from waybill_worker.runs.slots import Slots

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0
LOOK_SECONDS = 5.0
"""Seconds after which a busy worker looks for further routes that it could serve."""

FIRST_PAUSE = 0.05
LONGEST_PAUSE = 1.0


class Bell(Protocol):
    """What the dequeuer needs of the doorbell."""

    def wait(self, timeout: float) -> bool:
        """Sleep until a ring, for at most `timeout` seconds."""

    def ring(self) -> None:
        """Wake the owner."""


class Dequeuer:
    """Takes as many messages as there are free slots, claims them in one request, and starts the granted runs."""

    def __init__(
        self,
        queue: Queue,
        client: Reports,
        served: Registry,
        slots: Slots,
        runs: Runs,
        bell: Bell,
        start: Callable[[Run], None],
        outage: Outage,
        world: World = REAL,
        places: Callable[[], int] = lambda: 0,
    ) -> None:
        """Take the parts; `start` gets each granted run, `places` returns how many processes of runs may start."""
        self._queue = queue
        self._client = client
        self._served = served
        self._slots = slots
        self._runs = runs
        self._bell = bell
        self._start = start
        self._outage = outage
        self._places = places
        self._clock = world.monotonic
        self._token_hex = world.token_hex
        self._stopping = world.event()
        self._paused = world.event()
        self._retired = world.event()
        self._rests = False
        self._queue_works = True
        self._looked_at = self._clock()

    def work(self) -> None:
        """Take and claim until told to stop."""
        while not self._stopping.is_set():
            # Set before the turn looks for a pause again: with both set, nothing more is claimed.
            self._rests = self._paused.is_set() or self._retired.is_set()
            idle = self._rests or not self.turn()
            # Also while messages wait: a ring may ask for a heartbeat.
            self._bell.wait(POLL_SECONDS if idle else 0.0)

    def stop(self) -> None:
        """Take nothing more; messages that are not claimed yet go back to the queue."""
        self._stopping.set()
        self._bell.ring()

    def pause(self) -> None:
        """Take nothing more until `resume`; messages that are not claimed yet go back to the queue.

        Claims under way still wait for their answers, and their granted runs are run: the API may have them already.
        """
        if not self._paused.is_set():
            self._paused.set()
            self._bell.ring()

    def resume(self) -> None:
        """Take messages again."""
        if self._paused.is_set():
            self._paused.clear()
            self._bell.ring()

    def retire(self) -> None:
        """Take no more messages, even after `resume`."""
        self._retired.set()
        self._bell.ring()

    @property
    def is_paused(self) -> bool:
        """Whether it takes and claims nothing more."""
        return (self._paused.is_set() or self._retired.is_set()) and self._rests

    def turn(self) -> bool:
        """Take and claim once; return whether there was a message to take."""
        messages = self._take()
        if messages and (self._paused.is_set() or self._retired.is_set()):
            self._put_back(messages)
            return False
        if messages:
            self._claim(messages)
        return bool(messages)

    def _take(self) -> list[RoutedMessage]:
        free, reserve = self._slots.free, self._slots.reserve
        # The last slots one by one, since each run changes which route may take the next one.
        limit = min(free - reserve, BATCH) if free > reserve else min(free, 1)
        if limit < 1:
            return []
        try:
            if self._clock() - self._looked_at > LOOK_SECONDS:
                self._notice()
            messages = self._taken(limit)
            if not messages and self._notice():
                messages = self._taken(limit)
        except QueueUnavailable as error:
            if self._queue_works:
                logger.warning("The queue is unavailable; retrying: %s", error)
            self._queue_works = False
            return []
        if not self._queue_works:
            logger.warning("The queue is available again")
        self._queue_works = True
        return messages

    def _taken(self, limit: int) -> list[RoutedMessage]:
        """Take up to `limit` messages; of handlers that need a process of their own, no more than there are places."""
        admitted = self._admitted()
        apart = self._served.apart(admitted)
        if not apart:
            return self._queue.take(admitted, limit)
        places = min(limit, self._places())
        messages = self._queue.take(_only(admitted, apart), places) if places > 0 else []
        return messages + self._queue.take(_only(admitted, {*admitted} - apart), limit - len(messages))

    def _admitted(self) -> Collection[str] | Mapping[str, float]:
        """Return the routes whose messages may take a slot; a mapping holds the priority that they must exceed."""
        free, reserve = self._slots.free, self._slots.reserve
        if free > reserve:
            return self._served.routes
        running = (run for run in self._runs.held() if not run.is_over)
        return admitted(self._served.routes, running, free, reserve)

    def _notice(self) -> bool:
        """Look at the routes that have messages, and return whether a new one is served now."""
        self._looked_at = self._clock()
        return self._served.notice(self._queue.routes())

    def _claim(self, messages: Sequence[RoutedMessage]) -> None:
        opened = [(routed, self._runs.open(routed.message, self._token_hex(16))) for routed in messages]
        claimed = [(routed, run) for routed, run in opened if run is not None]
        for routed, run in claimed:
            run.route, run.priority = routed.route, routed.priority
        if not claimed:
            return
        self._slots.take(len(claimed))
        runs = [run for _, run in claimed]
        answers = self._ask([run.claim_report() for run in runs])
        if answers is None:
            for run in runs:
                self._drop(run)
            if self._stopping.is_set():
                self._put_back([routed for routed, _ in claimed])
            return
        granted: list[Run] = []
        for run, answer in zip(runs, answers, strict=True):
            if answer.outcome in (Outcome.APPLIED, Outcome.DUPLICATE) and answer.task is not None:
                run.begin(answer.task, self._clock())
                granted.append(run)
            else:
                self._drop(run)
        self._runs.enter(granted)
        for run in granted:
            self._start(run)

    def _ask(self, claims: list[dict[str, Any]]) -> list[Answer] | None:
        """Send the same claims until they are answered; None if told to stop, or if the API will never accept them."""
        pause = FIRST_PAUSE
        while True:
            try:
                answers = self._client.report(claims)
            except ApiError as error:
                if isinstance(error, ApiProblem) and error.status in NEVER_ACCEPTED:
                    logger.error("%d claims were not accepted: %s", len(claims), error)
                    self._stopping.wait(LONGEST_PAUSE)
                    return None
                self._outage.began(error)
            else:
                self._outage.ended()
                return answers
            if self._stopping.wait(pause):
                return None
            pause = min(2 * pause, LONGEST_PAUSE)

    def _drop(self, run: Run) -> None:
        self._runs.forget(run)
        self._slots.give_back()

    def _put_back(self, messages: Sequence[RoutedMessage]) -> None:
        try:
            self._queue.send(messages)
        except QueueUnavailable as error:
            logger.warning("%d messages could not be put back, and will be sent again: %s", len(messages), error)


def _only(admitted: Collection[str] | Mapping[str, float], routes: set[str]) -> Collection[str] | Mapping[str, float]:
    return {route: admitted[route] for route in routes} if isinstance(admitted, Mapping) else routes

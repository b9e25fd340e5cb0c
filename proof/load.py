"""The load: a client that creates the tasks of a plan over a bad wire, cancels some and retries others."""

import heapq
import itertools
import random
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

from proof.journal import Journal
from proof.plan import Control, Wish
from proof.record import Asked, Create
from waybill.api_error import ApiProblem, ApiUnreachable
from waybill.client.calls import Calls
from waybill.domain.status import Status

THREADS = 12
PAUSE = (0.05, 0.4)
"""Seconds before a request without an answer is sent again."""

LOOK_AGAIN = 0.5

LAST_CALL = 30.0
"""Seconds that a call which is under way at the end may take."""

Job = Callable[[], None]


class Load:
    """Carries out wishes at their times in a few threads, and keeps the answers.

    A create is repeated with its Idempotency-Key until a 201 comes, so a lost answer does no harm.
    """

    def __init__(self, client: Calls, wishes: Sequence[Wish], journal: Journal) -> None:
        """Take the client; the times of the wishes count from `start`."""
        self._client = client
        self._journal = journal
        self._order = itertools.count()
        self._jobs: list[tuple[float, int, Job]] = []
        self._changed = threading.Condition()
        self._busy = 0
        self._closing = False
        self._creates = {wish.name: Create(wish.name, wish.ending) for wish in wishes}
        self._asked: list[Asked] = []
        self._threads = [threading.Thread(target=self._work, name=f"load-{n}", daemon=True) for n in range(THREADS)]
        self._wishes = wishes
        self._run_key = f"{random.getrandbits(64):x}"

    def start(self) -> None:
        """Begin."""
        beginning = time.monotonic()
        for wish in self._wishes:
            self._plan(beginning + wish.at, partial(self._create, wish))
        for thread in self._threads:
            thread.start()

    def finish(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds until all is done, then end; return whether all was done."""
        with self._changed:
            done = self._changed.wait_for(lambda: not self._jobs and not self._busy, timeout)
        self.close()
        for thread in self._threads:
            thread.join(LAST_CALL)
        return done

    def close(self) -> None:
        """End now, without waiting for calls that are under way."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()

    @property
    def creates(self) -> list[Create]:
        """The creates, and which of them are acknowledged so far."""
        with self._changed:
            return list(self._creates.values())

    @property
    def asked(self) -> list[Asked]:
        """The cancels and retries so far."""
        with self._changed:
            return list(self._asked)

    def _plan(self, at: float, job: Job) -> None:
        with self._changed:
            heapq.heappush(self._jobs, (at, next(self._order), job))
            self._changed.notify()

    def _work(self) -> None:
        while (job := self._next()) is not None:
            try:
                job()
            finally:
                with self._changed:
                    self._busy -= 1
                    self._changed.notify_all()

    def _next(self) -> Job | None:
        with self._changed:
            while not self._closing:
                wait = self._jobs[0][0] - time.monotonic() if self._jobs else None
                if wait is not None and wait <= 0:
                    self._busy += 1
                    return heapq.heappop(self._jobs)[2]
                self._changed.wait(wait)
            return None

    def _again(self, job: Job) -> None:
        self._plan(time.monotonic() + random.uniform(*PAUSE), job)  # noqa: S311  # only so that not all come at once

    def _create(self, wish: Wish) -> None:
        said = {} if wish.input is None else {"input": wish.input}
        key = f"{self._run_key}-{wish.name}".replace(" ", "-")
        try:
            task_id = self._client.create_task(
                wish.name, wish.processing_time, idempotency_key=key, type=wish.type, **said
            )
        except ApiUnreachable:
            self._again(partial(self._create, wish))
            return
        except ApiProblem as problem:
            # It stays without an answer, and the checker counts it.
            self._journal.note("refused", name=wish.name, problem=str(problem))
            return
        with self._changed:
            self._creates[wish.name] = Create(wish.name, wish.ending, task_id)
        self._journal.note("acknowledged", task_id=task_id, name=wish.name)
        if wish.control is Control.CANCEL:
            self._plan(time.monotonic() + wish.after, partial(self._cancel, task_id))
        elif wish.control is Control.RETRY:
            self._plan(time.monotonic() + wish.after, partial(self._retry, task_id))

    def _cancel(self, task_id: str) -> None:
        """Cancel the first attempt, unless it has ended meanwhile."""
        try:
            self._ask(task_id, Control.CANCEL, 1, lambda: self._client.cancel_task(task_id, 1))
        except ApiUnreachable:
            self._again(partial(self._cancel, task_id))

    def _retry(self, task_id: str) -> None:
        """Open another attempt once the task is final."""
        try:
            task = self._client.get_task(task_id)
            if not Status(task["status"]).is_final:
                self._plan(time.monotonic() + LOOK_AGAIN, partial(self._retry, task_id))
                return
            if any(one.task_id == task_id and one.attempt < task["attempt"] for one in self.asked):
                return  # It was opened, and only the answer was lost.
            attempt = task["attempt"]
            self._ask(task_id, Control.RETRY, attempt, lambda: self._client.retry_task(task_id, attempt))
        except ApiUnreachable:
            self._again(partial(self._retry, task_id))

    def _ask(self, task_id: str, control: Control, attempt: int, call: Callable[[], object]) -> None:
        acknowledged = False
        try:
            call()
            acknowledged = True
        except ApiProblem:
            pass  # 409: it has ended, or an earlier call of ours got through.
        finally:
            with self._changed:
                self._asked.append(Asked(task_id, control, attempt, acknowledged))
            self._journal.note(control.value, task_id=task_id, attempt=attempt, acknowledged=acknowledged)

"""The recorder: it watches tasks and follows the history during a run, and gathers everything at its end."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from proof.checks.checker import text
from proof.record import Look, frozen
from waybill.api_error import ApiError
from waybill.client.calls import Calls
from waybill.domain.status import Status

POLLERS = 2
POLL_SECONDS = 0.03
"""Seconds between two looks of one watcher, unless it is told otherwise."""

FOLLOW_SECONDS = 0.5
PAGE = 1_000
LONG_POLL = 5.0

LAST_LOOK = 30.0
"""Seconds that a last look may take."""

Json = dict[str, Any]


class Recorder:
    """Watchers that ask for one task after another, one that waits for ends, and one that follows the history."""

    def __init__(self, client: Calls, known: Callable[[], list[str]], pause: float = POLL_SECONDS) -> None:
        """Take the client, a function that returns the ids of the tasks known so far, and the seconds between looks."""
        self._client = client
        self._known = known
        self._pause = pause
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._final: set[str] = set()
        self._looks: list[Look] = []
        self._seen: dict[int, str] = {}
        work = [(f"poller-{number}", self._poll) for number in range(POLLERS)]
        work += [("waiter", self._wait), ("follower", self._follow)]
        self._threads = [threading.Thread(target=job, args=(name,), name=name, daemon=True) for name, job in work]

    def start(self) -> None:
        """Begin to watch."""
        for thread in self._threads:
            thread.start()

    def finish(self) -> None:
        """Stop watching, and return after the last looks."""
        self.close()
        for thread in self._threads:
            thread.join(LAST_LOOK)

    def close(self) -> None:
        """Stop watching, without waiting."""
        self._stopping.set()

    @property
    def looks(self) -> list[Look]:
        """All looks at tasks."""
        with self._lock:
            return list(self._looks)

    @property
    def seen(self) -> dict[int, str]:
        """The events that were seen, by number."""
        with self._lock:
            return dict(self._seen)

    def _poll(self, watcher: str) -> None:
        for task_id in self._chosen(watcher):
            self._look(watcher, partial(self._client.get_task, task_id))
            if self._stopping.wait(self._pause):
                return

    def _wait(self, watcher: str) -> None:
        for task_id in self._chosen(watcher):
            self._look(watcher, partial(self._client.get_task, task_id, wait=LONG_POLL))
            if self._stopping.wait(self._pause):
                return

    def _chosen(self, watcher: str) -> Iterator[str]:
        """Yield mostly the latest open tasks, and sometimes one of all; end once stopped."""
        chance = random.Random(watcher)  # noqa: S311  # chance, not secrecy
        while not self._stopping.is_set():
            known = self._known()
            with self._lock:
                unfinished = [task_id for task_id in known if task_id not in self._final][-200:]
            if not known:
                self._stopping.wait(self._pause)
                continue
            for _ in range(20):
                yield chance.choice(unfinished if unfinished and chance.random() < 0.8 else known)

    def _look(self, watcher: str, ask: Callable[[], Json]) -> None:
        try:
            task = ask()
        except ApiError:
            self._stopping.wait(10 * POLL_SECONDS)
            return
        look = Look(watcher, task["task_id"], task["attempt"], task["status"], frozen(task))
        with self._lock:
            self._looks.append(look)
            if Status(look.status).is_final:
                self._final.add(look.task_id)
            else:
                self._final.discard(look.task_id)

    def _follow(self, watcher: str) -> None:
        after = 0
        while not self._stopping.wait(FOLLOW_SECONDS):
            try:
                page = events_page(self._client, after)
            except ApiError:
                continue
            with self._lock:
                self._seen.update((event["event_id"], text(event)) for event in page)
            after = max([after, *(event["event_id"] for event in page)])


def events_page(client: Calls, after: int) -> list[Json]:
    """Return the next events of the whole history. Raises ApiError."""
    return client.events(after=after, limit=PAGE)


def gather(client: Calls, patience: float) -> tuple[list[Json], list[Json]]:
    """Return all tasks and all events, each from its first page to its last. Raises ApiError when patience ends."""
    deadline = time.monotonic() + patience
    while True:
        try:
            tasks = list(client.list_tasks())
            events: list[Json] = []
            while page := events_page(client, events[-1]["event_id"] if events else 0):
                events.extend(page)
        except ApiError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return tasks, events

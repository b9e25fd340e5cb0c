"""Following many tasks at once: one stream says which of them have changed, and few calls say how they stand."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from waybill.api_error import ApiError, ApiProblem, ApiUnreachable, WrongInstallation
from waybill.client.calls import Calls
from waybill.domain.status import Status
from waybill.pauses import Pauses

IDS = 13
"""How many ids one search has room for."""

GATHER_SECONDS = 0.2
"""Seconds for which news gather before the tasks are looked at."""

LOOK_SECONDS = 5.0
"""Seconds without news after which all are looked at, in case that no stream can be had."""


class Seen(NamedTuple):
    """A task as it was seen; `task` is None if there is no such task, or not any more."""

    task_id: str
    task: dict[str, Any] | None

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to come."""
        return self.task is None or Status(self.task["status"]).is_final


def follow(
    client: Calls,
    task_ids: Iterable[str],
    timeout: float | None = None,
    on_loss: Callable[[ApiError], None] = lambda _: None,
) -> Iterator[Seen]:
    """Yield each task as it stands, and again whenever it has changed, until all are final or gone.

    If the API cannot be reached at first, raise ApiUnreachable; later call `on_loss` and go on. Raises TimeoutError
    after `timeout` seconds.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    pending = dict.fromkeys(task_ids)
    known: dict[str, tuple[int, int]] = {}
    pauses, stale, has_looked = Pauses(), list(pending), False
    news = _News(client, pending)
    try:
        while pending:
            try:
                for seen in _look(client.once() if has_looked else client, stale):
                    if seen.is_over:
                        del pending[seen.task_id]
                    version = (0, 0) if seen.task is None else (seen.task["attempt"], seen.task["version"])
                    if known.get(seen.task_id) != version:
                        known[seen.task_id] = version
                        yield seen
            except WrongInstallation:
                raise
            except ApiUnreachable as error:
                if not has_looked:
                    raise
                on_loss(error)
                pauses.wait()
                stale = list(pending)
            else:
                has_looked, pauses = True, Pauses()
                news.begin()
                stale = news.of(pending, deadline) if pending else []
            if pending and deadline is not None and time.monotonic() >= deadline:
                raise TimeoutError(f"{len(pending)} of the tasks are not final after {timeout:g} s")
    finally:
        news.end()


def look(client: Calls, task_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the tasks with these ids, by id, without those that are not there."""
    if len(task_ids) > 1:
        found = (one for some in _groups(task_ids, IDS) for one in client.list_tasks(q=f"id:{','.join(some)}"))
        return {task["task_id"]: task for task in found}
    try:
        return {task_id: client.get_task(task_id) for task_id in task_ids}
    except ApiProblem as problem:
        if problem.code != "task_not_found":
            raise
        return {}


def _look(client: Calls, task_ids: Sequence[str]) -> Iterator[Seen]:
    for some in _groups(task_ids, 10 * IDS):
        found = look(client, some)
        yield from (Seen(task_id, found.get(task_id)) for task_id in some)


def _groups(task_ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (task_ids[start : start + size] for start in range(0, len(task_ids), size))


class _News:
    """Reads a stream of events in a thread, and keeps which of the wanted tasks have changed."""

    def __init__(self, client: Calls, wanted: Iterable[str]) -> None:
        self._client = client
        self._wanted = frozenset(wanted)
        self._only = next(iter(self._wanted)) if len(self._wanted) == 1 else None
        self._changed: set[str] = set()
        self._is_all = False
        self._is_over = False
        self._condition = threading.Condition()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Start the thread, at the first call."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="following", daemon=True)
            self._thread.start()

    def end(self) -> None:
        """Let the thread end, with the next thing that the stream says."""
        with self._condition:
            self._is_over = True
            self._condition.notify_all()

    def of(self, pending: Iterable[str], deadline: float | None) -> list[str]:
        """Wait for news and return which of the pending tasks are to be looked at."""
        patience = LOOK_SECONDS if deadline is None else min(LOOK_SECONDS, max(0.0, deadline - time.monotonic()))
        with self._condition:
            has_news = self._condition.wait_for(lambda: self._is_all or self._changed, patience)
        if has_news:
            time.sleep(min(GATHER_SECONDS, patience))
        with self._condition:
            is_all = self._is_all or not has_news
            changed, self._changed, self._is_all = self._changed, set(), False
        return [task_id for task_id in pending if is_all or task_id in changed]

    def _work(self) -> None:
        pauses = Pauses()
        while not self._has_ended():
            try:
                is_first = True
                for message in self._client.stream(self._only):
                    pauses = Pauses()
                    # What happened while there was no stream is not known.
                    self._note(None if is_first else (message.data or {}).get("task_id", ""))
                    is_first = False
                    if self._has_ended():
                        return
            except ApiError:
                self._note(None)
            pauses.wait()

    def _has_ended(self) -> bool:
        return self._is_over

    def _note(self, task_id: str | None) -> None:
        with self._condition:
            self._is_all |= task_id is None
            if task_id in self._wanted:
                self._changed.add(str(task_id))
            self._condition.notify_all()

"""Long polls that wait for a task to end; the commit that makes it final wakes them."""

import asyncio
from collections.abc import Sequence

from waybill_api.store.writing.unit import Commit


class Finals:
    """The futures of the loop, by the task that they wait for."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Serve futures of this loop."""
        self._loop = loop
        self._waiting: dict[str, set[asyncio.Future[None]]] = {}

    def wait(self, task_id: str) -> "asyncio.Future[None]":
        """Return a future that resolves once the task becomes final; call this before checking whether it is."""
        future: asyncio.Future[None] = self._loop.create_future()
        self._waiting.setdefault(task_id, set()).add(future)
        future.add_done_callback(lambda done: self._forget(task_id, done))
        return future

    def notice(self, commit: Commit) -> None:
        """Wake the long polls on tasks that have ended; runs in the writer's thread."""
        if not self._waiting:
            return
        ended = [after.task_id for _, after in commit.changes if after is not None and after.status.is_final]
        if ended:
            self._loop.call_soon_threadsafe(self._wake, ended)

    def wake_all(self) -> None:
        """Wake all long polls, because the service is about to stop."""
        self._wake(list(self._waiting))

    def _wake(self, task_ids: Sequence[str]) -> None:
        for task_id in task_ids:
            for future in tuple(self._waiting.get(task_id, ())):
                if not future.done():
                    future.set_result(None)

    def _forget(self, task_id: str, future: "asyncio.Future[None]") -> None:
        waiting = self._waiting.get(task_id)
        if waiting is not None:
            waiting.discard(future)
            if not waiting:
                del self._waiting[task_id]

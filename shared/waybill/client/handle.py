"""A handle: one task, as a program that has submitted it sees it."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from waybill.api_error import ApiUnreachable, WrongInstallation
from waybill.client.calls import Calls
from waybill.client.live import live
from waybill.client.task_failed import TaskFailed
from waybill.domain.status import Status
from waybill.pauses import Pauses

if TYPE_CHECKING:
    from waybill.wire.events import EventJson
    from waybill.wire.tasks import TaskJson

LONGEST_POLL = 50.0
"""Seconds of one long poll; proxies often end a request after a minute."""


class Handle:
    """One task. Every method raises ApiProblem, with the code `task_not_found` if there is no such task.

    Once the API has told of the task, `wait`, `result` and `watch` go on while it is away; else each raises
    ApiUnreachable.
    """

    def __init__(self, client: Calls, task_id: str, has_answered: bool = False) -> None:
        """Take the client to ask, the id of the task, and whether the API has already told of it."""
        self._client = client
        self._has_answered = has_answered
        self.id = task_id

    def task(self) -> "TaskJson":
        """Return the task as it stands."""
        return cast("TaskJson", self._client.get_task(self.id))

    def status(self) -> Status:
        """Return the task's status as it stands."""
        return Status(self.task()["status"])

    def wait(self, timeout: float | None = None) -> "TaskJson":
        """Return the task once it is final. Raises TimeoutError after `timeout` seconds."""
        deadline = None if timeout is None else time.monotonic() + timeout
        pauses = Pauses()
        while True:
            left = LONGEST_POLL if deadline is None else max(0.0, deadline - time.monotonic())
            client = self._client.once() if self._has_answered else self._client
            try:
                task = client.get_task(self.id, wait=min(LONGEST_POLL, left))
            except WrongInstallation:
                raise
            except ApiUnreachable:
                if not self._has_answered:
                    raise
                pauses.wait(left)
            else:
                self._has_answered, pauses = True, Pauses()
                if Status(task["status"]).is_final:
                    return cast("TaskJson", task)
            if deadline is not None and time.monotonic() >= deadline:
                raise TimeoutError(f"task {self.id} is not final after {timeout:g} s")

    def result(self, timeout: float | None = None) -> Any:
        """Return the task's result once it is COMPLETED. Raises TaskFailed, TimeoutError."""
        task = self.wait(timeout)
        if task["status"] == Status.COMPLETED:
            return task["result"]
        raise TaskFailed(self.id, task["error"])

    def watch(self) -> Iterator["EventJson"]:
        """Yield the events of the task from its creation on, as they come, until it is final or deleted.

        After a lost connection it goes on where it was.
        """
        ended = False
        for message in live(self._client, self.id, 0, has_begun=self._has_answered):
            if message.kind == "deleted":
                return
            if message.data is not None:
                yield cast("EventJson", message.data)
                ended = Status(message.data["task_status"]).is_final
            # Asked, since the end of an earlier attempt is an event too.
            if ended and self._is_final():
                # Together with the end may have come what was reported too late.
                yield from self._rest(message.place or 0)
                return

    def cancel(self) -> "TaskJson":
        """Cancel the task and return it."""
        return cast("TaskJson", self._client.cancel_task(self.id))

    def retry(self) -> "TaskJson":
        """Open another attempt of the final task and return it."""
        return cast("TaskJson", self._client.retry_task(self.id))

    def _is_final(self) -> bool:
        """Whether the task is final; False if the API cannot be reached, since the stream goes on then."""
        try:
            return Status(self._client.once().get_task(self.id)["status"]).is_final
        except WrongInstallation:
            raise
        except ApiUnreachable:
            return False

    def _rest(self, place: int) -> Iterator["EventJson"]:
        while page := self._client.task_events(self.id, after=place):
            for event in page:
                place = event["event_id"]
                yield cast("EventJson", event)

    def __repr__(self) -> str:
        return f"Handle({self.id!r})"

"""One task: look at it, report on it, cancel it, open another attempt, delete it."""

from typing import Annotated

from pydantic import Field

from waybill.domain.errors import AttemptHasMoved, StorageFull, TaskIsFinal, TaskIsNotFinal, TaskNotFound
from waybill.domain.status import Outcome
from waybill.domain.task import Task
from waybill.wire.reports import TaskReport
from waybill.wire.tasks import ExpectAttempt, TaskJson, granted_json, task_json
from waybill_api.handlers.parameters import TaskIdPath
from waybill_api.http.endpoint import Endpoint
from waybill_api.http.operation import Header, call
from waybill_api.preconditions.entity_tags import names
from waybill_api.problems import NOT_APPLIED, TOO_MANY_POLLS, Refusal, invalid
from waybill_api.store import commands, tables

LONGEST_WAIT = 60


class TaskHandler(Endpoint):
    """One task."""

    @call("get_task", raises=(TOO_MANY_POLLS,))
    async def get(
        self,
        task_id: TaskIdPath,
        wait: Annotated[float, Field(ge=0, le=LONGEST_WAIT, description="Seconds to wait for a final status.")] = 0,
        if_none_match: Annotated[str, Header("If-None-Match"), Field(description="An ETag; 304 if it holds.")] = "",
    ) -> TaskJson | None:
        """Show a task.

        With `wait`, the answer comes as soon as the task is final, or after that time as it then stands.
        """
        task = await self._final(task_id, wait) if wait else self.store.look_up(tables.tasks.load, task_id)
        etag = f'"{task.attempt}.{task.version}"'
        self.set_header("ETag", etag)
        self.set_header("Cache-Control", "private, no-cache")
        if names(if_none_match, etag):
            self.set_status(304)
            return None
        return task_json(task)

    @call("report_on_task", raises=(TaskNotFound, NOT_APPLIED, StorageFull))
    async def patch(self, task_id: TaskIdPath, body: TaskReport) -> TaskJson:
        """Report on a task.

        The plainest report is `{"status": 2}`. Where it is stale or refused, the answer is 409 with the `task` as it
        stands and the `outcome`. Fields that this version does not know are kept in the history.
        """
        if body.task_id not in (None, task_id):
            await self.misread()
            raise invalid([{"pointer": "/task_id", "detail": "is not the task of the path"}])
        (judged,) = await self.store.insist(commands.reports.report, [body.to_report(task_id)])
        if judged.outcome is Outcome.UNKNOWN:
            raise TaskNotFound()
        written = granted_json if judged.is_granted else task_json
        task = written(judged.task or self.store.look_up(tables.tasks.load, task_id))
        if judged.outcome is Outcome.INVALID:
            raise invalid([{"pointer": "/metadata", "detail": "the task's metadata would grow too large"}])
        if judged.outcome in (Outcome.STALE, Outcome.REFUSED):
            detail = f"The report is {judged.outcome.value}; the task stands as it was."
            raise Refusal(NOT_APPLIED, detail, outcome=judged.outcome.value, task=task)
        return task

    async def misread(self) -> None:
        """Count a report that cannot be read, as are those that come with others."""
        if self.request.method == "PATCH":
            await self.store.insist(commands.reports.report, [], malformed=1)

    @call("delete_task", 204, raises=(TaskIsNotFinal, StorageFull))
    async def delete(self, task_id: TaskIdPath) -> None:
        """Delete a final task and its history."""
        await self.store.write(commands.tasks.delete, task_id)

    async def _final(self, task_id: str, seconds: float) -> Task:
        """Wait for a task to be final; the future is asked for first, so that no end falls between."""
        future = self.store.finals.wait(task_id)
        try:
            task = self.store.look_up(tables.tasks.load, task_id)
            if task.status.is_final:
                return task
            with self.room.polls.taken(self.client, self.give_up):
                await self.wait_for(future, seconds)
            return self.store.look_up(tables.tasks.load, task_id)
        finally:
            future.cancel()


class CancelHandler(Endpoint):
    """The end of a task on request."""

    @call("cancel_task", raises=(TaskIsFinal, AttemptHasMoved, StorageFull))
    async def post(self, task_id: TaskIdPath, body: ExpectAttempt | None = None) -> TaskJson:
        """Cancel a task: it ends in ERROR `cancelled` at once, and its worker is told."""
        return task_json(await self.store.write(commands.tasks.cancel, task_id, None if body is None else body.attempt))


class RetryHandler(Endpoint):
    """Another attempt of a task."""

    @call("retry_task", raises=(TaskIsNotFinal, AttemptHasMoved, StorageFull))
    async def post(self, task_id: TaskIdPath, body: ExpectAttempt | None = None) -> TaskJson:
        """Open another attempt of a final task."""
        return task_json(await self.store.write(commands.tasks.retry, task_id, None if body is None else body.attempt))

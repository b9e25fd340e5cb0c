"""The stages of one task."""

from typing import Protocol

from waybill.domain.stage import StageResult
from waybill.domain.task import Task
from waybill.wire.stages import StageJson, stages_json
from waybill_api.handlers.parameters import TaskIdPath
from waybill_api.http.endpoint import Endpoint
from waybill_api.http.operation import call


class Passing(Protocol):
    """What stages need of the store."""

    def task(self, task_id: str) -> Task:
        """Return a task, or raise TaskNotFound."""

    async def stage_results(self, task: Task) -> list[StageResult]:
        """Return what the passed stages of a task left."""


class TaskStagesHandler(Endpoint):
    """How far a pipeline has come."""

    store: Passing

    @call("list_task_stages")
    async def get(self, task_id: TaskIdPath) -> list[StageJson]:
        """List the stages of a task in their order, with what those that were passed have left.

        A task of a type without stages has none.
        """
        task = self.store.task(task_id)
        return stages_json(task, await self.store.stage_results(task))

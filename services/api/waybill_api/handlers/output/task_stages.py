"""The stages of one task."""

from waybill.domain.task import Task
from waybill.wire.output.stages import StageJson, stages_json
from waybill_api.handlers.parameters import TaskIdPath
from waybill_api.http.endpoint import Endpoint
from waybill_api.http.operation import call
from waybill_api.store import tables
from waybill_api.store.store import Store


class TaskStagesHandler(Endpoint):
    """How far a pipeline has come."""

    @call("list_task_stages")
    async def get(self, task_id: TaskIdPath) -> list[StageJson]:
        """List the stages of a task in their order, with what those that were passed have left.

        A task of a type without stages has none.
        """
        return await stages_of(self.store, self.store.look_up(tables.tasks.load, task_id))


async def stages_of(store: Store, task: Task) -> list[StageJson]:
    """Write the stages of a task, with what those that were passed have left."""
    if not task.position:
        return stages_json(task, [])
    asked = task.task_id, task.position, task.attempt
    return stages_json(task, await store.read(tables.stage_results.of_task, *asked))

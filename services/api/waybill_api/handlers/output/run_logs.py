"""What runs have logged or printed."""

from waybill.domain.errors import NotHeld, StorageFull, TaskNotFound
from waybill.wire.output.run_logs import (
    LOG_LIMIT,
    PutRunLog,
    PutRunLogs,
    RunLogJson,
    RunLogsKept,
    run_log_json,
)
from waybill_api.handlers.parameters import RunPath, TaskIdPath
from waybill_api.http.endpoint import Endpoint
from waybill_api.http.operation import call
from waybill_api.store import commands, tables
from waybill_api.store.commands.run_logs import LogDraft


class TaskLogsHandler(Endpoint):
    """The logs of one task."""

    @call("list_run_logs")
    async def get(self, task_id: TaskIdPath) -> list[RunLogJson]:
        """List what the last ten runs of a task have logged or printed, the oldest run first.

        Of each run it is the last 32 KiB. A run that has printed nothing is not listed.
        """
        self.store.look_up(tables.tasks.load, task_id)
        return [run_log_json(log) for log in await self.store.read(tables.run_logs.of_task, task_id)]


class RunLogHandler(Endpoint):
    """The log of one run."""

    @call("put_run_log", 204, limit=LOG_LIMIT, raises=(TaskNotFound, NotHeld, StorageFull))
    async def put(self, task_id: TaskIdPath, run: RunPath, body: PutRunLog) -> None:
        """Keep what a run has logged or printed so far, in place of what was kept of it before.

        The claim decides: that of the run, also for a while after the run is over.
        """
        await self.store.write(commands.run_logs.put, _draft(task_id, run, body))


class RunLogsHandler(Endpoint):
    """The logs of many runs."""

    @call("put_run_logs", limit=LOG_LIMIT, raises=(StorageFull,))
    async def post(self, body: PutRunLogs) -> RunLogsKept:
        """Keep what many runs have logged or printed so far.

        Logs of unknown tasks, and of runs that their claims do not hold, are left out.
        """
        drafts = [_draft(one.task_id, one.run, one) for one in body.logs]
        return {"kept": await self.store.write(commands.run_logs.put_many, drafts)}


def _draft(task_id: str, run: int, said: PutRunLog) -> LogDraft:
    """Return what was said of a run."""
    return LogDraft(task_id, run, said.claim, said.text, said.cut)

"""Only a worker from which a run was taken is called, once a commit."""

from dataclasses import replace

from waybill.domain.status import Status
from waybill.domain.task import Task
from waybill.domain.transitions import cancel, leave, retry
from waybill_api.store.writing.unit import Change, Commit
from waybill_api.upkeep.worker_caller import WorkerCaller

HELD = Task(
    task_id="t",
    name="n",
    type="sleep",
    handler="sleep",
    processing_time=1,
    status=Status.PROCESSING,
    claim="a" * 32,
    worker="w",
    started_at=5,
    created_at=0,
)


def test_the_worker_of_a_cancelled_run_is_called_once_for_a_commit() -> None:
    called: list[str] = []
    caller = WorkerCaller(called.append)
    cancelled = cancel(HELD, None, now=9)
    other = replace(HELD, task_id="u")
    caller.notice(Commit([Change(HELD, cancelled), Change(other, cancel(other, None, now=9))]))
    assert called == ["w"]
    again = retry(cancelled, None, now=10)
    caller.notice(Commit([Change(cancelled, again)]))
    caller.notice(Commit([Change(again, leave(again, now=11)), Change(None, HELD), Change(HELD, None)]))
    assert called == ["w"], "it knows already, and of nothing else is it to know"
    caller.notice(Commit([Change(HELD, again)]))
    assert called == ["w", "w"], "one commit may cancel and retry"

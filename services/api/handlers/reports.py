"""Many reports at once."""

from collections.abc import Sequence
from typing import Any, Protocol

from pydantic import ValidationError

from services.api.complaints import detail_of, pointer
from services.api.endpoint import Endpoint
from services.api.operation import BATCH_LIMIT, SINGLE_LIMIT, call
from services.api.store.commands.reports import Judged
from shared.domain.errors import StorageFull
from shared.domain.report import Report
from shared.domain.status import Outcome
from shared.wire.reports import OutcomeJson, Outcomes, ReportItem, Reports, outcome_json
from shared.wire.size import within_limit


class Reporting(Protocol):
    """What reports need of the store."""

    async def report(self, reports: Sequence[Report], *, malformed: int = 0) -> list[Judged]:
        """Judge and fold reports, in their order, and count those that cannot be read."""


class ReportsHandler(Endpoint):
    """What is said about tasks."""

    store: Reporting

    @call("report", limit=BATCH_LIMIT, raises=(StorageFull,))
    async def post(self, body: Reports) -> Outcomes:
        """Report on many tasks.

        A report names its task by `task_id`, or by `type` and `external_key`. Each gets an outcome of its own, in the
        same order: `applied`, `duplicate` and `stale` are done with; after `refused` a worker stops the run; `unknown`
        may have come before the create of its task; `invalid` will never be anything else.
        """
        is_large = self.body_size > SINGLE_LIMIT
        read = [_read(item, is_large) for item in body.reports]
        reports = [one for one in read if isinstance(one, Report)]
        judged = iter(await self.store.report(reports, malformed=len(read) - len(reports)))
        return {"outcomes": [_outcome(next(judged)) if isinstance(one, Report) else one for one in read]}


def _read(item: Any, is_large: bool) -> Report | OutcomeJson:
    """Return the report, or the outcome `invalid`; only within a large body can an item itself be too large."""
    try:
        said = ReportItem.model_validate(within_limit(item) if is_large else item)
    except ValidationError as error:
        wrong = [f"{pointer(one['loc'])} {detail_of(one)}".strip() for one in error.errors(include_url=False)]
        return _invalid(item, "; ".join(wrong))
    except ValueError as error:
        return _invalid(item, str(error))
    return said.named()


def _invalid(item: Any, detail: str) -> OutcomeJson:
    task_id = item.get("task_id") if isinstance(item, dict) else None
    given = task_id if isinstance(task_id, str) else None
    return {"task_id": given, "outcome": Outcome.INVALID.value, "detail": detail[:1_000]}


def _outcome(judged: Judged) -> OutcomeJson:
    outcome = outcome_json(judged.task_id, judged.outcome, judged.task)
    if judged.outcome is Outcome.INVALID:
        outcome["detail"] = "the task's metadata would grow too large"
    return outcome

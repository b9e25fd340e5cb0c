"""Many reports at once."""

import asyncio

from waybill.domain.errors import StorageFull
from waybill.domain.report import Report
from waybill.domain.status import Outcome
from waybill.wire.reports import OutcomeJson, Outcomes, Reports, outcome_json
from waybill_api.http.endpoint import Endpoint
from waybill_api.http.operation import BATCH_LIMIT, call
from waybill_api.store import commands
from waybill_api.store.commands.reports import Judged

AT_ONCE = 100
"""How many outcomes are encoded at once, before other requests are served."""


class ReportsHandler(Endpoint):
    """What is said about tasks."""

    @call("report", limit=BATCH_LIMIT, raises=(StorageFull,))
    async def post(self, body: Reports) -> Outcomes:
        """Report on many tasks.

        A report names its task by `task_id`, or by `type` and `external_key`. Each gets an outcome of its own, in the
        same order: `applied`, `duplicate` and `stale` are done with; after `refused` a worker stops the run; `unknown`
        may have come before the create of its task; `invalid` will never be anything else.
        """
        reports = [one for one in body.reports if isinstance(one, Report)]
        malformed = len(body.reports) - len(reports)
        judged = iter(await self.store.insist(commands.reports.report, reports, malformed))
        outcomes: list[OutcomeJson] = []
        for number, one in enumerate(body.reports, start=1):
            outcomes.append(_outcome(next(judged)) if isinstance(one, Report) else one)
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)
        return {"outcomes": outcomes}


def _outcome(judged: Judged) -> OutcomeJson:
    outcome = outcome_json(judged.task_id, judged.outcome, judged.task, is_granted=judged.is_granted)
    if judged.outcome is Outcome.INVALID:
        outcome["detail"] = "the task's metadata would grow too large"
    return outcome

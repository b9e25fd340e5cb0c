"""The reporter of a worker: delivers the reports of its runs, and acts on each answer."""

from waybill.client.calls import Answer
from waybill.delivery.courier import Courier
from waybill.delivery.delivery import Delivery
from waybill.delivery.outage import Outage
from waybill.delivery.spool import Parcel, Spool
from waybill.delivery.verdict import Verdict
from waybill.domain.status import Outcome
from waybill.host.world import REAL, World
from waybill_worker.plain_failure import plain_failure
from waybill_worker.runs.runs import Runs


class RunReporter(Delivery):
    """Delivers the reports of runs, and tells a run that its end is acknowledged or that it is lost."""

    def __init__(self, courier: Courier, spool: Spool, runs: Runs, outage: Outage, world: World = REAL) -> None:
        """Take the parts."""
        self._runs = runs
        super().__init__(courier, spool, self._judge, outage, world)

    def put(self, parcel: Parcel, *, patience: float | None = None, beyond_room: bool = False) -> None:
        """Hand over a parcel; unless it is final, this may wait for room."""
        super().put(parcel, patience=patience, beyond_room=beyond_room or parcel.is_final)

    def _judge(self, parcel: Parcel, answer: Answer) -> Verdict:
        """Act on an answer; a final report that is not accepted is replaced by a plain failure."""
        verdict = Verdict.SET_ASIDE if answer.outcome in (Outcome.UNKNOWN, Outcome.INVALID) else Verdict.DONE
        if answer.outcome is Outcome.INVALID:
            if not parcel.is_final:
                return verdict
            instead = plain_failure(parcel, answer.detail)
            if instead is not None:
                self.put(instead)
                return verdict
        run = self._runs.find(parcel.task_id, parcel.run)
        if run is None:
            return verdict
        if not answer.outcome.is_acknowledged:
            run.lose()
            self._runs.forget(run)
        elif parcel.is_final:
            self._runs.forget(run)
        return verdict

"""From runs to the API: the delivery of a worker, and what each answer means for the run that was reported on."""

import time
from collections.abc import Callable

from waybill.client import Answer
from waybill.delivery.courier import Courier
from waybill.delivery.delivery import Delivery
from waybill.delivery.outage import Outage
from waybill.delivery.spool import Parcel, Spool
from waybill.delivery.verdict import Verdict
from waybill.domain.status import Outcome
from waybill_worker.plain_failure import plain_failure
from waybill_worker.runs.runs import Runs


class RunReporter:
    """Delivers what handlers say, and tells a run when it has ended or is lost."""

    def __init__(
        self,
        courier: Courier,
        spool: Spool,
        runs: Runs,
        outage: Outage,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the parts it works with; `clock` counts monotonic seconds."""
        self._runs = runs
        self._delivery = Delivery(courier, spool, self._judge, outage, clock)

    def put(self, parcel: Parcel) -> None:
        """Hand over a parcel; one that is not an end may have to wait for room."""
        self._delivery.put(parcel, beyond_room=parcel.is_final)

    def work(self) -> None:
        """Deliver until closed and empty, or closed and out of time; what is left then is in the spool."""
        self._delivery.work()

    def close(self, timeout: float) -> None:
        """Let `work` return once everything is delivered, at the latest after `timeout` seconds."""
        self._delivery.close(timeout)

    @property
    def undelivered(self) -> int:
        """How many parcels are left, in memory or in the spool; to be read once `work` has returned."""
        return self._delivery.undelivered

    def _judge(self, parcel: Parcel, answer: Answer) -> Verdict:
        """Do what the answer asks for: an end that is not accepted is said once more, plainly."""
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

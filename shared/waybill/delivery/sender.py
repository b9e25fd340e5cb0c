"""The sender: sends parcels, and sorts them by the verdicts on them."""

import sqlite3
from collections.abc import Sequence

from waybill.api_error import ApiError
from waybill.delivery.courier import BATCH, Courier
from waybill.delivery.deferral import Deferral
from waybill.delivery.spool import Deferred, Parcel
from waybill.delivery.verdict import Delivered, Judge, Verdict, dead_letter


class CannotDefer(ApiError):
    """The spool cannot keep what has to be retried later, so that everything waits."""


class Sender:
    """Sends parcels; defers those whose task the API does not know yet. Used by one thread."""

    def __init__(self, courier: Courier, judge: Judge, deferral: Deferral) -> None:
        """Take what sends, what judges each answer, and the deferred parcels."""
        self._courier = courier
        self._judge = judge
        self._deferral = deferral

    def pass_on(self, parcels: Sequence[Parcel]) -> Delivered:
        """Send the first of these parcels; a parcel of a deferred task is deferred too. Raises ApiError."""
        free = [index for index, parcel in enumerate(parcels) if not self._deferral.holds(parcel.task_id)]
        answers = self._courier.send([parcels[index] for index in free]) if free else []
        said = dict(zip(free, answers, strict=False))
        # Parcels that are held back count too, up to the first one without an answer.
        count = free[len(answers)] if len(answers) < len(free) else len(parcels)
        dead, later = [], []
        for index, parcel in enumerate(parcels[:count]):
            answer = said.get(index)
            verdict = Verdict.LATER if answer is None else self._judge(parcel, answer)
            if verdict is Verdict.LATER and self._deferral.takes(parcel.task_id):
                later.append(parcel)
            elif verdict is not Verdict.DONE and answer is not None:
                dead.append(dead_letter(parcel, answer))
        try:
            self._deferral.add(later)
        except (sqlite3.Error, OSError) as error:
            raise CannotDefer(f"the spool cannot keep what has to be retried: {error}") from error
        return Delivered(count, dead)

    def retry(self) -> tuple[list[Deferred], list[Deferred], list[tuple[str, str]]]:
        """Send deferred parcels again: return those that are done, those to retry, and the dead letters.

        Raises ApiError.
        """
        due = self._deferral.due(BATCH)
        answers = self._courier.send([one.parcel for one in due])
        done, again, dead = [], [], []
        for one, answer in zip(due, answers, strict=False):
            verdict = self._judge(one.parcel, answer)
            if verdict is Verdict.LATER and not self._deferral.is_over(one):
                again.append(one)
                continue
            done.append(one)
            if verdict is not Verdict.DONE:
                dead.append(dead_letter(one.parcel, answer))
        return done, again, dead

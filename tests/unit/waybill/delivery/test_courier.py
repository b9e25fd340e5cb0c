"""The courier: as many reports at once as the API can take, and one that breaks its batch holds up no other."""

import json
from typing import Any

import pytest

from tests.unit.waybill_worker.scripted import ScriptedApi, judged
from waybill.api_error import ApiProblem, ApiUnreachable
from waybill.client.calls import Answer
from waybill.delivery.courier import BATCH, FIRST_BATCH, SLOW_SECONDS, SMALLEST_BATCH, Courier
from waybill.delivery.spool import Parcel
from waybill.domain.status import Outcome


class BusyApi(ScriptedApi):
    """An API that needs its time for each report."""

    def __init__(self, seconds_each: float, patience: float = 10_000.0) -> None:
        super().__init__()
        self.reply = judged(Outcome.APPLIED)
        self.seconds_each = seconds_each
        self.patience = patience
        self.now = 0.0

    def report(self, reports: Any) -> list[Answer]:
        seconds = self.seconds_each * len(reports)
        self.now += min(seconds, self.patience)
        if seconds > self.patience:
            raise ApiUnreachable("ReadTimeout")
        return super().report(reports)

    def courier(self) -> Courier:
        return Courier(self, lambda: self.now)

    @property
    def sizes(self) -> list[int]:
        return [len(batch) for batch in self.batches]


def parcels(count: int, size: int = 0) -> list[Parcel]:
    return [
        Parcel(f"task-{number}", 1, True, json.dumps({"task_id": f"task-{number}", "fill": "x" * size}))
        for number in range(count)
    ]


def test_one_report_that_breaks_its_batch_does_not_hold_up_the_others() -> None:
    class Picky(ScriptedApi):
        def report(self, reports: Any) -> list[Answer]:
            if any("task-37" in report for report in reports):
                raise ApiProblem(422, "invalid", {"detail": "no"})
            return super().report(reports)

    api = Picky()
    api.reply = judged(Outcome.APPLIED)
    courier = Courier(api)
    waiting = parcels(100)
    answers: list[Answer] = []
    while waiting:
        got = courier.send(waiting)
        answers += got
        del waiting[: len(got)]
    assert [answer.task_id for answer in answers] == [f"task-{number}" for number in range(100)]
    assert [answer.task_id for answer in answers if answer.outcome is Outcome.INVALID] == ["task-37"]


def test_a_batch_stays_below_what_the_api_takes() -> None:
    api = ScriptedApi()
    api.reply = judged(Outcome.APPLIED)
    assert len(Courier(api).send(parcels(1_200))) == 1_000
    assert 100 < len(Courier(api).send(parcels(200, 60_000))) < 140


def test_a_report_that_crashes_the_api_is_told_from_an_api_that_fails_at_everything() -> None:
    class Crashing(ScriptedApi):
        def report(self, reports: Any) -> list[Answer]:
            if self.is_down or any("task-0" in report for report in reports):
                raise ApiUnreachable("500 internal", 500)
            return super().report(reports)

    api = Crashing()
    api.reply = judged(Outcome.APPLIED)
    api.is_down = True
    courier = Courier(api)
    for _ in range(20):
        with pytest.raises(ApiUnreachable):
            courier.send(parcels(4))
    api.is_down = False
    assert [answer.outcome for answer in courier.send(parcels(4))] == [Outcome.INVALID, Outcome.APPLIED]


def test_an_api_that_is_slow_gets_less_at_once_until_it_answers_within_a_second() -> None:
    api = BusyApi(0.004)
    courier = api.courier()
    for _ in range(8):
        courier.send(parcels(BATCH))
    assert api.sizes[:4] == [1_000, 500, 250, 500]
    api.seconds_each = 0.0
    for _ in range(8):
        courier.send(parcels(BATCH))
    assert api.sizes[-1] == BATCH
    api.seconds_each = 2 * SLOW_SECONDS
    for _ in range(8):
        courier.send(parcels(BATCH))
    assert api.sizes[-1] == SMALLEST_BATCH


def test_a_request_that_was_given_up_is_not_repeated_as_large() -> None:
    api = BusyApi(0.1, patience=10.0)
    courier = api.courier()
    with pytest.raises(ApiUnreachable):
        courier.send(parcels(BATCH))
    assert len(courier.send(parcels(BATCH))) <= FIRST_BATCH
    assert len(courier.send(parcels(BATCH))) <= FIRST_BATCH // 2


def test_after_an_outage_the_first_request_is_small_and_soon_they_are_large_again() -> None:
    api = BusyApi(0.0)
    courier = api.courier()
    api.is_down = True
    for _ in range(20):
        with pytest.raises(ApiUnreachable):
            courier.send(parcels(BATCH))
    api.is_down = False
    for _ in range(5):
        courier.send(parcels(BATCH))
    assert api.sizes == [100, 200, 400, 800, 1_000]

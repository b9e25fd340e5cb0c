"""The tasks of an installation that many teams use: types, stages, failures, metadata and words of all kinds."""

from collections.abc import Iterator
from random import Random
from typing import Any

from waybill.domain.report import Report
from waybill.domain.status import ErrorCode, Status
from waybill.domain.task import TaskError
from waybill.domain.task_type import TaskType
from waybill_api.store.commands.task_draft import TaskDraft

PERIOD = 10_000
RARE = "zeppelin"
"""A word that one task of a period has in its name."""

TRACKED = {"invoice": ("receive", "read", "match", "book"), "shipment": ("pick", "pack", "send"), "import": ("load",)}
"""Types that outside services report on, with their stages."""
PARTNERS = tuple(f"partner-{number:02}" for number in range(1, 25))
"""Tracked types that have few tasks, and no stages."""
HANDLED = ("photo", "mailing")
"""Types that workers run."""
PIPELINE = "application"
PIPELINE_STAGES = ("validate", "enrich", "archive")

TITLES = ("Order", "Delivery", "Claim", "Return", "Contract", "Reminder", "Quote")
WHO = ("Lindqvist", "Petrov", "Okafor", "Moreau", "Tanaka", "Silva", "Novak", "Haddad", "O'Neill", "Schmidt", "Rossi")
WHERE = ("Rotterdam", "Gdansk", "Porto", "Lyon", "Kazan", "Turku", "Bergen", "Basel", "Cork", "Graz", "Trieste", "Brno")
PARTS = ("ledger", "registry", "archive", "mail server", "price list", "stock", "rates", "customs", "scanner", "bank")
COMPLAINTS = (
    "the {part} did not answer within {number} s",
    "connection to the {part} was reset after {number} bytes",
    "{part}: row {number} has no currency",
    "{part}: the key '{number}' is not unique",
)
NEW, PROCESSING, FAILED, TIMED_OUT = 0.002, 0.003, 0.11, 0.01
"""Shares of the tasks; the rest are COMPLETED."""


class Variety:
    """The pattern."""

    period = PERIOD
    types = (
        *(TaskType(name=name, title=name.title()) for name in (*TRACKED, *PARTNERS)),
        *(TaskType(name=name, title=name.title(), handler="sleep", processing_time=1) for name in HANDLED),
        TaskType(name=PIPELINE, title="Application", stages=PIPELINE_STAGES, processing_time=1),
    )

    def draft(self, number: int) -> TaskDraft:
        """Return the draft of a task."""
        chance = _chance(number, "draft")
        rare = f" {RARE}" if number % PERIOD == PERIOD // 3 else ""
        return TaskDraft(
            name=f"{chance.choice(TITLES)} {number:09} of {chance.choice(WHO)}, {chance.choice(WHERE)}{rare}",
            type=type_of(number),
            input={"document": f"scans/{number % PERIOD}.pdf", "pages": chance.randrange(1, 40)},
            metadata={
                "user": f"user-{chance.randrange(3_000)}",
                "tenant": f"tenant-{chance.randrange(20)}",
                "lang": chance.choice(("en", "ru", "de", "fr", "pt")),
                "urgent": chance.random() < 0.1,
            },
            external_key=f"doc-{number:09}",
        )

    def reports(self, number: int, task_id: str) -> Iterator[Report]:
        """Yield the reports on a task."""
        lot = _chance(number, "lot").random()
        if lot < NEW:
            return
        name = type_of(number)
        if name in HANDLED:
            yield from _runs(number, task_id, (None,), lot)
        elif name == PIPELINE:
            yield from _runs(number, task_id, PIPELINE_STAGES, lot)
        else:
            yield from _tracked(number, task_id, TRACKED.get(name, (None,)), lot)


def type_of(number: int) -> str:
    """Return the type of a task."""
    chance = _chance(number, "type")
    if chance.random() < 0.05:
        return chance.choice(PARTNERS)
    return chance.choices((*TRACKED, *HANDLED, PIPELINE), (40, 20, 10, 15, 5, 10))[0]


def _tracked(number: int, task_id: str, stages: tuple[str | None, ...], lot: float) -> Iterator[Report]:
    """Yield a report of each service that has worked on a task."""
    chance = _chance(number, "reports")
    passed = chance.randrange(1, len(stages) + 1) if lot < NEW + PROCESSING + FAILED else len(stages)
    for seq, stage in enumerate(stages[:passed], start=1):
        yield Report(
            task_id=task_id,
            seq=seq,
            source=stage or "partner",
            stage=stage,
            metadata={"score": chance.randrange(100)} if seq == 1 else {f"by_{stage}": chance.choice(PARTS)},
            **(_end(number, lot) if seq == passed else {"status": Status.PROCESSING}),
        )


def _runs(number: int, task_id: str, stages: tuple[str | None, ...], lot: float) -> Iterator[Report]:
    """Yield the claims and the ends of a task's runs; all end, because the API would look for the others."""
    chance = _chance(number, "runs")
    lot = max(lot, NEW + PROCESSING)
    failing = chance.randrange(1, len(stages) + 1)
    for run in range(1, len(stages) + 1):
        worker, claim = f"worker-{chance.randrange(40):02}", f"{chance.getrandbits(128):032x}"
        ends = run == len(stages) or (run == failing and _end(number, lot)["status"] is Status.ERROR)
        end = _end(number, lot) if ends else {"status": Status.COMPLETED, "result": {"stage": run}}
        yield Report(task_id=task_id, source=worker, run=run, claim=claim, status=Status.PROCESSING)
        yield Report(task_id=task_id, source=worker, run=run, claim=claim, **end)
        if ends:
            return


def _end(number: int, lot: float) -> dict[str, Any]:
    """Return the last report."""
    if lot < NEW + PROCESSING:
        return {"status": Status.PROCESSING}
    if lot < NEW + PROCESSING + FAILED:
        chance = _chance(number, "complaint")
        complaint = chance.choice(COMPLAINTS).format(part=chance.choice(PARTS), number=chance.randrange(10_000))
        return {"status": Status.ERROR, "error": TaskError(ErrorCode.FAILED, complaint)}
    if lot < NEW + PROCESSING + FAILED + TIMED_OUT:
        return {"status": Status.ERROR, "error": TaskError(ErrorCode.TIMEOUT, "it took too long")}
    return {"status": Status.COMPLETED, "result": {"number": number % PERIOD}}


def _chance(number: int, what: str) -> Random:
    """Return a source of chance that is the same for each pair of task and purpose."""
    return Random(f"{what} {number % PERIOD}")  # noqa: S311  # to be repeated

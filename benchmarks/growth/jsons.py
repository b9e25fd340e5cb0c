"""JSONs that services report on: most are done; the number of open ones does not depend on the size."""

from collections.abc import Iterator
from typing import Any

from waybill.domain.report import Report
from waybill.domain.status import Status
from waybill.domain.task_type import TaskType
from waybill_api.store.commands.task_draft import TaskDraft

TYPE = "json"
STAGES = ("enrich", "publish")
OPEN = 1_000
"""How many tasks are open, spread over the database. It is the same at any size, so that the load is the same too."""

PERIOD = 10_000
"""About how many tasks make one period."""


def key_of(number: int) -> str:
    """Return the external key of a task, counted from 0."""
    return f"json-{number:09}"


def step(count: int) -> int:
    """Return the distance between two open tasks among `count` tasks."""
    return max(1, count // OPEN)


def is_open(number: int, count: int) -> bool:
    """Whether a task, one of `count`, has not ended."""
    return number % step(count) == 0


class Jsons:
    """The pattern of `count` tasks."""

    types = (TaskType(name=TYPE),)

    def __init__(self, count: int) -> None:
        """Spread the open tasks among `count`."""
        self._count = count
        self.period = step(count) * max(1, PERIOD // step(count))

    def draft(self, number: int) -> TaskDraft:
        """Return the draft of a task."""
        return TaskDraft(name=f"JSON {number}", type=TYPE, input={"number": number}, external_key=key_of(number))

    def reports(self, number: int, task_id: str) -> Iterator[Report]:
        """Yield a report of each stage; the last one ends the task, if it is to end."""
        for seq, stage in enumerate(STAGES, start=1):
            ends = stage == STAGES[-1] and not is_open(number, self._count)
            said: dict[str, Any] = {"status": Status.COMPLETED, "result": {"number": number}} if ends else {}
            yield Report(
                task_id=task_id,
                seq=seq,
                source=stage,
                **{"status": Status.PROCESSING, **said},
                stage=stage,
                progress=seq / len(STAGES),
                metadata={stage: f"found out about {number}"},
            )

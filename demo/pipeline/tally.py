"""What a tracker got wrong, and what its updates cost."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from demo.pipeline.work import enriched
from waybill.domain.status import Status

MOST_UPDATES = 0.5
"""The most row updates per report that Waybill may need."""

State = Mapping[str, tuple[int, Mapping[str, Any]]]
"""Status and metadata of tasks, by key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The column of one tracker."""

    name: str
    delivered: int
    """Reports that reached it, copies included."""
    wrong: int
    """Tasks whose status is not COMPLETED at the end."""
    lost: int
    """Metadata keys that are missing at the end, or have a wrong value."""
    backwards: int
    """How many times a status fell in rank."""
    updates: int
    """Updates of rows that hold a task's current state."""
    hot: int | None = None
    """The updates that wrote no index entry (PostgreSQL)."""
    dead: int | None = None
    """Dead row versions that vacuum has to remove (PostgreSQL)."""
    wal: int | None = None
    """Bytes of write-ahead log (PostgreSQL)."""

    @property
    def updates_per_report(self) -> float:
        """Row updates per delivered report."""
        return self.updates / self.delivered

    @property
    def is_clean(self) -> bool:
        """Whether no status is wrong, nothing is lost, and no status went back."""
        return self.wrong == self.lost == self.backwards == 0


def rank(status: int) -> int:
    """Return the rank of a status; COMPLETED and ERROR have the same."""
    return Status(status).rank


def wrong_statuses(state: State, keys: Iterable[str]) -> int:
    """Return how many tasks are not COMPLETED."""
    return sum(key not in state or state[key][0] != Status.COMPLETED for key in keys)


def lost_keys(state: State, keys: Iterable[str], services: Sequence[str]) -> int:
    """Count the metadata keys that are missing or wrong: each service writes one, and all write a common one."""
    lost = 0
    for key in keys:
        metadata = state[key][1] if key in state else {}
        right: dict[str, str] = {}
        for name in services:
            right = enriched(right, name, key)
        lost += sum(metadata.get(name) != value for name, value in right.items())
    return lost


def steps_back(events: Iterable[Mapping[str, Any]]) -> int:
    """Count how many times the status of a task fell in rank in `events`, which are in order."""
    last: dict[str, int] = {}
    count = 0
    for event in events:
        now = rank(event["task_status"])
        count += now < last.get(event["task_id"], now)
        last[event["task_id"]] = now
    return count


def verdict(waybill: Tally, naive: Sequence[Tally]) -> list[str]:
    """Return complaints about what is not as it should be."""
    complaints = []
    if not waybill.is_clean:
        complaints.append("Waybill is wrong about a task.")
    if waybill.updates_per_report > MOST_UPDATES:
        complaints.append(f"Waybill needs more than {MOST_UPDATES:g} row updates per report.")
    complaints += [f"{tally.name} is right, so that nothing was shown." for tally in naive if tally.is_clean]
    return complaints

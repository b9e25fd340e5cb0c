"""The record of one run, for the checker: all that was promised, asked, done and seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from proof.plan import Control, Ending

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Create:
    """A create with a unique name; `task_id` is None unless a 201 came."""

    name: str
    ending: Ending
    task_id: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A cancel or retry of an attempt; `is_acknowledged` if a 200 came."""

    task_id: str
    control: Control
    attempt: int
    """The attempt of the task at that time."""
    is_acknowledged: bool


class Look(NamedTuple):
    """A task as one watcher saw it; the looks of a watcher are in order."""

    watcher: str
    task_id: str
    attempt: int
    status: int
    frozen: str
    """What must not change once the status is final: result, error, finish time."""


class Deed(NamedTuple):
    """Something that was done to the victim; the time is in milliseconds since the epoch.

    What: `kill`, `stop` and `go on` (signals), `start`, `ready` and `exit` of a process, `delete`, `begin` and `end` of
    a fault on the wire. Who: `api`, `worker-0`, ..., `queue`, `wire`.
    """

    at: int
    what: str
    who: str
    worker_id: str | None = None
    """The id of the worker process in the API."""


@dataclass(slots=True)
class Record:
    """One run; `tasks` and `events` are the API's answers at its end, in their order."""

    creates: Sequence[Create] = ()
    asked: Sequence[Asked] = ()
    tasks: Sequence[Json] = ()
    events: Sequence[Json] = ()
    seen: Mapping[int, str] = field(default_factory=dict)
    """The history as it was seen during the run: the text of each event by its number."""
    looks: Sequence[Look] = ()
    deeds: Sequence[Deed] = ()


def frozen(task: Json) -> str:
    """Return what must not change once a task is final."""
    return repr((task["result"], task["error"], task["finished_at"]))

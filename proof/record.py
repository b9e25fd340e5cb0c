"""What the checker is given: all that was promised, asked, done and seen in one run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from proof.plan import Control, Ending

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Create:
    """A task that was asked for under a name that nothing else has; `task_id` where a 201 said so."""

    name: str
    ending: Ending
    task_id: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A cancel or retry of an attempt; `is_acknowledged` where a 200 was received."""

    task_id: str
    control: Control
    attempt: int
    """The attempt that the task was in when it was asked."""
    is_acknowledged: bool


class Look(NamedTuple):
    """A task as one watcher saw it; the looks of one watcher are in their order."""

    watcher: str
    task_id: str
    attempt: int
    status: int
    frozen: str
    """What must not change once the status is final: result, error, finish time."""


class Deed(NamedTuple):
    """Something that was done to the installation, at a time in milliseconds since the epoch.

    What: `kill`, `stop` and `go on` (signals), `start`, `ready` and `exit` of a process, `delete`, `begin` and `end` of
    a fault on the wire. Who: `api`, `worker-0`, ..., `queue`, `wire`.
    """

    at: int
    what: str
    who: str
    worker_id: str | None = None
    """Under which id the worker process was known to the API."""


@dataclass(slots=True)
class Record:
    """One run; `tasks` and `events` are the API's answers at its end, in their order."""

    creates: Sequence[Create] = ()
    asked: Sequence[Asked] = ()
    tasks: Sequence[Json] = ()
    events: Sequence[Json] = ()
    seen: Mapping[int, str] = field(default_factory=dict)
    """The history as it was seen on the way: the text of each event by its number."""
    looks: Sequence[Look] = ()
    deeds: Sequence[Deed] = ()


def frozen(task: Json) -> str:
    """Return what must not change once a task is final."""
    return repr((task["result"], task["error"], task["finished_at"]))

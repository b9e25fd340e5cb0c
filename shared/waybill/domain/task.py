"""A task, the durable row."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from waybill.domain.route import route_of
from waybill.domain.status import ErrorCode, Status

RUN_LIMIT_GRACE = 60
DEFAULT_RUN_LIMIT = 3_600

SLEEP = "sleep"
"""The handler that waits for the task's processing time; no other one is limited by it."""

API = "api"
"""The source of events of the API itself."""


DETAIL_CAP = 8_192
"""The longest detail of an error, in bytes of UTF-8; of a longer one the end is kept."""


class TaskError(NamedTuple):
    """Why a task ended in ERROR, for programs and for people."""

    code: ErrorCode
    message: str
    detail: str | None = None
    """The traceback, or the last lines that a program wrote to stderr; None if there is none."""

    def is_same(self, other: "TaskError | None") -> bool:
        """Whether both tell the same end; the detail is left out, since an older version does not pass it on."""
        return other is not None and self[:2] == other[:2]


class Position(NamedTuple):
    """The position of a report in the order that decides which of two is newer."""

    run: int
    seq: int
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """All that is known of one task. Times are milliseconds since the epoch, UTC; durations are seconds."""

    task_id: str
    name: str
    type: str
    handler: str | None
    """The function that runs it (in a pipeline the present stage); None for a tracked task."""
    stages: tuple[str, ...] | None = None
    """The handlers of a pipeline in order, each given the result of the one before; None for a simple task."""
    processing_time: int | None
    input: Any = None
    secret: tuple[str, ...] = ()
    """The names of the fields of its input that are never shown."""
    priority: int = 0
    external_key: str | None = None
    timeout: int | None = None
    has_own_timeout: bool = False
    """Whether its time-out was given with it, so that a retry does not take that of its type."""
    max_attempts: int = 1
    min_backoff: float = 1.0
    max_backoff: float = 300.0
    stage_timeout: int | None = None
    """Of a tracked task: the seconds without a report after which it is silent."""
    stage_timeout_ends: bool = False
    """Whether a silent task ends in ERROR `timeout`."""

    status: Status = Status.NEW
    attempt: int = 1
    """What users count: 1 plus the retries."""
    run: int = 1
    """Rises at every hand-over; one run is one execution by one worker."""
    failures: int = 0
    crashes: int = 0
    """How often its run crashed alone: in a process of its own, or with a worker that ran nothing else."""
    losses: int = 0
    """How many other workers were lost while they ran it, perhaps for another cause."""
    isolate: bool = False
    """Whether it is a suspect that runs in a process of its own: it crashed, was lost, or timed out."""
    isolated: bool = False
    """Whether the current run has a process of its own, so that the loss of its worker is no crash."""
    claim: str | None = None
    """The token of the worker that holds, or last held, the current run."""
    worker: str | None = None
    leaving: str | None = None
    """The worker that may still execute an earlier run of it, which was cancelled or timed out."""
    claimed_at: int | None = None
    """When a run of this attempt and stage was last claimed."""
    stage: str | None = None
    """In a pipeline the handler that is next or running, set by the API alone; otherwise what a report says."""
    stage_since: int = 0
    """When it came to this stage."""
    heard_at: int = 0
    """When a report or the API last changed it."""
    silent_at: int | None = None
    """When it fell silent; None while it is not silent, and once it is final."""
    progress: float | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    positions: Mapping[str, Position] = field(default_factory=dict)
    """For each last-writer-wins register (`stage`, `progress`, `metadata/KEY`), the position that wrote it."""
    result: Any = None
    error: TaskError | None = None

    created_at: int
    started_at: int | None = None
    finished_at: int | None = None
    due_at: int | None = None
    """When the current run may be claimed; None while it is claimed, final or tracked."""
    delay: int = 0
    """The back-off, in milliseconds, that `due_at` was set with."""
    version: int = 1

    @property
    def is_tracked(self) -> bool:
        """Whether outside services, not a worker, report on it."""
        return self.handler is None

    @property
    def is_held(self) -> bool:
        """Whether a worker holds the current run."""
        return self.claim is not None and not self.status.is_final

    @property
    def route(self) -> str:
        """The name of the queue that its messages travel on; a tracked task has none."""
        return route_of(self.type, self.handler or self.type, is_stage=self.stages is not None)

    @property
    def position(self) -> int:
        """Where its stage stands in its pipeline, from 0; a simple task is one stage."""
        return 0 if self.stages is None or self.stage is None else self.stages.index(self.stage)

    @property
    def is_at_last_stage(self) -> bool:
        """Whether the end of the current run is the task's."""
        return self.stages is None or self.stage == self.stages[-1]

    @property
    def stage_run(self) -> int:
        """The first run of the present stage in this attempt; earlier runs of a pipeline belong to passed stages."""
        return 0 if self.stages is None else self.positions["stage"].run

    @property
    def last_seq(self) -> int:
        """The highest `seq` among the registers that the current run has written; 0 before the first."""
        return max((at.seq for at in self.positions.values() if at.run == self.run), default=0)

    @property
    def run_limit(self) -> float:
        """The seconds that one run may take before it counts as hung."""
        return run_limit_of(self.handler, self.timeout, self.processing_time)


def run_limit_of(handler: str | None, timeout: int | None, processing_time: int | None) -> float:
    """Return the seconds that one run may take before it counts as hung; the processing time is for SLEEP alone."""
    if timeout is not None:
        return timeout
    if handler != SLEEP or processing_time is None:
        return DEFAULT_RUN_LIMIT
    return processing_time + RUN_LIMIT_GRACE

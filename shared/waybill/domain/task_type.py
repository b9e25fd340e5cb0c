"""A task type: what its tasks take from it when they are created."""

from dataclasses import dataclass

from waybill.domain.encoded import Encoded

HANDLER_AND_STAGES = "a type has a handler or stages, not both"
ONLY_TRACKED_ARE_SILENT = "only a tracked type, which has neither handler nor stages, has a stage_timeout"
BACKOFFS_IN_ORDER = "min_backoff must not exceed max_backoff"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskType:
    """A kind of task. Durations are seconds; times are milliseconds since the epoch, UTC."""

    name: str
    title: str = ""
    handler: str | None = None
    """The function that runs its tasks; None for pipelines, and if its tasks are tracked."""
    stages: tuple[str, ...] | None = None
    """The handlers that its tasks go through one after another (a pipeline); None if it is no pipeline."""
    processing_time: int | None = None
    """The default for tasks that do not give their own."""
    timeout: int | None = None
    """The longest time of one run."""
    max_attempts: int = 1
    """How many failures of the handler a task may have before it ends in ERROR."""
    min_backoff: float = 1.0
    max_backoff: float = 300.0
    priority: int = 0
    paused: bool = False
    """While paused, its tasks wait and no run may be claimed."""
    stage_timeout: int | None = None
    """The seconds without a report after which a tracked task is silent."""
    stage_timeout_ends: bool = False
    """Whether a silent task ends in ERROR `timeout`."""
    no_handler_after: int | None = None
    """The seconds without a worker that serves them after which due tasks end in ERROR `no_handler`; None: never."""
    input_schema: Encoded | None = None
    """The JSON Schema of the input of its tasks; None: any input will do."""
    secret: tuple[str, ...] = ()
    """The names of the fields of the input that are never shown."""
    declared: Encoded | None = None
    """What the code of its handler last declared of it: a JSON object; None if it has declared nothing."""
    edited: tuple[str, ...] = ()
    """The names of the fields that a person has set, sorted; a declaration leaves them alone."""
    created_at: int = 0

    @property
    def handlers(self) -> tuple[str, ...]:
        """The handlers that its tasks need; none if outside services report on them."""
        if self.stages is not None:
            return self.stages
        return () if self.handler is None else (self.handler,)

    @property
    def is_tracked(self) -> bool:
        """Whether outside services, not workers, report on its tasks."""
        return self.handler is None and self.stages is None

"""Workers on the wire: the heartbeat, the farewell and the list."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints, with_config
from typing_extensions import TypedDict

from waybill.wire.fields import Body, Claim, Counter, Label, Route, TaskId
from waybill.wire.tasks import EXAMPLE_ID

MAX_ROUTES = 32_000
"""How many routes a worker may report: those of a thousand pipelines with as many stages as possible."""

MAX_HANDLERS = 10_000

Text = Annotated[str, StringConstraints(max_length=255)]


WorkerState = Literal["working", "draining", "drained"]


class ListedRun(Body):
    """A run that a worker has in hand."""

    task_id: TaskId
    run: Counter
    claim: Claim
    elapsed: Annotated[
        float, Field(ge=0, allow_inf_nan=False, description="Seconds that its handler has been running.")
    ]


class Heartbeat(Body):
    """All that a worker is doing now."""

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={
            "examples": [
                {
                    "runs": [{"task_id": EXAMPLE_ID, "run": 1, "claim": "0" * 32, "elapsed": 1.5}],
                    "routes": ["sleep"],
                    "handlers": ["sleep"],
                    "slots": 600,
                    "host": "b1946ac92492",
                    "pid": 7,
                    "version": "1.0.0",
                    "draining": False,
                }
            ]
        },
    )

    runs: Annotated[list[ListedRun], Field(max_length=10_000)] = Field(default_factory=list)
    routes: Annotated[list[Route], Field(max_length=MAX_ROUTES)] = Field(default_factory=list)
    handlers: Annotated[
        Annotated[list[Label], Field(max_length=MAX_HANDLERS)] | None,
        Field(description="Its handlers; it can run the tasks that need one of them."),
    ] = None
    slots: Annotated[int, Field(ge=0, le=100_000)] = 0
    host: Text = ""
    pid: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    version: Text = ""
    draining: Annotated[bool, Field(description="Whether it takes no more tasks, since it was told to drain.")] = False


class Gone(Body):
    """How a worker went."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"crashed": True}]})

    crashed: Annotated[bool, Field(description="Whether it was lost, or stopped in good order.")]


class LostRun(TypedDict):
    """A run that its worker is to stop."""

    task_id: str
    run: int


@with_config(
    ConfigDict(json_schema_extra={"examples": [{"lost": [{"task_id": EXAMPLE_ID, "run": 1}], "drain": False}]})
)
class HeartbeatAnswer(TypedDict):
    """What a worker is told."""

    lost: Annotated[list[LostRun], Field(description="The runs that it holds no longer: lost, cancelled or ended.")]
    drain: Annotated[bool, Field(description="Whether it must take no more tasks, until this is false again.")]


@with_config(ConfigDict(json_schema_extra={"examples": [{"released": 1}]}))
class GoneAnswer(TypedDict):
    """How many runs were released."""

    released: int


@with_config(
    ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "worker_id": "6f1b2c3d4e5f60718293a4b5c6d7e8f9",
                    "host": "b1946ac92492",
                    "pid": 7,
                    "version": "1.0.0",
                    "slots": 600,
                    "running": 1,
                    "routes": ["sleep"],
                    "handlers": ["sleep"],
                    "last_seen_seconds": 1.2,
                    "alive": True,
                    "drain": False,
                    "state": "working",
                }
            ]
        }
    )
)
class WorkerJson(TypedDict):
    """A worker, as its last heartbeat had it."""

    worker_id: str
    host: str
    pid: int
    version: str
    slots: int
    running: int
    routes: list[str]
    handlers: Annotated[list[str], Field(description="Its handlers; it can run the tasks that need one of them.")]
    last_seen_seconds: float
    alive: bool
    drain: Annotated[bool, Field(description="Whether it was asked to take no more tasks.")]
    state: Annotated[
        WorkerState,
        Field(description="What the worker reports: it takes tasks, finishes its runs, or has none left."),
    ]

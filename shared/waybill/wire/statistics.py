"""Statistics on the wire."""

from typing import Annotated

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from waybill.wire.tasks import EXAMPLE_ID


class CountsJson(TypedDict):
    """How many tasks there are now, by status."""

    NEW: int
    PROCESSING: int
    COMPLETED: int
    ERROR: int


class QuantilesJson(TypedDict):
    """Seconds within which half of all, and 95 of a hundred, were done; null if there were none."""

    p50: float | None
    p95: float | None


class RatesJson(TypedDict):
    """Tasks per second, of the last one or two minutes."""

    created: float
    completed: float
    error: float


class MinuteJson(TypedDict):
    """What happened in a minute."""

    at: Annotated[str, Field(description="When it began.")]
    created: int
    completed: int
    error: int
    wait: QuantilesJson
    run: QuantilesJson


class TypeStatisticsJson(TypedDict):
    """How the tasks of a type stand and have gone in the last hour."""

    type: str
    counts: CountsJson
    error_rate: Annotated[float | None, Field(description="Of those that ended in the last hour; null for none.")]
    wait: QuantilesJson
    run: QuantilesJson
    completed: Annotated[list[int], Field(description="By minute, the present one last.")]
    error: list[int]


class WaitingJson(TypedDict):
    """A task that waits."""

    task_id: str
    created_at: str


class AttentionJson(TypedDict):
    """Something that needs attention."""

    code: Annotated[
        str,
        Field(
            description="no_worker, workers_drained, failing_type, silent, disk_almost_full, demo_password, "
            "search_behind, or a code of those that `/readyz` names as reasons."
        ),
    ]
    detail: str
    subject: Annotated[str | None, Field(description="The route or type concerned.")]
    count: int | None


@with_config(
    ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "recorded_at": "2026-01-31T09:30:00.250Z",
                    "counts": {"NEW": 3, "PROCESSING": 2, "COMPLETED": 120, "ERROR": 1},
                    "rates": {"created": 0.5, "completed": 0.4, "error": 0.0},
                    "oldest_waiting": {"task_id": EXAMPLE_ID, "created_at": "2026-01-31T09:29:58.250Z"},
                    "workers": 1,
                    "wait": {"p50": 0.02, "p95": 1.5},
                    "run": {"p50": 5.0, "p95": 11.2},
                    "minutes": [
                        {
                            "at": "2026-01-31T09:30:00.000Z",
                            "created": 3,
                            "completed": 2,
                            "error": 0,
                            "wait": {"p50": 0.02, "p95": 1.5},
                            "run": {"p50": 5.0, "p95": 11.2},
                        }
                    ],
                    "types": [
                        {
                            "type": "sleep",
                            "counts": {"NEW": 3, "PROCESSING": 2, "COMPLETED": 120, "ERROR": 1},
                            "error_rate": 0.01,
                            "wait": {"p50": 0.02, "p95": 1.5},
                            "run": {"p50": 5.0, "p95": 11.2},
                            "completed": [2],
                            "error": [0],
                        }
                    ],
                    "attention": [
                        {
                            "code": "no_worker",
                            "detail": "tasks wait for a worker that serves resize",
                            "subject": "resize",
                            "count": None,
                        }
                    ],
                }
            ]
        }
    )
)
class StatisticsJson(TypedDict):
    """Statistics of now, and of the last hour by minutes."""

    recorded_at: str
    counts: CountsJson
    rates: RatesJson
    oldest_waiting: Annotated[WaitingJson | None, Field(description="The task that was created first of the NEW ones.")]
    workers: Annotated[int, Field(description="How many are alive.")]
    wait: Annotated[QuantilesJson, Field(description="From the time a run was due to its start, in the last hour.")]
    run: Annotated[QuantilesJson, Field(description="From the start to the end, in the last hour.")]
    minutes: Annotated[list[MinuteJson], Field(description="Sixty of them, the present one last.")]
    types: list[TypeStatisticsJson]
    attention: list[AttentionJson]

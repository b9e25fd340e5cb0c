"""The stages of a type on the wire: how many open tasks each has, and how long tasks stay there."""

from typing import Annotated

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict


class OldestJson(TypedDict):
    """The open task that has been at a stage for longest."""

    task_id: str
    stage_since: str


class StandingJson(TypedDict):
    """How a stage stands."""

    stage: Annotated[str | None, Field(description="null: not at a stage yet, or the type has no stages.")]
    tasks: Annotated[int, Field(description="How many open tasks are at the stage now.")]
    silent: Annotated[int, Field(description="How many of them are silent for longer than their `stage_timeout`.")]
    oldest: OldestJson | None
    timed: Annotated[int, Field(description="How many stays p50 and p95 are computed from; new ones weigh most.")]
    p50: Annotated[float | None, Field(description="Seconds within which half of the stays ended, within 5 %.")]
    p95: Annotated[float | None, Field(description="Seconds within which 95 % of the stays ended, within 5 %.")]


@with_config(
    ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "document",
                    "stage_timeout": 600,
                    "tasks": 12,
                    "silent": 1,
                    "stages": [
                        {
                            "stage": "enrich",
                            "tasks": 12,
                            "silent": 1,
                            "oldest": {
                                "task_id": "0197b6f0-5a3c-7c3e-9d7e-2f1a4b6c8d90",
                                "stage_since": "2026-01-31T09:30:00.262Z",
                            },
                            "timed": 988,
                            "p50": 0.92,
                            "p95": 4.1,
                        }
                    ],
                }
            ]
        }
    )
)
class TypeStagesJson(TypedDict):
    """Where the open tasks of a type are."""

    name: str
    stage_timeout: Annotated[int | None, Field(description="Seconds; of the type as it is now.")]
    tasks: int
    silent: int
    stages: Annotated[list[StandingJson], Field(description="A pipeline's in their order, others by name.")]

"""The log of a run on the wire: the end of what it has logged or printed."""

from typing import Annotated, Protocol

from pydantic import AfterValidator, ConfigDict, Field, with_config
from typing_extensions import TypedDict

from waybill.domain.texts.plain import plain
from waybill.domain.texts.tail import LOG_CAP
from waybill.wire.fields import Body, Claim, Counter, TaskId
from waybill.wire.tasks import EXAMPLE_ID
from waybill.wire.timestamps import rfc3339

MOST_LOGS = 300
"""How many logs a body may have; as many short ones are smaller than a body may be."""

LOG_LIMIT = 256 * 1024
"""How large a body with logs may be, in bytes: JSON may write one byte of text with six."""


class _RunLog(Protocol):
    """What is written of a log."""

    @property
    def run(self) -> int: ...
    @property
    def attempt(self) -> int: ...
    @property
    def text(self) -> str: ...
    @property
    def cut(self) -> bool: ...
    @property
    def written_at(self) -> int: ...


def _bounded(text: str) -> str:
    if len(text.encode()) > LOG_CAP:
        raise ValueError("must not be larger than 32 KiB")
    return plain(text)


class PutRunLog(Body):
    """What a run has logged or printed so far, or the end of it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"claim": "0" * 32, "text": "page 7 of 12\n"}]})

    claim: Claim
    text: Annotated[
        str,
        AfterValidator(_bounded),
        Field(
            description="At most 32 KiB, the last; escape sequences of terminals are removed.",
            json_schema_extra={"maxLength": LOG_CAP},
        ),
    ]
    cut: Annotated[bool, Field(description="Whether more came before.")] = False


class RunLogItem(PutRunLog):
    """The log of the run that it names."""

    task_id: TaskId
    run: Counter


class PutRunLogs(Body):
    """The logs of many runs."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"logs": [{"task_id": EXAMPLE_ID, "run": 1, "claim": "0" * 32, "text": "page 7 of 12\n"}]}]
        }
    )

    logs: Annotated[list[RunLogItem], Field(min_length=1, max_length=MOST_LOGS)]


@with_config(ConfigDict(json_schema_extra={"examples": [{"kept": 1}]}))
class RunLogsKept(TypedDict):
    """How many of the logs were kept."""

    kept: int


@with_config(
    ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "run": 1,
                    "attempt": 1,
                    "text": "page 7 of 12\n",
                    "cut": False,
                    "written_at": "2026-01-31T09:30:01.040Z",
                }
            ]
        }
    )
)
class RunLogJson(TypedDict):
    """The log of a run."""

    run: int
    attempt: int
    text: Annotated[str, Field(description="What it has logged or printed, at most the last 32 KiB.")]
    cut: Annotated[bool, Field(description="Whether more came before.")]
    written_at: str


def run_log_json(log: _RunLog) -> RunLogJson:
    """Write a log."""
    return {
        "run": log.run,
        "attempt": log.attempt,
        "text": log.text,
        "cut": log.cut,
        "written_at": rfc3339(log.written_at),
    }

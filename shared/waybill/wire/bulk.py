"""One thing done to many tasks, on the wire."""

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator, with_config
from typing_extensions import TypedDict

from waybill.wire.fields import MAX_ITEMS, Body, TaskId
from waybill.wire.tasks import EXAMPLE_ID


class ChangeTasks(Body):
    """What to do, and to which tasks: those that are listed, or all that a search finds."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"action": "retry", "q": "status:error type:sleep", "dry_run": True}]}
    )

    action: Literal["cancel", "retry", "delete"]
    task_ids: Annotated[list[TaskId] | None, Field(min_length=1, max_length=MAX_ITEMS)] = None
    q: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=500,
            description="A search, as GET /tasks takes it. Retry means the failed ones, unless it names a status.",
        ),
    ] = None
    dry_run: Annotated[bool, Field(description="Only count them.")] = False
    cursor: Annotated[
        str | None, Field(max_length=100, description="The cursor of the last answer, until that is `done`.")
    ] = None

    @model_validator(mode="after")
    def names_tasks_in_one_way(self) -> Self:
        """Raise ValueError if both or neither are given."""
        if (self.task_ids is None) == (self.q is None):
            raise ValueError("give either task_ids or q")
        return self


@with_config(
    ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "action": "retry",
                    "done": True,
                    "cursor": None,
                    "count": 2,
                    "is_exact": True,
                    "applied": 1,
                    "refused": {"task_is_not_final": 1},
                    "task_ids": [EXAMPLE_ID],
                }
            ]
        }
    )
)
class TasksChanged(TypedDict):
    """What was done by this request, or would be."""

    action: str
    done: Annotated[
        bool, Field(description="Whether this was all; if not, send the same request again, with `cursor`.")
    ]
    cursor: str | None
    count: Annotated[
        int,
        Field(description="How many tasks the request concerned; a dry run counts only briefly, up to 10,000."),
    ]
    is_exact: Annotated[bool, Field(description="False if a dry run stopped counting: there may be more.")]
    applied: Annotated[int, Field(description="How many tasks were changed.")]
    refused: Annotated[dict[str, int], Field(description="How many tasks could not be changed, by the problem's code.")]
    task_ids: Annotated[list[str], Field(description="Of a dry run: the newest of them, at most ten.")]

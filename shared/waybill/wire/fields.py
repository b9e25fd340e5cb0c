"""The fields that several bodies share, with their limits."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from waybill.domain.names import CONTROLS, ROUTE, STAGE_NAME, TYPE_NAME, UUID, one_line

MAX_ITEMS = 1_000
"""How many tasks or reports one batch may hold."""

MAX_STAGES = 32
"""How many stages a pipeline may have."""

ONE_LINE = {"pattern": rf"^[^{CONTROLS}]*[^\s{CONTROLS}][^{CONTROLS}]*$"}
"""`one_line` in JSON Schema."""


class Body(BaseModel):
    """The body of a request: 1 is an integer, but true, 1.0 and "1" are not; an unknown field is an error.

    Models are built when they are first used: to build all of them took a quarter of the start of a service.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, defer_build=True)


def distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names. Raises ValueError if one is repeated."""
    if len(set(names)) < len(names):
        raise ValueError("must not repeat a name")
    return names


def lower(text: str) -> str:
    """Return the text in lower case: a UUID may be written in either."""
    return text.lower()


TaskId = Annotated[str, StringConstraints(pattern=UUID), AfterValidator(lower), Field(description="A UUID.")]
Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200),
    AfterValidator(one_line),
    Field(description="What people call the task.", json_schema_extra=ONE_LINE),
]
TypeName = Annotated[str, StringConstraints(pattern=TYPE_NAME), Field(description="The name of a task type.")]
Seconds = Annotated[int, Field(ge=0, le=86_400)]
Priority = Annotated[int, Field(ge=-100, le=100, description="Higher is sooner.")]
Label = Annotated[
    str,
    StringConstraints(min_length=1, max_length=128),
    AfterValidator(one_line),
    Field(json_schema_extra=ONE_LINE),
]
StageName = Annotated[str, StringConstraints(pattern=STAGE_NAME)]
Stages = Annotated[
    tuple[StageName, ...],
    Field(
        strict=False,  # a list of JSON is no tuple
        min_length=1,
        max_length=MAX_STAGES,
        description="The handlers that each task goes through, one after another; each gets the result before.",
        json_schema_extra={"uniqueItems": True},
    ),
    AfterValidator(distinct),
]
Route = Annotated[
    str,
    StringConstraints(pattern=ROUTE),
    Field(description="TYPE/HANDLER, in a pipeline TYPE/STAGE; the type alone if its handler has the same name."),
]
ExternalKey = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200),
    AfterValidator(one_line),
    Field(description="Your own key; two tasks of one type cannot share it.", json_schema_extra=ONE_LINE),
]
Counter = Annotated[int, Field(ge=1, le=2**31 - 1)]
Seq = Annotated[int, Field(ge=0, le=2**53, description="A logical clock: max(received, own last) + 1.")]
Progress = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Claim = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9a-f]{32}$"),
    Field(description="128 random bits: the worker's right to the run."),
]
MetadataKey = Annotated[str, StringConstraints(min_length=1, max_length=128)]
Metadata = dict[MetadataKey, Any]

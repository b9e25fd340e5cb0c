"""An error on the wire: RFC 9457, with a `code` that programs may rely on."""

from typing import Annotated, NotRequired

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict


class FieldError(TypedDict):
    """What is wrong with one field or parameter."""

    pointer: NotRequired[Annotated[str, Field(description="A JSON pointer into the body (RFC 6901).")]]
    parameter: NotRequired[Annotated[str, Field(description="The path, query or header parameter.")]]
    detail: str
    position: NotRequired[Annotated[int, Field(description="Of a search: the position of the mistake, in characters.")]]
    length: NotRequired[int]
    suggestions: NotRequired[Annotated[list[str], Field(description="Of a search: what may have been meant.")]]


@with_config(
    ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "title": "Unprocessable Entity",
                    "status": 422,
                    "code": "invalid",
                    "detail": "1 field is wrong.",
                    "errors": [{"pointer": "/name", "detail": "Field required"}],
                }
            ]
        },
    )
)
class Problem(TypedDict):
    """Why a request was not granted; it may carry further members, such as `task`."""

    title: str
    status: int
    code: Annotated[str, Field(description="Stable; meant for programs.")]
    detail: Annotated[str, Field(description="Meant for people.")]
    errors: NotRequired[Annotated[list[FieldError], Field(description="Every bad field, for `invalid`.")]]

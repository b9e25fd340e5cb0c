"""A call of the API, read from its method's signature: what it takes, what it answers, how it is documented."""

import functools
import inspect
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Protocol, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from waybill.domain.errors import NotFound, WaybillError
from waybill.wire.problems import FieldError
from waybill_api.http import form_body, json_body
from waybill_api.http.bodies.batches import BATCHES, Batch, read_batch, read_item
from waybill_api.http.complaints import detail_of, errors_of, parameter_of, refusal_of_errors
from waybill_api.http.long_answers import CSV, JSON
from waybill_api.problems import NOT_JSON, ProblemKind, Refusal, invalid

SINGLE_LIMIT = 64 * 1024
BATCH_LIMIT = 8 * 1024 * 1024
"""How large a body may be, in bytes: one task or report, and many."""

FORM = "application/x-www-form-urlencoded"

Location = Literal["path", "query", "header"]
Method = Callable[..., Coroutine[Any, Any, Any]]
Carried = Callable[..., Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Path:
    """Marks an argument that is a segment of the path; a bad value raises `missing` if that is given, else a 422."""

    missing: type[NotFound] | None = None


@dataclass(frozen=True, slots=True)
class Header:
    """Marks an argument that is a request header."""

    name: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """An argument from the path, the query or a header; `name` is its name for the client."""

    argument: str
    name: str
    place: Location
    required: bool
    missing: type[NotFound] | None = None


class _Request(Protocol):
    """The parts of a request that an operation reads."""

    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def query_arguments(self) -> Mapping[str, Sequence[bytes]]: ...


@dataclass(frozen=True, slots=True)
class Operation:
    """One call, with all that is known of it before a request comes."""

    name: str
    function: Method
    status: int
    also: tuple[int, ...]
    """Other statuses of success."""
    parameters: tuple[Parameter, ...]
    model: type[BaseModel]
    """Validates the parameters, all at once."""
    defaults: Mapping[str, Any]
    body: type[BaseModel] | None
    body_argument: str
    body_required: bool
    limit: int
    """How large the body may be, in bytes."""
    media: tuple[str, ...]
    answer: Any
    """The return annotation."""
    raises: tuple[type[WaybillError] | ProblemKind, ...]
    is_form: bool
    """Whether the body is a browser's form instead of JSON."""
    columns: tuple[str, ...]
    """The columns of the CSV form; empty if there is none."""

    @property
    def path_arguments(self) -> frozenset[str]:
        """The arguments from the path."""
        return frozenset(one.argument for one in self.parameters if one.place == "path")

    @property
    def batch(self) -> Batch | None:
        """How the items of its body are read, if it may have many."""
        return BATCHES.get(self.name)

    def arguments(self, request: _Request, path: Sequence[str], body: bytes) -> dict[str, Any]:
        """Return the arguments from a request. Raises NotFound, or Refusal, which names all that is wrong."""
        arguments = self.parameters_of(request, path)
        if self.body is not None:
            arguments[self.body_argument] = self._body(self.body, body)
        return arguments

    def parameters_of(self, request: _Request, path: Sequence[str]) -> dict[str, Any]:
        """Return the arguments without the body."""
        given: dict[str, Any] = {}
        errors: list[FieldError] = []
        segments = iter(path)
        for parameter in self.parameters:
            if parameter.place == "path":
                given[parameter.name] = next(segments)
            elif parameter.place == "header" and parameter.name in request.headers:
                given[parameter.name] = request.headers[parameter.name]
        for name, values in request.query_arguments.items():
            if len(values) > 1:
                errors.append({"parameter": name, "detail": "is given twice"})
            try:
                given[name] = values[0].decode()
            except UnicodeDecodeError:
                errors.append({"parameter": name, "detail": "is not UTF-8"})
        if not given and not errors:
            return dict(self.defaults)
        try:
            values_found = self.model.model_validate(given)
        except ValidationError as error:
            self._raise_missing(error)
            found = error.errors(include_url=False)
            errors += [{"parameter": parameter_of(one), "detail": detail_of(one)} for one in found]
            raise invalid(errors) from None
        if errors:
            raise invalid(errors)
        return {parameter.argument: getattr(values_found, parameter.argument) for parameter in self.parameters}

    def _raise_missing(self, error: ValidationError) -> None:
        wrong = {parameter_of(one) for one in error.errors(include_url=False)}
        for parameter in self.parameters:
            if parameter.missing is not None and parameter.name in wrong:
                raise parameter.missing() from None

    def _body(self, model: type[BaseModel], body: bytes) -> BaseModel | None:
        if not body:
            if self.body_required:
                raise Refusal(NOT_JSON, "The body is empty; this call needs a JSON object.")
            return None
        value = form_body.decode(body) if self.is_form else json_body.decode(body)
        if self.batch is not None:
            return read_batch(self.batch, value, is_large=len(body) > SINGLE_LIMIT)
        try:
            return read_item(model, value)
        except ValidationError as error:
            raise refusal_of_errors(errors_of(error)) from None


def call(
    name: str,
    status: int = 200,
    *,
    also: int | None = None,
    limit: int = SINGLE_LIMIT,
    media: tuple[str, ...] = (JSON,),
    raises: tuple[type[WaybillError] | ProblemKind, ...] = (),
    is_form: bool = False,
) -> Callable[[Method], Carried]:
    """Make a handler's method a call of the API; its signature describes the call.

    An argument that is a pydantic model is the body; `Annotated` with Path or Header names the source of others,
    and the rest are query parameters. The first paragraph of the docstring is the summary. The answer is the result
    as JSON; an asynchronous iterator of lists is streamed as one of `media`. The method may set the status `also`.
    """

    def decorate(function: Method) -> Carried:
        operation = _read(function, name, (status,) if also is None else (status, also), limit, media, raises, is_form)

        @functools.wraps(function)
        async def carry_out(endpoint: Any, *path: str) -> None:
            await endpoint.carry_out(operation, path)

        carry_out.operation = operation  # type: ignore[attr-defined]
        return carry_out

    return decorate


def operation_of(method: Any) -> Operation | None:
    """Return the operation of a handler's method; None if the method is no operation."""
    return getattr(method, "operation", None)


def item_of(answer: Any) -> Any:
    """Return the type of the items of a streamed answer, an `AsyncIterator[Sequence[Item]]`."""
    (page,) = get_args(answer)
    (item,) = get_args(page)
    return item


def _read(
    function: Method,
    name: str,
    statuses: tuple[int, ...],
    limit: int,
    media: tuple[str, ...],
    raises: tuple[type[WaybillError] | ProblemKind, ...],
    is_form: bool,
) -> Operation:
    signature = inspect.signature(function)
    body: type[BaseModel] | None = None
    body_argument, body_required = "", True
    parameters: list[Parameter] = []
    fields: dict[str, Any] = {}
    for argument, declared in list(signature.parameters.items())[1:]:
        required = declared.default is inspect.Parameter.empty
        model = _model(declared.annotation)
        if model is not None:
            body, body_argument, body_required = model, argument, required
            continue
        parameter = _parameter(argument, declared.annotation, required)
        parameters.append(parameter)
        alias = _with_alias(declared.annotation, parameter)
        fields[argument] = (alias, ... if required else declared.default)
    return Operation(
        name=name,
        function=function,
        status=statuses[0],
        also=statuses[1:],
        parameters=tuple(parameters),
        model=create_model(f"{name}_parameters", __config__=ConfigDict(extra="forbid", defer_build=True), **fields),
        defaults={argument: default for argument, (_, default) in fields.items()},
        body=body,
        body_argument=body_argument,
        body_required=body_required,
        limit=limit,
        media=media,
        answer=signature.return_annotation,
        raises=raises,
        is_form=is_form,
        columns=tuple(item_of(signature.return_annotation).__annotations__) if CSV in media else (),
    )


def _model(annotation: Any) -> type[BaseModel] | None:
    """Return the pydantic model of an annotation `Model` or `Model | None`."""
    for candidate in get_args(annotation) or (annotation,):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def _parameter(argument: str, annotation: Any, required: bool) -> Parameter:
    for mark in getattr(annotation, "__metadata__", ()):
        if isinstance(mark, Path):
            return Parameter(argument, argument, "path", required, mark.missing)
        if isinstance(mark, Header):
            return Parameter(argument, mark.name, "header", required)
    return Parameter(argument, argument, "query", required)


def _with_alias(annotation: Any, parameter: Parameter) -> Any:
    """Return the annotation, with the client's name as alias."""
    return annotation if parameter.name == parameter.argument else Annotated[annotation, Field(alias=parameter.name)]

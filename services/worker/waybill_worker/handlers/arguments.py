"""What a function takes from a task's input, as its signature says."""

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, create_model
from pydantic.json_schema import GenerateJsonSchema

from waybill_worker.handlers.failed import Failed
from waybill_worker.handlers.unfillable import Unfillable

MOST_COMPLAINTS = 5
"""How many complaints about an input an error lists."""

FIELD = "waybill_field_"
"""What the fields of the model are called; the names of the parameters are their aliases, which may be any names."""


class PlainSchema(GenerateJsonSchema):
    """Makes schemas without titles, which only repeat the names."""

    ignored_warning_kinds = frozenset({"skipped-choice", "non-serializable-default"})  # type: ignore[assignment]

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Return false: a field needs no title."""
        return False


class Arguments:
    """The arguments of a handler: its context, and then the fields of the input or the whole of it."""

    def __init__(self, function: Callable[..., Any]) -> None:
        """Read the signature. Raises Unfillable."""
        try:
            context, *taken = inspect.signature(function).parameters.values()
        except ValueError:
            raise Unfillable("it takes no parameter, and needs one for its context") from None
        if context.kind not in (context.POSITIONAL_ONLY, context.POSITIONAL_OR_KEYWORD):
            raise Unfillable(f"its first parameter, {context}, cannot take the context")
        self._context = context.name
        self._is_named = context.kind is context.POSITIONAL_OR_KEYWORD
        types = {one.name: _type_of(function, one) for one in taken}
        whole = next((one for one in taken if one.kind is one.POSITIONAL_ONLY), None)
        self._whole: TypeAdapter[Any] | None = None
        self._model: type[BaseModel] | None = None
        self._fields: dict[str, str] = {}
        if whole is None:
            self._take_fields(taken, types)
            return
        if len(taken) > 1:
            other = next(one for one in taken if one is not whole)
            raise Unfillable(f"its parameter {whole.name} takes the whole input, which leaves nothing for {other.name}")
        self._whole = _adapter(whole, types[whole.name])
        self._is_any = types[whole.name] is Any
        self._is_optional = whole.default is not whole.empty

    def schema(self) -> dict[str, Any] | None:
        """Return the JSON Schema of the input; None if any input will do."""
        if self._whole is not None:
            return None if self._is_any else self._whole.json_schema(schema_generator=PlainSchema)
        assert self._model is not None  # noqa: S101  # for mypy: there is always one of the two
        schema = self._model.model_json_schema(schema_generator=PlainSchema)
        schema.pop("title", None)
        if not schema.get("required"):
            # Who creates a task without an input sends null.
            schema["type"] = ["object", "null"]
        return schema

    def of(self, task_input: Any) -> tuple[Sequence[Any], Mapping[str, Any]]:
        """Return the arguments after the context for an input. Raises Failed if the input does not fit."""
        try:
            if self._whole is not None:
                if task_input is None and self._is_optional:
                    return (), {}
                return (self._whole.validate_python(task_input),), {}
            assert self._model is not None  # noqa: S101
            model = self._model.model_validate({} if task_input is None else task_input)
        except ValidationError as error:
            raise Failed(f"the input does not fit: {_complaints(error)}") from None
        more = model.model_extra or {}
        if self._is_named and self._context in more:
            raise Failed(f"the input does not fit: {self._context}: it is the handler's context, not a field")
        # Fields that are left out have the defaults of the function itself.
        given = {name: getattr(model, field) for name, field in self._fields.items() if field in model.model_fields_set}
        return (), {**more, **given}

    def _take_fields(self, taken: Sequence[inspect.Parameter], types: Mapping[str, Any]) -> None:
        fields: dict[str, Any] = {}
        for one in taken:
            if one.kind is one.VAR_POSITIONAL:
                raise Unfillable(f"its parameter {one} cannot be filled: the fields of an input have names")
            if one.kind is not one.VAR_KEYWORD:
                _adapter(one, types[one.name])
                field = self._fields[one.name] = f"{FIELD}{len(fields)}"
                fields[field] = (types[one.name], _field(one))
        extra = any(one.kind is one.VAR_KEYWORD for one in taken)
        config = ConfigDict(extra="allow" if extra else "forbid", protected_namespaces=())
        self._model = create_model("input", __config__=config, **fields)


def _type_of(function: Callable[..., Any], parameter: inspect.Parameter) -> Any:
    if parameter.annotation is parameter.empty:
        return Any
    holder = SimpleNamespace(__annotations__={parameter.name: parameter.annotation})
    try:
        return get_type_hints(holder, inspect.unwrap(function).__globals__, include_extras=True)[parameter.name]
    except Exception as error:  # noqa: BLE001  # an annotation may be any expression
        raise Unfillable(f"the type of its parameter {parameter.name} cannot be read: {error}") from None


def _adapter(parameter: inspect.Parameter, kind: Any) -> TypeAdapter[Any]:
    try:
        adapter = TypeAdapter(kind)
        adapter.json_schema(schema_generator=PlainSchema)
    except Exception:  # noqa: BLE001  # the type's own methods take part
        written = inspect.formatannotation(parameter.annotation)
        raise Unfillable(f"its parameter {parameter.name} cannot be filled from JSON: its type is {written}") from None
    return adapter


def _field(parameter: inspect.Parameter) -> Any:
    if parameter.default is parameter.empty:
        return Field(alias=parameter.name)
    shown: dict[str, Any] = {"default": parameter.default} if _is_json(parameter.default) else {}
    # A factory, since a default may be anything; the function has its own.
    return Field(default_factory=dict, alias=parameter.name, json_schema_extra=shown)


def _is_json(value: Any) -> bool:
    try:
        return bool(json.loads(json.dumps(value, allow_nan=False)) == value)
    except (TypeError, ValueError, RecursionError):
        return False


def _complaints(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    said = [
        f"{'.'.join(map(str, one['loc']))}: {one['msg']}" if one["loc"] else str(one["msg"])
        for one in found[:MOST_COMPLAINTS]
    ]
    more = len(found) - len(said)
    return "; ".join(said) + (f"; and {more} more" if more else "")

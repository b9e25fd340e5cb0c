"""The inputs of tasks to be created: held against the schemas of their types, and without their secrets."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from waybill.domain.encoded import Encoded, value_of
from waybill.domain.texts.censored import MASK, without
from waybill.schemas.input_schema import input_schema
from waybill.wire.problems import FieldError
from waybill.wire.tasks import CreateTask
from waybill_api.problems import MAX_ERRORS, invalid
from waybill_api.store.followers.input_rules import InputRules

PORTION = 8 * 1024
"""Characters of inputs that are judged at once, before other requests are served."""


async def fitting(rules: InputRules, wishes: Sequence[CreateTask], place: str = "") -> list[Any]:
    """Return the input of each task as it is to be kept. Raises Refusal (422), which names all that does not fit.

    `place` is the JSON pointer of the list of tasks; empty for a single one.
    """
    kept: list[Any] = []
    errors: list[FieldError] = []
    judged, is_all = 0, True
    for index, wish in enumerate(wishes):
        rule = rules.of(wish.type)
        if rule is None or rule.schema is None:
            kept.append(wish.input)
            continue
        text = wish.input.text if isinstance(wish.input, Encoded) else _compact(wish.input)
        found, is_whole = input_schema(rule.schema).complaints(value_of(wish.input), text)
        prefix = f"{place}/{index}/input" if place else "/input"
        errors += ({"pointer": prefix + _pointer(one.path), "detail": one.detail} for one in found)
        is_all &= is_whole
        if len(errors) >= MAX_ERRORS and index + 1 < len(wishes):
            raise invalid(errors[:MAX_ERRORS], is_all=False)
        kept.append(None if wish.input is None else Encoded(text))
        judged += len(text)
        if judged >= PORTION:
            judged = 0
            await asyncio.sleep(0)
    if errors:
        raise invalid(errors[:MAX_ERRORS], is_all=is_all and len(errors) <= MAX_ERRORS)
    return kept


def unrevealing(rules: InputRules, wish: CreateTask) -> CreateTask:
    """Return a wish as the audit log may hold it: without the secrets of its type, or without an input if it has none.

    The name of a type may be mistyped, and its input hold secrets all the same.
    """
    rule = rules.of(wish.type)
    if rule is not None and not rule.secret:
        return wish
    shown = MASK if rule is None else without(rule.secret, value_of(wish.input))
    return wish if wish.input is None else wish.model_copy(update={"input": shown})


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _pointer(path: Sequence[str | int]) -> str:
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)

"""The details of a request in the audit log."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from waybill_api.http.operation import Operation

MOST_DETAILS = 2_000
"""How many characters of details a line of the audit log may have."""


def details_of(operation: Operation, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a request as JSON for the audit log, without secrets."""
    given = {
        name: value.model_dump(mode="json", exclude_unset=True) if isinstance(value, BaseModel) else value
        for name, value in arguments.items()
        if value is not None and name not in operation.path_arguments
    }
    return recorded(given)


def recorded(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the given arguments as the audit log holds them: only their size if they are large."""
    text = json.dumps(given, ensure_ascii=False, default=str)
    return {"size": len(text)} if len(text) > MOST_DETAILS else dict(json.loads(text))

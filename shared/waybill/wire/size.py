"""The size limit of one task or report, alone or in a batch."""

import json
from typing import Any

from pydantic_core import PydanticCustomError

ITEM_LIMIT = 64 * 1024
"""Bytes of JSON without spaces."""

TOO_LARGE_TYPE = "too_large"


def within_limit(item: Any) -> Any:
    """Return an item of a batch, or raise an error of the type `too_large`."""
    if len(json.dumps(item, ensure_ascii=False, separators=(",", ":")).encode()) > ITEM_LIMIT:
        raise PydanticCustomError(TOO_LARGE_TYPE, "must not be larger than 64 KiB")
    return item

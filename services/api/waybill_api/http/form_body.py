"""The body of a form, as browsers send it, read strictly."""

from typing import Any
from urllib.parse import parse_qsl

from waybill_api.problems import BAD_REQUEST, Refusal

MOST_FIELDS = 20


def decode(body: bytes | bytearray) -> Any:
    """Return the fields of a form, or raise Refusal (400): for other encodings than UTF-8 and repeated fields."""
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS, encoding="utf-8", errors="strict"
        )
    except ValueError:
        raise Refusal(BAD_REQUEST, "The form cannot be read.") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Refusal(BAD_REQUEST, "A field is given twice.")
    return fields

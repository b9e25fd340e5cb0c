"""Every encoded report is one that the API accepts."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from waybill.encoding import DEPTH_CAP, encoded
from waybill_api.http.json_body import decode

KEYS = st.text(max_size=3) | st.integers(0, 2) | st.booleans() | st.none() | st.sampled_from(["1", "true", "null"])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=5) | st.just("\0")
VALUES = st.recursive(LEAVES, lambda below: st.lists(below, max_size=4) | st.dictionaries(KEYS, below, max_size=4))


def nested(value: Any, depth: int) -> Any:
    """Put a value into `depth` nested lists."""
    for _ in range(depth):
        value = [value]
    return value


@given(VALUES, st.integers(0, 3) | st.integers(DEPTH_CAP - 3, DEPTH_CAP + 5))
def test_a_batch_of_what_is_encoded_is_taken_by_the_api(value: Any, depth: int) -> None:
    try:
        text = encoded({"result": nested(value, depth)})
    except ValueError:
        return
    assert decode(f'{{"reports":[{text}]}}'.encode()) == {"reports": [json.loads(text)]}


def test_what_looks_like_a_nul_is_none() -> None:
    assert json.loads(encoded({"result": "\\u0000"})) == {"result": "\\u0000"}


def test_the_deepest_report_that_travels() -> None:
    decode(f'{{"reports":[{encoded({"result": nested(1, DEPTH_CAP)})}]}}'.encode())

"""What becomes of a type when code declares it and people edit it, in any order."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from waybill.domain.declaration import DECLARABLE, DEFAULTS, declare, edit
from waybill.domain.encoded import Encoded
from waybill.domain.task_type import TaskType

VALUES: dict[str, Any] = {
    "title": st.text(max_size=3),
    "timeout": st.none() | st.integers(1, 9),
    "max_attempts": st.integers(1, 9),
    "min_backoff": st.floats(0, 3),
    "max_backoff": st.floats(3, 9),
    "priority": st.integers(-9, 9),
    "secret": st.sampled_from([(), ("a",), ("a", "b")]),
}
FIELDS = st.fixed_dictionaries({}, optional=VALUES)


def text_of(said: dict[str, Any]) -> Encoded:
    return Encoded(json.dumps(said))


@given(st.lists(st.tuples(st.booleans(), FIELDS), max_size=8))
def test_edited_fields_win_and_the_last_declaration_counts_elsewhere(deeds: list[tuple[bool, dict[str, Any]]]) -> None:
    task_type, edited = declare("x", {"handler": "x"}, None, text_of({})), dict[str, Any]()
    said: dict[str, Any] = {"handler": "x"}
    for is_person, fields in deeds:
        if is_person:
            task_type = edit(task_type, fields)
            edited |= fields
        else:
            said = {"handler": "x", **fields}
            task_type = declare("x", said, task_type, text_of(said))
            assert task_type.declared == text_of(said)
        wanted = {**DEFAULTS, **said, **edited}
        # Only what people set may leave a declared field as it was until the next declaration.
        assert all(getattr(task_type, name) == value for name, value in edited.items())
        assert set(task_type.edited) == set(edited)
        assert is_person or all(getattr(task_type, name) == wanted[name] for name in DECLARABLE)


def test_declared_back_off_gives_way_to_the_edited_one() -> None:
    low = edit(TaskType(name="x"), {"max_backoff": 1.0})
    assert declare("x", {"handler": "x", "min_backoff": 5.0, "max_backoff": 9.0}, low, text_of({})).min_backoff == 1.0
    high = edit(TaskType(name="x"), {"min_backoff": 5.0})
    assert declare("x", {"handler": "x", "max_backoff": 2.0}, high, text_of({})).max_backoff == 5.0


def test_who_sets_a_handler_has_decided_about_stages_too() -> None:
    made = edit(TaskType(name="x"), {"handler": "y"})
    assert made.edited == ("handler", "stages")
    assert declare("x", {"stages": ("a", "b")}, made, text_of({})).handlers == ("y",)

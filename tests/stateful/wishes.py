"""What clients, workers and services may say, drawn from few values, so that they often meet."""

from typing import Any

import hypothesis.strategies as st

from tests.stateful.sayings import BIG

TYPES = ("sleep", "flaky", "patient", "brief", "parcel", "relay")
FIRST_TYPES: tuple[dict[str, Any], ...] = (
    {"name": "flaky", "handler": "work", "max_attempts": 3, "min_backoff": 0, "max_backoff": 0},
    # Their back-offs are far from the steps of the clock, so that the jitter decides nothing.
    {"name": "patient", "handler": "sleep", "processing_time": 1, "max_attempts": 2, "min_backoff": 2},
    {"name": "brief", "handler": "sleep", "processing_time": 1, "timeout": 5, "max_attempts": 2, "min_backoff": 30},
    {"name": "parcel"},
    {"name": "relay", "stages": ["one", "two", "three"], "max_attempts": 2, "min_backoff": 0, "max_backoff": 0},
)

FIRST_TASKS: tuple[dict[str, Any], ...] = (
    {"name": "one", "type": "parcel", "metadata": {"a": 1}},
    {"name": "two", "type": "patient"},
    {"name": "three", "type": "flaky"},
    {"name": "four", "processing_time": 5},
    {"name": "five", "type": "relay", "input": {"a": 1}},
)

values = st.sampled_from([0, 1, 1.0, True, "a", [], {"a": [1]}])
"""Among them are those that Python calls equal and JSON does not."""

metadata = st.dictionaries(
    st.sampled_from(["a", "b", "a/b"]), st.one_of(values, st.none(), st.just(BIG)), max_size=2
).filter(lambda said: list(said.values()).count(BIG) < 2)

creates = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["Resize", "Überprüfen"]),
        "type": st.sampled_from(["parcel", "parcel", "flaky", "flaky", "patient", "brief", "sleep", "relay", "relay"]),
    },
    optional={
        "processing_time": st.sampled_from([0, 5]),
        "timeout": st.just(7),
        "priority": st.sampled_from([-1, 7]),
        "input": values,
        "metadata": metadata,
        "external_key": st.sampled_from(["order-1", "order-2"]),
    },
)
spoilt = st.sampled_from([[], [], [], [{"name": "n", "type": "nobodys"}], [{"name": "n"}]])
"""What makes a batch impossible, now and then."""
keys = st.sampled_from([None, None, "key-1", "key-2"])

errors = st.sampled_from(
    [
        {},
        {"message": "no"},
        {"code": "failed", "message": "no", "detail": "there"},
        {"code": "timeout"},
        {"code": "cancelled"},
    ]
)
attempts = st.sampled_from(["current", "current", "current", "before", "after"])
claims = st.sampled_from(["held", "held", "held", "before", "forged"])
which = st.integers(0, 5)
"""Which of the tasks or workers that fit, counted from the newest, modulo how many there are."""

reports = st.fixed_dictionaries(
    {"source": st.sampled_from(["a", "b"])},
    optional={
        "attempt": attempts,
        "seq": st.integers(0, 4),
        "status": st.sampled_from([1, 2, 2, 3, 4]),
        "stage": st.sampled_from(["pack", "ship"]),
        "progress": st.sampled_from([0.0, 0.5, 1.0]),
        "metadata": metadata,
        "result": values,
        "error": errors,
        "note": st.just("unknown fields are kept"),
    },
)

type_changes = st.fixed_dictionaries(
    {},
    optional={
        "title": st.just("Changed"),
        "handler": st.sampled_from([None, "sleep", "work"]),
        "processing_time": st.sampled_from([None, 1]),
        "timeout": st.sampled_from([None, 5]),
        "max_attempts": st.sampled_from([1, 2, 3]),
        "priority": st.sampled_from([0, 3]),
        "paused": st.booleans(),
    },
)

declarations = st.fixed_dictionaries(
    # Their back-offs are those of the other types, so that no story waits for long.
    {"handler": st.sampled_from(["sleep", "work"]), "min_backoff": st.just(0.0), "max_backoff": st.just(0.0)},
    optional={
        "title": st.just("Declared"),
        "timeout": st.just(6),
        "max_attempts": st.sampled_from([1, 2, 3]),
        "priority": st.sampled_from([0, 4]),
        "secret": st.sampled_from([[], ["password"]]),
    },
)

"""However reports on a tracked task travel, the task that comes of them is the same."""

from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.talking import ADMIN, REPORTER, Fetch

ENDINGS: tuple[dict[str, Any], ...] = (
    {"status": 3, "result": {"n": 1}},
    {"status": 3},
    {"status": 4, "error": {"code": "failed", "message": "no such page"}},
)
KEYS = count()
NOT_COMPARED = {"task_id", "external_key", "version"}
TIMES = ("_at", "_since")
"""How the names of times of arrival end."""

values = st.one_of(st.booleans(), st.integers(-2, 2), st.sampled_from(["", "x", None]), st.just([1, {"a": 1.5}]))


@st.composite
def journeys(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Reports of one attempt from several sources, with distinct (seq, source), exactly one of them final."""
    sources = [f"service-{number}" for number in range(draw(st.integers(1, 5)))]
    places = st.tuples(st.integers(0, 9), st.sampled_from(sources))
    reports: list[dict[str, Any]] = []
    for seq, source in draw(st.lists(places, min_size=1, max_size=10, unique=True)):
        said = {
            "status": draw(st.sampled_from([None, 1, 2])),
            "stage": draw(st.sampled_from([None, "fetch", "enrich", "store"])),
            "progress": draw(st.sampled_from([None, 0.0, 0.5, 1.0])),
            "metadata": draw(st.none() | st.dictionaries(st.sampled_from("klm"), values, max_size=3)),
        }
        reports.append({"seq": seq, "source": source, **{key: one for key, one in said.items() if one is not None}})
    reports[draw(st.integers(0, len(reports) - 1))].update(draw(st.sampled_from(ENDINGS)))
    return reports


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(reports=journeys(), data=st.data())
def test_every_order_and_any_duplicates_give_the_same_task(
    fetch: Fetch, reports: list[dict[str, Any]], data: st.DataObject
) -> None:
    expected = created(fetch, f"straight-{next(KEYS)}")
    send(fetch, {"task_id": expected}, reports)
    key = f"crooked-{next(KEYS)}"
    crooked = created(fetch, key)
    ways = {"by id": {"task_id": crooked}, "by key": {"type": "order", "external_key": key}, "alone": {}}
    again = data.draw(st.lists(st.sampled_from(reports), max_size=5))
    arriving = data.draw(st.permutations(reports + again))
    while arriving:
        size = data.draw(st.integers(1, len(arriving)))
        some, arriving = arriving[:size], arriving[size:]
        named = ways[data.draw(st.sampled_from(sorted(ways)))]
        if named:
            send(fetch, named, some)
        else:
            patch(fetch, crooked, some)
    assert seen(fetch, crooked) == seen(fetch, expected)
    history = fetch("GET", f"/tasks/{crooked}/events").json()
    assert len(history) == 1 + len(reports) + len(again)
    ranks = [min(event["task_status"], 3) for event in history]
    assert ranks == sorted(ranks)


def created(fetch: Fetch, key: str) -> str:
    fetch("POST", "/task-types", {"name": "order"}, token=ADMIN)
    return fetch.created(type="order", processing_time=None, external_key=key)


def send(fetch: Fetch, named: dict[str, Any], reports: list[dict[str, Any]]) -> None:
    answer = fetch("POST", "/reports", {"reports": [named | report for report in reports]}, token=REPORTER)
    outcomes = answer.json()["outcomes"]
    assert {one["outcome"] for one in outcomes} <= {"applied", "duplicate", "stale"}, outcomes


def patch(fetch: Fetch, task_id: str, reports: list[dict[str, Any]]) -> None:
    for report in reports:
        answer = fetch("PATCH", f"/tasks/{task_id}", report, token=REPORTER)
        assert answer.status == 200 or answer.json()["outcome"] == "stale", answer.body


def seen(fetch: Fetch, task_id: str) -> dict[str, Any]:
    task = fetch("GET", f"/tasks/{task_id}").json()
    assert task["status"] in (3, 4)
    assert task["finished_at"]
    return {key: value for key, value in task.items() if key not in NOT_COMPARED and not key.endswith(TIMES)}

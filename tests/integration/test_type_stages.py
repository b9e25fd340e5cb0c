"""GET /task-types/{name}/stages: where the open tasks are."""

import asyncio

from tests.integration.talking import ADMIN, REPORTER, Fetch
from waybill_api.store import commands
from waybill_api.store.store import Store


def at(fetch: Fetch, task_id: str, seq: int, **said: object) -> None:
    assert fetch("PATCH", f"/tasks/{task_id}", {"seq": seq} | said, token=REPORTER).status == 200


def test_tracked_tasks_are_where_they_were_last_reported(fetch: Fetch) -> None:
    fetch("POST", "/task-types", {"name": "document", "stage_timeout": 600}, token=ADMIN)
    first, second, third, done = (fetch.created(type="document") for _ in range(4))
    for task_id in (first, second, done):
        at(fetch, task_id, 1, stage="enrich", status=2)
    at(fetch, done, 2, stage="translate")
    at(fetch, done, 3, status=3)
    answer = fetch("GET", "/task-types/document/stages").json()
    assert (answer["name"], answer["stage_timeout"], answer["tasks"], answer["silent"]) == ("document", 600, 3, 0)
    stages = {one["stage"]: one for one in answer["stages"]}
    assert {stage: one["tasks"] for stage, one in stages.items()} == {None: 1, "enrich": 2, "translate": 0}
    assert {stage: one["timed"] for stage, one in stages.items()} == {None: 3, "enrich": 1, "translate": 1}
    assert stages["enrich"]["oldest"] == {
        "task_id": first,
        "stage_since": fetch("GET", f"/tasks/{first}").json()["stage_since"],
    }
    assert stages[None]["oldest"]["task_id"] == third
    assert stages["translate"]["oldest"] is None
    assert 0 < stages["enrich"]["p50"] <= stages["enrich"]["p95"]


def test_a_pipeline_shows_every_stage_and_an_unknown_type_is_404(fetch: Fetch) -> None:
    fetch("POST", "/task-types", {"name": "clean", "stages": ["fetch", "parse"]}, token=ADMIN)
    fetch.created(type="clean")
    answer = fetch("GET", "/task-types/clean/stages").json()
    assert [(one["stage"], one["tasks"]) for one in answer["stages"]] == [("fetch", 1), ("parse", 0)]
    assert fetch("GET", "/task-types/nope/stages").status == 404


def test_silent_tasks_are_counted_listed_and_shown(fetch: Fetch, store: Store) -> None:
    fetch("POST", "/task-types", {"name": "document", "stage_timeout": 1}, token=ADMIN)
    task_id, heard = fetch.created(type="document"), fetch.created(type="document")
    created = fetch("GET", f"/tasks/{task_id}")
    # Never earlier than the create, whatever the clock's resolution.
    fetch.run(asyncio.wait_for(store.insist(commands.silence.silence, {1: store.clock.now()}), 10))
    at(fetch, heard, 1, stage="enrich")
    silent = fetch("GET", f"/tasks/{task_id}")
    assert silent.json()["silent_at"] is not None
    assert silent.headers["ETag"] != created.headers["ETag"]
    assert [one["task_id"] for one in fetch("GET", "/tasks?silent=true").json()] == [task_id]
    assert [one["task_id"] for one in fetch("GET", "/tasks?silent=false&type=document").json()] == [heard]
    answer = fetch("GET", "/task-types/document/stages").json()
    assert [(one["stage"], one["tasks"], one["silent"]) for one in answer["stages"]] == [(None, 1, 1), ("enrich", 1, 0)]
    assert fetch("GET", "/tasks?silent=perhaps").status == 422


def test_the_silence_of_a_type_is_checked_and_changed(fetch: Fetch) -> None:
    for wrong in ({"stage_timeout": 0}, {"stage_timeout": "x"}, {"stage_timeout_ends": 2}):
        assert fetch("POST", "/task-types", {"name": "document"} | wrong, token=ADMIN).pointers == {
            f"/{next(iter(wrong))}"
        }
    created = fetch("POST", "/task-types", {"name": "document"}, token=ADMIN).json()
    assert (created["stage_timeout"], created["stage_timeout_ends"]) == (None, False)
    changed = fetch("PATCH", "/task-types/document", {"stage_timeout": 60, "stage_timeout_ends": True}, token=ADMIN)
    assert (changed.json()["stage_timeout"], changed.json()["stage_timeout_ends"]) == (60, True)


def test_only_a_tracked_type_has_a_stage_timeout(fetch: Fetch) -> None:
    for other in ({"handler": "sleep"}, {"stages": ["fetch"]}):
        fields = {"name": "mixed", "stage_timeout": 60}
        assert fetch("POST", "/task-types", fields | other, token=ADMIN).pointers == {"/stage_timeout"}
    assert fetch("PATCH", "/task-types/sleep", {"stage_timeout": 60}, token=ADMIN).pointers == {"/stage_timeout"}
    fetch("POST", "/task-types", {"name": "document", "stage_timeout": 60}, token=ADMIN)
    assert fetch("PATCH", "/task-types/document", {"handler": "sleep"}, token=ADMIN).pointers == {"/handler"}
    changes = {"stages": ["fetch"], "stage_timeout": None}
    assert fetch("PATCH", "/task-types/document", changes, token=ADMIN).status == 200

"""The loop benchmark: it has every call, its bodies are as large as allowed, and each line shows the verdict."""

import json

from benchmarks.loop import hostile
from benchmarks.loop.calls import calls
from benchmarks.loop.crowd import Crowd
from benchmarks.loop.timing import Held, table
from waybill_api.admin.page import NoPage
from waybill_api.admin.routes import admin_routes
from waybill_api.http.operation import BATCH_LIMIT, SINGLE_LIMIT
from waybill_api.routes import api_routes

CROWD = Crowd(["type-0000"], [f"01a20c4b-09fd-7793-b5f3-{number:012}" for number in range(5)], [])

NO_WORK = {
    "/accounts/{name}",
    "/task-types/{name}/pause",
    "/task-types/{name}/resume",
    "/workers/{worker_id}/drain",
    "/workers/{worker_id}/resume",
    "/workers/{worker_id}/gone",
    "/admin",
    "/admin/login",
    "/admin/login/",
    "/admin/logout/",
    "/admin/static/{name}",
}
"""One row, or none."""


def test_every_call_and_every_page_is_asked() -> None:
    routes = (*api_routes(), *admin_routes())
    known = {route.path for route in routes if route.handler is not NoPage and "{*}" not in route.path}
    asked = {one.route or one.path.partition("?")[0] for one in calls(CROWD)}
    assert known - NO_WORK <= asked


def test_no_two_calls_have_the_same_name() -> None:
    names = [one.name for one in calls(CROWD)]
    assert len(set(names)) == len(names)


def test_bodies_are_as_large_as_they_may_be() -> None:
    singles, batches = dict(hostile.singles()), dict(hostile.batches())
    assert all(0.7 * SINGLE_LIMIT < len(body) <= SINGLE_LIMIT for body in singles.values())
    assert all(len(body) <= BATCH_LIMIT for body in batches.values())
    assert sum(len(body) > 0.7 * BATCH_LIMIT for body in batches.values()) >= 10
    assert len(json.loads(batches["a batch, 1,000 unknown fields each"])["tasks"][0]) > 500


def test_a_line_holds_where_the_loop_did_not_stand_still_for_long() -> None:
    found = [Held("short", "200", 3.0, 2.0, 1.0), Held("long", "201", 90.0, 51.0, 50.0)]
    assert [one.holds for one in found] == [True, False]
    _, first = table(found, 1).splitlines()
    assert " ".join(first.split()) == "long 201 90.0 ms 51.0 ms 50.0 ms misses"

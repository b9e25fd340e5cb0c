"""The requests: every call and page once, and again in its most expensive forms."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.loop import hostile
from benchmarks.loop.crowd import Crowd

STREAM = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Call:
    """A request, or several equal ones at once."""

    name: str
    method: str
    path: str
    body: bytes = b""
    accept: str = "*/*"
    at_once: int = 1
    route: str = ""
    """The path in the description of the API, if that is not `path` without its query."""


def calls(crowd: Crowd) -> Iterator[Call]:
    """Yield all calls; those that change tasks come last."""
    yield from _lists(crowd)
    yield from _pages(crowd)
    yield from _bodies(crowd)
    yield from _crowds(crowd)
    yield from _bulk(crowd)


def _lists(crowd: Crowd) -> Iterator[Call]:
    task_id, name = crowd.large[0], crowd.types[0]
    for path in (
        "/api/openapi.json",
        "/healthz",
        "/readyz",
        "/metrics",
        "/statistics",
        "/statistics?limit=1000",
        "/workers",
        "/accounts",
        "/audit?limit=1000",
        "/failures?limit=1000",
        "/task-types",
        f"/task-types/{name}",
        f"/task-types/{name}/stages",
        "/search/suggestions?q=",
        "/search/suggestions?q=type:t",
        f"/tasks/{task_id}",
        f"/tasks/{task_id}/events",
        f"/tasks/{task_id}/stages",
        f"/tasks/{task_id}/logs",
        "/tasks?limit=1000",
        f"/tasks?limit=1000&type={name}",
        f"/tasks?limit=1000&type={name}&order=newest",
        "/tasks?limit=1000&q=" + "%D1%8E" * 40,
        "/tasks?q=large",
        f"/tasks?type={name}&format=csv",
        f"/tasks?type={name}&format=ndjson",
        "/tasks?limit=1000&stage=nowhere",
        "/events?limit=1000",
        "/events?limit=1000&type=type-0999",
        "/events?after=50000",
        "/api/docs",
        "/api/static/swagger-ui/swagger-ui-bundle.js",
        "/",
    ):
        yield Call(f"GET {_short(path)}", "GET", path, route=_route(path, task_id, name))
    yield Call("OPTIONS *", "OPTIONS", "*")
    yield Call("HEAD /tasks", "HEAD", "/tasks")


def _pages(crowd: Crowd) -> Iterator[Call]:
    task_id, name = crowd.large[0], crowd.types[0]
    tasks, types = "/admin/tasks/task/", "/admin/tasks/tasktype/"
    for path in (
        "/admin/",
        tasks,
        f"{tasks}?q=type:{name}",
        f"{tasks}{task_id}/",
        f"{tasks}{task_id}/history/",
        f"{tasks}add/",
        types,
        f"{types}{name}/",
        f"{types}-/add/",
        "/admin/failures/",
        "/admin/workers/",
        "/admin/audit/",
        "/admin/accounts/",
        "/admin/password/",
    ):
        yield Call(f"page {_short(path)}", "GET", path, route=_route(path, task_id, name))


def _bodies(crowd: Crowd) -> Iterator[Call]:
    for name, body in hostile.singles():
        yield Call(name, "POST", "/tasks", body)
    for name, body in hostile.batches():
        yield Call(name, "POST", "/tasks/batch", body)
    batch = dict(hostile.batches())["a batch, 1,000 unknown fields each"]
    yield Call("eight of them at once", "POST", "/tasks/batch", batch, at_once=8)
    for name, body in hostile.reports(crowd.large):
        yield Call(name, "POST", "/reports", body)
    task_id = crowd.large[1]
    yield Call("a report on a large task", "PATCH", f"/tasks/{task_id}", b'{"status":2}', route="/tasks/{task_id}")
    path, route = f"/tasks/{task_id}/runs/1/log", "/tasks/{task_id}/runs/{run}/log"
    yield Call("the log of a run, all escapes", "PUT", path, hostile.log(), route=route)
    for name, body in hostile.logs(crowd.large):
        yield Call(name, "POST", "/run-logs", body)
    runs = [{"task_id": one, "run": 1, "claim": "0" * 32, "elapsed": 1.0} for one in crowd.small]
    beat = {"runs": runs[:10_000], "routes": list(crowd.types), "slots": 600, "host": "a", "pid": 1, "version": "1"}
    path = "/workers/bench-1/heartbeat"
    yield Call(
        "a heartbeat of 10,000 runs", "POST", path, json.dumps(beat).encode(), route="/workers/{worker_id}/heartbeat"
    )
    yield from _inputs(crowd.types[-1])
    yield Call("GET /workers, with 1,000 routes", "GET", "/workers")
    yield Call("page /admin/workers/, with 1,000 routes", "GET", "/admin/workers/")


def _inputs(name: str) -> Iterator[Call]:
    """Yield a declaration, and tasks whose inputs take as long to be judged as they may."""
    path, route = f"/task-types/{name}/declaration", "/task-types/{name}/declaration"
    yield Call("an input schema that is refused", "PUT", path, hostile.declaration(hostile.MULTIPLYING), route=route)
    yield Call("an input schema with many patterns", "PUT", path, hostile.declaration(hostile.PATTERNS), route=route)
    yield Call("an input schema that takes long", "PUT", path, hostile.declaration(hostile.SLOW), route=route)
    for title, body in hostile.inputs(name):
        where = "/tasks/batch" if body.startswith(b'{"tasks"') else "/tasks"
        yield Call(title, "POST", where, body)


def _crowds(crowd: Crowd) -> Iterator[Call]:
    task_id = crowd.large[2]
    yield Call("500 long polls", "GET", f"/tasks/{task_id}?wait=2", at_once=500, route="/tasks/{task_id}")
    yield Call("15 streams of 500 large events", "GET", "/events?after=1", accept=STREAM, at_once=15)
    yield Call("20 lists of all", "GET", "/tasks?type=type-0001", at_once=20)
    yield Call("8 pages of 1,000 large tasks", "GET", f"/tasks?limit=1000&type={crowd.types[0]}", at_once=8)
    yield Call("8 statistics", "GET", "/statistics", at_once=8)


def _bulk(crowd: Crowd) -> Iterator[Call]:
    for name, said in (
        ("count all", {"action": "cancel", "q": "status:new,processing,completed,error", "dry_run": True}),
        ("count 1,000 listed", {"action": "cancel", "task_ids": list(crowd.large[:1_000]), "dry_run": True}),
        ("cancel 1,000 listed", {"action": "cancel", "task_ids": list(crowd.large[:1_000])}),
        ("retry what is found", {"action": "retry", "q": "status:error"}),
        ("delete what is found", {"action": "delete", "q": "status:completed"}),
    ):
        yield Call(f"bulk: {name}", "POST", "/tasks/bulk", json.dumps(said).encode())
    for path in ("cancel", "retry"):
        yield Call(path, "POST", f"/tasks/{crowd.large[-1]}/{path}", route=f"/tasks/{{task_id}}/{path}")


def _short(path: str) -> str:
    return re.sub("[0-9a-f]{8}-[0-9a-f-]{27}", "ID", path)[:60]


def _route(path: str, task_id: str, name: str) -> str:
    plain = path.partition("?")[0].replace(task_id, "{task_id}")
    return re.sub(f"/{name}(?=/|$)", "/{name}", plain)

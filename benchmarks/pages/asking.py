"""The requests: every page, every search that a page may show, and every call of the pages' scripts."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import quote

from benchmarks.pages.browser import Browser
from benchmarks.pages.variety import PIPELINE, RARE, TRACKED
from waybill_api.handlers.parameters import cursor_of

TASKS = "/admin/tasks/task/"


@dataclass(frozen=True, slots=True)
class Request:
    """One line of the table."""

    name: str
    path: str
    """The parts that differ from one request to the next are in braces: `task_id`, `number`, `place`."""
    route: str = ""
    """The path in the description of the API, if that is not `path` without its query."""
    body: Mapping[str, Any] | None = None
    """The body of a POST; a GET has none."""


def _search(text: str) -> Request:
    return Request(f"tasks, {text}", f"{TASKS}?q={quote(text, safe='{}')}")


PAGES = (
    Request("overview", "/admin/"),
    Request("tasks, first page", TASKS),
    Request("tasks, deep page", f"{TASKS}?cursor={{place}}"),
    Request("one task", f"{TASKS}{{task_id}}/", f"{TASKS}{{task_id}}/"),
    Request("history of a task", f"{TASKS}{{task_id}}/history/", f"{TASKS}{{task_id}}/history/"),
    Request("form for a task", f"{TASKS}add/"),
    Request("task types", "/admin/tasks/tasktype/"),
    Request("one pipeline", f"/admin/tasks/tasktype/{PIPELINE}/", "/admin/tasks/tasktype/{name}/"),
    Request("form for a type", "/admin/tasks/tasktype/-/add/"),
    Request("failures", "/admin/failures/"),
    Request("failures, of a type", "/admin/failures/?type=photo"),
    Request("workers", "/admin/workers/"),
    Request("audit", "/admin/audit/"),
    Request("accounts", "/admin/accounts/"),
    Request("password", "/admin/password/"),
)
SEARCHES = (
    "status:new",
    "status:processing",
    "status:completed",
    "status:error",
    *(f"type:{name}" for name in (*TRACKED, "photo", "mailing", PIPELINE, "partner-07", "sleep")),
    "stage:book",
    "stage:load status:error",
    "error:failed",
    "error:timeout",
    "error:worker_lost",
    "worker:worker-07",
    "key:doc-{number}",
    "failure:{failure}",
    "meta.user:user-42",
    "meta.lang:ru",
    "meta.user:nobody",
    "Rotterdam",
    "order",
    RARE,
    "zebra",
    '"of Petrov, Kazan"',
    "doc-{number}",
    "status:error type:invoice Rotterdam",
    "type:photo meta.tenant:tenant-7 meta.lang:de",
    "status:completed stage:send meta.urgent:true Basel",
    "status:error type:partner-07 meta.user:user-42",
    "created:<{long_ago} status:error",
    "created:>{lately}",
    "finished:<{long_ago}",
    "finished:>{lately} type:invoice",
)
CALLS = (
    Request("GET /statistics", "/statistics"),
    Request("GET /tasks?limit=50", "/tasks?limit=50"),
    Request("GET /tasks, deep", "/tasks?limit=50&cursor={place}"),
    Request("GET /tasks?status=error", "/tasks?limit=50&status=error"),
    Request("GET /tasks?type&status", "/tasks?limit=50&type=invoice&status=error"),
    Request("GET /tasks?stage", "/tasks?limit=50&stage=book"),
    Request("GET /tasks?stage, none", "/tasks?limit=50&stage=nowhere"),
    Request("GET /tasks?silent", "/tasks?limit=50&silent=true"),
    Request("GET /tasks?created_after", "/tasks?limit=50&created_after={lately}T00:00:00Z"),
    Request("GET /tasks?order=newest", "/tasks?limit=50&order=newest"),
    Request("one task", "/tasks/{task_id}", "/tasks/{task_id}"),
    Request("its events", "/tasks/{task_id}/events", "/tasks/{task_id}/events"),
    Request("its stages", "/tasks/{task_id}/stages", "/tasks/{task_id}/stages"),
    Request("its logs", "/tasks/{task_id}/logs", "/tasks/{task_id}/logs"),
    Request("events, latest", "/events?after={event}&limit=100"),
    Request("events of a type", "/events?after=0&limit=100&type=partner-07"),
    Request("suggestions", "/search/suggestions?q=meta.l"),
    Request("failures", "/failures"),
    Request("failures of a type", "/failures?type=invoice&limit=1000"),
    Request("task types", "/task-types"),
    Request("stages of a type", "/task-types/invoice/stages", "/task-types/{name}/stages"),
    Request("one type", "/task-types/invoice", "/task-types/{name}"),
    Request("workers", "/workers"),
    Request("audit, older lines", "/audit?limit=100&before=10000"),
    Request("accounts", "/accounts"),
    Request("count to retry", "/tasks/bulk", body={"action": "retry", "q": "status:error", "dry_run": True}),
    Request("count by a word", "/tasks/bulk", body={"action": "delete", "q": "Rotterdam", "dry_run": True}),
    Request("count what is rare", "/tasks/bulk", body={"action": "cancel", "q": "worker:worker-07", "dry_run": True}),
)
REQUESTS: Sequence[Request] = (
    *PAGES,
    *map(_search, SEARCHES),
    *(Request(f"API: {one.name}", one.path, one.route, one.body) for one in CALLS),
)


@dataclass(frozen=True, slots=True)
class Facts:
    """The values for the braces."""

    task_ids: Sequence[str]
    failures: Sequence[str]
    event: int
    """The number of a recent event."""
    long_ago: str
    lately: str
    """Days."""

    def paths(self, request: Request, chance: Random) -> Iterator[str]:
        """Yield paths of a request, each for another task."""
        while True:
            task_id = chance.choice(self.task_ids)
            yield request.path.format(
                task_id=task_id,
                place=cursor_of(task_id),
                number=f"{chance.randrange(len(self.task_ids)):09}",
                failure=chance.choice(self.failures),
                event=self.event,
                long_ago=self.long_ago,
                lately=self.lately,
            )


def failures_in(browser: Browser) -> list[str]:
    """Return the fingerprints of all groups of failures."""
    return [one["fingerprint"] for one in json.loads(browser.ask("GET", "/failures?limit=1000"))]


def seconds_of(browser: Browser, request: Request, paths: Iterable[str]) -> list[float]:
    """Return how long the answers take."""
    if request.body is None:
        return [browser.seconds("GET", path) for path in paths]
    return [browser.seconds("POST", path, json.dumps(request.body)) for path in paths]

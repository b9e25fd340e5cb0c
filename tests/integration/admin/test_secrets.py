"""Secret fields of inputs: only the worker that runs a task is given them."""

import json
from typing import Any

import pytest

from tests.integration.admin.people import Person, admitted
from tests.integration.talking import ADMIN, REPORTER, Answer, Fetch
from waybill.domain.account import Role
from waybill_api.admin.routes import admin_routes
from waybill_api.identity.accounts import Accounts
from waybill_api.routes import api_routes, page_routes
from waybill_api.store import commands
from waybill_api.store.store import Store

HIDDEN = "hunter2-geheim"
CLAIM = "0" * 32


@pytest.fixture
def admin(fetch: Fetch, store: Store, accounts: Accounts) -> Person:
    """An administrator who is logged in."""
    return admitted(fetch, store, accounts, Role.ADMIN)


def report(fetch: Fetch, task_id: str, **said: Any) -> Any:
    one = {"task_id": task_id, "run": 1, "claim": CLAIM, "source": "w", **said}
    (outcome,) = fetch("POST", "/reports", {"reports": [one]}, token=REPORTER).json()["outcomes"]
    return outcome


def create(admin: Person, **fields: Any) -> Answer:
    given = {"user": "anna", "password": HIDDEN, "keys": [{"k": HIDDEN + "-2"}]}
    return admin("POST", "/tasks", {"name": "log in", "type": "visit", "input": given, **fields})


def secret_type(admin: Person, **fields: Any) -> None:
    body = {"name": "visit", "handler": "visit", "secret": ["password", "keys"], **fields}
    assert admin("POST", "/task-types", body).status == 201


def test_no_address_shows_a_secret_but_its_worker_is_given_it(fetch: Fetch, store: Store, admin: Person) -> None:
    secret_type(admin)
    task_id = create(admin, external_key="k").json()["task_id"]
    assert admin("GET", f"/tasks/{task_id}").json()["input"] == {"user": "anna", "password": "***", "keys": "***"}
    claimed = report(fetch, task_id, status=2)["task"]
    assert (claimed["input"]["password"], claimed["input"]["keys"]) == (HIDDEN, [{"k": HIDDEN + "-2"}])
    assert HIDDEN in json.dumps(report(fetch, task_id, status=2)), "the same claim, sent again"
    assert HIDDEN not in json.dumps(report(fetch, task_id, claim="1" * 32, status=2))
    log = {"claim": CLAIM, "text": f"I got {HIDDEN} and {HIDDEN}-2"}
    assert fetch("PUT", f"/tasks/{task_id}/runs/1/log", log, token=REPORTER).status == 204
    error = {"message": f"no such user: {HIDDEN}", "detail": f"login({HIDDEN!r})"}
    assert report(fetch, task_id, status=4, error=error)["outcome"] == "applied"
    assert report(fetch, task_id, status=4, error=error)["outcome"] == "duplicate"
    again = create(admin, external_key="k")
    other = create(admin, type="unknown")
    batch = admin("POST", "/tasks/batch", {"tasks": [{"name": "x", "type": "visit", "input": {"password": HIDDEN}}]})
    assert (again.status, other.status, batch.status) == (409, 422, 201)
    fetch.run(store.insist(commands.search.take_in, 1_000))
    shown = [again, other, batch, *map(admin, ["GET"] * 300, addresses(task_id))]
    assert sum(answer.status == 200 for answer in shown) > 30
    assert [answer.body[:300] for answer in shown if HIDDEN.encode() in answer.body] == []
    assert b"no such user: ***" in admin("GET", f"/admin/tasks/task/{task_id}/").body


def addresses(task_id: str) -> list[str]:
    """Return every address that can be asked for, about this task where it is about one."""
    place = {"{task_id}": task_id, "{name}": "visit", "{worker_id}": "w", "{run}": "1"}
    found = []
    for route in (*api_routes(), *page_routes(), *admin_routes()):
        path = route.path
        for part, value in place.items():
            path = path.replace(part, value)
        if "GET" in route.calls() and "{" not in path:
            found.append(path)
    queries = ("q=hunter2", "format=csv", "format=ndjson", "limit=5", "type=visit&status=error")
    forms = [f"/admin/tasks/task/add/?like={task_id}", "/search/suggestions?q=hunt", "/admin/tasks/task/?q=hunter2"]
    return [*found, *forms, *(f"/tasks?{query}" for query in queries)]


def test_a_retry_works_with_the_secrets_themselves(fetch: Fetch, admin: Person) -> None:
    secret_type(admin)
    task_id = create(admin).json()["task_id"]
    report(fetch, task_id, status=2)
    report(fetch, task_id, status=4, error={"message": "no"})
    assert admin("POST", f"/tasks/{task_id}/retry").json()["input"]["password"] == "***"
    assert report(fetch, task_id, run=2, status=2)["task"]["input"]["password"] == HIDDEN
    shown = admin("PATCH", f"/tasks/{task_id}", {"metadata": {"a": 1}}).json()
    assert shown["input"]["password"] == "***"


def test_what_a_task_hides_is_what_its_type_hid_when_it_was_made(fetch: Fetch, admin: Person) -> None:
    secret_type(admin)
    before = create(admin).json()["task_id"]
    assert fetch("PATCH", "/task-types/visit", {"secret": ["user"]}, token=ADMIN).json()["secret"] == ["user"]
    after = create(admin).json()["task_id"]
    assert fetch("GET", f"/tasks/{before}").json()["input"]["password"] == "***"
    assert (
        fetch("GET", f"/tasks/{after}").json()["input"] | {"user": "***", "password": HIDDEN}
        == fetch("GET", f"/tasks/{after}").json()["input"]
    )
    plain = admin("POST", "/tasks", {"name": "x", "type": "visit", "input": [HIDDEN]}).json()["task_id"]
    assert fetch("GET", f"/tasks/{plain}").json()["input"] == [HIDDEN]


def test_another_task_like_it_begins_without_the_secrets(admin: Person) -> None:
    secret_type(admin)
    task_id = create(admin).json()["task_id"]
    form = admin("GET", f"/admin/tasks/task/add/?like={task_id}").body.decode()
    assert "anna" in form
    assert "***" not in form


def test_errors_and_logs_of_short_values_stay_readable(fetch: Fetch, admin: Person) -> None:
    secret_type(admin)
    given = {"password": "to", "keys": 7}
    task_id = admin("POST", "/tasks", {"name": "x", "type": "visit", "input": given}).json()["task_id"]
    report(fetch, task_id, status=2)
    report(fetch, task_id, status=4, error={"message": "failed to connect, 7 times"})
    assert admin("GET", f"/tasks/{task_id}").json()["error"]["message"] == "failed to connect, 7 times"

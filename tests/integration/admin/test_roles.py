"""Every call and every page, for every role."""

import pytest

from tests.integration.admin.people import admitted
from tests.integration.talking import ADMIN, REPORTER, Fetch
from waybill.domain.account import Role
from waybill_api.admin.routes import admin_routes
from waybill_api.http.route import Route
from waybill_api.identity.access import SAFE_METHODS, SCOPES, Access, Scope
from waybill_api.identity.accounts import Accounts
from waybill_api.identity.sessions import Sessions
from waybill_api.routes import api_routes
from waybill_api.store.store import Store

TASK_ID = "0197b6f0-5a3c-7c3e-9d7e-2f1a4b6c8d90"
CALLS = [(call.operation.name, method, route.path) for route in api_routes() for method, call in route.calls().items()]
PAGES = [
    (call.operation.name, route.path)
    for route in admin_routes()
    for method, call in route.calls().items()
    if method == "GET" and isinstance(call.needs, Role)
]


@pytest.fixture
def access(store: Store) -> Access:
    """Who may call what, with an API token, so that nobody may call without a right."""
    tokens = {Scope.REPORTER: REPORTER, Scope.ADMIN: ADMIN, Scope.CLIENT: "client"}
    return Access(tokens, sessions=Sessions(store))


def expected(name: str, method: str) -> Role | None:
    """Return the lowest role that a call takes, said anew so that the table has to agree with it."""
    needs = SCOPES[name]
    if needs is Scope.ALL:
        return None
    if isinstance(needs, Role):
        return needs
    if needs is Scope.OPERATOR:
        return Role.OPERATOR
    if needs is Scope.CLIENT:
        return Role.VIEWER if method in SAFE_METHODS else Role.OPERATOR
    return Role.ADMIN


def filled(path: str) -> str:
    """Return a path with its parts filled in."""
    return path.replace("{task_id}", TASK_ID).replace("{name}", "nope").replace("{worker_id}", "w-1")


@pytest.mark.parametrize("role", list(Role))
def test_every_call_keeps_to_the_roles(fetch: Fetch, store: Store, accounts: Accounts, role: Role) -> None:
    person = admitted(fetch, store, accounts, role)
    for name, method, path in CALLS:
        least = expected(name, method)
        answer = person(method, filled(path))
        if least is None or role >= least:
            assert answer.status not in (401, 403), (name, answer.body)
        else:
            assert (answer.status, answer.code) == (403, "forbidden"), name


@pytest.mark.parametrize("role", list(Role))
def test_every_page_keeps_to_the_roles(fetch: Fetch, store: Store, accounts: Accounts, role: Role) -> None:
    person = admitted(fetch, store, accounts, role)
    for name, path in PAGES:
        answer = person("GET", filled(path))
        assert answer.headers["Content-Type"].startswith("text/html"), name
        if role < SCOPES[name]:
            assert answer.status == 403, name
            assert b"needs the role" in answer.body
            assert b"<nav" in answer.body
        else:
            assert answer.status in (200, 404), name


def test_a_viewer_sees_and_an_operator_acts(fetch: Fetch, store: Store, accounts: Accounts) -> None:
    viewer, operator = (admitted(fetch, store, accounts, role) for role in (Role.VIEWER, Role.OPERATOR))
    task = {"name": "Resize", "processing_time": 5}
    assert viewer("GET", "/tasks").status == 200
    assert viewer("POST", "/tasks", task).code == "forbidden"
    assert operator("POST", "/tasks", task).status == 201
    assert operator("POST", "/task-types/sleep/pause").code == "forbidden"
    assert [(one["who"], one["action"], one["outcome"]) for one in fetch("GET", "/audit", token=ADMIN).json()] == [
        ("operator", "pause_task_type", "forbidden"),
        ("operator", "create_task", "done"),
        ("viewer", "create_task", "forbidden"),
    ]


def test_where_anybody_may_call_a_viewer_still_only_sees(fetch: Fetch, store: Store, accounts: Accounts) -> None:
    person = admitted(fetch, store, accounts, Role.VIEWER)
    assert person("POST", "/tasks", {"name": "x", "processing_time": 1}).code == "forbidden"


def test_there_are_pages_and_calls() -> None:
    assert len(CALLS) > 25
    assert len(PAGES) > 5
    assert all(isinstance(route, Route) for route in admin_routes())

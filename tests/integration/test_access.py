"""Who may call what, over HTTP."""

from collections.abc import Mapping

import pytest

from tests.integration.talking import ADMIN, REPORTER, Fetch
from waybill.domain.account import Role
from waybill_api.http.route import Route
from waybill_api.identity.access import SCOPES, Access, Scope
from waybill_api.routes import api_routes

CLIENT = "client-token"
BAD_TOKENS = ["wrong", "", " ", "ключ".encode().decode("latin1"), "x" * 5_000, REPORTER.upper(), REPORTER + " x"]


@pytest.fixture
def access(request: pytest.FixtureRequest) -> Access:
    """Who may call what, with an API token."""
    tokens = {Scope.REPORTER: REPORTER, Scope.ADMIN: ADMIN, Scope.CLIENT: CLIENT}
    return Access({role: tokens[role] for role in getattr(request, "param", tokens)})


anonymous = pytest.mark.parametrize("access", [(Scope.REPORTER, Scope.ADMIN)], indirect=True, ids=["anonymous"])


def _calls() -> list[tuple[str, str, Scope]]:
    routes: list[Route] = list(api_routes())
    return [
        (method, route.path.replace("{task_id}", "0197b6f0-5a3c-7c3e-9d7e-2f1a4b6c8d90"), Scope(call.needs))
        for route in routes
        for method, call in route.calls().items()
    ]


@pytest.mark.parametrize(("method", "path", "scope"), _calls())
def test_every_call_keeps_to_its_scope(fetch: Fetch, method: str, path: str, scope: Scope) -> None:
    path = path.replace("{name}", "nope").replace("{worker_id}", "w-1")
    for token, role in ((None, Scope.ALL), (CLIENT, Scope.CLIENT), (REPORTER, Scope.REPORTER), (ADMIN, Scope.ADMIN)):
        answer = fetch(method, path, token=token)
        if role >= scope:
            assert answer.status not in (401, 403), (token, answer.body)
        elif token is None:
            assert (answer.status, answer.code) == (401, "unauthenticated")
        else:
            assert (answer.status, answer.code) == (403, "forbidden")


@pytest.mark.parametrize("token", BAD_TOKENS)
def test_a_wrong_token_is_answered_like_none(fetch: Fetch, token: str) -> None:
    missing, wrong = fetch("GET", "/tasks"), fetch("GET", "/tasks", token=token)
    assert (wrong.status, wrong.body) == (missing.status, missing.body) == (401, missing.body)
    assert wrong.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("scheme", ["Basic", "Token", "Bearer:", REPORTER])
def test_another_scheme_is_401(fetch: Fetch, scheme: str) -> None:
    assert fetch("GET", "/tasks", headers={"Authorization": f"{scheme} {CLIENT}"}).status == 401


@anonymous
@pytest.mark.parametrize("token", [None, *BAD_TOKENS])
def test_without_an_api_token_anybody_is_a_client_but_no_reporter(fetch: Fetch, token: str | None) -> None:
    task_id = fetch.created()
    assert fetch("GET", "/tasks", token=token).status == 200
    for method, path in (("PATCH", f"/tasks/{task_id}"), ("POST", "/reports"), ("POST", "/task-types")):
        answer = fetch(method, path, {"status": 2}, token=token)
        assert (answer.status, answer.code) == (401, "unauthenticated")


@anonymous
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Origin": "http://["},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost:3000"},
    ],
)
def test_another_sites_page_may_change_nothing(fetch: Fetch, headers: Mapping[str, str]) -> None:
    for token in (None, ADMIN):
        for method, path in (("POST", "/tasks"), ("DELETE", "/task-types/sleep"), ("POST", "/tasks/batch")):
            answer = fetch(method, path, headers=headers, token=token)
            assert (answer.status, answer.code) == (403, "cross_site")
    assert fetch("GET", "/tasks", headers=headers).status == 200


def test_of_the_tokens_the_administrators_is_written_down(fetch: Fetch) -> None:
    for token in (CLIENT, REPORTER, ADMIN):
        answer = fetch("POST", "/tasks", {"name": "x", "processing_time": 1}, token=token)
        assert answer.status == 201
    (deed,) = fetch("GET", "/audit", token=ADMIN).json()
    assert (deed["who"], deed["action"], deed["target"]) == ("(admin.token)", "create_task", answer.headers["Location"])


@anonymous
def test_our_own_page_may_change_things(fetch: Fetch) -> None:
    headers = {"Origin": f"http://127.0.0.1:{fetch.port}", "Sec-Fetch-Site": "same-origin"}
    assert fetch("POST", "/tasks", {"name": "x", "processing_time": 1}, headers=headers).status == 201


@anonymous
@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "127.0.0.2", "[::2]:8000", "0.0.0.1"])
@pytest.mark.parametrize("path", ["/tasks", "/healthz", "/nope"])
def test_an_unknown_host_is_misdirected_while_anybody_may_call(fetch: Fetch, host: str, path: str) -> None:
    answer = fetch("GET", path, headers={"Host": host})
    assert (answer.status, answer.code) == (421, "misdirected")


@anonymous
@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:1", "[::1]:8000"])
def test_our_own_hosts_are_served(fetch: Fetch, host: str) -> None:
    assert fetch("GET", "/tasks", headers={"Host": host}).status == 200


def test_any_host_is_served_where_a_token_is_asked_for(fetch: Fetch) -> None:
    assert fetch("GET", "/tasks", headers={"Host": "api.example"}, token=CLIENT).status == 200


def test_every_answer_is_hardened_and_says_nothing_of_its_maker(fetch: Fetch) -> None:
    for path in ("/tasks", "/healthz", "/nope", "/", "/api/openapi.json"):
        answer = fetch("GET", path)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert not {"server", "etag", "access-control-allow-origin"} & {name.lower() for name in answer.headers}


def test_no_scope_is_declared_for_a_call_that_is_not_there() -> None:
    routed = {call.operation.name for route in api_routes() for call in route.calls().values()}
    pages = {name for name, needs in SCOPES.items() if isinstance(needs, Role)}
    files = {"openapi", "metrics", "docs", "static_file", "admin_file"}
    assert set(SCOPES) - routed == pages | files | {"start_page", "admin_without_slash", "login_page", "log_in"}

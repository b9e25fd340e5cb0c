"""Logging in and out, and every session that is none."""

import asyncio
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest

from tests.integration.admin.people import FORM, PASSWORD, Person, admitted, cookies_of, log_in
from tests.integration.admin.test_roles import TASK_ID
from tests.integration.talking import ADMIN, PATIENCE, Fetch
from waybill.domain.account import Role
from waybill_api.identity.access import SAFE_METHODS
from waybill_api.identity.accounts import Accounts
from waybill_api.identity.sessions import HOUR, IDLE, LIFETIME, Sessions, digest_of, xsrf_token
from waybill_api.routes import api_routes
from waybill_api.store import tables
from waybill_api.store.store import Store


@pytest.fixture
def admin(fetch: Fetch, store: Store, accounts: Accounts) -> Person:
    """An administrator who is logged in."""
    return admitted(fetch, store, accounts, Role.ADMIN)


def is_in(person: Person) -> bool:
    """Whether the session counts: no cookie of ours opens the accounts else."""
    return person("GET", "/accounts").status == 200


def test_a_login_leads_on_with_a_fresh_session(fetch: Fetch, accounts: Accounts) -> None:
    fetch.run(accounts.create("ada", Role.ADMIN, PASSWORD))
    answer = log_in(fetch, "ada", PASSWORD, "/admin/workers/")
    assert (answer.status, answer.headers["Location"]) == (303, "/admin/workers/")
    given = cookies_of(answer)[f"waybill-session-{fetch.port}"]
    identity, _, attributes = given.partition(";")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= {one.strip() for one in attributes.split(";")}
    assert "HttpOnly" not in cookies_of(answer)[f"waybill-xsrf-{fetch.port}"]
    assert len(identity) >= 43
    assert is_in(Person(fetch, identity))
    assert Person(fetch, identity)("GET", "/admin/login/?next=/admin/audit/").headers["Location"] == "/admin/audit/"


def test_to_another_machine_the_cookie_goes_encrypted_only(fetch: Fetch, accounts: Accounts) -> None:
    fetch.run(accounts.create("ada", Role.ADMIN, PASSWORD))
    answer = fetch("GET", "/admin/login/", headers={"Host": "localhost:1"})
    assert "Secure" not in answer.headers["Set-Cookie"]
    for headers in ({"Host": "waybill.example"}, {"Host": "10.0.0.1:8000"}):
        refused = fetch("GET", "/admin/login/", headers=headers)
        assert refused.status == 421


@pytest.mark.parametrize(
    ("name", "password"), [("ada", "wrong password"), ("bob", PASSWORD), ("", ""), ("ada", ""), ("ada\x00", PASSWORD)]
)
def test_a_wrong_name_is_answered_like_a_wrong_password(
    fetch: Fetch, accounts: Accounts, name: str, password: str
) -> None:
    fetch.run(accounts.create("ada", Role.ADMIN, PASSWORD))
    answer = log_in(fetch, name, password)
    assert answer.status == 401
    assert b"Name or password is wrong." in answer.body
    assert not any(one.startswith("waybill-session") for one in cookies_of(answer))


def test_pages_ask_for_a_login_and_remember_where_one_was(fetch: Fetch) -> None:
    for path, asked in (("/admin/", "%2Fadmin%2F"), ("/admin/audit/?a=1", "%2Fadmin%2Faudit%2F%3Fa%3D1")):
        answer = fetch("GET", path)
        assert (answer.status, answer.headers["Location"]) == (303, f"/admin/login/?next={asked}")


@pytest.mark.parametrize(
    "following",
    [
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example",
        "https:evil.example",
        "https:/evil.example",
        "%2f%2fevil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
    ],
)
def test_a_login_never_leads_to_another_site(fetch: Fetch, accounts: Accounts, following: str) -> None:
    fetch.run(accounts.create("ada", Role.ADMIN, PASSWORD))
    answer = log_in(fetch, "ada", PASSWORD, following)
    assert (answer.status, answer.headers["Location"]) == (303, "/admin/")


@pytest.mark.parametrize(
    "query",
    [
        "next=//evil.example",
        "next=%2f%2fevil.example",
        "next=/%5cevil.example",
        "next=/%09/evil.example",
        "next=/%0a/evil.example",
        "next=https:evil.example",
        "next=%68ttps://evil.example",
        "next=%252f%252fevil.example",
        "next=/%2f/evil.example",
        "next=/.//evil.example",
        "next=%20//evil.example",
        "next=/admin/%0d%0aLocation:%20//evil.example",
    ],
)
def test_who_is_logged_in_is_not_led_to_another_site_either(fetch: Fetch, admin: Person, query: str) -> None:
    answer = admin("GET", f"/admin/login/?{query}")
    assert answer.status == 303
    location = answer.headers["Location"]
    here = f"http://127.0.0.1:{fetch.port}/admin/login/"
    assert urlsplit(urljoin(here, location)).netloc == urlsplit(here).netloc, location
    # What browsers read as a slash, or leave out.
    assert not re.match(r"[/\\\s]{2}", location), location


def test_every_call_that_changes_something_wants_the_sessions_token(fetch: Fetch, admin: Person) -> None:
    calls = [
        (method, route.path)
        for route in api_routes()
        for method, call in route.calls().items()
        if method not in SAFE_METHODS
    ]
    assert len(calls) > 10
    for method, path in calls:
        filled = path.replace("{task_id}", TASK_ID).replace("{name}", "nope").replace("{worker_id}", "w-1")
        answer = fetch(method, filled, {}, headers=admin.headers(None))
        assert (answer.status, answer.code) == (403, "xsrf"), (method, path)


def test_an_expired_session_changes_nothing_and_is_asked_to_log_in(
    admin: Person, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = store.clock.now()
    monkeypatch.setattr(store.clock, "now", lambda: now + LIFETIME)
    assert admin("POST", "/task-types", {"name": "brew"}).status == 401
    page = admin("GET", "/admin/tasks/task/?q=status:error")
    assert (page.status, page.headers["Location"]) == (
        303,
        "/admin/login/?next=%2Fadmin%2Ftasks%2Ftask%2F%3Fq%3Dstatus%3Aerror",
    )


@pytest.mark.parametrize("identity", ["", "x", "a" * 43, "../../etc", '"', "ü", "a" * 5_000])
def test_a_forged_session_is_none(fetch: Fetch, admin: Person, identity: str) -> None:
    assert is_in(admin)
    assert not is_in(Person(fetch, identity))
    assert fetch("GET", "/admin/", headers={"Cookie": Person(fetch, identity).cookie}).status == 303


def test_what_is_kept_of_a_session_is_no_session(fetch: Fetch, admin: Person, store: Store, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "tasks.db")) as database:
        ((digest,),) = database.execute("SELECT digest FROM sessions").fetchall()
    assert digest == digest_of(admin.identity)
    assert not is_in(Person(fetch, digest))


def test_a_session_that_was_ended_cannot_be_replayed(fetch: Fetch, admin: Person) -> None:
    answer = admin.log_out()
    assert (answer.status, answer.headers["Location"]) == (303, "/admin/login/")
    assert cookies_of(answer)[f"waybill-session-{fetch.port}"].startswith('"";')
    assert not is_in(admin)


def test_a_session_ends_when_it_is_idle_and_when_it_is_old(
    fetch: Fetch, admin: Person, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = store.clock.now()
    late = {"by": 0}
    monkeypatch.setattr(store.clock, "now", lambda: now + late["by"])
    for hours in range(0, LIFETIME, IDLE - HOUR):
        late["by"] = hours
        assert is_in(admin)
        # That it was in use is written down behind the answer.
        fetch.run(store.ready())
    late["by"] = LIFETIME
    assert not is_in(admin)


def test_an_idle_session_ends(admin: Person, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    now = store.clock.now()
    monkeypatch.setattr(store.clock, "now", lambda: now + IDLE + HOUR)
    assert not is_in(admin)


def test_a_fixated_session_does_not_become_a_login(fetch: Fetch, accounts: Accounts) -> None:
    fetch.run(accounts.create("ada", Role.ADMIN, PASSWORD))
    planted = Person(fetch, "planted-by-somebody-else-0123456789abcdefghi")
    answer = log_in(fetch, "ada", PASSWORD, headers={"Cookie": planted.cookie})
    assert answer.status == 303
    assert planted.identity not in cookies_of(answer)[f"waybill-session-{fetch.port}"]
    assert not is_in(planted)


def test_a_change_of_the_account_ends_its_sessions(fetch: Fetch, store: Store, accounts: Accounts) -> None:
    boss = admitted(fetch, store, accounts, Role.ADMIN)
    for changes in ({"password": "another password"}, {"role": "viewer"}, None):
        person = admitted(fetch, store, accounts, Role.ADMIN, "ada")
        assert is_in(person)
        if changes is None:
            assert boss("DELETE", "/accounts/ada").status == 204
        else:
            assert boss("PATCH", "/accounts/ada", changes).status == 200
        assert not is_in(person)
        if changes is not None:
            boss("DELETE", "/accounts/ada")
    assert is_in(boss)


def test_what_changes_something_needs_the_sessions_own_token(fetch: Fetch, admin: Person, store: Store) -> None:
    for token in (None, "x", "0" * 64, xsrf_token("another session"), "ü"):
        for method, path in (("POST", "/task-types"), ("POST", "/tasks"), ("DELETE", "/accounts/admin")):
            answer = fetch(method, path, {}, headers=admin.headers(token))
            assert (answer.status, answer.code) == (403, "xsrf"), token
    assert fetch("GET", "/accounts", headers=admin.headers(None)).status == 200
    assert admin("POST", "/task-types", {"name": "brew"}).status == 201


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_other_sites_can_use_neither_a_session_nor_the_login(
    fetch: Fetch, admin: Person, headers: dict[str, str]
) -> None:
    answer = admin("POST", "/task-types", {"name": "brew"}, headers=headers)
    assert (answer.status, answer.code) == (403, "cross_site")
    assert fetch("POST", "/admin/login/", body=b"username=a&password=b", headers=FORM | headers).status == 403


@pytest.mark.parametrize("body", [b"username=admin&password=x", b"_xsrf=&username=a", b"_xsrf=" + b"0" * 64])
def test_a_login_that_no_form_of_ours_sent_is_refused(fetch: Fetch, admin: Person, body: bytes) -> None:
    assert fetch("POST", "/admin/login/", body=body, headers=FORM).status == 403


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"a=%ff", 400), (b"username=a&username=b", 400), (b"who=me", 422), (b"&" * 200, 400), (b"\xff", 400)],
)
def test_an_odd_form_is_refused(fetch: Fetch, body: bytes, status: int) -> None:
    assert fetch("POST", "/admin/login/", body=body, headers=FORM).status == status


def test_a_logout_needs_the_token_too(fetch: Fetch, admin: Person) -> None:
    for body in (b"", b"_xsrf=", b"_xsrf=" + b"0" * 64):
        assert fetch("POST", "/admin/logout/", body=body, headers=FORM | {"Cookie": admin.cookie}).status in (400, 403)
    assert is_in(admin)


def test_a_token_counts_before_a_session(fetch: Fetch, admin: Person, store: Store, accounts: Accounts) -> None:
    viewer = admitted(fetch, store, accounts, Role.VIEWER)
    assert fetch("GET", "/accounts", token=ADMIN, headers={"Cookie": viewer.cookie}).status == 200
    assert fetch("POST", "/task-types", {"name": "b"}, token=ADMIN, headers={"Cookie": viewer.cookie}).status == 201
    assert fetch("GET", "/accounts", token="wrong", headers={"Cookie": admin.cookie}).status == 401


def test_too_many_failures_are_429_for_the_right_password_too(fetch: Fetch, accounts: Accounts) -> None:
    fetch.run(accounts.create("ada", Role.ADMIN, PASSWORD))
    for _ in range(5):
        assert log_in(fetch, "ada", "wrong password").status == 401
    answer = log_in(fetch, "ada", PASSWORD)
    assert answer.status == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 15 * 60
    assert log_in(fetch, "bob", "wrong password").status == 401


def test_a_session_in_use_is_noted_once_a_minute(
    fetch: Fetch, admin: Person, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = store.clock.now()
    monkeypatch.setattr(store.clock, "now", lambda: now + 2 * 60_000)
    before = store.look_up(tables.sessions.get, digest_of(admin.identity))
    assert before
    assert is_in(admin)
    fetch.run(store.ready())
    after = store.look_up(tables.sessions.get, digest_of(admin.identity))
    assert after
    assert after.seen_at > before.seen_at
    assert Sessions(store).find({"Host": f"127.0.0.1:{fetch.port}", "Cookie": admin.cookie})


def test_a_stream_ends_with_its_session(fetch: Fetch, admin: Person) -> None:
    chunks: list[bytes] = []

    async def story() -> int:
        stream = asyncio.ensure_future(
            fetch._client.fetch(
                f"http://127.0.0.1:{fetch.port}/events",
                headers=admin.headers() | {"Accept": "text/event-stream"},
                streaming_callback=chunks.append,
                request_timeout=PATIENCE,
            )
        )
        while not chunks:
            await asyncio.sleep(0.01)
        form = f"_xsrf={xsrf_token(admin.identity)}".encode()
        await fetch.later("POST", "/admin/logout/", body=form, headers={"Cookie": admin.cookie} | FORM)
        # Whatever happens next wakes the stream, which then sees that nobody may read it any more.
        await fetch.later("POST", "/tasks", {"name": "x", "processing_time": 1})
        return (await stream).code

    assert fetch.run(story()) == 200

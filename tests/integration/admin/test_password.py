"""Changing one's own password: what it takes, and what it ends."""

import re
from urllib.parse import urlencode

import pytest

from tests.integration.admin.people import FORM, PASSWORD, Person, admitted, cookies_of, log_in
from tests.integration.talking import ADMIN, Answer, Fetch
from waybill.domain.account import Role
from waybill.domain.errors import Invalid
from waybill_api.identity.accounts import Accounts
from waybill_api.identity.arrival import Arrival
from waybill_api.identity.passwords import Cost, Passwords
from waybill_api.identity.sessions import Sessions, xsrf_token
from waybill_api.problems import Refusal
from waybill_api.store.store import Store

PAGE = "/admin/password/"
NEW = "a brand new password"


@pytest.fixture
def ada(fetch: Fetch, store: Store, accounts: Accounts) -> Person:
    """Somebody who is logged in, and may do no more than look."""
    return admitted(fetch, store, accounts, Role.VIEWER, "ada")


def change(
    fetch: Fetch,
    person: Person,
    old: str = PASSWORD,
    new: str = NEW,
    again: str | None = None,
    token: str | None = "",
    headers: dict[str, str] | None = None,
) -> Answer:
    """Send the form as a browser does; the token is that of the session, another one, or none."""
    given = xsrf_token(person.identity) if token == "" else token
    fields = {"old": old, "new": new, "again": new if again is None else again}
    fields |= {} if given is None else {"_xsrf": given}
    sent = {"Cookie": person.cookie} | FORM | (headers or {})
    return fetch("POST", PAGE, body=urlencode(fields).encode(), headers=sent)


def is_in(person: Person) -> bool:
    return person("GET", "/admin/").status == 200


def deeds(fetch: Fetch) -> list[tuple[str, str, str]]:
    found = fetch("GET", "/audit", token=ADMIN).json()
    return [(one["who"], one["action"], one["outcome"]) for one in reversed(found)]


def second_browser(fetch: Fetch, name: str = "ada") -> Person:
    given = cookies_of(log_in(fetch, name, PASSWORD))[f"waybill-session-{fetch.port}"]
    return Person(fetch, given.partition(";")[0])


def test_the_form_has_what_sending_it_takes(fetch: Fetch, ada: Person) -> None:
    page = ada("GET", PAGE).body.decode()
    assert f'name="_xsrf" value="{xsrf_token(ada.identity)}"' in page
    assert set(re.findall(r'name="(\w+)" type="password"', page)) == {"old", "new", "again"}
    assert f'href="{PAGE}"' in ada("GET", "/admin/").body.decode()
    assert fetch("GET", PAGE).headers["Location"] == "/admin/login/?next=%2Fadmin%2Fpassword%2F"


def test_a_change_ends_every_other_session_and_goes_on_with_a_fresh_one(fetch: Fetch, ada: Person) -> None:
    other = second_browser(fetch)
    assert is_in(other)
    answer = change(fetch, ada)
    assert (answer.status, answer.headers["Location"]) == (303, f"{PAGE}?changed=true")
    given = cookies_of(answer)
    identity, _, attributes = given[f"waybill-session-{fetch.port}"].partition(";")
    assert "HttpOnly" in attributes
    assert given[f"waybill-xsrf-{fetch.port}"].startswith(xsrf_token(identity))
    assert not is_in(other), "the session of another browser"
    assert not is_in(ada), "the session under its old id"
    assert is_in(Person(fetch, identity))
    assert "is changed" in Person(fetch, identity)("GET", f"{PAGE}?changed=true").body.decode()
    assert log_in(fetch, "ada", PASSWORD).status == 401
    assert log_in(fetch, "ada", NEW).status == 303


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"old": "wrong password"}, 403, "The old password is wrong."),
        ({"old": ""}, 403, "The old password is wrong."),
        ({"new": "short"}, 422, "Eight characters or more."),
        ({"new": ""}, 422, "Eight characters or more."),
        ({"new": "aaaaaaaaaaaa"}, 422, "This password is too easy to guess;"),
        ({"new": "password"}, 422, "This password is too easy to guess;"),
        ({"new": "x" * 1_025}, 422, "At most 1024 characters."),
        ({"again": "a brand new passwort"}, 422, "This is not what stands above."),
    ],
)
def test_what_is_wrong_is_told_at_its_field_and_nothing_changes(
    fetch: Fetch, ada: Person, fields: dict[str, str], status: int, said: str
) -> None:
    other = second_browser(fetch)
    answer = change(fetch, ada, **fields)  # type: ignore[arg-type]
    assert answer.status == status
    page = answer.body.decode()
    assert re.search(rf'name="{next(iter(fields))}"[^>]* aria-invalid="true"', page)
    assert f'class="wrong" id="complaint" role="alert">{said}' in page
    assert not cookies_of(answer)
    assert is_in(ada)
    assert is_in(other)
    assert log_in(fetch, "ada", PASSWORD).status == 303
    russian = change(fetch, ada, headers={"Accept-Language": "ru"}, **fields).body.decode()
    assert said not in russian


@pytest.mark.parametrize("token", [None, "x", "0" * 64, xsrf_token("another session")])
def test_a_form_without_the_sessions_own_token_is_refused(fetch: Fetch, ada: Person, token: str | None) -> None:
    assert change(fetch, ada, token=token).status == 403
    assert log_in(fetch, "ada", PASSWORD).status == 303
    assert is_in(ada)


def test_nobody_changes_it_from_another_site_or_without_a_session(fetch: Fetch, ada: Person) -> None:
    assert change(fetch, ada, headers={"Origin": "https://evil.example"}).status == 403
    stranger = Person(fetch, "nobody")
    assert change(fetch, stranger).headers["Location"].startswith("/admin/login/")
    token = fetch("POST", PAGE, body=b"old=a", headers=FORM, token=ADMIN)
    assert token.headers["Location"].startswith("/admin/login/"), "a token has no password"
    assert log_in(fetch, "ada", PASSWORD).status == 303


@pytest.mark.parametrize("body", [b"old=%ff", b"old=a&old=b", b"\xff", b"who=me"])
def test_an_odd_form_is_refused(fetch: Fetch, ada: Person, body: bytes) -> None:
    answer = fetch("POST", PAGE, body=body, headers={"Cookie": ada.cookie} | FORM)
    assert answer.status in (400, 422)
    assert is_in(ada)


def test_guessing_the_old_password_is_limited_together_with_logins(fetch: Fetch, ada: Person) -> None:
    for _ in range(5):
        assert change(fetch, ada, old="wrong password").status == 403
    answer = change(fetch, ada)
    assert answer.status == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 15 * 60
    assert "Too many tries" in answer.body.decode()
    assert log_in(fetch, "ada", PASSWORD).status == 429
    assert log_in(fetch, "bob", PASSWORD).status == 401


def test_a_form_that_says_nothing_of_the_old_password_costs_no_try(fetch: Fetch, ada: Person) -> None:
    for _ in range(6):
        assert change(fetch, ada, new="short").status == 422
    assert change(fetch, ada).status == 303


def test_it_is_written_down_without_its_secrets(fetch: Fetch, ada: Person) -> None:
    change(fetch, ada, old="wrong password")
    change(fetch, ada, again="something else")
    change(fetch, ada, token="0" * 64)
    change(fetch, ada)
    assert deeds(fetch) == [
        ("ada", "change_password", "wrong_password"),
        ("ada", "change_password", "invalid"),
        ("ada", "change_password", "xsrf"),
        ("ada", "change_password", "done"),
    ]
    said = fetch("GET", "/audit", token=ADMIN).body.decode()
    for secret in (PASSWORD, NEW, "wrong password", "something else", xsrf_token(ada.identity), "0" * 64):
        assert secret not in said


def test_the_banner_goes_with_the_password_that_everybody_knows(fetch: Fetch, store: Store, accounts: Accounts) -> None:
    async def first() -> str:
        return await Sessions(store).open(await accounts.create("user", Role.ADMIN, "password"))

    user = Person(fetch, fetch.run(first()))
    page = user("GET", "/admin/").body.decode()
    assert "still has its first password" in page
    assert f'<a href="{PAGE}">Give it another one</a>' in page
    given = cookies_of(change(fetch, user, old="password"))[f"waybill-session-{fetch.port}"]
    assert b"still has its first password" not in Person(fetch, given.partition(";")[0])("GET", "/admin/").body


def test_a_password_that_everybody_knows_is_refused_where_it_may_not_be(
    fetch: Fetch, store: Store, accounts: Accounts
) -> None:
    ada = admitted(fetch, store, accounts, Role.VIEWER, "ada")
    passwords = Passwords(Cost(n=16))
    strict = Accounts(store, Sessions(store), passwords, allows_well_known=False)
    session = Sessions(store).find({"Host": f"127.0.0.1:{fetch.port}", "Cookie": ada.cookie})
    assert session
    with pytest.raises(Invalid):
        fetch.run(strict.change_own(session, PASSWORD, "password", Arrival("")))
    passwords.close()


def test_who_was_given_another_password_meanwhile_does_not_undo_that(
    fetch: Fetch, store: Store, accounts: Accounts, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Sessions(store).find({"Host": f"127.0.0.1:{fetch.port}", "Cookie": ada.cookie})
    assert session
    hashing = accounts._passwords.hash

    async def slow(password: str, **more: bool) -> str:
        monkeypatch.undo()
        await accounts.change("ada", password="by the administrator")
        return await hashing(password, **more)

    monkeypatch.setattr(accounts._passwords, "hash", slow)
    with pytest.raises(Refusal) as refused:
        fetch.run(accounts.change_own(session, PASSWORD, NEW, Arrival("")))
    assert refused.value.kind.status == 401
    assert log_in(fetch, "ada", "by the administrator").status == 303

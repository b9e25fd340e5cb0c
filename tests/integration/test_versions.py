"""Two users who change the same resource: the later one gets a 412, and undoes nothing."""

import pytest

from tests.integration.talking import ADMIN, Answer, Fetch

PASSWORD = "correct horse battery"


@pytest.fixture(params=["/task-types/nap", "/accounts/ada"])
def path(request: pytest.FixtureRequest, fetch: Fetch) -> str:
    """Something that two people may change."""
    found: str = request.param
    collection, _, name = found.rpartition("/")
    body = {"name": name} if "types" in found else {"name": name, "role": "viewer", "password": PASSWORD}
    made = fetch("POST", collection, body, token=ADMIN)
    assert (made.status, made.headers["ETag"]) == (201, fetch("GET", found, token=ADMIN).headers["ETag"])
    return found


def changes(path: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return two changes of different fields, if there are two."""
    if "types" in path:
        return {"title": "First"}, {"handler": "sleep"}
    return {"role": "operator"}, {"role": "admin"}


def change(fetch: Fetch, path: str, body: object, etag: str | None) -> Answer:
    return fetch("PATCH", path, body, token=ADMIN, headers={} if etag is None else {"If-Match": etag})


def test_the_later_one_is_told_what_is_other_and_may_say_it_again(fetch: Fetch, path: str) -> None:
    first, second = changes(path)
    seen = fetch("GET", path, token=ADMIN).headers["ETag"]
    changed = change(fetch, path, first, seen)
    assert changed.status == 200
    assert changed.headers["ETag"] == fetch("GET", path, token=ADMIN).headers["ETag"] != seen
    refused = change(fetch, path, second, seen)
    assert (refused.status, refused.code) == (412, "changed_meanwhile")
    assert refused.json()["differs"] == first
    assert refused.json()["etag"] == changed.headers["ETag"]
    assert first.items() <= fetch("GET", path, token=ADMIN).json().items(), "nothing was changed"
    assert change(fetch, path, second, refused.json()["etag"]).status == 200


@pytest.mark.parametrize("etag", ["*", None])
def test_who_says_so_changes_whatever_is_there(fetch: Fetch, path: str, etag: str | None) -> None:
    for body in changes(path):
        assert change(fetch, path, body, etag).status == 200


def test_what_has_changed_is_not_deleted_unseen(fetch: Fetch, path: str) -> None:
    seen = fetch("GET", path, token=ADMIN).headers["ETag"]
    now = change(fetch, path, changes(path)[0], None).headers["ETag"]
    assert fetch("DELETE", path, token=ADMIN, headers={"If-Match": seen}).status == 412
    assert fetch("DELETE", path, token=ADMIN, headers={"If-Match": now}).status == 204
    assert fetch("DELETE", path, token=ADMIN, headers={"If-Match": now}).status == 404


def test_another_password_is_told_and_never_shown(fetch: Fetch) -> None:
    fetch("POST", "/accounts", {"name": "ada", "role": "viewer", "password": PASSWORD}, token=ADMIN)
    seen = fetch("GET", "/accounts/ada", token=ADMIN).headers["ETag"]
    assert change(fetch, "/accounts/ada", {"password": "by the administrator"}, seen).status == 200
    for body in ({"password": "another password"}, {"role": "admin"}):
        refused = change(fetch, "/accounts/ada", body, seen)
        assert (refused.status, refused.json()["differs"]) == (412, {"password": None})


def test_a_pause_is_a_change(fetch: Fetch) -> None:
    seen = fetch("GET", "/task-types/sleep").headers["ETag"]
    paused = fetch("POST", "/task-types/sleep/pause", token=ADMIN)
    assert paused.headers["ETag"] == fetch("GET", "/task-types/sleep").headers["ETag"]
    assert change(fetch, "/task-types/sleep", {"title": "x"}, seen).json()["differs"] == {"paused": True}

"""Pages: hardened, in the reader's language, and with whatever people write shown as text."""

import html
import re

import pytest

from tests.integration.admin.people import Person, admitted, log_in
from tests.integration.talking import ADMIN, REPORTER, Fetch
from waybill.domain.account import Role
from waybill_api.admin.pages import overview, task_types
from waybill_api.identity.accounts import Accounts
from waybill_api.store.store import Store

NASTY = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


@pytest.fixture
def admin(fetch: Fetch, store: Store, accounts: Accounts) -> Person:
    """An administrator who is logged in."""
    return admitted(fetch, store, accounts, Role.ADMIN)


def test_every_page_is_hardened(fetch: Fetch, admin: Person) -> None:
    pages = ("/admin/", "/admin/tasks/tasktype/", "/admin/workers/", "/admin/audit/", "/admin/nope/", "/admin/x/y/z")
    for answer in [*(admin("GET", path) for path in pages), fetch("GET", "/admin/login/")]:
        policy = answer.headers["Content-Security-Policy"].split("; ")
        assert {"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"} <= set(policy)
        assert not any("unsafe" in one or "*" in one or "http" in one for one in policy)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        # With `no-referrer`, browsers call the origin of a form `null`, and no login would get through.
        assert answer.headers["Referrer-Policy"] == "same-origin"


def test_an_unknown_page_is_404_in_the_frame_of_the_pages(fetch: Fetch, admin: Person) -> None:
    answer = admin("GET", "/admin/nope/")
    assert answer.status == 404
    assert b"<nav" in answer.body
    assert admin("GET", "/admin/tasks/tasktype/nope/").status == 404


@pytest.mark.parametrize("path", ["/admin", "/admin/login"])
def test_a_missing_slash_is_added(fetch: Fetch, path: str) -> None:
    answer = fetch("GET", f"{path}?next=/admin/")
    assert (answer.status, answer.headers["Location"]) == (301, f"{path}/?next=/admin/")


def test_the_language_and_the_theme_are_as_chosen(fetch: Fetch, admin: Person) -> None:
    russian = admin("GET", "/admin/", headers={"Accept-Language": "ru"})
    assert "Типы задач" in russian.body.decode()
    cookie = {"Cookie": f"{admin.cookie}; waybill-language=ru; waybill-theme=dark"}
    page = admin("GET", "/admin/", headers=cookie).body.decode()
    assert '<html lang="ru" data-theme="dark">' in page
    assert "Task types" not in page


def test_what_people_write_is_shown_as_text(fetch: Fetch, admin: Person) -> None:
    fetch("POST", "/task-types", {"name": "brew", "title": NASTY, "handler": NASTY[:128]}, token=ADMIN)
    beat = {"runs": [], "routes": ["sleep"], "slots": 1, "host": NASTY, "pid": 1, "version": NASTY}
    assert fetch("POST", "/workers/w-1/heartbeat", beat, token=REPORTER).status == 200
    admin("POST", "/tasks", {"name": NASTY, "processing_time": 1, "metadata": {NASTY: NASTY}})
    tried = log_in(fetch, NASTY[:60], "wrong password")
    pages = [
        admin("GET", path)
        for path in ("/admin/tasks/tasktype/", "/admin/tasks/tasktype/brew/", "/admin/workers/", "/admin/audit/")
    ]
    for answer in [*pages, tried, admin("GET", f"/admin/{NASTY.replace(' ', '%20')}/")]:
        text = answer.body.decode()
        assert "<script>alert" not in text
        assert "<img" not in text
    for answer in pages:
        assert answer.status == 200
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in answer.body.decode().replace("\\/", "/").replace(
            "&lt;\\/", "&lt;/"
        )


def test_files_come_with_their_types_and_nothing_else_comes(fetch: Fetch) -> None:
    for name, media in (("tokens.css", "text/css"), ("api.js", "text/javascript"), ("ru.json", "application/json")):
        answer = fetch("GET", f"/admin/static/{name}")
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith(media)
        again = fetch("GET", f"/admin/static/{name}", headers={"If-None-Match": answer.headers["ETag"]})
        assert again.status == 304
    for name in ("..%2fpage.py", "page.py", "%2e%2e%2f%2e%2e%2fserver.py", "login.html", "%00"):
        assert fetch("GET", f"/admin/static/{name}").status == 404


def test_many_types_are_shown_page_by_page_each_with_the_query_of_its_figures(
    fetch: Fetch, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_types, "AT_ONCE", 4)
    names = [f"type-{number}" for number in range(9)]
    for name in names:
        fetch("POST", "/task-types", {"name": name, "handler": None}, token=ADMIN)
    shown: list[str] = []
    path = "/admin/tasks/tasktype/"
    while path:
        page = admin("GET", path).body.decode()
        some = re.findall('data-name="(type-[0-9])"', page)
        assert len(some) <= 4
        shown += some
        query = re.search('data-query="([^"]+)"', page)
        assert query is not None
        fetch("POST", "/tasks/batch", {"tasks": [{"name": "x", "type": name} for name in some]})
        told = fetch("GET", f"/statistics?{html.unescape(query[1])}").json()["types"]
        assert set(some) <= {one["type"] for one in told}
        following = re.search('rel="next" href="([^"]+)"', page)
        path = f"/admin/tasks/tasktype/{following[1]}" if following else ""
    assert shown == names


def test_of_much_that_needs_attention_some_is_shown(
    fetch: Fetch, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "MOST_SHOWN", 2)
    for number in range(5):
        fetch("POST", "/task-types", {"name": f"type-{number}", "handler": f"h{number}"}, token=ADMIN)
        fetch("POST", "/tasks", {"name": "x", "type": f"type-{number}", "processing_time": 1})
    page = admin("GET", "/admin/").body.decode()
    assert page.count("python -m waybill_worker") == 2
    assert "And 3 more." in page

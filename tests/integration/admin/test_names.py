"""Names that are also our own words, that are invisible, or that run from right to left."""

import html
import re

import pytest

from tests.integration.admin.people import Person, admitted
from tests.integration.talking import ADMIN, REPORTER, Fetch
from waybill.domain.account import Role
from waybill_api.identity.accounts import Accounts
from waybill_api.store.store import Store

TYPES = "/admin/tasks/tasktype/"
OVERRIDE = "\u202etxt.exe"


@pytest.fixture
def admin(fetch: Fetch, store: Store, accounts: Accounts) -> Person:
    """An administrator who is logged in."""
    return admitted(fetch, store, accounts, Role.ADMIN)


def shown(person: Person, path: str) -> str:
    answer = person("GET", path)
    assert answer.status == 200, (path, answer.status)
    return answer.body.decode()


def test_a_type_may_be_called_whatever_a_command_is_called(admin: Person) -> None:
    for name in ("add", "new", "password", "tasktype", "history", "login", "constructor", "a.", "a..b", "a-"):
        assert admin("POST", "/task-types", {"name": name, "handler": "sleep"}).status == 201
        assert f'href="{TYPES}{name}/" data-open' in shown(admin, TYPES)
        assert f'data-name="{name}"' in shown(admin, f"{TYPES}{name}/")
    form = re.findall(r'href="([^"]+)" data-new', shown(admin, TYPES))
    assert form == [f"{TYPES}-/add/"]
    assert 'id="type" data-name=""' in shown(admin, form[0])


def test_the_form_is_found_where_it_was_until_a_type_is_called_so(admin: Person) -> None:
    led = admin("GET", f"{TYPES}add/")
    assert (led.status, led.headers["Location"]) == (303, f"{TYPES}-/add/")
    assert admin("GET", f"{TYPES}nope/").status == 404


def test_no_type_is_called_what_a_path_cannot_say(admin: Person) -> None:
    for name in ("-", "..", ".", "a/b", "a%2fb", "a b", "é", "A", "-/add", "a\u200b"):
        assert admin("POST", "/task-types", {"name": name}).status == 422, name


def test_the_form_holds_the_numbers_that_are_kept(admin: Person) -> None:
    exact = {
        "min_backoff": 0.30000000000000004,
        "max_backoff": 43210.987,
        "timeout": 604_800,
        "processing_time": 86_400,
    }
    assert admin("POST", "/task-types", {"name": "slow", "handler": "sleep", **exact}).status == 201
    page = shown(admin, f"{TYPES}slow/")
    for field, number in exact.items():
        assert f'value="{number}"' in page, field
    assert 'name="max_attempts"' in page


def test_a_form_knows_the_version_that_it_shows(fetch: Fetch, admin: Person) -> None:
    page = shown(admin, f"{TYPES}sleep/")
    assert (
        html.unescape(re.findall(r'data-etag="([^"]+)"', page)[0]) == fetch("GET", "/task-types/sleep").headers["ETag"]
    )
    rows = dict(re.findall(r'data-name="(\w+)" data-etag="([^"]+)"', shown(admin, "/admin/accounts/")))
    assert html.unescape(rows["admin"]) == fetch("GET", "/accounts/admin", token=ADMIN).headers["ETag"]


def test_a_name_is_a_link_that_can_be_seen_and_turns_nothing_round(fetch: Fetch, admin: Person) -> None:
    for number, (name, seen, title) in enumerate(
        (
            ("\u200b", "[U+200B]", "[U+200B]"),
            ("\u3164\ufe0f", "[U+3164 U+FE0F]", "[U+3164 U+FE0F]"),
            (OVERRIDE, OVERRIDE, "\u2068txt.exe\u2069"),
            ("שלום", "שלום", "\u2068שלום\u2069"),
        )
    ):
        kind = f"delivery-{number}"
        admin("POST", "/task-types", {"name": kind, "title": name, "handler": None})
        task_id = admin("POST", "/tasks", {"name": name, "type": kind, "external_key": name}).json()["task_id"]
        said = {"status": 4, "error": {"code": "failed", "message": name}, "source": "van"}
        assert fetch("PATCH", f"/tasks/{task_id}", said, token=REPORTER).status == 200
        beat = {"runs": [], "routes": ["sleep"], "slots": 1, "host": name, "pid": 1, "version": name}
        assert fetch("POST", f"/workers/w-{number}/heartbeat", beat, token=REPORTER).status == 200
        pages = {"/admin/tasks/task/": 3, f"/admin/tasks/task/{task_id}/": 4, TYPES: 1, "/admin/workers/": 2}
        for path, times in pages.items():
            page = shown(admin, path)
            assert page.count(f"<bdi>{seen}</bdi>") >= times, path
            outside = re.sub(
                r"<bdi>[^<]*</bdi>|<pre[^>]*>[^<]*</pre>|(?:value|data-name|data-json)=\"[^\"]*\"", "", page
            )
            assert "\u202e" not in outside, path
        found = re.findall("<title>(.*) · Waybill</title>", shown(admin, f"/admin/tasks/task/{task_id}/"))
        assert found == [title]

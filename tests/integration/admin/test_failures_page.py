"""The page of failures: groups, their tasks, and what may be done to them."""

import re

import pytest

from tests.integration.admin.people import Person, admitted
from tests.integration.talking import ADMIN, REPORTER, Fetch
from waybill.domain.account import Role
from waybill_api.admin.pages import failures
from waybill_api.identity.accounts import Accounts
from waybill_api.store import commands
from waybill_api.store.store import Store

PAGE = "/admin/failures/"
NASTY = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


@pytest.fixture
def operator(fetch: Fetch, store: Store, accounts: Accounts) -> Person:
    """An operator who is logged in, and types whose tasks are reported on."""
    for name in ("parcel", "letter"):
        assert fetch("POST", "/task-types", {"name": name, "handler": None}, token=ADMIN).status == 201
    return admitted(fetch, store, accounts, Role.OPERATOR)


def failed(fetch: Fetch, store: Store, message: str, type_name: str = "parcel") -> str:
    """Make a task that has failed, and return its id once the groups know of it."""
    task_id = fetch.created(type=type_name)
    report = {"status": 4, "error": {"code": "failed", "message": message}}
    assert fetch("PATCH", f"/tasks/{task_id}", report, token=REPORTER).status == 200

    async def taken_in() -> None:
        while await store.insist(commands.search.take_in, 50):
            pass

    fetch.run(taken_in())
    return task_id


def shown(person: Person, path: str = PAGE) -> str:
    answer = person("GET", path)
    assert answer.status == 200, answer.body
    return answer.body.decode()


def groups_in(page: str) -> list[str]:
    return re.findall(r'data-id="([0-9a-f]{12})"', page)


def test_where_nothing_has_failed_it_says_what_to_do(operator: Person) -> None:
    page = shown(operator)
    assert "Nothing has failed" in page
    assert "/admin/tasks/task/?q=status%3Aerror" in page
    assert '<nav class="pages"' not in page


def test_a_group_leads_to_its_tasks_and_shows_one_of_them(fetch: Fetch, store: Store, operator: Person) -> None:
    for number in range(3):
        latest = failed(fetch, store, f"cannot open file {number}")
    page = shown(operator)
    (group,) = groups_in(page)
    assert "cannot open file &lt;n&gt;" in page
    assert f'<a href="/admin/tasks/task/{latest}/"><bdi>cannot open file 2</bdi></a>' in page
    where = f"/admin/tasks/task/?q=failure%3A{group}"
    assert f'<a class="count" href="{where}">3</a>' in page
    assert shown(operator, where).count("data-row") == 3
    fetch("DELETE", f"/tasks/{latest}", token=ADMIN)
    assert f"/admin/tasks/task/{latest}/" not in shown(operator), "a task that is gone is no example"


def test_groups_can_be_chosen_by_type(fetch: Fetch, store: Store, operator: Person) -> None:
    failed(fetch, store, "lost")
    failed(fetch, store, "torn", "letter")
    assert len(groups_in(shown(operator))) == 2
    page = shown(operator, f"{PAGE}?type=letter")
    assert len(groups_in(page)) == 1
    assert "torn" in page
    assert '<option value="letter" selected>' in page
    assert "No failures of sleep" in shown(operator, f"{PAGE}?type=sleep")
    assert "<script>" not in shown(operator, f"{PAGE}?type=%3Cscript%3E")


def test_many_groups_are_shown_page_by_page(
    fetch: Fetch, store: Store, operator: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "AT_ONCE", 2)
    for word in ("one", "two", "three", "four", "five"):
        failed(fetch, store, word)
    seen: list[str] = []
    path = PAGE
    while path:
        page = shown(operator, path)
        seen += groups_in(page)
        path = page.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert len(seen) == len(set(seen)) == 5
    assert operator("GET", f"{PAGE}?cursor=nonsense").status == 422


def test_a_viewer_sees_failures_and_no_way_to_retry_them(
    fetch: Fetch, store: Store, accounts: Accounts, operator: Person
) -> None:
    failed(fetch, store, "lost")
    assert "data-retry" in shown(operator)
    viewer = admitted(fetch, store, accounts, Role.VIEWER)
    page = shown(viewer)
    assert "lost" in page
    assert "data-retry" not in page
    (group,) = groups_in(page)
    assert viewer("POST", "/tasks/bulk", {"action": "retry", "q": f"failure:{group}"}).code == "forbidden"


def test_what_is_retried_is_written_down(fetch: Fetch, store: Store, operator: Person) -> None:
    task_id = failed(fetch, store, "lost")
    (group,) = groups_in(shown(operator))
    answer = operator("POST", "/tasks/bulk", {"action": "retry", "q": f"failure:{group}"})
    assert (answer.status, answer.json()["applied"]) == (200, 1)
    assert fetch("GET", f"/tasks/{task_id}").json()["status"] == 1
    (deed, *_) = fetch("GET", "/audit", token=ADMIN).json()
    assert (deed["who"], deed["action"], deed["outcome"]) == ("operator", "change_tasks", "done")
    assert deed["details"]["body"]["q"] == f"failure:{group}"


def test_what_tasks_say_of_their_failure_is_shown_as_text(fetch: Fetch, store: Store, operator: Person) -> None:
    failed(fetch, store, NASTY)
    page = shown(operator)
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page


def test_the_overview_leads_from_a_type_that_fails_to_its_failures(
    fetch: Fetch, store: Store, operator: Person
) -> None:
    for number in range(6):
        failed(fetch, store, f"lost {number}")
    assert 'href="/admin/failures/?type=parcel"' in shown(operator, "/admin/")

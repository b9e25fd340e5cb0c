"""The pages of tasks: found, filtered, escaped, and for each role what it may do."""

import re

import pytest

from tests.integration.admin.people import Person, admitted
from tests.integration.talking import ADMIN, REPORTER, Fetch
from waybill.domain.account import Role
from waybill_api.identity.accounts import Accounts
from waybill_api.store.store import Store

LIST = "/admin/tasks/task/"
NASTY = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


@pytest.fixture
def operator(fetch: Fetch, store: Store, accounts: Accounts) -> Person:
    """An operator who is logged in."""
    return admitted(fetch, store, accounts, Role.OPERATOR)


def create(person: Person, name: str, **fields: object) -> str:
    answer = person("POST", "/tasks", {"name": name, "processing_time": 1, **fields})
    assert answer.status == 201, answer.body
    task_id: str = answer.json()["task_id"]
    return task_id


def shown(person: Person, path: str) -> str:
    answer = person("GET", path)
    assert answer.status == 200, answer.body
    return answer.body.decode()


def test_the_list_shows_the_newest_first_and_leads_to_each(operator: Person) -> None:
    first, second = create(operator, "first"), create(operator, "second")
    page = shown(operator, LIST)
    assert page.index(f'href="{LIST}{second}/"') < page.index(f'href="{LIST}{first}/"')


def test_a_search_and_its_filters_are_in_the_address(operator: Person) -> None:
    wanted = create(operator, "wanted", external_key="order-1")
    other = create(operator, "other")
    operator("POST", f"/tasks/{other}/cancel")
    page = shown(operator, f"{LIST}?q=key:order-1")
    assert wanted in page
    assert other not in page
    assert f'href="{LIST}?q=status%3Aerror+key%3Aorder-1"' in page
    assert "format=csv&amp;order=newest&amp;q=key%3Aorder-1" in page
    page = shown(operator, f"{LIST}?q=status:error")
    assert other in page
    assert wanted not in page
    assert "cancelled" in page


def test_a_bad_search_says_what_may_be_meant(operator: Person) -> None:
    page = shown(operator, f"{LIST}?q=words+statu:error")
    assert "<mark>statu:error</mark>" in page
    assert f'href="{LIST}?q=words+status%3Aerror"' in page
    for bad in ("created:yesterday", "%22", "status:", "a" * 501, "%3Cscript%3E:1", "created:0000-99-99"):
        assert "The search cannot be understood" in shown(operator, f"{LIST}?q={bad}")
    assert operator("GET", f"{LIST}?cursor=nonsense").status == 422


def test_a_long_list_goes_on_with_its_cursor(operator: Person) -> None:
    ids = [create(operator, f"task {number}") for number in range(52)]
    page = shown(operator, LIST)
    assert page.count("data-row") == 50
    older = page.partition('rel="next" href="')[2].partition('"')[0]
    page = shown(operator, older.replace("&amp;", "&"))
    assert page.count("data-row") == 2
    assert ids[0] in page
    assert ids[1] in page


def test_what_clients_write_is_text_in_the_pages_of_tasks(fetch: Fetch, operator: Person) -> None:
    task_id = create(
        operator,
        NASTY,
        external_key=NASTY,
        input={NASTY: NASTY},
        metadata={NASTY: NASTY},
    )
    # It is refused, since nobody has claimed the task; the history keeps what was said all the same.
    said = {"source": NASTY[:40], "stage": NASTY[:60]}
    assert fetch("PATCH", f"/tasks/{task_id}", said, token=REPORTER).status == 409
    for path in (LIST, f"{LIST}{task_id}/", f"{LIST}add/?like={task_id}", f"{LIST}?q=%22{'%3Cscript%3E'}%22"):
        page = shown(operator, path)
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "&lt;script&gt;" in page


def test_a_viewer_sees_tasks_and_no_way_to_change_them(
    fetch: Fetch, store: Store, accounts: Accounts, operator: Person
) -> None:
    create(operator, "one")
    viewer = admitted(fetch, store, accounts, Role.VIEWER)
    page = shown(viewer, LIST)
    assert "one" in page
    assert "data-pick" not in page
    assert "data-bulk" not in page
    assert viewer("GET", f"{LIST}add/").status == 403
    page = shown(operator, LIST)
    assert "data-pick" in page
    assert 'data-bulk="delete"' not in page
    admin = admitted(fetch, store, accounts, Role.ADMIN)
    assert 'data-bulk="delete"' in shown(admin, LIST)


def test_the_form_begins_with_another_task(operator: Person) -> None:
    exact = 12345678901234567890
    task_id = create(operator, "copy me", priority=7, input={"number": exact})
    page = shown(operator, f"{LIST}add/?like={task_id}")
    assert 'value="copy me"' in page
    assert str(exact) in page
    assert operator("GET", f"{LIST}add/?like=0197b6f0-5a3c-7c3e-9d7e-2f1a4b6c8d90").status == 404


def test_the_page_of_a_task_tells_its_story(fetch: Fetch, store: Store, accounts: Accounts, operator: Person) -> None:
    assert fetch("POST", "/task-types", {"name": "delivery", "handler": None}, token=ADMIN).status == 201
    answer = operator("POST", "/tasks", {"name": "told", "type": "delivery", "metadata": {"user": 42}})
    task_id = answer.json()["task_id"]

    def report(status: int, **said: object) -> int:
        body = {"status": status, "source": "van", **said}
        return fetch("PATCH", f"/tasks/{task_id}", body, token=REPORTER).status

    assert report(2, stage="load", progress=0.4, seq=1) == 200
    assert "40%" in shown(operator, f"{LIST}{task_id}/")
    assert report(4, error={"code": "failed", "message": "flat tyre"}, seq=2) == 200
    assert report(2, seq=1) == 409
    page = shown(operator, f"{LIST}{task_id}/")
    for text in ("Waiting", "Running", "flat tyre", "stale", "curl", "van", 'data-action="retry"'):
        assert text in page, text
    assert 'data-action="cancel"' not in page
    assert 'data-action="delete"' not in page
    admin = admitted(fetch, store, accounts, Role.ADMIN)
    assert 'data-action="delete"' in shown(admin, f"{LIST}{task_id}/")
    viewer = admitted(fetch, store, accounts, Role.VIEWER)
    assert "data-action" not in shown(viewer, f"{LIST}{task_id}/")
    assert operator("GET", f"{LIST}0197b6f0-5a3c-7c3e-9d7e-2f1a4b6c8d90/").status == 404
    assert operator("GET", f"{LIST}nonsense/").status == 404


def test_the_page_of_a_task_shows_what_its_runs_have_left(fetch: Fetch, operator: Person) -> None:
    task_type = {"name": "flaky", "handler": "flaky", "max_attempts": 2, "min_backoff": 0, "max_backoff": 0}
    assert fetch("POST", "/task-types", task_type, token=ADMIN).status == 201
    task_id = create(operator, "told", type="flaky")
    path = f"{LIST}{task_id}/"
    assert re.search(r'id="logs"[^>]* data-grows hidden>', shown(operator, path))
    for run in (1, 2):
        held = {"task_id": task_id, "run": run, "claim": f"{run:032x}"}
        error = {"code": "failed", "message": "no", "detail": f"Traceback {run} {NASTY}"}
        for said in ({"status": 2}, {"status": 4, "error": error}):
            assert fetch("POST", "/reports", {"reports": [held | said]}, token=REPORTER).status == 200
        log = {"logs": [held | {"text": f"log {run} {NASTY}\n", "cut": run == 2}]}
        assert fetch("POST", "/run-logs", log, token=REPORTER).json() == {"kept": 1}
    page = shown(operator, path)
    assert re.search(r'id="logs"[^>]*title">', page), "it is over"
    assert re.findall(r'data-keep="(log-\d)"( open)?', page) == [("log-2", " open"), ("log-1", "")]
    assert re.findall(r"data-cut( hidden)?>", page) == ["", " hidden"]
    assert re.findall(r'data-log="\d">(log \d) &lt;script&gt;', page) == ["log 2", "log 1"]
    assert re.findall(r"<bdi>(Traceback \d) &lt;script&gt;", page) == ["Traceback 2", "Traceback 1", "Traceback 2"]
    assert "<script>alert" not in page


def test_the_overview_counts_and_says_what_to_do(operator: Person) -> None:
    assert "No tasks yet" in shown(operator, "/admin/")
    task_id = create(operator, "one")
    create(operator, "two")
    operator("POST", f"/tasks/{create(operator, 'three')}/cancel")
    page = shown(operator, "/admin/")
    assert '<strong data-count="NEW">2</strong>' in page
    assert '<strong data-count="ERROR">1</strong>' in page
    assert f'href="{LIST}?q=status%3Aerror"' in page
    assert f'href="{LIST}{task_id}/"' in page
    assert "python -m waybill_worker" in page
    assert "No tasks yet" not in page


def test_a_long_history_is_shown_in_parts_and_whole(fetch: Fetch, operator: Person) -> None:
    assert fetch("POST", "/task-types", {"name": "delivery", "handler": None}, token=ADMIN).status == 201
    task_id = operator("POST", "/tasks", {"name": "long", "type": "delivery"}).json()["task_id"]
    reports = [{"task_id": task_id, "source": "van", "seq": number, "progress": 0.5} for number in range(1, 1_200)]
    for start in (0, 600):
        assert fetch("POST", "/reports", {"reports": reports[start : start + 600]}, token=REPORTER).status == 200
    parts: list[list[str]] = []
    path = f"{LIST}{task_id}/"
    while path:
        page = shown(operator, path)
        assert ("Not all of the history is shown" in page) is (not parts)
        parts.append(re.findall(r'data-event="(\d+)"', page))
        path = "".join(re.findall(r'href="([^"]+)" data-more', page))
    assert [len(part) for part in parts] == [500, 500, 200]
    ids = [int(one) for part in parts for one in part]
    assert ids == [event["event_id"] for event in fetch("GET", f"/tasks/{task_id}/events").json()]


@pytest.mark.parametrize(("reports", "is_left_out"), [(997, False), (998, False), (999, True)])
def test_a_timeline_tells_of_both_ends_of_a_long_history(
    fetch: Fetch, operator: Person, reports: int, is_left_out: bool
) -> None:
    assert fetch("POST", "/task-types", {"name": "delivery", "handler": None}, token=ADMIN).status == 201
    task_id = operator("POST", "/tasks", {"name": "long", "type": "delivery"}).json()["task_id"]
    said = [{"task_id": task_id, "source": "van", "seq": seq, "status": 2} for seq in range(1, reports + 1)]
    said.append({"task_id": task_id, "source": "van", "seq": reports + 1, "status": 3})
    for start in (0, 600):
        assert fetch("POST", "/reports", {"reports": said[start : start + 600]}, token=REPORTER).status == 200
    page = shown(operator, f"{LIST}{task_id}/")
    names = re.findall(r'class="phase-name">([^<]+)<', page)
    assert names == ["Waiting", "Running", *(["Not shown", "Running"] if is_left_out else [])]
    attempts = page[page.index("<h2>Attempts</h2>") :]
    assert attempts.count('data-label="Run"') == 1
    assert 'class="status status-completed">COMPLETED' in attempts[: attempts.index("</table>")], "it tells of the end"


def test_a_history_that_just_fits_is_shown_whole(fetch: Fetch, operator: Person) -> None:
    assert fetch("POST", "/task-types", {"name": "delivery", "handler": None}, token=ADMIN).status == 201
    task_id = operator("POST", "/tasks", {"name": "long", "type": "delivery"}).json()["task_id"]
    reports = [{"task_id": task_id, "source": "van", "seq": number, "progress": 0.5} for number in range(1, 500)]
    assert fetch("POST", "/reports", {"reports": reports}, token=REPORTER).status == 200
    page = shown(operator, f"{LIST}{task_id}/")
    assert page.count("data-event") == 500
    assert "data-more" not in page
    assert operator("GET", f"{LIST}{task_id}/history/?after=-1").status == 422
    assert operator("GET", f"{LIST}0197b6f0-5a3c-7c3e-9d7e-2f1a4b6c8d90/history/").status == 404

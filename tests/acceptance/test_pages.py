"""Tasks in a real browser: created, watched, found, cancelled, retried, exported, and seen live by somebody else."""

import re
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance.browser import Visit
from tests.acceptance.instance import Instance, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("pages")]

LIST = "/admin/tasks/task/"
NASTY = "<img src=/nowhere onerror=alert(1)>"
SLOW = 60_000
"""Milliseconds that a step may take on a busy machine."""


@pytest.fixture
def visit(browser: "Browser", instance: Instance) -> Iterator[Visit]:
    """Return a visit to an API and its worker, by an administrator who has logged in."""
    instance.start_api()
    instance.start_worker()
    with browser.new_context(locale="en-GB", color_scheme="light") as context:
        visit = Visit(context.new_page(), instance.url)
        visit.page.set_default_timeout(SLOW)
        visit.log_in(LIST)
        visit.page.wait_for_url(f"**{LIST}")
        yield visit


def errors_of(visit: Visit) -> list[str]:
    """Return what went wrong, but for streams that end with their page, and a form that was refused on purpose."""
    expected = re.compile(r"failed: \S+/events\S* net::ERR_ABORTED|status of 422")
    return [error for error in visit.errors if not expected.search(error)]


def test_a_task_is_made_watched_cancelled_retried_and_found(visit: Visit, instance: Instance) -> None:
    page = visit.page
    page.get_by_text("No tasks yet").wait_for()
    page.keyboard.press("n")
    page.wait_for_url(f"**{LIST}add/")
    page.get_by_label("Processing time, s").fill("-1")
    page.get_by_label("Input, JSON").fill("{not JSON")
    page.get_by_role("button", name="Create").click()
    page.get_by_text("This is no JSON.").wait_for()
    page.get_by_label("Input, JSON").fill('{"path": "a.png"}')
    page.get_by_role("button", name="Create").click()
    page.locator("[name=processing_time][aria-invalid=true]").wait_for()
    page.locator("[name=name]").fill(NASTY)
    page.get_by_label("Processing time, s").fill("4")
    page.get_by_label("Metadata, JSON").fill('{"user": 42}')
    page.get_by_role("button", name="Create").click()
    page.get_by_text(f"{NASTY} is created.").wait_for()

    loaded = page.evaluate("performance.timeOrigin")
    for status in ("PROCESSING", "COMPLETED"):
        page.locator("#status", has_text=status).wait_for()
    assert page.evaluate("performance.timeOrigin") == loaded
    assert page.get_by_text('"a.png"').first.is_visible()

    page.get_by_role("link", name="Duplicate").click()
    page.locator("[name=name]").fill("long one")
    page.get_by_label("Processing time, s").fill("600")
    page.get_by_role("button", name="Create").click()
    page.locator("#status", has_text="PROCESSING").wait_for()
    page.get_by_role("button", name="Cancel").click()
    dialog = page.locator("#confirm")
    dialog.get_by_role("button", name="Cancel the task").click()
    page.locator("#status", has_text="ERROR").wait_for()
    page.get_by_text("cancelled on request").first.wait_for()
    page.get_by_role("button", name="Retry").click()
    page.locator("#status", has_text="PROCESSING").wait_for()
    page.get_by_text("attempt 2").first.wait_for()

    visit.open(LIST)
    page.keyboard.press("/")
    page.keyboard.type("meta.user:42 status:completed")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=meta.user*")
    page.locator("[data-open]").first.wait_for()
    assert page.locator("[data-open]").all_text_contents() == [NASTY]
    page.get_by_label("Search tasks").fill("statu:error")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="status:error").click()
    page.get_by_text("Nothing fits").wait_for()
    assert (errors_of(visit), visit.elsewhere) == ([], [])


def parcel(instance: Instance) -> str:
    """Create a task on which others report, and return its id."""
    return str(instance.post("/tasks", {"name": "Parcel", "type": "delivery"}).json()["task_id"])


def arrive(instance: Instance, task_id: str, place: str) -> None:
    """Report that a parcel has come to a place."""
    said = {"status": 2, "stage": place, "source": place}
    answer = instance.session.patch(f"{instance.url}/tasks/{task_id}", json=said, headers=instance.admin())
    answer.raise_for_status()


def test_rows_stay_where_they_are_and_many_are_cancelled_at_once(visit: Visit, instance: Instance) -> None:
    page = visit.page
    first = parcel(instance)
    page.locator(f"tr[data-id='{first}']").wait_for()
    # What is seen at once has changed what is there, and found what is not.
    page.get_by_role("button", name="Pause").click()
    parcel(instance)
    arrive(instance, first, "hub")
    page.get_by_role("button", name="Go on").click()
    page.locator(f"tr[data-id='{first}']", has_text="hub").wait_for()
    page.get_by_role("button", name="1 new").click()
    page.wait_for_function("document.querySelectorAll('[data-row]').length === 2")
    page.locator(f"tr[data-id='{first}']", has_text="hub").wait_for()
    second = parcel(instance)
    page.get_by_role("button", name="1 new").wait_for()
    assert page.locator("[data-row]").count() == 2
    # What happens to the second before it is shown is seen as well: the page hears of it before it hears of the first.
    for task_id in (second, first):
        arrive(instance, task_id, "depot")
    page.locator(f"tr[data-id='{first}']", has_text="depot").wait_for()
    page.get_by_role("button", name="1 new").click()
    page.wait_for_function("document.querySelectorAll('[data-row]').length === 3")
    page.locator("tr .status-processing").nth(1).wait_for()

    page.keyboard.press("j")
    page.keyboard.press("x")
    page.get_by_text("1 selected").wait_for()
    page.get_by_label("Select all on this page").check()
    page.locator("#bulk").get_by_role("button", name="Cancel").click()
    page.get_by_text("Cancel 3 tasks?").wait_for()
    page.locator("#confirm").get_by_role("button", name="Cancel them").click()
    page.locator("tr .status-error").nth(2).wait_for()
    with page.expect_download() as begun:
        page.get_by_role("link", name="CSV").click()
    assert first in begun.value.path().read_text("utf-8")

    visit.open("/admin/")
    page.locator("[data-count=ERROR]", has_text="3").wait_for()
    instance.create(0)
    page.locator("[data-count=COMPLETED]", has_text="1").wait_for()
    page.locator(".chart rect").first.wait_for()
    page.keyboard.press("g")
    page.keyboard.press("t")
    page.wait_for_url(f"**{LIST}")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.locator("#status", has_text="COMPLETED").wait_for()
    assert (errors_of(visit), visit.elsewhere) == ([], [])


def test_a_page_full_of_rows_changes_in_place(visit: Visit, instance: Instance) -> None:
    page = visit.page
    instance.create_many(30, 600)
    # The empty list is loaded anew by itself, which would break off a navigation from here.
    page.locator("tr .status-processing").nth(29).wait_for()
    visit.open(f"{LIST}?q=status:processing")
    page.get_by_label("Select all on this page").check()
    page.locator("#bulk").get_by_role("button", name="Cancel").click()
    page.locator("#confirm").get_by_role("button", name="Cancel them").click()
    page.locator("tr .status-error").nth(29).wait_for()
    assert page.locator("tr.gone").count() == 0
    assert (errors_of(visit), visit.elsewhere) == ([], [])


def test_a_group_of_failures_is_looked_at_and_retried(visit: Visit, instance: Instance) -> None:
    page = visit.page
    instance.post("/task-types", {"name": "parcel", "handler": None}).raise_for_status()
    visit.open("/admin/failures/")
    page.get_by_text("Nothing has failed").wait_for()
    failed = [instance.fail("parcel", f"{NASTY} at line {number}") for number in range(7)]
    instance.fail("parcel", "no such address")
    page.locator("#groups tr[data-row]").nth(1).wait_for()
    group = page.locator("#groups tr", has_text="at line")
    group.locator("td .count", has_text="7").wait_for()

    group.get_by_role("button", name="Retry all").click()
    dialog = page.locator("#confirm[open]")
    dialog.get_by_text("Retry 7 tasks?").wait_for()
    assert dialog.locator(".examples li").count() == 5
    dialog.get_by_role("button", name="Keep").click()
    assert {instance.task(task_id)["status"] for task_id in failed} == {4}
    group.get_by_role("button", name="Retry all").click()
    dialog.get_by_role("button", name="Retry them").click()
    page.get_by_text("Done for 7 tasks, 0 did not allow it.").wait_for()
    assert {(task["status"], task["attempt"]) for task in map(instance.task, failed)} == {(1, 2)}
    group.wait_for(state="detached")

    page.get_by_role("link", name="no such address").first.click()
    page.wait_for_url("**q=failure*")
    assert page.locator("[data-row]").count() == 1
    assert (errors_of(visit), visit.elsewhere) == ([], [])


def test_numbers_stay_as_they_were_written_and_long_histories_are_loaded_on(visit: Visit, instance: Instance) -> None:
    page = visit.page
    exact = "12345678901234567890"
    visit.open(f"{LIST}add/?type=sleep")
    page.locator("[name=name]").fill("exact")
    page.get_by_label("Processing time, s").fill("0")
    page.get_by_label("Input, JSON").fill(
        f'{{"number": {exact}, "text": "1 \\"2\\" 3", "deep": [-{exact}, 0.5, true]}}'
    )
    page.get_by_label("Metadata, JSON").fill(f'{{"user": {exact}}}')
    for _ in range(2):
        page.get_by_role("button", name="Create").click()
        page.get_by_text("exact is created.").wait_for()
        task = instance.task(page.locator("#task").get_attribute("data-id") or "")
        assert task["input"] == {"number": int(exact), "text": '1 "2" 3', "deep": [-int(exact), 0.5, True]}
        assert task["metadata"] == {"user": int(exact)}
        assert page.locator("#data-input .json-number").all_text_contents() == [exact, f"-{exact}", "0.5"]
        assert page.locator("#data-metadata .json-number").all_text_contents() == [exact]
        page.get_by_role("link", name="Duplicate").click()
        page.wait_for_url("**/add/?like=*")

    instance.post("/task-types", {"name": "delivery", "handler": None})
    task_id = instance.post("/tasks", {"name": "long", "type": "delivery"}).json()["task_id"]

    def report(*numbers: int) -> None:
        said = [{"task_id": task_id, "source": "van", "seq": number, "progress": 0.5} for number in numbers]
        assert instance.post("/reports", {"reports": said}).status_code == 200

    report(*range(1, 600))
    report(*range(600, 1_200))
    visit.open(f"{LIST}{task_id}/")
    rows = page.locator("#history tbody tr")
    for count in (1_000, 1_200):
        page.get_by_role("link", name="Load more").click()
        wait_until(partial(_has, rows, count), "the next part of the history")
    assert page.get_by_role("link", name="Load more").count() == 0
    report(1_200)
    wait_until(partial(_has, rows, 1_201), "the event that came while the page was looked at")
    assert errors_of(visit) == []


def test_what_somebody_else_deletes_is_seen_at_once_and_after_a_reconnection(visit: Visit, instance: Instance) -> None:
    first, second = instance.create_many(2, processing_time=0)
    instance.ended([first, second])

    def delete(task_id: str) -> None:
        assert instance.session.delete(f"{instance.url}/tasks/{task_id}", headers=instance.admin()).status_code == 204

    page = visit.page
    page.locator(f"tr[data-id='{first}']").wait_for()
    with page.context.new_page() as other:
        other.goto(f"{instance.url}{LIST}{first}/")
        with other.expect_response(f"**/tasks/{first}/events*"):
            other.reload()
        delete(first)
        other.get_by_text("The task is deleted.").wait_for()
        assert other.get_by_role("button", name="Retry").count() == 0
    page.locator(f"tr.gone[data-id='{first}']").wait_for()

    page.context.set_offline(True)
    delete(second)
    assert page.locator(f"tr.gone[data-id='{second}']").count() == 0
    page.context.set_offline(False)
    page.locator(f"tr.gone[data-id='{second}']").wait_for()


def _has(rows: Any, count: int) -> bool:
    return bool(rows.count() == count)

"""The pages at /api/docs in a real browser: the assignment's link, and "Try it out" for everybody and with a token."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import pytest

from tests.acceptance.browser import Visit
from tests.acceptance.instance import Instance

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.xdist_group("docs")

CREATE = "/api/docs#/default/tasks_api_create_task"
"""The link that the assignment gives."""
REPORT = "/api/docs#/default/tasks_api_report_on_task"


@pytest.fixture
def visit(browser: "Browser", instance: Instance) -> Iterator[Visit]:
    """Return a visit to an API that has just started."""
    instance.start_api()
    with browser.new_context() as context:
        yield Visit(context.new_page(), instance.url)


def test_the_assignments_link_opens_the_create_call_and_it_creates_a_task(visit: Visit, instance: Instance) -> None:
    visit.open(CREATE)
    call = visit.page.locator("#operations-default-tasks_api_create_task.is-open")
    call.get_by_role("button", name="Try it out").click()
    call.get_by_role("button", name="Execute").click()
    answer = call.locator(".live-responses-table")
    assert answer.locator(".response-col_status").last.inner_text().split() == ["201"]
    said = json.loads(answer.locator(".highlight-code code").first.inner_text())
    assert set(said) == {"task_id"}
    assert said["task_id"] in instance.tasks()
    assert visit.page.locator(".opblock.is-open").count() == 1
    assert (visit.errors, visit.elsewhere) == ([], [])


def test_a_report_can_be_sent_with_the_token(visit: Visit, instance: Instance) -> None:
    task_id = instance.post("/tasks", {"name": "Parcel", "type": "delivery"}).json()["task_id"]
    visit.open(REPORT)
    page = visit.page
    page.locator(".auth-wrapper").get_by_role("button", name="Authorize").click()
    form = page.locator(".auth-container").filter(has_text="reporter")
    form.get_by_role("textbox").fill((instance.data / "worker.token").read_text().strip())
    form.get_by_role("button", name="Apply credentials").click()
    page.locator(".modal-ux .close-modal").click()
    call = page.locator("#operations-default-tasks_api_report_on_task.is-open")
    call.get_by_role("button", name="Try it out").click()
    call.get_by_placeholder("task_id").fill(task_id)
    call.locator("textarea.body-param__text").fill(json.dumps({"status": 3, "source": "browser"}))
    call.get_by_role("button", name="Execute").click()
    answer = call.locator(".live-responses-table")
    assert answer.locator(".response-col_status").last.inner_text().split() == ["200"]
    assert instance.task(task_id)["status_name"] == "COMPLETED"
    assert (visit.errors, visit.elsewhere) == ([], [])


def test_it_is_dark_where_the_system_is_or_where_somebody_has_chosen_so(visit: Visit) -> None:
    page = visit.page

    def background(scheme: Literal["light", "dark"], chosen: str) -> str:
        page.emulate_media(color_scheme=scheme)
        page.context.add_cookies([{"name": "waybill-theme", "value": chosen, "url": visit.url}])
        visit.open("/api/docs")
        return str(page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))

    light, dark = background("light", "system"), background("dark", "system")
    assert light != dark
    assert (background("dark", "light"), background("light", "dark")) == (light, dark)
    assert (visit.errors, visit.elsewhere) == ([], [])

"""The web interface in a real browser: in, around, and out again."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.browser import FIRST, Visit
from tests.acceptance.instance import Instance, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("admin")]

BACKGROUND = "getComputedStyle(document.body).backgroundColor"
NASTY = "<img src=/nowhere onerror=alert(1)><script>alert(1)</script>"


@pytest.fixture
def visit(browser: "Browser", instance: Instance) -> Iterator[Visit]:
    """Return a visit to an API that has just started on an empty database."""
    instance.start_api()
    with browser.new_context(locale="en-GB", color_scheme="light") as context:
        yield Visit(context.new_page(), instance.url)


def test_a_person_logs_in_chooses_makes_a_type_and_logs_out(visit: Visit, instance: Instance) -> None:
    page = visit.page
    visit.log_in()
    page.wait_for_url(f"{instance.url}/admin/")
    page.get_by_text("still has its first password").wait_for()

    light = page.evaluate(BACKGROUND)
    page.get_by_label("Theme").select_option("dark")
    assert page.evaluate(BACKGROUND) != light
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.get_by_label("Language").select_option("ru")
    page.locator("html[lang=ru][data-ready]").wait_for()
    assert page.get_by_role("link", name="Типы задач").first.is_visible()
    page.get_by_label("Язык").select_option("en")
    page.get_by_role("link", name="Task types").first.click()

    page.get_by_role("link", name="New task type").click()
    page.get_by_label("Name").fill("Not A Name")
    page.get_by_role("button", name="Create").click()
    page.locator("[name=name][aria-invalid=true]").wait_for()
    page.get_by_label("Name").fill("brew")
    page.get_by_label("Title").fill(NASTY)
    page.get_by_label("Processing time, s").fill("4")
    page.get_by_role("button", name="Create").click()
    page.get_by_text("brew is created; no live worker serves it yet.").wait_for()
    page.get_by_text(NASTY).wait_for()
    brew = instance.get("/task-types/brew")
    assert (brew["title"], brew["handler"], brew["processing_time"]) == (NASTY, "sleep", 4)

    page.locator("tr[data-name=brew]").get_by_role("button", name="Pause").click()
    page.get_by_text("brew is paused").first.wait_for()
    assert instance.get("/task-types/brew")["paused"] is True
    page.get_by_role("link", name="brew", exact=True).click()
    page.get_by_role("button", name="Delete").click()
    page.locator("#confirm").get_by_role("button", name="Delete").click()
    page.get_by_text("brew is deleted.").wait_for()

    page.get_by_role("link", name="Audit").click()
    page.get_by_text("delete_task_type").wait_for()
    # A time has its title once the page's modules run, keys included.
    page.locator("time[title]").first.wait_for()
    page.keyboard.press("?")
    page.locator("#keys[open]").get_by_role("button", name="Close").click()
    page.keyboard.press("g")
    page.keyboard.press("w")
    page.wait_for_url("**/admin/workers/")
    page.get_by_text("python -m waybill_worker").wait_for()

    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/admin/login/")
    page.goto(f"{instance.url}/admin/")
    assert "/admin/login/?next=" in page.url
    refused = "Failed to load resource: the server responded with a status of 422"
    assert [error for error in visit.errors if refused not in error] == []
    assert visit.elsewhere == []


def test_a_person_changes_the_first_password_and_other_browsers_are_logged_out(
    visit: Visit, browser: "Browser", instance: Instance
) -> None:
    page = visit.page
    visit.log_in()
    page.wait_for_url(f"{instance.url}/admin/")
    with browser.new_context(locale="en-GB") as context:
        other = Visit(context.new_page(), instance.url)
        other.log_in()
        other.page.wait_for_url(f"{instance.url}/admin/")
        page.get_by_role("link", name="Give it another one").click()
        page.get_by_label("Old password").fill(FIRST)
        page.get_by_label("New password", exact=False).first.fill("correct horse")
        page.get_by_label("New password again").fill("correct house")
        page.get_by_role("button", name="Save").click()
        page.get_by_text("This is not what stands above.").wait_for()
        page.get_by_label("Old password").fill(FIRST)
        page.get_by_label("New password", exact=False).first.fill("correct horse")
        page.get_by_label("New password again").fill("correct horse")
        page.get_by_role("button", name="Save").click()
        page.get_by_text("Your password is changed.").wait_for()
        assert page.get_by_text("still has its first password").count() == 0
        other.page.goto(f"{instance.url}/admin/audit/")
        assert "/admin/login/?next=" in other.page.url
    page.get_by_role("link", name="Audit").click()
    page.get_by_text("change_password").first.wait_for()
    refused = "Failed to load resource: the server responded with a status of 422"
    assert [error for error in visit.errors if refused not in error] == []
    assert visit.elsewhere == []


def test_a_type_in_use_is_not_deleted_and_says_why(visit: Visit, instance: Instance) -> None:
    task_id = instance.create(5)
    visit.log_in("/admin/tasks/tasktype/sleep/")
    visit.page.wait_for_url("**/admin/tasks/tasktype/sleep/")
    visit.page.get_by_role("button", name="Delete").click()
    visit.page.locator("#confirm").get_by_role("button", name="Delete").click()
    visit.page.get_by_text("Tasks of this type exist").wait_for()

    visit.page.get_by_label("Language").select_option("ru")
    visit.page.locator("html[lang=ru][data-ready]").wait_for()
    refused = """id => import("/admin/static/api.js").then(({ api }) => api("POST", `/tasks/${id}/retry`))
        .catch((problem) => problem.message)"""
    assert visit.page.evaluate(refused, task_id) == "Задача ещё не окончена."
    visit.page.get_by_label("Попытки").fill("0")
    visit.page.get_by_role("button", name="Сохранить").click()
    visit.page.get_by_text("Не меньше 1.").wait_for()


def test_a_wrong_password_and_another_site_lead_nowhere(visit: Visit, instance: Instance) -> None:
    visit.log_in(password="wrong password")
    visit.page.get_by_text("Name or password is wrong.").wait_for()
    visit.log_in("//evil.example/")
    visit.page.wait_for_url(f"{instance.url}/admin/")
    assert visit.elsewhere == []


def test_a_link_on_another_site_leads_to_its_page_before_and_after_a_login(visit: Visit, instance: Instance) -> None:
    page = visit.page
    linked = f"{instance.url}/admin/tasks/task/{instance.create(5)}/"
    link = f"<a href='{linked}'>the task</a>"
    page.route("http://chat.example/**", lambda route: route.fulfill(body=link, content_type="text/html"))
    page.goto("http://chat.example/")
    page.get_by_text("the task").click()
    page.get_by_label("Name").fill("user")
    page.get_by_label("Password").fill(FIRST)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(linked)
    strict = {cookie["name"]: cookie["sameSite"] for cookie in page.context.cookies(instance.url)}
    assert {strict[name] for name in strict if not name.endswith(("language", "theme"))} == {"Strict"}
    page.goto("http://chat.example/")
    page.get_by_text("the task").click()
    page.wait_for_url(linked)
    page.locator("#task").wait_for()
    page.go_back()
    assert page.url == "http://chat.example/", "the page in between is not in the way"


def test_who_is_logged_in_may_try_the_documented_calls(visit: Visit, instance: Instance) -> None:
    visit.log_in()
    page = visit.page
    page.wait_for_url(f"{instance.url}/admin/")
    page.goto(f"{instance.url}/api/docs#/default/tasks_api_pause_task_type")
    call = page.locator("#operations-default-tasks_api_pause_task_type.is-open")
    call.get_by_role("button", name="Try it out").click()
    call.get_by_placeholder("name").fill("sleep")
    call.get_by_role("button", name="Execute").click()
    wait_until(lambda: instance.get("/task-types/sleep")["paused"], "a paused type")
    assert (visit.errors, visit.elsewhere) == ([], [])


def test_workers_come_to_the_page_by_themselves(visit: Visit, instance: Instance) -> None:
    visit.log_in("/admin/workers/")
    instance.start_worker()
    page = visit.page
    page.get_by_text("alive").wait_for()
    assert page.get_by_text("0 of 600").count() == 1
    assert (visit.errors, visit.elsewhere) == ([], [])

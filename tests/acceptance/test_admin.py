"""The web interface in a real browser: in, around, and out again."""

import re
from collections.abc import Callable, Iterator
from itertools import product
from typing import Literal

import pytest

from tests.acceptance.browser import Visit, chromium
from tests.acceptance.instance import Instance, wait_until

LOGIN = "/admin/login/?next=/admin/"
"""The link that the assignment gives."""
FIRST = "password"
PAGES = (
    "/admin/",
    "/admin/tasks/task/",
    "/admin/tasks/task/add/",
    "/admin/tasks/task/?q=statu:error",
    "/admin/tasks/tasktype/",
    "/admin/tasks/tasktype/add/",
    "/admin/tasks/tasktype/order/",
    "/admin/tasks/tasktype/delivery/",
    "/admin/failures/",
    "/admin/failures/?type=delivery",
    "/admin/workers/",
    "/admin/audit/",
    "/admin/accounts/",
    "/admin/password/",
    "/admin/nope/",
)
WIDTHS = (360, 1366)
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
BACKGROUND = "getComputedStyle(document.body).backgroundColor"
NASTY = "<img src=/nowhere onerror=alert(1)><script>alert(1)</script>"


@pytest.fixture
def visit(instance: Instance) -> Iterator[Visit]:
    """Return a visit to an API that has just started on an empty database."""
    with chromium() as browser:
        instance.start_api()
        with browser.new_context(locale="en-GB", color_scheme="light") as context:
            yield Visit(context.new_page(), instance.url)


def log_in(visit: Visit, path: str = LOGIN, password: str = FIRST) -> None:
    visit.open(path)
    visit.page.get_by_label("Name").fill("user")
    visit.page.get_by_label("Password").fill(password)
    visit.page.get_by_role("button", name="Log in").click()


def test_a_person_logs_in_chooses_makes_a_type_and_logs_out(visit: Visit, instance: Instance) -> None:
    page = visit.page
    log_in(visit)
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
    page.get_by_text("brew is created.").wait_for()
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
    page.get_by_text("python -m services.worker").wait_for()

    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/admin/login/")
    page.goto(f"{instance.url}/admin/")
    assert "/admin/login/?next=" in page.url
    refused = "Failed to load resource: the server responded with a status of 422"
    assert [error for error in visit.errors if refused not in error] == []
    assert visit.elsewhere == []


def test_a_person_changes_the_first_password_and_other_browsers_are_logged_out(
    visit: Visit, instance: Instance
) -> None:
    page = visit.page
    log_in(visit)
    page.wait_for_url(f"{instance.url}/admin/")
    browser = page.context.browser
    assert browser
    with browser.new_context(locale="en-GB") as context:
        other = Visit(context.new_page(), instance.url)
        log_in(other)
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
    log_in(visit, "/admin/login/?next=/admin/tasks/tasktype/sleep/")
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
    log_in(visit, password="wrong password")
    visit.page.get_by_text("Name or password is wrong.").wait_for()
    log_in(visit, "/admin/login/?next=//evil.example/")
    visit.page.wait_for_url(f"{instance.url}/admin/")
    assert visit.elsewhere == []


def test_who_is_logged_in_may_try_the_documented_calls(visit: Visit, instance: Instance) -> None:
    log_in(visit)
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
    log_in(visit, "/admin/login/?next=/admin/workers/")
    instance.start_worker()
    page = visit.page
    page.get_by_text("alive").wait_for()
    assert page.get_by_text("0 of 600").count() == 1
    assert (visit.errors, visit.elsewhere) == ([], [])


def test_an_account_is_made_at_the_command_line_with_and_without_an_api(instance: Instance) -> None:
    made = instance.manage("createuser", "ada", "--role", "admin", standard_input="correct horse battery\n")
    assert (made.returncode, made.stderr) == (0, "")
    instance.start_api()
    again = instance.manage("createuser", "ada", standard_input="correct horse battery\n")
    assert again.returncode == 1
    assert len(again.stderr.splitlines()) == 1, again.stderr
    made = instance.manage("createuser", "bob", standard_input="correct horse battery\n")
    assert (made.returncode, made.stderr) == (0, "")
    listed = instance.session.get(f"{instance.url}/accounts", headers=instance.admin(), timeout=30).json()
    assert [(one["name"], one["role"]) for one in listed] == [("ada", "admin"), ("bob", "operator")]
    for name, password in (("carol", "short\n"), ("Carol!", "correct horse battery\n"), ("carol", "")):
        refused = instance.manage("createuser", name, standard_input=password)
        assert refused.returncode == 2
        assert len(refused.stderr.splitlines()) == 1, refused.stderr


def test_off_loopback_it_does_not_start_while_everybody_knows_the_password(install: Callable[..., Instance]) -> None:
    instance = install()
    first = instance.start_api()
    assert first.stop() == 0
    assert re.search(r"log in at http://.*/admin/ as user with the password password", first.read())
    open_to_all = {"host": "0.0.0.0", "allow_anonymous_off_loopback": "1"}  # noqa: S104
    refused = instance.start("refused", "python", "-m", "services.api", **open_to_all)
    assert refused.ended() == 2
    (line,) = refused.read().splitlines()
    assert "WAYBILL_ALLOW_DEMO_LOGIN=1" in line
    instance.start_api(**open_to_all, allow_demo_login="1")


def test_off_loopback_a_fresh_database_gets_no_login(install: Callable[..., Instance]) -> None:
    instance = install(host="0.0.0.0", allow_anonymous_off_loopback="1")  # noqa: S104
    instance.start_api()
    assert instance.session.get(f"{instance.url}/accounts", headers=instance.admin(), timeout=30).json() == []
    loaded = instance.manage("loaddata", "initial")
    assert loaded.returncode == 0, loaded.stderr
    assert "left out user" in loaded.stdout
    assert instance.session.get(f"{instance.url}/accounts", headers=instance.admin(), timeout=30).json() == []


def test_no_page_shuts_anybody_out(instance: Instance) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    checker = axe.Axe()
    instance.start_api()
    instance.post("/task-types", {"name": "order", "stages": ["fetch", "pack"]}).raise_for_status()
    instance.post("/task-types", {"name": "parcel", "handler": None}).raise_for_status()
    task_id = instance.post("/tasks", {"name": "a task", "type": "order", "input": {"list": [1]}}).json()["task_id"]
    instance.fail("parcel", "cannot open " + "a/very/long/path/" * 20)
    # The checker is a script that is put into the page, which the page's own policy forbids.
    with chromium() as browser, browser.new_context(bypass_csp=True, reduced_motion="reduce") as context:
        visit = Visit(context.new_page(), instance.url)
        page = visit.page
        for path in (LOGIN, *PAGES, f"/admin/tasks/task/{task_id}/"):
            if path == PAGES[0]:
                log_in(visit)
                page.wait_for_url(f"{instance.url}/admin/")
            # Loaded once, narrow, and then looked at in every way, since loading is most of the work.
            page.set_viewport_size({"width": WIDTHS[0], "height": 900})
            visit.open(path)
            page.locator("#content").wait_for()
            page.evaluate(checker.axe_script)
            backgrounds = set()
            for width, theme in product(WIDTHS, THEMES):
                page.set_viewport_size({"width": width, "height": 900})
                page.emulate_media(color_scheme=theme)
                found = axe.AxeResults(page.evaluate("axe.run({ resultTypes: ['violations'] })"))
                seen = f"{path}, {theme}, at {width}"
                assert found.response["passes"], seen
                assert found.violations_count == 0, f"{seen}: {found.generate_report()}"
                overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
                assert overflow <= 0, f"{seen} is too wide"
                backgrounds.add(page.evaluate(BACKGROUND))
            assert len(backgrounds) == len(THEMES), path

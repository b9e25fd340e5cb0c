"""A day with the web interface: one service and one browser, several people, and somebody who means harm."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import pytest
import requests

from tests.acceptance.browser import Visit
from tests.acceptance.instance import Instance, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("journey")]

LIST = "/admin/tasks/task/"
TYPES = "/admin/tasks/tasktype/"
UNLUCKY = 13
MANY = 60
"""More than the list shows at once."""
SLOW = 60_000
"""Milliseconds that a step may take on a busy machine."""
HARM = '<img src=x onerror="window.harmed=1"></script><script>window.harmed=1</script>\'"><svg onload=window.harmed=1>'


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """One API and one worker for all of this."""
    instance = Instance(tmp_path_factory.mktemp("journey") / "instance")
    try:
        instance.start_api()
        instance.start_worker()
        yield instance
    finally:
        instance.close()


@contextmanager
def visiting(browser: "Browser", service: Instance) -> Iterator[Visit]:
    """Log in, in a context of its own, as another person at another machine would."""
    with browser.new_context(locale="en-GB", color_scheme="light") as context:
        visit = Visit(context.new_page(), service.url)
        visit.page.set_default_timeout(SLOW)
        visit.log_in()
        visit.page.wait_for_url(f"{service.url}/admin/")
        yield visit


def errors_of(visit: Visit, *expected: str) -> list[str]:
    """Return what went wrong, but for streams that end with their page, and what was done on purpose."""
    known = re.compile("|".join((r"failed: \S+/events\S* net::ERR_ABORTED", *expected)))
    return [error for error in visit.errors if not known.search(error)]


def create(page: "Page", name: str, kind: str, seconds: int | None = None) -> str:
    """Fill in the form of a task, and return the id of the task whose page follows."""
    page.locator("[name=name]").fill(name)
    page.locator("[name=type]").select_option(kind)
    if seconds is not None:
        page.get_by_label("Processing time, s").fill(str(seconds))
    page.get_by_role("button", name="Create").click()
    page.get_by_text(f"{name} is created.").wait_for()
    return page.locator("#task-id").inner_text()


def test_a_day_from_login_to_logout(browser: "Browser", service: Instance) -> None:
    with visiting(browser, service) as one, visiting(browser, service) as other, visiting(browser, service) as cut_off:
        cut_off.page.route("**/events*", lambda route: route.abort())
        page = one.page
        one.open(f"{LIST}add/")
        unlucky = create(page, "Unlucky", "sleep", UNLUCKY)

        one.open(TYPES)
        page.get_by_role("link", name="New task type").click()
        page.get_by_label("Name").fill("brew")
        page.get_by_label("Processing time, s").fill("2")
        page.get_by_role("button", name="Create").click()
        page.get_by_text("brew is created.").wait_for()
        page.locator("tr[data-name=brew]").get_by_role("button", name="Pause").click()
        page.get_by_text("brew is paused").first.wait_for()

        one.open(f"{LIST}add/")
        brewing = create(page, "A pot of tea", "brew")
        page.locator("#status", has_text="NEW").wait_for()
        loaded = page.evaluate("performance.timeOrigin")
        row = f"tr[data-id='{brewing}']"
        other.open(LIST)
        other.page.locator(f"{row} .status-new").wait_for()
        cut_off.open(LIST)
        cut_off.page.locator(f"{row} .status-new").wait_for()

        service.post("/task-types/brew/resume", {}).raise_for_status()
        for status in ("PROCESSING", "COMPLETED"):
            page.locator("#status", has_text=status).wait_for()
        assert page.evaluate("performance.timeOrigin") == loaded
        for watcher in (other, cut_off):
            watcher.page.locator(f"{row} .status-completed").wait_for()

        service.create_many(MANY, 600)
        one.open(f"{LIST}?q=status:new,processing type:sleep")
        with page.expect_download() as begun:
            page.get_by_role("link", name="NDJSON").click()
        lines = begun.value.path().read_text("utf-8").splitlines()
        assert len([json.loads(line)["task_id"] for line in lines]) >= MANY

        one.open(f"{LIST}{unlucky}/")
        page.locator("#status", has_text="ERROR").wait_for()
        page.get_by_text("a task of 13 seconds always fails").first.wait_for()

        one.open(f"{LIST}?q=status:new,processing type:sleep")
        page.get_by_label("Select all on this page").check()
        page.get_by_role("button", name="Select all that match").click()
        page.locator("#bulk").get_by_role("button", name="Cancel").click()
        page.get_by_text(f"Cancel {MANY} tasks?").wait_for()
        page.locator("#confirm").get_by_role("button", name="Cancel them").click()
        page.get_by_text(f"Done for {MANY} tasks").wait_for()
        assert service.get("/tasks", type="sleep", status="2") == []

        page.get_by_role("button", name="Log out").click()
        page.wait_for_url("**/admin/login/")
        one.open(LIST)
        assert "/admin/login/?next=" in page.url
        assert (errors_of(one), one.elsewhere) == ([], [])
        assert (errors_of(other), other.elsewhere) == ([], [])
        assert (errors_of(cut_off, r"/events\S* net::ERR_FAILED", "Failed to load resource"), cut_off.elsewhere) == (
            [],
            [],
        )


def plant(service: Instance) -> list[str]:
    """Put markup into every field that somebody outside may fill, and return the pages of the tasks that have it."""
    headers = {"Authorization": f"Bearer {(service.data / 'worker.token').read_text().strip()}"}
    short = HARM[:64]
    service.post("/task-types", {"name": "harm", "title": HARM, "handler": None}).raise_for_status()
    made = []
    for number, error in enumerate((None, {"code": "failed", "message": HARM})):
        draft = {
            "name": HARM,
            "type": "harm",
            "external_key": f"{number}{HARM}",
            "input": {HARM: HARM},
            "metadata": {HARM: HARM},
        }
        made.append(service.post("/tasks", draft).json()["task_id"])
        report = {
            "task_id": made[-1],
            "source": short,
            "seq": 1,
            "status": 2,
            "stage": short,
            "metadata": {HARM: [HARM]},
        }
        final = {"task_id": made[-1], "source": short, "seq": 2, "status": 4, "error": error, HARM: HARM}
        reports = [report, final] if error else [report]
        answer = requests.post(f"{service.url}/reports", json={"reports": reports}, headers=headers, timeout=30)
        assert {one["outcome"] for one in answer.json()["outcomes"]} == {"applied"}, answer.text
    beat = {"runs": [], "routes": ["sleep"], "slots": 1, "host": HARM, "pid": 1, "version": HARM}
    requests.post(f"{service.url}/workers/w-harm/heartbeat", json=beat, headers=headers, timeout=30).raise_for_status()
    return [f"{LIST}{task_id}/" for task_id in made]


def test_markup_from_outside_is_text_on_every_page(browser: "Browser", service: Instance) -> None:
    with visiting(browser, service) as visit:
        page = visit.page
        dialogs: list[str] = []

        def dismiss(dialog: "Dialog") -> None:
            dialogs.append(dialog.message)
            dialog.dismiss()

        page.on("dialog", dismiss)
        tasks = plant(service)
        wait_until(lambda: service.get("/failures", type="harm"), "the group of failures")
        searched = "?" + urlencode({"q": HARM})
        pages = {
            LIST: 2,
            f"{LIST}{searched}": 0,
            f"{LIST}?q=type:harm": 3,
            f"{LIST}add/?like={tasks[0].split('/')[-2]}": 1,
            tasks[0]: 4,
            tasks[1]: 5,
            TYPES: 1,
            f"{TYPES}harm/": 0,
            "/admin/failures/": 1,
            "/admin/workers/": 1,
            "/admin/audit/": 0,
            "/admin/accounts/": 0,
            f"/admin/{quote(HARM)}/": 0,
            "/admin/": 1,
        }
        for path, shown in pages.items():
            visit.open(path)
            page.locator("html[data-ready]").wait_for()
            # A picture that is planted fails to load a little later, and so does what modules ask for.
            page.wait_for_timeout(200)
            page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
            text = page.locator("body").inner_text()
            assert text.count("onerror") >= shown, f"{path} does not show what it should"
            assert page.evaluate("window.harmed") is None, path
            assert page.locator("img, svg[onload], [onerror]").count() == 0, path
        assert dialogs == []
        assert (errors_of(visit, "status of 404"), visit.elsewhere) == ([], [])

"""Every page in a real browser, in both themes, narrow and wide: nobody is shut out."""

from itertools import product
from typing import TYPE_CHECKING, Literal

import pytest

from tests.acceptance.browser import Visit
from tests.acceptance.instance import Instance
from tests.needs import require_browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PAGES = (
    "/admin/",
    "/admin/tasks/task/",
    "/admin/tasks/task/add/",
    "/admin/tasks/task/?q=statu:error",
    "/admin/tasks/tasktype/",
    "/admin/tasks/tasktype/-/add/",
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


@pytest.mark.slow
def test_no_page_shuts_anybody_out(browser: "Browser", instance: Instance) -> None:
    require_browser("axe_playwright_python")
    # Imported here, so that the file is collected without it too.
    from axe_playwright_python.sync_playwright import Axe, AxeResults  # noqa: PLC0415

    checker = Axe()
    instance.start_api()
    instance.post("/task-types", {"name": "order", "stages": ["fetch", "pack"]}).raise_for_status()
    instance.post("/task-types", {"name": "parcel", "handler": None}).raise_for_status()
    task_id = instance.post("/tasks", {"name": "a task", "type": "order", "input": {"list": [1]}}).json()["task_id"]
    instance.fail("parcel", "cannot open " + "a/very/long/path/" * 20)
    # The checker is a script that is put into the page, which the page's own policy forbids.
    with browser.new_context(bypass_csp=True, reduced_motion="reduce") as context:
        visit = Visit(context.new_page(), instance.url)
        page = visit.page
        for path in ("/admin/login/", *PAGES, f"/admin/tasks/task/{task_id}/"):
            if path == PAGES[0]:
                visit.log_in()
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
                found = AxeResults(page.evaluate("axe.run({ resultTypes: ['violations'] })"))
                seen = f"{path}, {theme}, at {width}"
                assert found.response["passes"], seen
                assert found.violations_count == 0, f"{seen}: {found.generate_report()}"
                overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
                assert overflow <= 0, f"{seen} is too wide"
                backgrounds.add(page.evaluate(BACKGROUND))
            assert len(backgrounds) == len(THEMES), path

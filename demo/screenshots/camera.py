"""Photographs pages with the machine's own Chromium."""

import contextlib
import importlib.util
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from demo.screenshots.cast import PASSWORD, PEOPLE
from demo.screenshots.hour import NOW, SECOND
from demo.screenshots.serving import Scene
from throwaway.program import CannotGoOn

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page, StorageState

PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""Names of the browser's program; the first is the engine without windows, which needs half the time."""

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")
WIDTHS = {360: 740, 1280: 800, 1920: 1080}
"""Width and height of the photographed windows."""

SETTLE = 400
"""Milliseconds for a page to draw what its modules fetch."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A page to be photographed; `pose` does something on it first."""

    name: str
    path: str
    pose: Callable[["Page"], Awaitable[None]] | None = None
    is_before_login: bool = False


def shots(scene: Scene) -> Sequence[Shot]:
    """Return the shots in their order."""
    task = "/admin/tasks/task/"
    return (
        Shot("overview", "/admin/"),
        Shot("tasks", task),
        Shot("tasks-selected", f"{task}?q=status:error%20type:newsletter", _select_all),
        Shot("tasks-mistaken", f"{task}?q=statu:error"),
        Shot("task-add", f"{task}add/"),
        Shot("task-running", f"{task}{scene.running}/"),
        Shot("task-completed", f"{task}{scene.completed}/"),
        Shot("task-error", f"{task}{scene.failed}/"),
        Shot("types", "/admin/tasks/tasktype/"),
        Shot("type", "/admin/tasks/tasktype/import-orders/"),
        Shot("type-pipeline", "/admin/tasks/tasktype/application/"),
        Shot("type-tracked", "/admin/tasks/tasktype/delivery/"),
        Shot("type-add", "/admin/tasks/tasktype/-/add/"),
        Shot("failures", "/admin/failures/"),
        Shot("workers", "/admin/workers/"),
        Shot("audit", "/admin/audit/"),
        Shot("accounts", "/admin/accounts/"),
        Shot("password", "/admin/password/"),
        Shot("nowhere", "/admin/nope/"),
        Shot("docs", "/api/docs"),
        # The last one, because it clears the session's cookies.
        Shot("login", "/admin/login/?next=/admin/", is_before_login=True),
    )


async def photograph(
    scene: Scene, into: Path, themes: Sequence[Theme], widths: Sequence[int], only: Sequence[str], *, is_whole: bool
) -> list[Path]:
    """Take a picture of each page, in each theme and width: of the whole page, or of what a window shows."""
    taken: list[Path] = []
    async with _chromium() as browser:
        session = await _log_in(browser, scene)
        for theme in themes:
            for width in widths:
                async for path in _round(browser, session, scene, into, theme, width, only, is_whole):
                    taken.append(path)
    return taken


async def _round(
    browser: "Browser",
    session: "StorageState",
    scene: Scene,
    into: Path,
    theme: Theme,
    width: int,
    only: Sequence[str],
    is_whole: bool,
) -> AsyncIterator[Path]:
    context = await browser.new_context(
        storage_state=session,
        viewport={"width": width, "height": WIDTHS[width]},
        color_scheme=theme,
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="UTC",
    )
    page = await context.new_page()
    await page.clock.set_fixed_time(datetime.fromtimestamp(NOW / SECOND, UTC))

    async def take(shot: Shot) -> Path:
        await page.goto(scene.url + shot.path)
        await page.wait_for_timeout(SETTLE)
        if shot.pose:
            await shot.pose(page)
        path = into / f"{shot.name}-{theme}-{width}.png"
        if is_whole:
            # A window as high as the page, so that what sticks to an edge of the window is in its usual place.
            height = await page.evaluate("document.documentElement.scrollHeight")
            await page.set_viewport_size({"width": width, "height": max(height, WIDTHS[width])})
        await page.screenshot(path=path, caret="hide")
        await page.set_viewport_size({"width": width, "height": WIDTHS[width]})
        return path

    for shot in shots(scene):
        if only and shot.name not in only:
            continue
        if shot.is_before_login:
            await context.clear_cookies()
        yield await take(shot)
    await context.close()


async def _log_in(browser: "Browser", scene: Scene) -> "StorageState":
    """Log in once, so that the audit log is not full of logins; return the session."""
    async with await browser.new_context() as context:
        page = await context.new_page()
        await page.goto(f"{scene.url}/admin/login/?next=/admin/")
        await page.get_by_label("Name").fill(PEOPLE[0][0])
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Log in").click()
        await page.wait_for_url("**/admin/")
        return await context.storage_state()


async def _select_all(page: "Page") -> None:
    await page.get_by_label("Select all on this page").check()


@contextlib.asynccontextmanager
async def _chromium() -> AsyncIterator["Browser"]:
    if importlib.util.find_spec("playwright") is None:
        raise CannotGoOn("Playwright is not installed: pip install -e '.[browser]'")
    playwright = importlib.import_module("playwright.async_api")
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        raise CannotGoOn("no Chromium on this machine: apt-get install chromium-headless-shell")
    async with playwright.async_playwright() as driver:
        # The sandbox does not run as a container's root; the browser only opens the pages of this server.
        browser = await driver.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"]
        )
        try:
            yield browser
        finally:
            await browser.close()

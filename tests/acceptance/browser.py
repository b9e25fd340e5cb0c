"""A real browser: Chromium as the machine has it, driven by Playwright, and everything a page does written down."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.needs import require_browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page, Request

FIRST = "password"
"""The password that an empty installation gives."""

PATIENCE = 30_000
"""Milliseconds for a step of a page; long enough for a busy machine, since no test is about speed."""


@contextmanager
def chromium() -> Iterator["Browser"]:
    """Start a browser; skip the test where there is none."""
    program = require_browser()
    # Imported here, so that tests without a browser are collected without Playwright too.
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    with sync_playwright() as driver:
        # Its sandbox needs a user of its own, which a container's root has not; it only ever sees this server's pages.
        browser = driver.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"]
        )
        yield browser
        browser.close()


class Visit:
    """One visit to a server: its page, and what went wrong or left the server on the way."""

    def __init__(self, page: "Page", url: str) -> None:
        """Watch the page; `url` is the server's, without a path."""
        self.page = page
        self.url = url
        self.errors: list[str] = []
        """Errors and warnings on the console, exceptions, requests without an answer."""
        self.elsewhere: list[str] = []
        """Addresses on other hosts that the page has asked for."""
        page.set_default_timeout(PATIENCE)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.errors.append(f"exception: {error}"))
        page.on("requestfailed", self._failed)
        page.on("request", self._request)

    def open(self, path: str) -> None:
        """Go to a path of the server."""
        self.page.goto(self.url + path)

    def log_in(self, path: str = "/admin/", password: str = FIRST) -> None:
        """Try to log in by the page that leads to a path; without one, by the link that the assignment gives."""
        self.open(f"/admin/login/?next={path}")
        self.page.get_by_label("Name").fill("user")
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Log in").click()

    def _console(self, message: "ConsoleMessage") -> None:
        if message.type in {"error", "warning"}:
            self.errors.append(f"{message.type}: {message.text}")

    def _failed(self, request: "Request") -> None:
        # What a page still loads when it is left is aborted, which is nobody's error.
        if request.failure != "net::ERR_ABORTED":
            self.errors.append(f"failed: {request.url} {request.failure}")

    def _request(self, request: "Request") -> None:
        if urlsplit(request.url).scheme not in {"data", "blob"} and not request.url.startswith(self.url + "/"):
            self.elsewhere.append(request.url)

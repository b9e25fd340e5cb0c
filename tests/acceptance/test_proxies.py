"""Through nginx and Caddy, by TLS and below a path, everything is as without them, and every client has its address."""

import json
import re
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
import requests
from requests.adapters import HTTPAdapter

from tests.acceptance.browser import FIRST, Visit
from tests.acceptance.instance import Instance
from tests.acceptance.reverse_proxy import (
    NAME,
    PATH,
    ReverseProxy,
    make_certificate,
    start_caddy,
    start_nginx,
)
from waybill.client.client import Client

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("proxies")]

BATCH = 8 * 1024 * 1024
"""The largest body of a batch, in bytes."""

WAIT = 60
"""The longest time of a long poll, in seconds."""


class _From(HTTPAdapter):
    """Connects from an address of this machine."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **more: Any) -> None:
        super().init_poolmanager(*arguments, **more, source_address=(self._address, 0))


@dataclass
class Site:
    """An API and a worker at a socket, and two proxies before them."""

    instance: Instance
    certificate: Path
    proxies: list[ReverseProxy]

    def session(self, address: str = "127.0.0.1") -> requests.Session:
        """Return a session of a client with this address."""
        session = requests.Session()
        session.trust_env = False
        session.verify = str(self.certificate)
        session.mount("https://", _From(address))
        return session

    def log_in(self, proxy: ReverseProxy, address: str, password: str) -> requests.Response:
        """Send the form of the login from an address; what it forges does not count."""
        with self.session(address) as session:
            forged = {"X-Forwarded-For": "203.0.113.99", "Forwarded": "for=203.0.113.99;proto=http"}
            form = session.get(f"{proxy.url}/admin/login/", headers=forged, timeout=30)
            token = re.search(r'name="_xsrf" value="([0-9a-f]{64})"', form.text)
            assert token, form.text
            fields = {"_xsrf": token[1], "next": "/admin/", "username": "user", "password": password}
            body, headers = urlencode(fields), forged | {"Content-Type": "application/x-www-form-urlencoded"}
            url = f"{proxy.url}/admin/login/"
            return session.post(url, data=body, headers=headers, allow_redirects=False, timeout=60)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One API, one worker and both proxies for all of this."""
    # The path of a socket must not be long.
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        certificate = make_certificate(folder)
        socket = folder / "api.sock"
        instance = Instance(
            tmp_path_factory.mktemp("proxies") / "instance",
            host=f"unix:{socket}",
            root_path=PATH,
            trusted_proxies="unix",
            allowed_hosts=NAME,
            allow_demo_login="1",
        )
        try:
            proxies = [start_nginx(instance, folder, socket), start_caddy(instance, folder, socket)]
            instance.url = proxies[0].url
            instance.session.verify = str(certificate)
            instance.start_api()
            instance.start_worker()
            yield Site(instance, certificate, proxies)
        finally:
            instance.close()


def test_a_batch_a_long_poll_and_a_stream_come_through(site: Site) -> None:
    session, admin = site.session(), site.instance.admin()
    session.post(f"{site.proxies[0].url}/task-types", json={"name": "outside"}, headers=admin, timeout=30)

    def through(proxy: ReverseProxy) -> None:
        url = proxy.url
        for path in ("", "/"):
            assert session.get(f"{url}{path}", timeout=30).url.startswith(f"{url}/admin/login/?next=%2Fadmin%2F")
        answer = session.post(f"{url}/tasks", json={"name": "a", "type": "outside"}, timeout=30)
        task_id = answer.json()["task_id"]
        assert answer.headers["Location"] == f"{PATH}/tasks/{task_id}"
        assert "Strict-Transport-Security" in answer.headers
        follow = {"Accept": "text/event-stream"}
        with session.get(f"{url}/tasks/{task_id}/events", headers=follow, stream=True, timeout=40) as stream:
            lines = stream.iter_lines(chunk_size=1, decode_unicode=True)
            kinds = (json.loads(line[6:])["kind"] for line in lines if line.startswith("data: "))
            assert next(kinds) == "create"

            with Client(url, verify=str(site.certificate), proxies={}) as client:
                batch = [{"name": "b", "type": "outside", "input": "x" * 8_000} for _ in range(1_000)]
                assert BATCH - 400_000 < len(json.dumps({"tasks": batch})) < BATCH
                client.create_tasks(batch)
                named = [task["name"] for task in client.list_tasks(type="outside", limit=600)]
                assert named.count("b") >= 1_000
            if proxy.name == "nginx":
                # Caddy passes on the refusal before it has read the body, which `requests` does not expect.
                large = session.post(f"{url}/tasks/batch", json={"tasks": "x" * BATCH}, timeout=60)
                assert (large.status_code, large.headers["Content-Type"]) == (413, "application/problem+json")

            waited = session.get(f"{url}/tasks/{task_id}", params={"wait": WAIT}, timeout=WAIT + 30)
            assert (waited.status_code, waited.json()["status_name"]) == (200, "NEW")
            report = {"status": 3, "source": "me"}
            session.patch(f"{url}/tasks/{task_id}", json=report, headers=admin, timeout=30).raise_for_status()
            assert next(kinds) != "create"

    with ThreadPoolExecutor() as pool:
        list(pool.map(through, site.proxies))


def test_a_person_works_from_login_to_logout(browser: "Browser", site: Site) -> None:
    proxy = site.proxies[0]
    with browser.new_context(locale="en-GB", ignore_https_errors=True) as context:
        page = context.new_page()
        visit = Visit(page, proxy.named_url)
        visit.log_in("/admin/tasks/tasktype/")
        page.wait_for_url(f"{proxy.named_url}/admin/tasks/tasktype/")
        cookies = {cookie["name"]: cookie for cookie in context.cookies() if cookie["name"].startswith("__")}
        assert len(cookies) == 3
        assert {(cookie["path"], cookie["secure"]) for cookie in cookies.values()} == {(PATH, True)}

        page.get_by_label("Language").select_option("ru")
        page.locator("html[lang=ru][data-ready]").wait_for()
        page.get_by_label("Язык").select_option("en")
        page.locator("html[lang=en][data-ready]").wait_for()
        page.locator("tr[data-name=sleep]").get_by_role("button", name="Pause").click()
        page.get_by_text("sleep is paused").first.wait_for()

        for name in ("Overview", "Failures", "Workers", "Audit", "Accounts", "Tasks"):
            page.locator(".nav").get_by_role("link", name=name, exact=True).click()
            page.locator("html[data-ready]").wait_for()
            page.locator(".nav [aria-current]", has_text=name).wait_for()
        page.get_by_role("link", name="New task", exact=True).click()
        page.locator("[name=name]").fill("By proxy")
        page.locator("[name=type]").select_option("sleep")
        page.get_by_label("Processing time, s").fill("1")
        page.get_by_role("button", name="Create").click()
        page.get_by_text("By proxy is created.").wait_for()
        assert f"curl {proxy.named_url}/tasks/" in (page.locator("main").text_content() or "")
        site.instance.post("/task-types/sleep/resume", {}).raise_for_status()
        page.locator("#status", has_text="COMPLETED").wait_for()

        visit.open("/api/docs#/default/tasks_api_list_task_types")
        call = page.locator("#operations-default-tasks_api_list_task_types.is-open")
        call.get_by_role("button", name="Try it out").click()
        call.get_by_role("button", name="Execute").click()
        answer = call.locator(".live-responses-table .response-col_status").last
        assert answer.inner_text().split() == ["200"]

        visit.open("/admin/")
        page.get_by_role("button", name="Log out").click()
        page.wait_for_url("**/admin/login/")
        assert page.get_by_text("will not keep a login").count() == 0
        visit.open("/admin/tasks/task/")
        assert page.url == f"{proxy.named_url}/admin/login/?next=%2Fadmin%2Ftasks%2Ftask%2F"
        aborted = re.compile(r"failed: \S+/events\S* net::ERR_ABORTED")
        assert ([error for error in visit.errors if not aborted.search(error)], visit.elsewhere) == ([], [])


def test_five_bad_logins_from_one_address_lock_nobody_else_out(site: Site) -> None:
    nginx, caddy = site.proxies
    for _ in range(5):
        assert site.log_in(nginx, "127.0.0.2", "wrong").status_code == 401
    assert site.log_in(nginx, "127.0.0.2", FIRST).status_code == 429
    assert site.log_in(caddy, "127.0.0.2", FIRST).status_code == 429, "it is the same address"
    entered = site.log_in(caddy, "127.0.0.3", FIRST)
    assert (entered.status_code, entered.headers["Location"]) == (303, f"{PATH}/admin/")
    assert "; Secure" in entered.headers["Set-Cookie"]
    audit = site.instance.session.get(f"{nginx.url}/audit", headers=site.instance.admin(), timeout=30).json()
    addresses = {deed["address"] for deed in audit if deed["action"] == "log_in"}
    assert {"127.0.0.2", "127.0.0.3"} <= addresses <= {"127.0.0.1", "127.0.0.2", "127.0.0.3"}

"""Below a path everything works as at the root, whether the proxy keeps the path or removes it."""

import json
import re
from html.parser import HTMLParser

import pytest

from tests.integration.admin.people import FORM, PASSWORD, cookies_of, log_in
from tests.integration.following import follow
from tests.integration.talking import ADMIN, Fetch
from waybill.domain.account import Role
from waybill_api.edge.edge import Edge
from waybill_api.edge.mount import Mount
from waybill_api.edge.proxies import Proxies
from waybill_api.identity.access import Access, Scope
from waybill_api.identity.accounts import Accounts
from waybill_api.identity.sessions import Sessions
from waybill_api.store.store import Store

PATH = "/tools/waybill"
PAGES = (
    "/admin/",
    "/admin/tasks/task/",
    "/admin/tasks/task/add/",
    "/admin/tasks/tasktype/",
    "/admin/tasks/tasktype/-/add/",
    "/admin/failures/",
    "/admin/workers/",
    "/admin/audit/",
    "/admin/accounts/",
    "/admin/password/",
    "/admin/nowhere/",
)
TLS = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "waybill.example"}


@pytest.fixture
def edge() -> Edge:
    """A proxy shows the API below a path."""
    return Edge(Proxies(["127.0.0.1"]), Mount(PATH))


@pytest.fixture
def access(store: Store) -> Access:
    """The API answers to another name, too."""
    return Access({Scope.ADMIN: ADMIN}, hosts=["waybill.example"], sessions=Sessions(store))


class Addresses(HTMLParser):
    """Gathers the absolute addresses of a page."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found += [
            value for name, value in attributes if value and re.match(r"/|\d+; url=/", value) and name != "d"
        ]


@pytest.mark.parametrize("before", [PATH, ""], ids=["kept", "removed"])
def test_the_api_is_there_and_says_where(fetch: Fetch, before: str) -> None:
    made = fetch("POST", f"{before}/tasks", {"name": "a", "processing_time": 1})
    assert made.status == 201
    where = made.headers["Location"]
    assert where == f"{PATH}/tasks/{made.json()['task_id']}"
    assert fetch("GET", where).json()["name"] == "a"
    fetch("POST", f"{before}/tasks", {"name": "b", "processing_time": 1})
    link = fetch("GET", f"{before}/tasks?limit=1").headers["Link"]
    following = re.fullmatch(rf'<({PATH}/tasks\?limit=1&cursor=[^>]+)>; rel="next"', link)
    assert following
    assert [task["name"] for task in fetch("GET", following[1]).json()] == ["b"]
    assert fetch("GET", before or "/").headers["Location"] == f"{PATH}/admin/"
    assert fetch("GET", f"{before}/").headers["Location"] == f"{PATH}/admin/"
    assert fetch("GET", f"{before}/admin?next=a").headers["Location"] == f"{PATH}/admin/?next=a"
    assert fetch("GET", f"{before}/api/openapi.json").json()["servers"] == [{"url": PATH}]
    assert fetch("GET", f"{before}/api/docs").status == 200
    assert fetch("GET", f"{before}/api/static/docs/docs.js").status == 200
    assert fetch("GET", f"{before}/healthz").status == 200
    assert fetch("GET", f"{PATH}{PATH}/healthz").status == 404


def test_the_audit_log_names_addresses_without_the_path(fetch: Fetch) -> None:
    fetch("POST", f"{PATH}/task-types", {"name": "made", "handler": "sleep"}, token=ADMIN)
    assert [deed["target"] for deed in fetch("GET", "/audit", token=ADMIN).json()] == ["/task-types/made"]


def test_an_event_stream_comes_through(fetch: Fetch) -> None:
    task_id = fetch.created()

    async def first() -> str:
        async with follow(fetch.port, f"{PATH}/tasks/{task_id}/events") as stream:
            return str((await stream.event())["kind"])

    assert fetch.run(first()) == "create"


@pytest.mark.parametrize("before", [PATH, ""], ids=["kept", "removed"])
def test_people_log_in_and_every_page_leads_below_the_path(fetch: Fetch, accounts: Accounts, before: str) -> None:
    fetch.run(accounts.create("ada", Role.ADMIN, PASSWORD))
    asked = fetch("GET", f"{before}/admin/tasks/task/?q=a")
    assert (asked.status, asked.headers["Location"]) == (
        303,
        f"{PATH}/admin/login/?next=%2Fadmin%2Ftasks%2Ftask%2F%3Fq%3Da",
    )
    for following in ("/admin/failures/", f"{PATH}/admin/failures/"):
        entered = log_in(fetch, "ada", PASSWORD, following)
        assert (entered.status, entered.headers["Location"]) == (303, f"{PATH}/admin/failures/")
    kept = cookies_of(entered)
    assert len(kept) == 3
    assert all(f"Path={PATH};" in f"{cookie};" for cookie in kept.values())
    cookie = "; ".join(f"{name}={value.partition(';')[0]}" for name, value in kept.items())
    task_id = fetch.created()
    for path in (*PAGES, f"/admin/tasks/task/{task_id}/"):
        page = fetch("GET", f"{before}{path}", headers={"Cookie": cookie})
        assert page.status in (200, 404), path
        found = Addresses(page.body).found
        assert len(found) > 10
        assert [one for one in found if not one.startswith(f"{PATH}/")] == [], path
    assert f"/tasks/{task_id}".encode() in page.body
    assert f"curl http://127.0.0.1:{fetch.port}{PATH}/tasks/".encode() in page.body
    token = kept[f"waybill-xsrf-{fetch.port}"].partition(";")[0]
    left = fetch("POST", f"{before}/admin/logout/", body=f"_xsrf={token}".encode(), headers=FORM | {"Cookie": cookie})
    assert (left.status, left.headers["Location"]) == (303, f"{PATH}/admin/login/")
    assert all(f"Path={PATH};" in f"{cookie};" for cookie in cookies_of(left).values())


def test_a_link_of_another_site_is_sent_on_below_the_path(fetch: Fetch) -> None:
    from_elsewhere = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "document"}
    page = fetch("GET", f"{PATH}/admin/login/", headers=from_elsewhere)
    assert f'content="0; url={PATH}/admin/login/?next='.encode() in page.body


def test_cookies_of_a_host_with_tls_are_its_own_and_those_of_its_root_do_not_count(
    fetch: Fetch, accounts: Accounts
) -> None:
    fetch.run(accounts.create("ada", Role.ADMIN, PASSWORD))
    entered = log_in(fetch, "ada", PASSWORD, headers=TLS)
    kept = cookies_of(entered)
    assert {name.rpartition("-")[0] for name in kept} == {"__Secure-waybill"}
    assert all({" Secure", f" Path={PATH}"} <= set(cookie.split(";")) for cookie in kept.values())
    session = kept["__Secure-waybill-session"].partition(";")[0]

    def status(name: str) -> int:
        return fetch("GET", f"{PATH}/admin/", headers=TLS | {"Cookie": f"{name}={session}"}).status

    assert status("__Secure-waybill-session") == 200
    assert status("__Host-waybill-session") == 303
    assert status("elsewhere-waybill-session") == 303


def test_a_user_text_on_a_page_stays_as_it_is(fetch: Fetch, accounts: Accounts) -> None:
    fetch.run(accounts.create("ada", Role.VIEWER, PASSWORD))
    entered = log_in(fetch, "ada", PASSWORD)
    cookie = "; ".join(f"{name}={value.partition(';')[0]}" for name, value in cookies_of(entered).items())
    text = ' href="/x" 0; url=/y'
    task_id = fetch.created(name=text, input=json.dumps({"a": text}))
    page = fetch("GET", f"{PATH}/admin/tasks/task/{task_id}/", headers={"Cookie": cookie})
    assert b"href=&quot;/x&quot; 0; url=/y" in page.body

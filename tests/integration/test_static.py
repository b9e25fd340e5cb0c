"""The pages for people and what they load."""

import re

import pytest

from tests.integration.talking import Fetch


def test_the_documentation_loads_only_what_this_server_has(fetch: Fetch) -> None:
    page = fetch("GET", "/api/docs")
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    text = page.body.decode()
    assert "<script>" not in text
    loaded = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert len(loaded) >= 4
    for address in loaded:
        assert not address.startswith(("/", "http"))
        assert fetch("GET", f"/api/{address}").status == 200


def test_the_start_page_leads_to_the_pages(fetch: Fetch) -> None:
    answer = fetch("GET", "/")
    assert (answer.status, answer.headers["Location"]) == (302, "/admin/")


def test_a_page_may_load_nothing_inline_and_nothing_from_elsewhere(fetch: Fetch) -> None:
    policy = fetch("GET", "/api/docs").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


def test_a_file_that_the_browser_has_is_not_sent_again(fetch: Fetch) -> None:
    first = fetch("GET", "/api/static/swagger-ui/swagger-ui.css")
    etag = first.headers["ETag"]
    for given in (etag, f"W/{etag}", f'"x", "a,b" , {etag}', "*"):
        for method in ("GET", "HEAD"):
            again = fetch(method, "/api/static/swagger-ui/swagger-ui.css", headers={"If-None-Match": given})
            assert (again.status, again.body, again.headers["ETag"]) == (304, b"", etag)


def test_the_tag_decides_and_not_the_date_or_the_range(fetch: Fetch) -> None:
    path = "/api/static/swagger-ui/swagger-ui.css"
    whole = fetch("GET", path)
    for header in (
        {"If-None-Match": '"x"', "If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"},
        {"If-None-Match": "not a tag"},
        {"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"},
        {"Range": "bytes=0-9"},
        {"Range": "bytes=0-9", "If-Range": whole.headers["ETag"]},
    ):
        answer = fetch("GET", path, headers=header)
        assert (answer.status, len(answer.body)) == (200, len(whole.body))


@pytest.mark.parametrize(
    "path",
    ["docs/nothing.js", "swagger-ui/README.md", "docs/..%2f..%2faccess.py", "..%2f/access.py", "%2e%2e/access.py"],
)
def test_only_listed_files_are_served(fetch: Fetch, path: str) -> None:
    assert fetch("GET", f"/api/static/{path}").status == 404

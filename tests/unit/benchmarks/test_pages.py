"""The measure of the pages: it leaves none out, and a line says whether it holds."""

from collections.abc import Iterator

from benchmarks.pages.asking import REQUESTS
from benchmarks.pages.timing import Timing, table
from waybill_api.admin.page import NoPage
from waybill_api.admin.routes import admin_routes
from waybill_api.routes import api_routes

ASKS_NOTHING = {"/admin/login/", "/admin/static/{name}", "/admin", "/admin/login", "/healthz", "/readyz"}
"""What does not ask how many tasks there are."""


def addresses() -> Iterator[str]:
    """Yield what is asked by GET of the API and of its pages."""
    for route in (*api_routes(), *admin_routes()):
        if "GET" in route.calls() and route.handler is not NoPage:
            yield route.path


def test_every_page_and_every_call_is_measured() -> None:
    measured = {request.route or request.path.partition("?")[0] for request in REQUESTS}
    several = {"/accounts/{name}"}
    assert set(addresses()) - ASKS_NOTHING - several <= measured


def test_no_two_lines_have_the_same_name() -> None:
    names = [request.name for request in REQUESTS]
    assert len(set(names)) == len(names)


def test_a_line_holds_where_both_are_fast_enough() -> None:
    fast, slow = tuple(float(number) for number in range(1, 21)), (50.0, 101.0)
    assert Timing("a", fast, fast).holds
    assert not Timing("a", fast, slow).holds
    assert not Timing("a", slow, fast).holds
    head, *lines = table([Timing("a page", fast, slow)]).splitlines()
    assert head.startswith("PAGE OR CALL")
    assert " ".join(lines[0].split()) == "a page 10.5 ms 19.0 ms 75.5 ms 101 ms p95 <= 100 ms misses"

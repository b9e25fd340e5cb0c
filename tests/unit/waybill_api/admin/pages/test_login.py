"""Where a login may lead, and which cookies may travel how."""

import pytest

from waybill_api.admin.pages.login import safe_next
from waybill_api.identity.sessions import cookie_in, is_secure, session_cookie


@pytest.mark.parametrize("path", ["/", "/admin/", "/admin/tasks/task/?q=status:error", "/admin/?next=//evil.example"])
def test_a_path_of_ours_is_kept(path: str) -> None:
    assert safe_next(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "admin/",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "https://evil.example/",
        "https:evil.example",
        "%2f%2fevil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "/\t/evil.example",
        "/\n/evil.example",
        "/admin/\r\nSet-Cookie: a=b",
        "\t//evil.example",
        " //evil.example",
        "/\u2028/evil.example",
        "/" + "a" * 2_000,
    ],
)
def test_whatever_could_lead_elsewhere_leads_to_the_first_page(path: str) -> None:
    assert safe_next(path) == "/admin/"


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000", "[::1]"])
def test_to_this_machine_cookies_go_over_plain_http(host: str) -> None:
    assert not is_secure({"Host": host})
    assert session_cookie({"Host": host}).startswith("waybill-session")


@pytest.mark.parametrize("host", ["", "waybill.example", "10.0.0.1:8000", "localhost.evil.example", "127.0.0.1.evil"])
def test_to_all_others_they_go_encrypted_and_to_that_host_only(host: str) -> None:
    assert is_secure({"Host": host})
    assert session_cookie({"Host": host}) == "__Host-waybill-session"


def test_two_installations_on_one_machine_do_not_share_a_session() -> None:
    assert session_cookie({"Host": "localhost:8000"}) != session_cookie({"Host": "localhost:8001"})


@pytest.mark.parametrize("given", ["", ";", "=", "a", "a=", "a=;b=1", "\xff=\xfe", 'b="'])
def test_odd_cookies_are_none(given: str) -> None:
    assert cookie_in({"Cookie": given}, "a") is None

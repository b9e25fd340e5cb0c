"""A path before all addresses: removed from what comes in, added to what goes out, and never twice."""

import pytest

from waybill_api.edge.mount import Mount

MOUNT = Mount("/tools/waybill")
ROOT = Mount()


@pytest.mark.parametrize(
    ("target", "inner"),
    [
        ("/tools/waybill/tasks?limit=1", "/tasks?limit=1"),
        ("/tools/waybill/", "/"),
        ("/tools/waybill", "/"),
        ("/tools/waybill?a=b", "/?a=b"),
        # A proxy has removed it.
        ("/tasks?next=/tools/waybill/", "/tasks?next=/tools/waybill/"),
        ("/", "/"),
        ("*", "*"),
        # Something else begins alike.
        ("/tools/waybills/tasks", "/tools/waybills/tasks"),
        ("/tools", "/tools"),
        ("/tools/waybill/tools/waybill/tasks", "/tools/waybill/tasks"),
    ],
)
def test_the_target_of_a_request_is_known_with_the_path_and_without(target: str, inner: str) -> None:
    assert MOUNT.inner(target) == inner
    assert ROOT.inner(target) == target


@pytest.mark.parametrize(
    ("address", "outer"),
    [
        ("/admin/", "/tools/waybill/admin/"),
        ("/", "/tools/waybill/"),
        ("/tools/waybill/admin/", "/tools/waybill/admin/"),
        ("/tools/waybill", "/tools/waybill"),
        ("/tools/waybills", "/tools/waybill/tools/waybills"),
        ("?cursor=5", "?cursor=5"),
        ("https://example.org/", "https://example.org/"),
        ("//example.org/", "/tools/waybill//example.org/"),
    ],
)
def test_an_address_gets_the_path_once(address: str, outer: str) -> None:
    assert MOUNT.outer(address) == outer
    assert ROOT.outer(address) == address
    assert MOUNT.link(f'<{address}>; rel="next"') == f'<{outer}>; rel="next"'


def test_a_page_gets_it_in_its_attributes_and_in_no_text() -> None:
    page = (
        b'<a class="x" href="/admin/">a</a><script src="/a.js"></script><form action="/b"><use href="/i.svg#x"></use>'
        b'<meta http-equiv="refresh" content="0; url=/admin/login/?a=b"><a href="/tools/waybill/">c</a>'
        b'<a href="?q=/x">d</a><a href="#top">e</a><p data-q="/tasks"> href=&quot;/e /f url=/g</p>'
    )
    assert MOUNT.page(page) == (
        b'<a class="x" href="/tools/waybill/admin/">a</a><script src="/tools/waybill/a.js"></script>'
        b'<form action="/tools/waybill/b"><use href="/tools/waybill/i.svg#x"></use>'
        b'<meta http-equiv="refresh" content="0; url=/tools/waybill/admin/login/?a=b"><a href="/tools/waybill/">c</a>'
        b'<a href="?q=/x">d</a><a href="#top">e</a><p data-q="/tasks"> href=&quot;/e /f url=/g</p>'
    )
    assert ROOT.page(page) is page


def test_cookies_lie_below_the_path_and_those_of_the_root_do_not_count() -> None:
    assert (MOUNT.cookies, ROOT.cookies) == ("/tools/waybill", "/")
    assert MOUNT.cookie("__Host-waybill-session") == "__Secure-waybill-session"
    assert ROOT.cookie("__Host-waybill-session") == "__Host-waybill-session"
    sent = "__Host-waybill-session=a; __Secure-waybill-session=b; other=c"
    assert MOUNT.cookies_in(sent) == "elsewhere-waybill-session=a; __Host-waybill-session=b; other=c"
    assert ROOT.cookies_in(sent) == sent

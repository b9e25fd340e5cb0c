"""Where a login comes from, and how its page was requested."""

import pytest

from waybill_api.identity.arrival import HIDDEN, PLAIN, UNSURE, doubt_of, is_proxied
from waybill_api.networks import network_of

OURS = {"Host": "localhost:8000"}
NAMED = {"Host": "waybill.example"}
LOOPBACK, LAN, STRANGER = "127.0.0.1", "172.18.0.2", "203.0.113.9".replace("203.0.113", "8.8.8")


@pytest.mark.parametrize(
    ("headers", "protocol", "peer", "doubt"),
    [
        (OURS, "http", LOOPBACK, None),
        (OURS | {"X-Forwarded-For": "127.0.0.1"}, "http", LOOPBACK, None),
        (NAMED, "https", STRANGER, None),
        (NAMED, "http", STRANGER, PLAIN),
        (NAMED, "http", LAN, PLAIN),
        ({"Host": "10.0.0.1:8000"}, "http", LAN, PLAIN),
        # A proxy that says what it was asked by.
        (NAMED | {"X-Forwarded-Proto": "https"}, "http", LAN, None),
        (NAMED | {"X-Forwarded-Proto": "HTTPS, http"}, "http", LOOPBACK, None),
        (NAMED | {"Forwarded": 'for=192.0.2.1;Proto="https", for=10.0.0.1'}, "http", LOOPBACK, None),
        (NAMED | {"X-Forwarded-Proto": "http"}, "http", LAN, PLAIN),
        (NAMED | {"Forwarded": "proto=http"}, "http", LAN, PLAIN),
        # A proxy that does not.
        (NAMED | {"X-Forwarded-For": "192.0.2.1"}, "http", LAN, UNSURE),
        (NAMED | {"Via": "1.1 front"}, "http", LAN, UNSURE),
        (NAMED, "http", LOOPBACK, UNSURE),
        # The browser knows: it sends this over HTTPS, and to its own machine, alone.
        (NAMED | {"Sec-Fetch-Site": "none"}, "http", LOOPBACK, None),
        (NAMED | {"Sec-Fetch-Site": "same-origin"}, "http", STRANGER, None),
        (NAMED | {"Origin": "https://waybill.example"}, "http", LOOPBACK, None),
        (NAMED | {"Referer": "https://waybill.example/admin/"}, "http", LAN, None),
        (NAMED | {"Referer": "https://chat.example/"}, "http", LAN, PLAIN),
        (NAMED | {"Referer": "http://waybill.example/admin/"}, "http", LAN, PLAIN),
        # A proxy that sends its own name.
        (OURS | {"X-Forwarded-Host": "waybill.example"}, "http", LOOPBACK, HIDDEN),
        (OURS | {"Forwarded": "host=waybill.example;proto=https"}, "http", LOOPBACK, HIDDEN),
        (OURS | {"X-Forwarded-Host": "localhost:3000"}, "http", LOOPBACK, None),
    ],
)
def test_the_login_page_warns_of_what_is_known(
    headers: dict[str, str], protocol: str, peer: str, doubt: str | None
) -> None:
    assert doubt_of(headers, protocol, peer) == doubt


@pytest.mark.parametrize(
    ("headers", "peer", "is_shared"),
    [
        (OURS, LOOPBACK, False),
        (NAMED, LOOPBACK, True),
        (OURS | {"X-Forwarded-For": "1.2.3.4"}, LOOPBACK, True),
        (NAMED | {"Forwarded": "for=1.2.3.4"}, LAN, True),
        (NAMED | {"X-Real-IP": "1.2.3.4"}, "fd00::1", True),
        (NAMED, LAN, False),
        # An unknown client may send any header.
        (NAMED | {"X-Forwarded-For": "1.2.3.4", "Via": "1.1 me"}, STRANGER, False),
        (NAMED | {"X-Forwarded-For": "1.2.3.4"}, "2a00:1450:4001::1", False),
        (NAMED | {"X-Forwarded-For": "1.2.3.4"}, "", False),
    ],
)
def test_an_address_is_shared_where_a_proxy_of_ours_stands(headers: dict[str, str], peer: str, is_shared: bool) -> None:
    assert is_proxied(headers, peer) is is_shared


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("socket", "socket"),
    ],
)
def test_an_address_counts_as_its_network(address: str, network: str) -> None:
    assert network_of(address) == network

"""The client of a request is the last that no trusted proxy stands for, whatever the headers claim."""

import pytest

from waybill_api.edge.proxies import Client, Proxies

PROXIES = Proxies(["127.0.0.1", "10.0.0.0/8", "2001:db8:1::/48", "unix"])
HERE = "127.0.0.1"
TRUSTED = Client(HERE, is_vouched=True)


def client(address: str = HERE, scheme: str | None = None, host: str | None = None) -> Client:
    return Client(address, scheme, host, is_vouched=True)


def named(addresses: str, **more: str) -> dict[str, str]:
    return {"X-Forwarded-For": addresses} | {f"X-Forwarded-{name.title()}": value for name, value in more.items()}


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({}, client()),
        (named("192.0.2.1"), client("192.0.2.1")),
        (named("192.0.2.1", proto="https", host="waybill.example"), client("192.0.2.1", "https", "waybill.example")),
        # What the client forged stands on the left.
        (named("198.51.100.7, 192.0.2.1"), client("192.0.2.1")),
        (named("10.1.1.1, 192.0.2.1, 10.2.2.2"), client("192.0.2.1")),
        (named("10.1.1.1, 10.2.2.2"), client("10.1.1.1")),
        (named("2001:db8::5, 2001:db8:1::7"), client("2001:db8::5")),
        # Ports, brackets and zones.
        (named("192.0.2.1:4711"), client("192.0.2.1")),
        (named("[2001:db8::5]:4711"), client("2001:db8::5")),
        (named("[2001:db8::5]"), client("2001:db8::5")),
        (named("fe80::1%eth0"), client("fe80::1")),
        (named("::ffff:192.0.2.1"), client("192.0.2.1")),
        # Nonsense says nothing, and hides what stands to the left of it.
        (named("nonsense"), client()),
        (named(""), client()),
        (named("192.0.2.1, nonsense"), client()),
        (named("192.0.2.1, nonsense, 10.2.2.2"), client("10.2.2.2")),
        (named("192.0.2.1,"), client()),
        (named("1.2.3.4.5"), client()),
        (named("[::1"), client("::1")),
        (named("%"), client()),
        (named("192.0.2.1", proto="gopher", host="a b"), client("192.0.2.1")),
        (named("192.0.2.1", host="evil.example/path"), client("192.0.2.1")),
        (named("192.0.2.1", host="user@evil.example"), client("192.0.2.1")),
        (named("192.0.2.1", host="waybill.example:8443"), client("192.0.2.1", host="waybill.example:8443")),
        (named("192.0.2.1", host="[2001:db8::1]:8443"), client("192.0.2.1", host="[2001:db8::1]:8443")),
        # Lists as long as that of the addresses belong together; of others the last element counts.
        (named("192.0.2.1, 10.2.2.2", proto="https, http"), client("192.0.2.1", "https")),
        (named("198.51.100.7, 192.0.2.1", proto="http, https", host="a, b"), client("192.0.2.1", "https", "b")),
        (named("198.51.100.7, 192.0.2.1", proto="https"), client("192.0.2.1", "https")),
        ({"X-Forwarded-Proto": "https"}, client(scheme="https")),
        # RFC 7239.
        (
            {"Forwarded": "for=192.0.2.1;proto=https;host=waybill.example"},
            client("192.0.2.1", "https", "waybill.example"),
        ),
        ({"Forwarded": 'For="[2001:db8::5]:4711" ; Proto=HTTPS'}, client("2001:db8::5", "https")),
        ({"Forwarded": "for=198.51.100.7;proto=https, for=192.0.2.1;proto=http"}, client("192.0.2.1", "http")),
        ({"Forwarded": 'for=", for=192.0.2.1'}, client("192.0.2.1")),
        ({"Forwarded": "for=192.0.2.1, for=unknown"}, client()),
        ({"Forwarded": "for=192.0.2.1, for=_hidden;proto=https"}, client(scheme="https")),
        ({"Forwarded": "nonsense"}, client()),
        ({"Forwarded": "for=192.0.2.1;nonsense"}, client()),
        # A proxy that writes the others passes on a Forwarded that any client may write.
        (named("192.0.2.1") | {"Forwarded": "for=198.51.100.7;proto=https"}, client("192.0.2.1")),
    ],
)
def test_what_a_trusted_proxy_says_counts_as_far_as_it_makes_sense(headers: dict[str, str], found: Client) -> None:
    assert PROXIES.client_of(HERE, headers) == found


@pytest.mark.parametrize("peer", ["192.0.2.9", "::1", "fd00::1%eth0", "", "nonsense"])
def test_nothing_that_another_client_says_counts(peer: str) -> None:
    found = PROXIES.client_of(peer, named("198.51.100.7", proto="https", host="waybill.example"))
    assert found == Client(peer.partition("%")[0])


def test_a_socket_is_trusted_by_name_only() -> None:
    assert PROXIES.client_of("unix", named("192.0.2.1")) == client("192.0.2.1")
    assert Proxies(["127.0.0.1"]).client_of("unix", named("192.0.2.1")) == Client("unix")


def test_a_peer_is_known_by_its_mapped_address_too() -> None:
    assert PROXIES.client_of("::ffff:127.0.0.1", named("192.0.2.1")) == client("192.0.2.1")


def test_without_the_setting_no_proxy_is_trusted() -> None:
    assert not Proxies()
    assert Proxies().client_of(HERE, named("192.0.2.1")) == Client(HERE)


def test_a_header_of_a_thousand_addresses_is_read_from_its_end() -> None:
    forged = ", ".join(["198.51.100.7"] * 1_000)
    assert PROXIES.client_of(HERE, named(f"{forged}, 192.0.2.1")) == client("192.0.2.1")
    ours = ", ".join(["10.0.0.1"] * 1_000)
    assert PROXIES.client_of(HERE, named(f"192.0.2.1, {ours}")) == client("10.0.0.1")

"""What proxies say of the client of a request, in X-Forwarded-* headers or in Forwarded (RFC 7239)."""

import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

FOR, PROTO, HOST = "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host"

FORWARDING = ("Forwarded", FOR, HOST, PROTO, "X-Forwarded-Server", "X-Real-IP")
"""Headers in which proxies name the client of a request; any client may send them, too."""

MOST_HOPS = 32
"""How many proxies may follow each other; what stands farther left in a header is not read."""

SCHEMES = ("http", "https")
HOST_SHAPE = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[0-9A-Za-z](?:[0-9A-Za-z._-]{0,252}))(:[0-9]{1,5})?")
LONGEST_ADDRESS = 100


@dataclass(frozen=True, slots=True)
class Hop:
    """What one proxy says of the request that it got; a part is None if the proxy does not say it, or says nonsense."""

    address: str | None = None
    scheme: str | None = None
    host: str | None = None


def hops_of(headers: Mapping[str, str]) -> Iterator[Hop]:
    """Yield what each proxy says, the last proxy first.

    `Forwarded` is read only without any X-Forwarded-For, -Proto and -Host: most proxies write those and pass on a
    `Forwarded` as their client sent it.
    """
    if any(name in headers for name in (FOR, PROTO, HOST)):
        yield from _by_columns(headers)
    elif "Forwarded" in headers:
        yield from map(_element, _from_the_end(headers["Forwarded"]))


def address_in(text: str) -> str | None:
    """Return the address in a text, without brackets, port and zone; None if there is none."""
    text = text.strip().strip('"')[:LONGEST_ADDRESS]
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    return plain_address(text)


def plain_address(text: str) -> str | None:
    """Return an IP address in its usual form: without a zone, and IPv4 as such; None if it is none."""
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)


def _by_columns(headers: Mapping[str, str]) -> Iterator[Hop]:
    """Yield hops from headers that are lists: of the same length, or else the last element counts for all."""
    addresses = _from_the_end(headers.get(FOR, ""))
    schemes, hosts = _from_the_end(headers.get(PROTO, "")), _from_the_end(headers.get(HOST, ""))
    for place, address in enumerate(addresses):
        scheme = schemes[place if len(schemes) == len(addresses) else 0]
        host = hosts[place if len(hosts) == len(addresses) else 0]
        yield Hop(address_in(address), _scheme(scheme), _host(host))


def _element(text: str) -> Hop:
    """Return the hop of one element of `Forwarded`; an element that makes no sense says nothing."""
    said: dict[str, str] = {}
    for pair in text.split(";"):
        name, is_pair, value = pair.strip().partition("=")
        if not is_pair:
            return Hop()
        said[name.strip().lower()] = value.strip().strip('"')
    return Hop(address_in(said.get("for", "")), _scheme(said.get("proto", "")), _host(said.get("host", "")))


def _from_the_end(header: str) -> list[str]:
    return header.rsplit(",", MOST_HOPS)[-MOST_HOPS:][::-1]


def _scheme(text: str) -> str | None:
    scheme = text.strip().lower()
    return scheme if scheme in SCHEMES else None


def _host(text: str) -> str | None:
    host = text.strip()
    return host if HOST_SHAPE.fullmatch(host) else None

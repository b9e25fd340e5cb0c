"""Where a login comes from, as far as that is known without trusting headers that any client may write."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from waybill_api.edge.forwarded import FORWARDING
from waybill_api.edge.proxies import UNIX, Proxies
from waybill_api.identity.sessions import browser_cookie, cookie_in, is_secure
from waybill_api.networks import network_of

SHOWING = (*FORWARDING, "Via")
"""Headers that proxies add. Without trusted proxies they are hints: none of them lifts a refusal of an address."""

PLAIN = (
    "This page came over plain HTTP from another machine. The browser will not keep a login; use HTTPS or localhost."
)
UNSURE = "A proxy stands before this server. Unless it is reached by HTTPS, the browser will not keep a login."
HIDDEN = (
    "A proxy hides the name by which this page was asked for. It has to pass the header Host on, or no login lasts."
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """The place that a login comes from."""

    network: str
    """The peer's address, or its network for IPv6."""
    is_shared: bool = False
    """Whether many users share that address, since it is a proxy's."""
    browsers: str | None = None
    """The cookie with the browser's earlier logins."""


def arrival_of(headers: Mapping[str, str], address: str, proxies: Proxies) -> Arrival:
    """Return where a request comes from; clients that a trusted proxy does not name share its address."""
    is_shared = address == UNIX or (proxies.trust(address) if proxies else is_proxied(headers, address))
    return Arrival(network_of(address), is_shared, cookie_in(headers, browser_cookie(headers)))


def is_proxied(headers: Mapping[str, str], address: str) -> bool:
    """Return whether a proxy on a private network forwarded the request; another client could forge the headers."""
    if address == UNIX:
        return True
    try:
        peer = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if peer.is_global:
        return False
    return _is_forwarded(headers) or (peer.is_loopback and is_secure(headers))


def doubt_of(headers: Mapping[str, str], protocol: str, address: str) -> str | None:
    """Return what may keep a login from lasting, None if nothing is known to.

    Browsers keep a session's cookie only over HTTPS or from a loopback name. They send `Sec-Fetch-Site` only there
    too, so the header shows what the browser sees, whatever a proxy changed on the way.
    """
    if protocol == "https":
        return None
    if not is_secure(headers):
        return HIDDEN if _is_hidden(headers) else None
    host = headers.get("Host", "").lower()
    spoken = _forwarded_protocol(headers)
    seen = (urlsplit(headers[name]) for name in ("Origin", "Referer") if name in headers)
    is_https = any(one.scheme == "https" and one.netloc.lower() == host for one in seen)
    if "Sec-Fetch-Site" in headers or spoken == "https" or is_https:
        return None
    if spoken is None and is_proxied(headers, address):
        return UNSURE
    return PLAIN


def _is_forwarded(headers: Mapping[str, str]) -> bool:
    return any(name in headers for name in SHOWING)


def _is_hidden(headers: Mapping[str, str]) -> bool:
    """Return whether a proxy says that the browser asked for a name that is not loopback."""
    named = headers.get("X-Forwarded-Host") or _forwarded(headers, "host")
    return named is not None and is_secure({"Host": named.partition(",")[0].strip()})


def _forwarded_protocol(headers: Mapping[str, str]) -> str | None:
    said = headers.get("X-Forwarded-Proto") or _forwarded(headers, "proto")
    return None if said is None else said.partition(",")[0].strip().lower()


def _forwarded(headers: Mapping[str, str], name: str) -> str | None:
    """Return a parameter of the first element of `Forwarded` (RFC 7239), None if it is missing."""
    for part in headers.get("Forwarded", "").partition(",")[0].split(";"):
        key, _, value = part.strip().partition("=")
        if key.lower() == name:
            return value.strip('"')
    return None

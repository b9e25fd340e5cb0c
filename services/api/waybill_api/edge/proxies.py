"""The proxies whose word counts, and the client of a request that they have passed on."""

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from waybill_api.edge.forwarded import hops_of, plain_address

UNIX = "unix"
"""What stands for the address of a client that is connected by a UNIX socket."""


@dataclass(frozen=True, slots=True)
class Client:
    """The client of a request, as the last proxy that is not trusted, or no proxy at all, sees it."""

    address: str
    scheme: str | None = None
    """`http` or `https`; None if no trusted proxy says it."""
    host: str | None = None
    """The host that it asked for, with a port; None if no trusted proxy says it."""
    is_vouched: bool = False
    """Whether a trusted proxy has passed the request on."""


class Proxies:
    """The addresses and networks of trusted proxies; with none, no header counts."""

    def __init__(self, trusted: Iterable[str] = ()) -> None:
        """Take addresses, networks and `unix`, which stands for all that connect by a UNIX socket."""
        names = frozenset(trusted)
        self._has_unix = UNIX in names
        self._networks = [ipaddress.ip_network(name, strict=False) for name in names - {UNIX}]

    def __bool__(self) -> bool:
        """Return whether any proxy is trusted."""
        return self._has_unix or bool(self._networks)

    def trust(self, address: str) -> bool:
        """Return whether an address is that of a trusted proxy."""
        if address == UNIX:
            return self._has_unix
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._networks)

    def client_of(self, peer: str, headers: Mapping[str, str]) -> Client:
        """Return the client of a request that `peer` has sent, an address or `unix`.

        Each trusted proxy vouches for the one before it, so the first address from the right that is not trusted
        counts; whatever stands to the left of it may be forged.
        """
        address = peer if peer == UNIX else plain_address(peer) or peer
        scheme: str | None = None
        host: str | None = None
        is_vouched = self.trust(address)
        if is_vouched:
            for hop in hops_of(headers):
                scheme, host = hop.scheme or scheme, hop.host or host
                if hop.address is None:
                    break
                address = hop.address
                if not self.trust(address):
                    break
        return Client(address, scheme, host, is_vouched)

"""Networks: the key by which a limit for addresses counts."""

import ipaddress

IPV6_NETWORK = 64
"""The bits of an IPv6 address that identify a customer, who chooses the rest freely."""


def network_of(address: str) -> str:
    """Return the key of an address: an IPv4 address itself, the network of an IPv6 address."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, IPV6_NETWORK), strict=False))
    return str(found)

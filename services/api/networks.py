"""Networks: what a limit by address counts by."""

import ipaddress

IPV6_NETWORK = 64
"""The bits of an IPv6 address that tell one customer from another; the rest anybody chooses as they like."""


def network_of(address: str) -> str:
    """Return what a limit by address counts by."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, IPV6_NETWORK), strict=False))
    return str(found)

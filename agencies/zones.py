"""Which network a request comes from: evidence against an agency's listed networks, the worst case without it."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address, ip_network

from security.principal import Zone


def zone_of(address: str | None, office_networks: Sequence[str]) -> Zone:
    """OFFICE when the address lies in one of the networks (CIDR), PUBLIC otherwise."""
    if address is None:
        return Zone.PUBLIC
    try:
        here = ip_address(address)
    except ValueError:
        return Zone.PUBLIC
    return Zone.OFFICE if any(here in ip_network(network) for network in office_networks) else Zone.PUBLIC

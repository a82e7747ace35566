"""Which network a request comes from: evidence against an agency's listed networks, the worst case without it."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from typing import Protocol

from security.principal import Zone


class Networks(Protocol):
    """An agency's networks (CIDR) per zone, as a row of `people.acting` or of `agency` has them."""

    @property
    def office_networks(self) -> Sequence[str]: ...

    @property
    def vpn_networks(self) -> Sequence[str]: ...

    @property
    def home_networks(self) -> Sequence[str]: ...


def zone_of(address: str | None, networks: Networks | None) -> Zone:
    """The first zone in whose networks the address lies; PUBLIC where nothing is listed or known."""
    if address is None or networks is None:
        return Zone.PUBLIC
    try:
        here = ip_address(address)
    except ValueError:
        return Zone.PUBLIC
    listed = (
        (Zone.OFFICE, networks.office_networks),
        (Zone.VPN, networks.vpn_networks),
        (Zone.HOME, networks.home_networks),
    )
    for zone, ranges in listed:
        if any(here in ip_network(each) for each in ranges):
            return zone
    return Zone.PUBLIC

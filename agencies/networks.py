"""An agency's networks per zone: where its people are in the office, on its VPN, at home.

A zone is evidence that rules rely on, so a list must not be so wide that it says nothing, and an office's addresses
must be ones that only this agency's traffic comes from: private ones are everybody's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from uuid import UUID

from sqlalchemy import select, update

from agencies import people
from agencies.errors import BadAgencySettings
from agencies.models import Agency
from marketplace.foundation.db import Tx
from security.log import audit
from security.principal import Context, Principal, Role, Zone

ZONES = (Zone.OFFICE, Zone.VPN, Zone.HOME)
MOST = 200
WIDEST = {4: 8, 6: 20}
"""The widest network that may be listed, as a prefix length per version of IP: what one organisation may hold."""

_Network = IPv4Network | IPv6Network


def listed(db: Tx, agency_id: UUID) -> dict[str, list[str]]:
    """The networks of an agency by zone."""
    row = db.one_or_none(
        select(Agency.office_networks, Agency.vpn_networks, Agency.home_networks).where(
            Agency.id == agency_id
        )
    )
    assert row is not None
    return {zone.value: list(getattr(row, _column(zone))) for zone in ZONES}


def set_lists(
    tx: Tx, given: Mapping[str, Sequence[str]], *, actor: Principal, context: Context
) -> dict[str, list[str]]:
    """Replace the networks of the actor's agency, for the zones that are given. Returns all of them.

    What is listed already may stay as it is. Raises BadAgencySettings with `errors` by zone, NotPermitted.
    """
    people.still_holds(tx, actor, Role.AGENCY_ADMIN)
    before = listed(tx, actor.agency_id)
    errors: dict[str, list[str]] = {}
    lists: dict[str, list[str]] = {}
    for name, texts in given.items():
        zone = Zone(name)
        lists[name], errors[name] = _checked(zone, texts, before[name])
    bad = {name: said for name, said in errors.items() if said}
    if bad:
        raise BadAgencySettings(errors=bad)
    columns = {_column(Zone(name)): texts for name, texts in lists.items()}
    if columns:
        tx.execute(update(Agency).where(Agency.id == actor.agency_id).values(**columns))
    detail = {"set": sorted(f"networks.{name}" for name in lists)}
    target = audit.Target("agency", actor.agency_id, actor.agency_id)
    audit.record(tx, "agency.set", target, actor=actor, context=context, detail=detail)
    return before | lists


def fault(text: str, zone: Zone) -> str | None:
    """What is wrong with a network for this zone, as a sentence; None where it is fine."""
    try:
        network = ip_network(text, strict=True)
    except ValueError:
        return _unreadable(text)
    if network.prefixlen < WIDEST[network.version]:
        return f"{text} is too wide to be evidence of anything; list the agency's own networks."
    if network.is_multicast or network.is_unspecified or network.is_link_local or network.is_reserved:
        return f"{text} is not a network that people come from."
    if zone is not Zone.HOME and not network.is_global:
        return f"{text} is not public: every network has such addresses. List the public ones you come from."
    return None


def _checked(zone: Zone, texts: Sequence[str], before: Sequence[str]) -> tuple[list[str], list[str]]:
    """The list in its normal form, and what is wrong with it."""
    wanted = list(dict.fromkeys(text.strip() for text in texts if text.strip()))
    if len(wanted) > MOST:
        return [], [f"At most {MOST} networks can be listed."]
    faults = [fault(text, zone) for text in wanted if text not in before]
    found = [said for said in faults if said]
    return ([] if found else [_normal(text) for text in wanted]), found


def _unreadable(text: str) -> str:
    try:
        meant = ip_network(text, strict=False)
    except ValueError:
        return f"{text} is not a network such as 203.0.113.0/24 or 2001:db8::/32."
    return f"{text} names one address inside a network. Did you mean {meant}?"


def _normal(text: str) -> str:
    network: _Network = ip_network(text)
    return str(network)


def _column(zone: Zone) -> str:
    return f"{zone.value}_networks"

"""An agency's networks per zone: where its people are in the office, on its VPN, at home.

A zone is evidence that rules rely on, so a list must not be so wide that it says nothing, and an office's addresses
must be ones that only this agency's traffic comes from: private ones are everybody's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
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
MOST_WIDE = 4
"""All networks of a zone together reach no further than so many of the widest: else they say as little as one /0."""


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

    What is listed already may stay as it is. Raises BadAgencySettings with `errors`
    (sentences) and `faults` by zone, NotPermitted.
    """
    people.still_holds(tx, actor, Role.AGENCY_ADMIN)
    before = listed(tx, actor.agency_id)
    lists: dict[str, list[str]] = {}
    faults: dict[str, list[Fault]] = {}
    for name, texts in given.items():
        if len(texts) > MOST:
            raise BadAgencySettings(errors={name: [f"At most {MOST} networks can be listed."]})
        lists[name], faults[name] = _checked(texts, Zone(name), before[name])
    bad = {name: found for name, found in faults.items() if found}
    if bad:
        said = {name: [str(each) for each in found] for name, found in bad.items()}
        raise BadAgencySettings(errors=said, faults=bad)
    columns = {_column(Zone(name)): texts for name, texts in lists.items()}
    if columns:
        tx.execute(update(Agency).where(Agency.id == actor.agency_id).values(**columns))
    detail = {"set": sorted(f"networks.{name}" for name in lists)}
    target = audit.Target("agency", actor.agency_id, actor.agency_id)
    audit.record(tx, "agency.set", target, actor=actor, context=context, detail=detail)
    return before | lists


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a network cannot be listed: a code, what was typed, and for `inside` what was probably meant."""

    code: str
    network: str
    meant: str = ""

    def __str__(self) -> str:
        return SENTENCES[self.code].format(network=self.network, meant=self.meant)


SENTENCES = {
    "wide": "{network} is too wide to be evidence of anything; list the agency's own networks.",
    "special": "{network} is not a network that people come from.",
    "private": "{network} is not public: every network has such addresses. List the public ones you come from.",
    "inside": "{network} names one address inside a network. Did you mean {meant}?",
    "unreadable": "{network} is not a network such as 192.0.2.0/24 or 2001:db8::/32.",
}


def fault(text: str, zone: Zone) -> Fault | None:
    """What is wrong with a network for this zone; None where it is fine."""
    try:
        network = ip_network(text, strict=True)
    except ValueError:
        return _unreadable(text)
    if network.prefixlen < WIDEST[network.version]:
        return Fault("wide", text)
    if network.is_multicast or network.is_unspecified or network.is_link_local or network.is_reserved:
        return Fault("special", text)
    if zone is not Zone.HOME and not network.is_global:
        return Fault("private", text)
    return None


def _checked(texts: Sequence[str], zone: Zone, before: Sequence[str]) -> tuple[list[str], list[Fault]]:
    """The list in its normal form, and what is wrong with it. What is listed already may stay."""
    wanted = list(dict.fromkeys(text.strip() for text in texts if text.strip()))
    faults = [fault(text, zone) for text in wanted if text not in before]
    found = [each for each in faults if each]
    if found:
        return [], found
    made = [ip_network(text) for text in wanted]
    return [str(network) for network in made], list(_too_wide_together(made, before))


def _too_wide_together(made: Sequence[IPv4Network | IPv6Network], before: Sequence[str]) -> Iterator[Fault]:
    """Networks that are new in a list, from where it reaches too far with those before them."""
    reached = dict.fromkeys(WIDEST, 0)
    for network in sorted(made, key=lambda each: str(each) not in before):
        reached[network.version] += network.num_addresses
        most = MOST_WIDE * 2 ** (network.max_prefixlen - WIDEST[network.version])
        if reached[network.version] > most and str(network) not in before:
            yield Fault("wide", str(network))


def _unreadable(text: str) -> Fault:
    try:
        meant = ip_network(text, strict=False)
    except ValueError:
        return Fault("unreadable", text[:60])
    return Fault("inside", text, str(meant))


def _column(zone: Zone) -> str:
    return f"{zone.value}_networks"

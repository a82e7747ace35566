"""The rules at the screen, pure: what holds for sealed work in the network where somebody sits.

The rules are those of the agency that owns the work (`agencies.handling`); in networks that they do not name nothing of
it holds. They slow down whoever collects what they are allowed to see, and nobody who works. What they cannot stop
stands in docs/handling.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from agencies.handling import Handling
from security.decision import ALLOWED, Decision, refused
from security.principal import Zone


@dataclass(frozen=True, slots=True)
class Shown:
    """How an item is shown. `idle_minutes`: it closes after so long without a sign of somebody; None: it stays."""

    idle_minutes: int | None = None
    watermark: bool = False


def decide_claim(handling: Handling, zone: Zone, held_sealed: int) -> Decision:
    """Whether an item may be taken while so many other sealed ones are in the person's hands."""
    if zone in handling.zones and handling.one_at_a_time and held_sealed:
        return refused("one_at_a_time", remedy="finish_first", zone=zone.value)
    return ALLOWED


def most_views(handling: Handling, zone: Zone) -> int | None:
    """How many times the item of one claim may be opened here; None: no limit, and nothing is counted."""
    return handling.views if zone in handling.zones else None


def decide_view(handling: Handling, zone: Zone, views: int) -> Decision:
    """Whether an item may be opened again that was opened `views` times."""
    most = most_views(handling, zone)
    if most is not None and views >= most:
        elsewhere = _elsewhere(handling)
        remedy = "use_office_network" if elsewhere else "find_other_work"
        return refused("views", remedy=remedy, zone=zone.value, most=str(most), elsewhere=elsewhere)
    return ALLOWED


def may_export(handling: Handling, zone: Zone) -> Decision:
    """Whether results may be exported here."""
    if zone in handling.zones and not handling.may_export:
        elsewhere = _elsewhere(handling)
        remedy = "use_office_network" if elsewhere else "ask_administrator"
        return refused("export_from_here", remedy=remedy, zone=zone.value, elsewhere=elsewhere)
    return ALLOWED


def shown(handling: Handling, zone: Zone) -> Shown:
    """How an item is shown here."""
    if zone not in handling.zones:
        return Shown()
    return Shown(handling.idle_minutes, handling.watermark)


def _elsewhere(handling: Handling) -> str:
    """The network to go to: the first that an agency looks after itself and that no rule names; "" where none is."""
    return next((zone.value for zone in (Zone.OFFICE, Zone.VPN) if zone not in handling.zones), "")

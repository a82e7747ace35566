"""The rules at the screen: what they decide, and for whom nothing of it holds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agencies.handling import DEFAULTS, Handling
from marketplace.web import reasons
from security.decision import Decision, Reason
from security.labels import Level
from security.principal import Zone
from tasks import screen
from tasks.screen import Shown

SENSITIVE = DEFAULTS[Level.SENSITIVE]
OPEN = DEFAULTS[Level.INTERNAL]
GUARDED, FREE = (Zone.HOME, Zone.PUBLIC), (Zone.OFFICE, Zone.VPN)


def only(decision: Decision) -> Reason:
    [reason] = decision.failed
    return reason


@pytest.mark.parametrize("zone", GUARDED)
def test_one_sealed_item_at_a_time(zone: Zone) -> None:
    assert screen.decide_claim(SENSITIVE, zone, 0).allowed
    reason = only(screen.decide_claim(SENSITIVE, zone, 1))
    assert (reason.code, reason.args, reason.remedy) == (
        "one_at_a_time",
        {"zone": zone.value},
        "finish_first",
    )


@pytest.mark.parametrize("zone", GUARDED)
def test_an_item_is_opened_so_many_times(zone: Zone) -> None:
    assert screen.decide_view(SENSITIVE, zone, 19).allowed
    reason = only(screen.decide_view(SENSITIVE, zone, 20))
    assert (reason.code, reason.args["most"], reason.remedy) == ("views", "20", "use_office_network")
    assert screen.decide_view(replace(SENSITIVE, views=None), zone, 1_000).allowed


@pytest.mark.parametrize("zone", GUARDED)
def test_results_are_not_exported(zone: Zone) -> None:
    reason = only(screen.may_export(SENSITIVE, zone))
    assert (reason.code, reason.args, reason.remedy) == (
        "export_from_here",
        {"zone": zone.value, "elsewhere": "office"},
        "use_office_network",
    )
    assert screen.may_export(replace(SENSITIVE, may_export=True), zone).allowed


@pytest.mark.parametrize("zone", GUARDED)
def test_an_item_lies_under_a_mark_and_closes(zone: Zone) -> None:
    assert screen.shown(SENSITIVE, zone) == Shown(10, True)


@pytest.mark.parametrize(
    ("handling", "zone"), [(SENSITIVE, each) for each in FREE] + [(OPEN, each) for each in Zone]
)
def test_elsewhere_and_for_open_work_nothing_of_it_holds(handling: Handling, zone: Zone) -> None:
    assert screen.decide_claim(handling, zone, 5).allowed
    assert screen.decide_view(handling, zone, 1_000).allowed
    assert screen.may_export(handling, zone).allowed
    assert screen.shown(handling, zone) == Shown()


@pytest.mark.parametrize(
    ("zones", "elsewhere"),
    [({Zone.PUBLIC, Zone.OFFICE}, "vpn"), (set(Zone), ""), ({Zone.PUBLIC}, "office")],
)
def test_nobody_is_sent_where_the_rule_holds_too(zones: set[Zone], elsewhere: str) -> None:
    handling = replace(SENSITIVE, zones=frozenset(zones))
    for decision in (screen.may_export(handling, Zone.PUBLIC), screen.decide_view(handling, Zone.PUBLIC, 99)):
        assert only(decision).args["elsewhere"] == elsewhere


def test_every_rule_at_the_screen_has_a_sentence() -> None:
    everywhere = replace(SENSITIVE, zones=frozenset(Zone))
    decisions = [
        screen.decide_claim(everywhere, Zone.HOME, 1),
        screen.decide_view(everywhere, Zone.HOME, 99),
        screen.may_export(everywhere, Zone.HOME),
    ]
    assert {only(each).code for each in decisions} <= reasons.KNOWN

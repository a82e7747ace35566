"""The rules at the screen where they bite: taking, opening and exporting sealed work from outside the office."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select

from agencies import handling
from marketplace.foundation.db import transaction
from security.labels import Level
from security.principal import Context, Principal, Zone
from tasks import at_screen, claims, facts, results
from tasks.errors import AlreadyYours, ClaimOver, NotEligible, NotFromHere
from tasks.models import Claim, Microtask
from tasks.screen import Shown
from tests.agencies.agreeing import an_administrator
from tests.builders import (
    AT_WORK,
    a_campaign,
    a_person,
    an_owner,
    given_back,
    item_of,
    lapsed,
    one,
    opened,
    over,
)

AT_HOME = replace(AT_WORK, zone=Zone.HOME)
ON_A_TRAIN = replace(AT_WORK, zone=Zone.PUBLIC)


def take(campaign: UUID, person: Principal, context: Context = AT_HOME) -> UUID:
    with transaction() as tx:
        return claims.claim_next(tx, campaign, actor=person, context=context)


def take_this(microtask: UUID, person: Principal) -> UUID:
    with transaction() as tx:
        return claims.claim_one(tx, microtask, actor=person, context=AT_HOME)


def count(claim: UUID, context: Context = AT_HOME) -> None:
    campaign_id = one(select(Claim.campaign_id).where(Claim.id == claim))
    with transaction() as tx:
        at_screen.count_view(tx, claim, facts.campaign(tx, campaign_id), context)


def views(claim: UUID) -> int:
    counted: int = one(select(Claim.views).where(Claim.id == claim))
    return counted


def handled(**given: Any) -> None:
    """The agency `north` handles sensitive work so."""
    admin = an_administrator("north")
    with transaction() as tx:
        handling.change(tx, Level.SENSITIVE, given, actor=admin, context=AT_WORK)


def reason(refusal: pytest.ExceptionInfo[Any]) -> str:
    [found] = refusal.value.facts["reasons"]
    return str(found.code)


@pytest.fixture
def campaign(database: Engine) -> UUID:
    return a_campaign(an_owner("north"), items=4, level="sensitive")


@pytest.fixture
def person(campaign: UUID) -> Principal:
    return a_person("south")


@pytest.mark.parametrize("context", [AT_HOME, ON_A_TRAIN])
def test_from_outside_one_sealed_item_is_taken_at_a_time(
    campaign: UUID, person: Principal, context: Context
) -> None:
    claim = take(campaign, person, context)
    with pytest.raises(NotEligible) as refusal:
        take(campaign, person, context)
    assert reason(refusal) == "one_at_a_time"
    given_back(claim, person)
    assert take(campaign, person, context)


def test_in_the_office_several_are_taken(campaign: UUID, person: Principal) -> None:
    assert take(campaign, person, AT_WORK) != take(campaign, person, AT_WORK)


def test_a_sealed_item_of_another_agency_counts_as_well(campaign: UUID, person: Principal) -> None:
    take(a_campaign(an_owner("east"), level="sensitive"), person)
    with pytest.raises(NotEligible):
        take(campaign, person)


def test_open_work_does_not_count_and_is_not_held_up(campaign: UUID, person: Principal) -> None:
    official = a_campaign(an_owner("north"), level="internal")
    take(official, person)
    take(campaign, person)
    take(official, person)


@pytest.mark.parametrize("end", [lapsed, over])
def test_an_item_whose_time_is_over_is_no_longer_in_hand(campaign: UUID, person: Principal, end: Any) -> None:
    end(take(campaign, person))
    assert take(campaign, person)


def test_asking_again_for_the_item_in_hand_is_told_so(campaign: UUID, person: Principal) -> None:
    held = item_of(take(campaign, person))
    with pytest.raises(AlreadyYours):
        take_this(held, person)
    other = one(select(Microtask.id).where(Microtask.campaign_id == campaign, Microtask.id != held))
    with pytest.raises(NotEligible):
        take_this(other, person)


def test_an_agency_may_let_people_have_several(campaign: UUID, person: Principal) -> None:
    handled(one_at_a_time=False)
    assert take(campaign, person) != take(campaign, person)


def test_two_tabs_do_not_take_two_items_at_once(campaign: UUID, person: Principal) -> None:
    other = a_campaign(an_owner("north"), items=4, level="sensitive")

    def try_it(wanted: UUID) -> str:
        try:
            take(wanted, person)
        except NotEligible:
            return "refused"
        return "taken"

    with ThreadPoolExecutor(4) as pool:
        said = sorted(pool.map(try_it, [campaign, other, campaign, other]))
    assert said == ["refused", "refused", "refused", "taken"]


def test_an_item_is_opened_no_more_often_than_the_agency_says(campaign: UUID, person: Principal) -> None:
    handled(views=2)
    claim = take(campaign, person)
    count(claim)
    count(claim)
    with pytest.raises(NotEligible) as refusal:
        count(claim)
    assert (reason(refusal), views(claim)) == ("views", 2)
    count(claim, AT_WORK)


def test_where_there_is_no_limit_nothing_is_counted(campaign: UUID, person: Principal) -> None:
    claim = take(campaign, person)
    count(claim, AT_WORK)
    handled(views=None)
    count(claim)
    assert views(claim) == 0


def test_two_tabs_do_not_pass_the_limit_together(campaign: UUID, person: Principal) -> None:
    handled(views=2)
    claim = take(campaign, person)

    def try_it(_: int) -> str:
        try:
            count(claim)
        except NotEligible:
            return "refused"
        return "opened"

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(try_it, range(4))) == ["opened", "opened", "refused", "refused"]


def test_opening_counts(campaign: UUID, person: Principal) -> None:
    claim = take(campaign, person)
    opened(claim, person, AT_HOME)
    assert views(claim) == 1


@pytest.mark.parametrize("end", [given_back, lambda claim, _: lapsed(claim)])
def test_no_count_outlives_the_claim(campaign: UUID, person: Principal, end: Any) -> None:
    claim = take(campaign, person)
    count(claim)
    end(claim, person)
    assert views(claim) == 0
    with pytest.raises(ClaimOver):
        count(claim)


@pytest.mark.parametrize("context", [AT_HOME, ON_A_TRAIN])
def test_sealed_results_are_exported_from_the_agencys_own_networks(
    database: Engine, context: Context
) -> None:
    owner = an_owner("north")
    campaign = a_campaign(owner, level="sensitive")
    with pytest.raises(NotFromHere) as refusal, transaction() as tx:
        results.export(tx, campaign, actor=owner, context=context)
    assert reason(refusal) == "export_from_here"
    assert refusal.value.facts["target"].campaign_id == campaign
    with transaction() as tx:
        assert list(results.export(tx, campaign, actor=owner, context=AT_WORK)) == []


def test_open_results_are_exported_from_anywhere(database: Engine) -> None:
    owner = an_owner("north")
    campaign = a_campaign(owner, level="internal")
    with transaction() as tx:
        assert list(results.export(tx, campaign, actor=owner, context=ON_A_TRAIN)) == []


def test_how_an_item_is_shown_is_for_its_agency_to_say(campaign: UUID) -> None:
    handled(idle_minutes=3, watermark=False)
    with transaction() as tx:
        found = facts.campaign(tx, campaign)
        assert at_screen.shown(tx, found, Zone.HOME) == Shown(3, False)
        assert at_screen.shown(tx, found, Zone.OFFICE) == Shown()

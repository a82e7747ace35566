"""Posting: every setting and row is checked first, and all is written or nothing."""

from typing import Any

import pytest
from sqlalchemy import Engine, func, select, update

from agencies.errors import NotPermitted
from agencies.models import Membership, RoleGrant
from marketplace.foundation import clock
from marketplace.foundation.db import transaction
from security.labels import Level
from security.principal import Principal
from tasks import campaigns
from tasks.errors import BadRows, BadSpec
from tasks.models import Campaign, CampaignProgress, Microtask
from tests.builders import AT_WORK, a_campaign, a_form, a_spec, an_owner, changed, found, one, rows


def refused(owner: Principal, **given: Any) -> dict[str, Any]:
    with pytest.raises(BadSpec) as error:
        a_campaign(owner, **given)
    places: dict[str, Any] = error.value.facts["errors"]
    return places


def test_each_row_becomes_an_open_item_in_order(database: Engine) -> None:
    a_campaign(items=3, redundancy=2)
    rows = found(select(Microtask.number, Microtask.open, Microtask.need).order_by(Microtask.seq))
    assert [tuple(row) for row in rows] == [(1, True, 2), (2, True, 2), (3, True, 2)]


def test_progress_begins_at_nothing(database: Engine) -> None:
    a_campaign(items=3)
    assert (one(select(CampaignProgress.total)), one(select(CampaignProgress.settled))) == (3, 0)


def test_more_rows_than_one_batch_are_numbered_on(database: Engine) -> None:
    a_campaign(items=1_001)
    assert one(select(func.max(Microtask.number))) == 1_001


def test_a_bad_row_imports_nothing(database: Engine) -> None:
    with pytest.raises(BadRows):
        a_campaign(csv="entry\nfine\n\x00\n")
    assert found(select(Campaign.id)) == []


def test_every_bad_row_is_reported_with_its_line(database: Engine) -> None:
    with pytest.raises(BadRows) as error:
        a_campaign(csv="entry\nfine\na,b\nfine\n\x00\n")
    assert [entry["row"] for entry in error.value.facts["errors"]] == [3, 5]


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"minutes": 60, "claim_minutes": 30}, "claim_minutes"),
        ({"contributions": 0}, "contributions"),
        ({"contributions": 100}, "contributions"),
        ({"level": "secret"}, "level"),
        ({"title": " "}, "title"),
        ({"queue": "random"}, "queue"),
        ({"compartments": ["borders"]}, "compartments"),
        ({"form": a_form(questions=[])}, "form"),
        ({"colour": "red"}, "colour"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_settings_that_cannot_be_used_are_refused_by_place(
    database: Engine, given: dict[str, Any], place: str
) -> None:
    assert place in refused(an_owner(), **given)


def test_nobody_posts_above_their_clearance(database: Engine) -> None:
    assert "level" in refused(an_owner(clearance=Level.INTERNAL), level="sensitive")


def test_nobody_posts_into_a_compartment_they_are_not_in(database: Engine) -> None:
    """They could not even see what they posted."""
    assert "compartments" in refused(an_owner(), level="sensitive", compartments=["borders"])


def test_a_role_that_ended_since_the_person_was_read_does_not_act(database: Engine) -> None:
    owner = an_owner()
    with transaction() as tx:
        tx.execute(update(RoleGrant).values(until=clock.now(tx)))
    with pytest.raises(NotPermitted):
        a_campaign(owner)


def test_a_membership_that_ended_since_the_person_was_read_does_not_act(database: Engine) -> None:
    owner = an_owner()
    with transaction() as tx:
        now = clock.now(tx)
    changed(update(Membership).values(ended_at=now))
    with pytest.raises(NotPermitted):
        a_campaign(owner)


def test_each_campaign_has_a_key_of_its_own_for_names(database: Engine) -> None:
    owner = an_owner()
    for _ in range(2):
        a_campaign(owner)
    keys = [bytes(row.alias_key) for row in found(select(Campaign.alias_key))]
    assert len(set(keys)) == 2


@pytest.mark.parametrize(
    ("place", "names"), [("skills", ["no-such-skill"]), ("audience", ["no-such-agency"])]
)
def test_skills_and_agencies_that_do_not_exist_are_refused(
    database: Engine, place: str, names: list[str]
) -> None:
    owner = an_owner()
    with transaction() as tx, pytest.raises(BadSpec) as refusal:
        campaigns.post(tx, a_spec(**{place: names}), rows(1), actor=owner, context=AT_WORK)
    assert refusal.value.facts["errors"] == {place: [f"There is no {names[0]} here."]}

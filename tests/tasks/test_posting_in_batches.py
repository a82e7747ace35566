"""What one request has no room for comes in batches: each in whole or not at all, none twice, behind what is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, update

from marketplace.foundation.db import transaction
from marketplace.foundation.ids import new_id
from security.log.models import AuditPending
from security.principal import Principal
from tasks import posting_sealed, shredding
from tasks.errors import BadSealing, NeedsDevice, NoSuchCampaign, NotUnderOwnKey, Shredded, WrongStage
from tasks.models import Campaign, CampaignProgress, Microtask, Payload
from tasks.posting_sealed import SealedRow
from tasks.stages import OVER, Stage
from tests import on_device
from tests.builders import AT_WORK, a_campaign, a_contribution, a_person, an_owner, changed, found, one
from tests.end_to_end import Posting, a_posting, an_end_to_end_owner
from tests.together import during, losers


@pytest.fixture
def posting(database: Engine) -> Posting:
    """Five items sealed, of which the first two are in."""
    made = a_posting(an_end_to_end_owner(), items=5)
    made.post(items=made.items[:2])
    return made


def add(posting: Posting, items: Sequence[SealedRow], actor: Principal | None = None) -> int:
    with transaction() as tx:
        return posting_sealed.add_items(
            tx, posting.campaign_id, items, actor=actor or posting.owner, context=AT_WORK
        )


def numbers() -> list[Any]:
    return [tuple(row) for row in found(select(Microtask.id, Microtask.number).order_by(Microtask.number))]


def test_batches_stand_behind_one_another(posting: Posting) -> None:
    assert add(posting, posting.items[2:4]) == 4
    assert add(posting, posting.items[4:]) == 5
    assert numbers() == [(item.microtask_id, item.number) for item in posting.items]
    assert one(select(CampaignProgress.total)) == 5
    added = found(select(AuditPending.detail).where(AuditPending.act == "campaign.add"))
    assert sorted(row.detail["items"] for row in added) == [1, 2]


def test_a_batch_that_is_in_is_not_taken_twice(posting: Posting) -> None:
    add(posting, posting.items[2:4])
    assert add(posting, posting.items[2:4]) == 4
    assert add(posting, posting.items[:2]) == 4
    assert one(select(func.count()).select_from(Payload)) == 5
    assert one(select(func.count()).select_from(AuditPending).where(AuditPending.act == "campaign.add")) == 1


def test_what_came_later_is_worked_on_as_what_came_first(posting: Posting) -> None:
    add(posting, posting.items[2:])
    person = a_person()
    for _ in range(5):
        a_contribution(posting.campaign_id, person)
    assert one(select(func.count()).select_from(Microtask).where(Microtask.answers == 1)) == 5


def test_gaps_twins_and_what_was_sealed_elsewhere_are_refused_in_whole(posting: Posting) -> None:
    third, fourth = posting.items[2:4]
    other = a_posting(posting.owner, items=3)
    bad = {
        "a gap": [fourth],
        "none": [],
        "half of it in": posting.items[1:3],
        "in under another number": [replace(posting.items[0], number=3)],
        "twice": [third, replace(third, number=4)],
        "exchanged": [replace(third, sealed=fourth.sealed), replace(fourth, sealed=third.sealed)],
        "of another campaign": [other.items[2]],
        "not random": [replace(third, microtask_id=type(third.microtask_id)(int=7))],
        "another id": [replace(third, microtask_id=new_id())],
    }
    for name, items in bad.items():
        with pytest.raises(BadSealing):
            add(posting, items)
        assert one(select(CampaignProgress.total)) == 2, name
    assert one(select(func.count()).select_from(Microtask)) == 2


def test_only_the_owner_adds_with_a_device_of_their_own(posting: Posting) -> None:
    with pytest.raises(NoSuchCampaign):
        add(posting, posting.items[2:], an_owner(posting.owner.agency_slug))
    stranger = on_device.device_of(a_person(posting.owner.agency_slug))
    foreign = [
        replace(each, sealed=replace(each.sealed, signer=stranger.thumbprint)) for each in posting.items[2:]
    ]
    with pytest.raises(NeedsDevice):
        add(posting, foreign)


@pytest.mark.parametrize("stage", sorted(OVER))
def test_nothing_is_added_to_what_is_over(posting: Posting, stage: Stage) -> None:
    changed(update(Campaign).values(state="closed", stage=stage))
    with pytest.raises(WrongStage):
        add(posting, posting.items[2:])


@pytest.mark.parametrize("stage", [Stage.DRAFT, Stage.SUBMITTED, Stage.PAUSED])
def test_items_are_added_before_it_is_opened_and_while_it_is_paused(posting: Posting, stage: Stage) -> None:
    changed(update(Campaign).values(state="closed", stage=stage))
    assert add(posting, posting.items[2:]) == 5


def test_nothing_is_added_to_what_is_shredded_or_lies_open(posting: Posting) -> None:
    with transaction() as tx:
        shredding.shred_campaign(tx, posting.campaign_id, actor=posting.owner, context=AT_WORK)
    with pytest.raises(Shredded):
        add(posting, posting.items[2:])
    open_work = a_campaign(posting.owner, level="internal")
    with transaction() as tx, pytest.raises(NotUnderOwnKey):
        posting_sealed.add_items(tx, open_work, posting.items[2:], actor=posting.owner, context=AT_WORK)


def test_a_batch_that_comes_while_the_campaign_is_shredded_is_refused(posting: Posting) -> None:
    """The shredding that has begun would not see its items."""
    outcome = during(
        lambda tx: shredding.shred_campaign(tx, posting.campaign_id, actor=posting.owner, context=AT_WORK),
        lambda: add(posting, posting.items[2:]),
    )
    assert losers(outcome) == [Shredded]
    assert one(select(func.count()).select_from(Microtask)) == 2

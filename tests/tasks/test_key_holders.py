"""Who holds a campaign's key: given by a device that has it, to one's own devices or a colleague's, and taken back."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import Engine, select, update

from agencies import device_keys
from agencies.device_models import DeviceKey
from agencies.models import Person
from marketplace.foundation.db import reading, transaction
from security.labels import Level
from security.log.models import AuditPending
from security.principal import Principal, Role
from security.sealing import Header, SlotPurpose, device_slots, keys
from tasks import key_holders, payloads
from tasks.errors import (
    BadSealing,
    LastHolder,
    NoSuchCampaign,
    NotAColleague,
    NotAHolder,
    NotForYou,
    NotUnderOwnKey,
)
from tasks.key_holders import Holders, Offer
from tests import on_device
from tests.builders import AT_WORK, a_campaign, a_person, an_owner, changed, found, one
from tests.end_to_end import Posting, a_posting, agency_keys_of, an_end_to_end_owner, key_in, known
from tests.on_device import Device


@pytest.fixture
def posting(database: Engine) -> Posting:
    made = a_posting(an_end_to_end_owner())
    made.post()
    return made


def listed(posting: Posting, actor: Principal | None = None) -> Holders:
    with transaction() as tx:
        return key_holders.listing(tx, posting.campaign_id, actor=actor or posting.owner, context=AT_WORK)


def offered(posting: Posting, device: Device, actor: Principal, email: str | None = None) -> Offer:
    with transaction() as tx:
        return key_holders.offer(
            tx, posting.campaign_id, device=device.thumbprint, email=email, actor=actor, context=AT_WORK
        )


def wrapped(posting: Posting, device: Device) -> bytes:
    """The key as a holder's device wraps it for another one."""
    campaign = known(posting.campaign_id)
    with transaction() as tx:
        part = payloads.key_part(tx, campaign, SlotPurpose.DEVICE, posting.device.thumbprint)
    hash_ = Header.from_bytes(part.header).hash
    dek = device_slots.unwrap(
        part.slot, hash_, part.purpose, part.key_id, posting.device.encryption, 1_800_000_000
    )
    public = keys.public_jwk(device.encryption)
    return device_slots.wrap(dek, hash_, SlotPurpose.DEVICE, device.thumbprint, public, None)


def give(posting: Posting, *devices: Device, actor: Principal | None = None) -> int:
    slots = {device.thumbprint: wrapped(posting, device) for device in devices}
    with transaction() as tx:
        return key_holders.give(tx, posting.campaign_id, slots, actor=actor or posting.owner, context=AT_WORK)


def email_of(person: Principal) -> str:
    email: str = one(select(Person.email).where(Person.id == person.person_id))
    return email


def test_the_posting_device_holds_the_key(posting: Posting) -> None:
    held = listed(posting)
    assert [(each.device.thumbprint, each.holds) for each in held.own] == [(posting.device.thumbprint, True)]
    assert (held.colleagues, held.processing, held.recovery, held.may_change) == ([], False, False, True)


def test_whoever_reads_the_holders_or_takes_the_key_is_on_the_record(posting: Posting) -> None:
    listed(posting)
    offered(posting, posting.device, posting.owner)
    acts = [row.act for row in found(select(AuditPending.act))]
    assert (acts.count("campaign_key.list"), acts.count("campaign_key.read")) == (1, 1)


def test_the_agencys_own_keys_are_said_to_hold_it(database: Engine) -> None:
    owner = an_end_to_end_owner()
    posting = a_posting(owner, held=agency_keys_of(owner))
    posting.post()
    assert (listed(posting).processing, listed(posting).recovery) == (True, True)


def test_a_second_device_is_given_the_key_and_opens_it(posting: Posting) -> None:
    second = on_device.another_device(posting.owner)
    assert [each.thumbprint for each in offered(posting, posting.device, posting.owner).devices] == [
        posting.device.thumbprint,
        second.thumbprint,
    ]
    assert give(posting, second) == 1
    assert give(posting, second) == 0
    part = offered(posting, second, posting.owner).key
    assert keys.public_jwk(key_in(part, second.encryption)) == known(posting.campaign_id).public_key
    acts = [row.act for row in found(select(AuditPending.act))]
    assert acts.count("campaign_key.give") == 1


def test_a_colleague_is_given_the_key_by_name(posting: Posting) -> None:
    colleague = an_owner(posting.owner.agency_slug, name="Kari Nordmann")
    device = on_device.device_of(colleague)
    offer = offered(posting, posting.device, posting.owner, email_of(colleague).upper())
    assert [each.thumbprint for each in offer.devices] == [device.thumbprint]
    assert give(posting, device) == 1
    [holder] = listed(posting).colleagues
    assert (holder.name, holder.owner) == ("Kari Nordmann", False)
    assert [(each.name, each.owner) for each in listed(posting, colleague).colleagues] == [
        (posting.owner.name, True)
    ]
    assert listed(posting, colleague).holds
    row = found(
        select(AuditPending.object_kind, AuditPending.detail).where(AuditPending.act == "campaign_key.give")
    )[0]
    assert (row.object_kind, row.detail) == ("person", None)


def test_only_colleagues_who_may_read_the_results_are_given_it(posting: Posting) -> None:
    agency = posting.owner.agency_slug
    uncleared = an_owner(agency, clearance=Level.INTERNAL)
    contributor, elsewhere, without = a_person(agency), an_owner(), an_owner(agency)
    for person in (uncleared, contributor, elsewhere):
        device = on_device.device_of(person)
        with pytest.raises(NotAColleague):
            offered(posting, posting.device, posting.owner, email_of(person))
        with pytest.raises(NotAColleague):
            give(posting, device)
    with pytest.raises(NotAColleague):
        offered(posting, posting.device, posting.owner, email_of(without))
    with pytest.raises(NotAColleague):
        offered(posting, posting.device, posting.owner, "nobody@agency.example")


def test_who_does_not_hold_it_cannot_give_it(posting: Posting) -> None:
    colleague = an_owner(posting.owner.agency_slug)
    device = on_device.device_of(colleague)
    with pytest.raises(NotAHolder):
        offered(posting, device, colleague)
    with pytest.raises(NotAHolder):
        give(posting, device, actor=colleague)


def test_who_only_reads_results_changes_nothing(posting: Posting) -> None:
    appraiser = a_person(posting.owner.agency_slug, roles=(Role.APPRAISER,))
    assert not listed(posting, appraiser).may_change
    device = on_device.device_of(appraiser)
    assert give(posting, device) == 1
    with pytest.raises(NotForYou):
        give(posting, device, actor=appraiser)
    with pytest.raises(NotForYou):
        listed(posting, an_owner())


def test_a_slot_for_something_else_is_not_kept(posting: Posting) -> None:
    second, third = on_device.another_device(posting.owner), on_device.another_device(posting.owner)
    slots = {second.thumbprint: wrapped(posting, third)}
    with transaction() as tx, pytest.raises(BadSealing):
        key_holders.give(tx, posting.campaign_id, slots, actor=posting.owner, context=AT_WORK)


def test_what_was_given_is_taken_back(posting: Posting) -> None:
    colleague = an_owner(posting.owner.agency_slug)
    device = on_device.device_of(colleague)
    give(posting, device)
    for _ in range(2):
        with transaction() as tx:
            key_holders.take_back(
                tx, posting.campaign_id, colleague.membership_id, actor=posting.owner, context=AT_WORK
            )
    assert listed(posting).colleagues == []
    with pytest.raises(NotAHolder):
        offered(posting, device, colleague)
    acts = [row.act for row in found(select(AuditPending.act))]
    assert acts.count("campaign_key.take_back") == 1


def test_the_last_device_keeps_it(posting: Posting) -> None:
    second = on_device.another_device(posting.owner)
    with pytest.raises(LastHolder):
        _drop(posting, posting.device)
    give(posting, second)
    _drop(posting, posting.device)
    assert [each.holds for each in listed(posting).own] == [False, True]
    with pytest.raises(LastHolder):
        _drop(posting, second)


def test_an_ended_device_does_not_count_as_a_holder(posting: Posting) -> None:
    second = on_device.another_device(posting.owner)
    give(posting, second)
    changed(
        update(DeviceKey)
        .where(DeviceKey.thumbprint == second.thumbprint)
        .values(revoked_at=DeviceKey.enrolled_at, revoked_by=posting.owner.person_id)
    )
    with pytest.raises(LastHolder):
        _drop(posting, posting.device)


def test_nobody_takes_back_a_device_of_somebody_else_as_their_own(posting: Posting) -> None:
    colleague = an_owner(posting.owner.agency_slug)
    device = on_device.device_of(colleague)
    give(posting, device)
    _drop(posting, device)
    assert [each.membership_id for each in listed(posting).colleagues] == [colleague.membership_id]
    stranger = an_owner().membership_id
    with transaction() as tx, pytest.raises(NoSuchCampaign):
        key_holders.take_back(tx, posting.campaign_id, stranger, actor=posting.owner, context=AT_WORK)


def test_only_end_to_end_work_has_holders(database: Engine) -> None:
    owner = an_owner()
    campaign_id = a_campaign(owner, level="sensitive")
    with transaction() as tx, pytest.raises(NotUnderOwnKey):
        key_holders.listing(tx, campaign_id, actor=owner, context=AT_WORK)


def _drop(posting: Posting, device: Device) -> None:
    with transaction() as tx:
        key_holders.take_back(
            tx, posting.campaign_id, device=device.thumbprint, actor=posting.owner, context=AT_WORK
        )


def test_a_person_learns_which_campaigns_would_be_lost_with_a_device(posting: Posting) -> None:
    def alone() -> dict[str, list[UUID]]:
        with reading() as db:
            found = key_holders.alone_on(db, posting.owner, AT_WORK)
        return {device: [campaign.id for campaign in campaigns] for device, campaigns in found.items()}

    assert alone() == {posting.device.thumbprint: [posting.campaign_id]}
    colleague = an_owner(posting.owner.agency_slug)
    theirs = on_device.device_of(colleague)
    give(posting, theirs)
    assert alone() == {}
    with transaction() as tx:
        (row,) = device_keys.live_of(tx, colleague.person_id)
        device_keys.revoke(tx, row.id, actor=colleague, context=AT_WORK)
    assert alone() == {posting.device.thumbprint: [posting.campaign_id]}

"""Sealed work: opened for one device of whoever holds the claim, answered by one, and nothing of it in the clear."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select, update

from agencies.device_models import DeviceKey
from agencies.keys import bound, kek_slots
from marketplace.foundation import clock
from marketplace.foundation.db import reading, transaction
from security.log.models import AuditPending
from security.principal import Principal
from security.sealing import Header, Purpose, SlotExpired, SlotPurpose, device_slots, new_dek, seal
from tasks import campaign_keys, contributions, facts, opening, payloads
from tasks.contributions import SealedAnswer
from tasks.errors import BadAnswer, BadSealing, KeyUnavailable, NeedsDevice, NotSealed
from tasks.models import Campaign, Claim, Contribution, Microtask, Payload, PayloadSlot
from tasks.opening import SealedItem
from tasks.payloads import Slot
from tests import on_device
from tests.builders import (
    AT_WORK,
    a_campaign,
    a_claim,
    a_contribution,
    a_person,
    an_answer,
    an_owner,
    changed,
    found,
    item_of,
    one,
    opened,
    over,
    settled,
)
from tests.on_device import Device


@pytest.fixture
def person(database: Engine) -> Principal:
    return a_person()


@pytest.fixture
def campaign(database: Engine) -> UUID:
    return a_campaign(an_owner("north"), items=2, redundancy=1, level="sensitive")


@pytest.fixture
def claim(campaign: UUID, person: Principal) -> UUID:
    return a_claim(campaign, person)


def handed(claim: UUID, person: Principal, device: str | None) -> SealedItem:
    with transaction() as tx:
        found = opening.open_item(tx, claim, actor=person, context=AT_WORK, device=device)
    assert isinstance(found, SealedItem)
    return found


def submitted(claim: UUID, person: Principal, answer: Any) -> UUID:
    with transaction() as tx:
        return contributions.submit(tx, claim, answer, actor=person, context=AT_WORK)


def sealed(claim: UUID, device: Device, value: Any, item: UUID | None = None) -> SealedAnswer:
    """`value` as the device seals it, for the claim's item unless another is named."""
    with reading() as db:
        campaign_id = db.scalar(select(Claim.campaign_id).where(Claim.id == claim))
        campaign = facts.campaign(db, campaign_id)
    return on_device.answer_of(device, campaign, item or item_of(claim), value)


def revoked(person: Principal) -> None:
    with transaction() as tx:
        mine = DeviceKey.person_id == person.person_id
        tx.execute(
            update(DeviceKey).where(mine).values(revoked_at=clock.now(tx), revoked_by=person.person_id)
        )


class TestOpening:
    def test_gives_the_item_to_the_device_that_asks(self, claim: UUID, person: Principal) -> None:
        assert opened(claim, person) == {"entry": "Entry 1"}

    def test_takes_a_device(self, claim: UUID, person: Principal) -> None:
        with pytest.raises(NeedsDevice):
            handed(claim, person, None)

    def test_takes_a_device_of_ones_own(self, claim: UUID, person: Principal) -> None:
        with pytest.raises(NeedsDevice):
            handed(claim, person, on_device.device_of(a_person()).thumbprint)

    def test_ends_with_the_device(self, claim: UUID, person: Principal) -> None:
        device = on_device.device_of(person)
        handed(claim, person, device.thumbprint)
        revoked(person)
        with pytest.raises(NeedsDevice):
            handed(claim, person, device.thumbprint)

    def test_gives_a_key_that_ends_with_the_claim(self, claim: UUID, person: Principal) -> None:
        device = on_device.device_of(person)
        item = handed(claim, person, device.thumbprint).item
        assert item is not None
        until = int(one(select(Claim.expires_at)).timestamp())
        header_hash = Header.from_bytes(item.header).hash
        given = (item.slot, header_hash, SlotPurpose.DEVICE, device.thumbprint, device.encryption)
        assert len(device_slots.unwrap(*given, until - 1)) == 32
        with pytest.raises(SlotExpired):
            device_slots.unwrap(*given, until)

    def test_leaves_no_slot_for_the_device_behind(self, claim: UUID, person: Principal) -> None:
        handed(claim, person, on_device.device_of(person).thumbprint)
        kinds = {row.kind for row in found(select(PayloadSlot.kind))}
        assert kinds == {"kek"}

    def test_is_on_the_record_each_time_and_a_refusal_is_not_an_opening(
        self, claim: UUID, person: Principal
    ) -> None:
        device = on_device.device_of(person).thumbprint
        handed(claim, person, device)
        handed(claim, person, device)
        with pytest.raises(NeedsDevice):
            handed(claim, person, None)
        assert one(select(func.count()).where(AuditPending.act == "payload.view")) == 2

    def test_of_open_work_takes_no_device(self, database: Engine) -> None:
        person = a_person()
        claim = a_claim(a_campaign(), person)
        with transaction() as tx:
            assert opening.open_item(tx, claim, actor=person, context=AT_WORK) == {"entry": "Entry 1"}


class TestAnswering:
    def test_keeps_the_envelope_as_the_device_made_it(self, claim: UUID, person: Principal) -> None:
        device = on_device.device_of(person)
        answer = sealed(claim, device, {"kind": "bat"})
        contribution = submitted(claim, person, answer)
        assert contribution == answer.contribution_id
        row = one_row(contribution)
        assert (bytes(row.body), bytes(row.signature), row.signer) == (
            answer.sealed.envelope,
            answer.sealed.signature,
            device.thumbprint,
        )

    def test_settles_like_any_other(self, campaign: UUID, claim: UUID, person: Principal) -> None:
        an_answer(claim, person, "bat")
        a_contribution(campaign, a_person(), "bird")
        assert settled(campaign) == 2

    def test_in_the_clear_is_refused(self, claim: UUID, person: Principal) -> None:
        with pytest.raises(NotSealed):
            submitted(claim, person, {"kind": "bat"})

    def test_that_does_not_fit_the_form_is_refused_like_any_other(
        self, claim: UUID, person: Principal
    ) -> None:
        with pytest.raises(BadAnswer):
            submitted(claim, person, sealed(claim, on_device.device_of(person), {"kind": "whale"}))

    def test_that_is_no_answer_at_all_is_refused(self, claim: UUID, person: Principal) -> None:
        with pytest.raises(BadSealing):
            submitted(claim, person, sealed(claim, on_device.device_of(person), ["bat"]))

    def test_by_somebody_elses_device_is_refused(self, claim: UUID, person: Principal) -> None:
        with pytest.raises(NeedsDevice):
            submitted(claim, person, sealed(claim, on_device.device_of(a_person()), {"kind": "bat"}))

    def test_signed_by_another_device_is_refused(self, claim: UUID, person: Principal) -> None:
        answer = sealed(claim, on_device.device_of(a_person()), {"kind": "bat"})
        mine = on_device.device_of(person).thumbprint
        with pytest.raises(BadSealing, match="not sealed for this item"):
            submitted(claim, person, replace(answer, sealed=replace(answer.sealed, signer=mine)))

    def test_to_another_item_is_refused(self, campaign: UUID, claim: UUID, person: Principal) -> None:
        other = item_of(a_claim(campaign, a_person()))
        with pytest.raises(BadSealing):
            submitted(claim, person, sealed(claim, on_device.device_of(person), {"kind": "bat"}, other))

    def test_to_another_campaigns_key_is_refused(self, claim: UUID, person: Principal) -> None:
        device = on_device.device_of(person)
        with reading() as db:
            here = facts.campaign(db, one(select(Claim.campaign_id).where(Claim.id == claim)))
            other = facts.campaign(db, a_campaign(an_owner(), level="sensitive"))
        swapped = replace(here, public_key=other.public_key)
        answer = on_device.answer_of(device, swapped, item_of(claim), {"kind": "bat"})
        with pytest.raises(BadSealing):
            submitted(claim, person, answer)

    def test_of_another_contribution_is_refused(self, claim: UUID, person: Principal) -> None:
        answer = sealed(claim, on_device.device_of(person), {"kind": "bat"})
        with pytest.raises(BadSealing):
            submitted(claim, person, replace(answer, contribution_id=a_campaign()))

    def test_sent_twice_is_refused(self, campaign: UUID, claim: UUID, person: Principal) -> None:
        answer = sealed(claim, on_device.device_of(person), {"kind": "bat"})
        submitted(claim, person, answer)
        with pytest.raises(BadSealing):
            submitted(a_claim(campaign, person), person, answer)

    def test_with_a_changed_bit_is_refused(self, claim: UUID, person: Principal) -> None:
        answer = sealed(claim, on_device.device_of(person), {"kind": "bat"})
        body = bytearray(answer.sealed.envelope)
        body[-1] ^= 1
        with pytest.raises(BadSealing):
            submitted(claim, person, replace(answer, sealed=replace(answer.sealed, envelope=bytes(body))))

    def test_with_a_slot_of_another_data_key_is_refused(self, claim: UUID, person: Principal) -> None:
        answer = sealed(claim, on_device.device_of(person), {"kind": "bat"})
        with reading() as db:
            campaign = facts.campaign(db, one(select(Claim.campaign_id).where(Claim.id == claim)))
        header = payloads.header_of(campaign, payloads.answer(item_of(claim), answer.contribution_id))
        public = campaign.public_key or {}
        wrapped = device_slots.wrap(
            new_dek(), header.hash, SlotPurpose.CAMPAIGN, campaign.key_id, public, None
        )
        slots = (Slot(SlotPurpose.CAMPAIGN, campaign.key_id, wrapped),)
        with pytest.raises(BadSealing):
            submitted(claim, person, replace(answer, sealed=replace(answer.sealed, slots=slots)))

    def test_with_further_slots_is_refused(self, claim: UUID, person: Principal) -> None:
        """A second slot would let somebody else read the answer."""
        answer = sealed(claim, on_device.device_of(person), {"kind": "bat"})
        twice = (*answer.sealed.slots, *answer.sealed.slots)
        with pytest.raises(BadSealing):
            submitted(claim, person, replace(answer, sealed=replace(answer.sealed, slots=twice)))

    def test_of_a_revoked_device_is_refused(self, claim: UUID, person: Principal) -> None:
        answer = sealed(claim, on_device.device_of(person), {"kind": "bat"})
        revoked(person)
        with pytest.raises(NeedsDevice):
            submitted(claim, person, answer)

    def test_that_was_refused_leaves_the_claim_as_it_was(self, claim: UUID, person: Principal) -> None:
        with pytest.raises(NotSealed):
            submitted(claim, person, {"kind": "bat"})
        assert one(select(Claim.live).where(Claim.id == claim))
        an_answer(claim, person)

    def test_late_is_taken_while_the_place_is_free(self, claim: UUID, person: Principal) -> None:
        an_answer(over(claim), person)
        assert one(select(func.count()).select_from(Contribution)) == 1


class TestCampaignKey:
    def test_is_made_with_the_campaign_and_lies_sealed(self, campaign: UUID) -> None:
        row = found(select(Campaign.public_key, Campaign.key_payload_id).where(Campaign.id == campaign))[0]
        assert set(row.public_key) == {"crv", "kty", "x", "y"}
        header = json.loads(bytes(one(select(Payload.header).where(Payload.id == row.key_payload_id))))
        assert (header["purpose"], header["campaign"], header["protection"]) == (
            "key",
            str(campaign),
            "server",
        )

    def test_of_another_campaign_does_not_open_here(self, campaign: UUID, person: Principal) -> None:
        other = a_campaign(an_owner("south"), level="sensitive")
        a_contribution(campaign, person)
        taken = one(select(Campaign.key_payload_id).where(Campaign.id == other))
        changed(update(Campaign).where(Campaign.id == campaign).values(key_payload_id=taken))
        assert settled(campaign) == 0

    def test_is_made_later_for_a_campaign_from_before_there_were_any(self, campaign: UUID) -> None:
        changed(update(Campaign).where(Campaign.id == campaign).values(public_key=None, key_payload_id=None))
        with transaction() as tx:
            made = campaign_keys.ensure(tx, facts.campaign(tx, campaign))
        with transaction() as tx:
            again = campaign_keys.ensure(tx, facts.campaign(tx, campaign))
        assert (
            made.public_key
            == again.public_key
            == one(select(Campaign.public_key).where(Campaign.id == campaign))
        )

    def test_work_posted_before_there_were_any_is_opened_and_answered(
        self, campaign: UUID, claim: UUID, person: Principal
    ) -> None:
        changed(update(Campaign).where(Campaign.id == campaign).values(public_key=None, key_payload_id=None))
        assert opened(claim, person) == {"entry": "Entry 1"}
        an_answer(claim, person, "bat")
        assert settled(campaign) == 1

    def test_without_it_nothing_is_taken_to_be_readable(self, claim: UUID, person: Principal) -> None:
        answer = sealed(claim, on_device.device_of(person), {"kind": "bat"})
        changed(update(Campaign).values(key_payload_id=None))
        with pytest.raises(KeyUnavailable):
            submitted(claim, person, answer)


class TestFromBefore:
    """Content that was sealed before headers named their campaign."""

    @pytest.fixture
    def before(self, claim: UUID) -> None:
        """The claim's item as an earlier release sealed it."""
        item = item_of(claim)
        with transaction() as tx:
            campaign = facts.campaign(tx, one(select(Claim.campaign_id).where(Claim.id == claim)))
            header = Header(
                purpose=Purpose.TASK,
                microtask=item,
                agency=campaign.agency_slug,
                level=campaign.terms.level,
            )
            dek = new_dek()
            slot = kek_slots.make(bound.provider(), campaign.agency_slug, 2031, dek, header.hash)
            kept = select(Microtask.payload_id).where(Microtask.id == item).scalar_subquery()
            body = seal(header, b'{"entry": "As it was"}', dek)
            tx.execute(update(Payload).where(Payload.id == kept).values(header=header.to_bytes(), body=body))
            tx.execute(
                update(PayloadSlot)
                .where(PayloadSlot.payload_id == kept)
                .values(key_id=slot.key_id, wrapped=slot.wrapped)
            )

    def test_opens_still(self, before: None, claim: UUID, person: Principal) -> None:
        assert opened(claim, person) == {"entry": "As it was"}

    def test_does_not_open_end_to_end(self, before: None, claim: UUID, person: Principal) -> None:
        changed(update(Campaign).values(protection="end_to_end"))
        with pytest.raises(KeyUnavailable):
            opened(claim, person)


def one_row(contribution: UUID) -> Any:
    joined = select(Payload.body, Payload.signature, Payload.signer).join(
        Contribution, Contribution.payload_id == Payload.id
    )
    return found(joined.where(Contribution.id == contribution))[0]

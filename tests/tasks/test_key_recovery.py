"""The way back when every device that held a campaign's key is lost: by the agency's offline key, for a new device."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from sqlalchemy import Engine, select, update

from agencies.device_models import DeviceKey
from agencies.models import Notice
from agencies.notice_words import sentence
from marketplace.foundation.db import transaction
from security.log.models import AuditPending
from security.principal import Principal, Role
from security.sealing import Header, SlotPurpose, device_slots, keys, recovery
from tasks import key_holders, key_recovery
from tasks.errors import (
    BadSealing,
    DeviceNotWitnessed,
    NotAColleague,
    NotForYou,
    NotRecoverable,
    NotUnderOwnKey,
)
from tasks.key_recovery import Recovery
from tests import on_device
from tests.builders import AT_WORK, a_campaign, a_person, an_agency, an_owner, changed, found
from tests.device_keys import Device, a_device
from tests.end_to_end import AgencyKeys, Posting, a_posting, agency_keys_of, an_end_to_end_owner, known
from tests.witnessed import register_witnesses, witness


@dataclass
class Lost:
    """A campaign whose posting device is lost, the agency's keys, and a new device of the owner's."""

    posting: Posting
    held: AgencyKeys
    device: Device

    @property
    def owner(self) -> Principal:
        return self.posting.owner

    def offer(self, actor: Principal | None = None, device: Device | None = None) -> Recovery:
        with transaction() as tx:
            return key_recovery.offer(
                tx,
                self.posting.campaign_id,
                device=(device or self.device).thumbprint,
                actor=actor or self.owner,
                context=AT_WORK,
            )

    def wrapped(self, found: Recovery, device: Device | None = None) -> bytes:
        """What the machine with the offline key makes of it."""
        device = device or self.device
        hash_ = Header.from_bytes(found.key.header).hash
        dek = recovery.unwrap(found.key.slot, hash_, found.key.key_id, self.held.recovery)
        public = keys.public_jwk(device.encryption)
        return device_slots.wrap(dek, hash_, SlotPurpose.DEVICE, device.thumbprint, public, None)

    def give(self, slot: bytes, actor: Principal | None = None, device: Device | None = None) -> bool:
        with transaction() as tx:
            return key_recovery.give(
                tx,
                self.posting.campaign_id,
                device=(device or self.device).thumbprint,
                slot=slot,
                actor=actor or self.owner,
                context=AT_WORK,
            )


@pytest.fixture
def lost(database: Engine) -> Lost:
    register_witnesses()
    an_agency("harbour", office_networks=["127.0.0.0/8"])
    owner = an_end_to_end_owner("harbour")
    held = agency_keys_of(owner)
    posting = a_posting(owner, held=held)
    posting.post()
    changed(update(DeviceKey).values(revoked_at=DeviceKey.enrolled_at, revoked_by=DeviceKey.person_id))
    device = a_device(owner)
    witness()
    return Lost(posting, held, device)


def acts(act: str) -> list[AuditPending]:
    return list(found(select(AuditPending.__table__).where(AuditPending.act == act)))


def test_a_new_device_of_the_owners_opens_the_campaign_again(lost: Lost) -> None:
    offered = lost.offer()
    assert offered.device["thumbprint"] == lost.device.thumbprint
    assert offered.key.key_id == lost.held.recovery.public.key_id
    assert lost.give(lost.wrapped(offered))
    with transaction() as tx:
        again = key_holders.offer(
            tx, lost.posting.campaign_id, device=lost.device.thumbprint, actor=lost.owner, context=AT_WORK
        )
        held = key_holders.listing(tx, lost.posting.campaign_id, actor=lost.owner, context=AT_WORK)
    hash_ = Header.from_bytes(again.key.header).hash
    purpose, key_id = again.key.purpose, again.key.key_id
    assert device_slots.unwrap(again.key.slot, hash_, purpose, key_id, lost.device.encryption, 1_800_000_000)
    assert (held.holds, held.recovery) == (True, True)


def test_both_steps_are_on_the_record_and_the_owner_is_told_once(lost: Lost) -> None:
    slot = lost.wrapped(lost.offer())
    assert lost.give(slot)
    assert not lost.give(slot)
    [read], [gave] = acts("campaign_key.read"), acts("campaign_key.recover")
    assert read.detail == gave.detail == {"key": lost.held.recovery.public.key_id}
    assert (gave.object_kind, gave.object_id) == ("person", str(lost.owner.subject_id))
    chosen = select(Notice.person_id, Notice.path, Notice.args)
    [told] = found(chosen.where(Notice.kind == "campaign_key.recovered"))
    assert (told.person_id, told.path) == (
        lost.owner.person_id,
        f"/campaigns/{lost.posting.campaign_id}/key",
    )
    assert f"to your device “{told.args['device']}”." in sentence(key_recovery.NOTICE, told.args, str)
    assert told.args == {"device": lost.device.offered.name}


def test_a_colleague_recovers_it_for_a_third_and_the_owners_side_is_told(lost: Lost) -> None:
    colleague, other = an_owner("harbour"), an_owner("harbour")
    theirs = a_device(other)
    witness()
    assert lost.give(lost.wrapped(lost.offer()))
    assert lost.give(lost.wrapped(lost.offer(colleague, theirs), theirs), colleague, theirs)
    told = found(select(Notice.person_id, Notice.args).where(Notice.kind == "campaign_key.recovered"))
    assert [row.person_id for row in told] == [lost.owner.person_id] * 2
    # What somebody calls their device is for nobody else.
    assert sorted(map(len, (row.args for row in told))) == [0, 1]
    assert "given to a device." in sentence(key_recovery.NOTICE, {}, str)
    third = a_device(lost.owner)
    witness()
    assert lost.give(lost.wrapped(lost.offer(device=third), third), device=third)
    told = found(select(Notice.person_id).where(Notice.kind == "campaign_key.recovered"))
    assert sorted(row.person_id for row in told) == sorted([lost.owner.person_id] * 3 + [other.person_id])


def test_only_who_may_give_the_key_may_recover_it(lost: Lost) -> None:
    reader = a_person("harbour", roles=(Role.APPRAISER,))
    slot = lost.wrapped(lost.offer())
    with pytest.raises(NotForYou):
        lost.offer(reader)
    with pytest.raises(NotForYou):
        lost.give(slot, reader)


def test_it_goes_to_live_devices_of_those_who_may_read_the_results(lost: Lost) -> None:
    slot = lost.wrapped(lost.offer())
    contributor = a_device(a_person("harbour"))
    with pytest.raises(NotAColleague):
        lost.offer(device=contributor)
    changed(update(DeviceKey).values(revoked_at=DeviceKey.enrolled_at, revoked_by=DeviceKey.person_id))
    with pytest.raises(NotAColleague):
        lost.offer()
    with pytest.raises(NotAColleague):
        lost.give(slot)


def test_a_device_that_no_witness_has_seen_is_waited_for(lost: Lost) -> None:
    fresh = a_device(lost.owner)
    with pytest.raises(DeviceNotWitnessed):
        lost.offer(device=fresh)
    witness()
    assert lost.offer(device=fresh).device["thumbprint"] == fresh.thumbprint


def test_a_slot_for_another_device_or_campaign_is_refused(lost: Lost) -> None:
    other = a_device(lost.owner)
    witness()
    offered = lost.offer()
    with pytest.raises(BadSealing):
        lost.give(lost.wrapped(offered, other))
    second = a_posting(lost.owner, held=lost.held, device=on_device.another_device(lost.owner))
    second.post()
    elsewhere = Lost(second, lost.held, lost.device)
    with pytest.raises(BadSealing):
        elsewhere.give(lost.wrapped(offered))


def test_work_without_an_offline_key_has_no_way_back(database: Engine) -> None:
    owner = an_end_to_end_owner()
    posting = a_posting(owner)
    posting.post()
    device = a_device(owner)
    with pytest.raises(NotRecoverable):
        Lost(posting, agency_keys_of(owner), device).offer()
    open_work = a_campaign(owner, level="internal")
    with pytest.raises(NotUnderOwnKey), transaction() as tx:
        key_recovery.offer(tx, open_work, device=device.thumbprint, actor=owner, context=AT_WORK)
    assert known(posting.campaign_id).key_payload_id is not None

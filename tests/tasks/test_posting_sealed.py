"""Posting what the owner's device has sealed: what the server checks without reading, and that it cannot read."""

from __future__ import annotations

import uuid
from dataclasses import replace
from hashlib import sha256

import pytest
from sqlalchemy import Engine, Table, func, select

from agencies import agency_keys, device_keys, memberships
from marketplace.foundation.db import Base, reading, transaction
from marketplace.foundation.ids import new_id
from security.log.models import AuditPending
from security.principal import Role
from security.sealing import SlotPurpose, base64url, keys, signatures, thumbprints
from tasks import campaigns, payloads, posting_sealed
from tasks.errors import (
    BadSealing,
    BadSpec,
    KeyNotShared,
    NeedsDevice,
    NotSealedHere,
    SealedElsewhere,
)
from tasks.models import Campaign, Microtask, Payload
from tasks.posting_sealed import SealedKey
from tests import on_device
from tests.builders import (
    AT_WORK,
    a_claim,
    a_person,
    a_spec,
    an_agency,
    an_answer,
    an_owner,
    found,
    one,
    rows,
)
from tests.end_to_end import a_posting, agency_keys_of, an_end_to_end_owner, as_known, key_in, known


def test_a_sealed_campaign_is_open_for_work(database: Engine) -> None:
    posting = a_posting(an_end_to_end_owner(), items=3)
    campaign_id = posting.post()
    campaign = known(campaign_id)
    assert (campaign_id, campaign.protection) == (posting.campaign_id, "end_to_end")
    assert campaign.public_key == keys.public_jwk(posting.private)
    listed = found(select(Microtask.id, Microtask.number, Microtask.open).order_by(Microtask.number))
    assert [tuple(row) for row in listed] == [
        (item.microtask_id, item.number, True) for item in posting.items
    ]
    assert one(select(AuditPending.detail).where(AuditPending.act == "campaign.post")) == {
        "items": 3,
        "contributions": 1,
    }


def test_nothing_of_an_item_or_an_answer_is_in_the_database(database: Engine) -> None:
    owner, person = an_end_to_end_owner(), a_person()
    campaign_id = a_posting(owner, content="Canary4711").post()
    an_answer(a_claim(campaign_id, person), person, "bird", note="Canary4712")
    with reading() as db:
        for table in Base.metadata.sorted_tables:
            assert isinstance(table, Table)
            for row in db.all(select(table)):
                for value in row:
                    said = bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
                    assert b"Canary471" not in said, table.name


def test_the_server_has_no_way_to_open_it(database: Engine) -> None:
    campaign = known(a_posting(an_end_to_end_owner()).post())
    rows = found(select(Microtask.id, Microtask.payload_id))
    with reading() as db, pytest.raises(SealedElsewhere):
        payloads.open_all(db, campaign, [(payloads.item(row.id), None, row.payload_id) for row in rows])
    with transaction() as tx, pytest.raises(SealedElsewhere):
        payloads.keep(tx, campaign, payloads.item(new_id()), {"entry": "x"})


def test_a_file_of_such_work_is_not_taken_unsealed(database: Engine) -> None:
    owner = an_end_to_end_owner()
    with transaction() as tx, pytest.raises(SealedElsewhere):
        campaigns.post(tx, a_spec(level="sensitive"), rows(2), actor=owner, context=AT_WORK)


def test_work_that_is_not_sealed_before_it_comes_is_refused(database: Engine) -> None:
    for owner, level in ((an_owner(), "sensitive"), (an_end_to_end_owner(), "internal")):
        posting = a_posting(owner)
        with pytest.raises(NotSealedHere):
            posting.post(settings=a_spec(level=level))
    assert one(select(func.count()).select_from(Campaign)) == 0


def test_a_setting_that_was_changed_on_the_way_does_not_fit_what_was_sealed(database: Engine) -> None:
    owner = replace(an_end_to_end_owner())
    posting = a_posting(owner)
    with pytest.raises(BadSpec):
        posting.post(settings=posting.settings | {"minutes": 0})
    with pytest.raises(BadSpec):
        posting.post(settings=posting.settings | {"level": "restricted"})
    with pytest.raises(BadSealing):
        posting.post(campaign_id=new_id())
    assert one(select(func.count()).select_from(Payload)) == 0


def test_items_that_were_exchanged_or_changed_are_refused(database: Engine) -> None:
    posting = a_posting(an_end_to_end_owner())
    first, second = posting.items
    other = a_posting(posting.owner)
    bad = {
        "exchanged": [replace(first, sealed=second.sealed), replace(second, sealed=first.sealed)],
        "of another campaign": [replace(first, sealed=other.items[0].sealed), second],
        "numbers": [first, replace(second, number=3)],
        "twice": [first, replace(first, number=2)],
        "none": [],
        "not random": [replace(first, microtask_id=uuid.uuid5(first.microtask_id, "x")), second],
        "signature": [replace(first, sealed=replace(first.sealed, signature=bytes(64))), second],
        "slots": [replace(first, sealed=replace(first.sealed, slots=second.sealed.slots)), second],
        "no slot": [replace(first, sealed=replace(first.sealed, slots=())), second],
    }
    for why, items in bad.items():
        with pytest.raises(BadSealing):
            posting.post(items=items)
        assert one(select(func.count()).select_from(Campaign)) == 0, why
    posting.post()


def test_ids_are_new(database: Engine) -> None:
    posting = a_posting(an_end_to_end_owner())
    posting.post()
    with pytest.raises(BadSealing):
        posting.post()
    again = a_posting(posting.owner)
    with pytest.raises(BadSealing):
        again.post(
            items=[replace(again.items[0], microtask_id=posting.items[0].microtask_id), again.items[1]]
        )


def test_only_the_owners_own_devices_seal(database: Engine) -> None:
    owner = an_end_to_end_owner()
    foreign = on_device.device_of(an_owner(owner.agency_slug))
    with pytest.raises(NeedsDevice):
        a_posting(owner, device=foreign).post()


def test_a_device_that_another_agency_confirmed_seals_nothing_for_this_one(database: Engine) -> None:
    """Contributors ask whether the owner's agency confirmed it."""
    owner = an_end_to_end_owner()
    elsewhere = an_agency()
    with transaction() as tx:
        memberships.enrol(tx, owner.person_id, elsewhere, roles=(Role.CONTRIBUTOR,))
    device = on_device.another_device(owner, agency_id=elsewhere)
    with reading() as db:
        assert [each.thumbprint for each in device_keys.live_of(db, owner.person_id)] == [device.thumbprint]
    with pytest.raises(NeedsDevice):
        a_posting(owner, device=device).post()
    with transaction() as tx:
        assert posting_sealed.prepare(tx, a_spec(level="sensitive"), owner).devices == []


def test_an_item_has_to_be_signed_for_the_campaigns_own_key(database: Engine) -> None:
    posting = a_posting(an_end_to_end_owner(), items=1)
    (item,) = posting.items
    campaign = as_known(posting.owner, posting.settings, posting.campaign_id, posting.private)
    header = payloads.header_of(campaign, payloads.item(item.microtask_id))
    digest = sha256(item.sealed.envelope).digest()
    other = thumbprints.of(keys.public_jwk(keys.new_private()))
    for campaign_key in (None, other):
        signature = signatures.sign(header.hash, digest, posting.device.signing, campaign_key)
        with pytest.raises(BadSealing) as refusal:
            posting.post(items=[replace(item, sealed=replace(item.sealed, signature=signature))])
        assert refusal.value.facts == {"problem": "SignatureRefused"}
    posting.post()


def test_a_device_that_was_given_up_seals_no_more(database: Engine) -> None:
    owner = an_end_to_end_owner()
    posting = a_posting(owner)
    with transaction() as tx:
        key = device_keys.live_of(tx, owner.person_id)[0]
        device_keys.revoke(tx, key.id, actor=owner, context=AT_WORK)
    with pytest.raises(NeedsDevice):
        posting.post()


def test_the_agencys_own_keys_have_to_hold_the_campaigns(database: Engine) -> None:
    owner = an_end_to_end_owner()
    without = a_posting(owner)
    held = agency_keys_of(owner)
    with pytest.raises(KeyNotShared) as refused:
        without.post()
    assert sorted(refused.value.facts["errors"]) == ["processing", "recovery"]
    shared = a_posting(owner, held=held)
    for kind in ("processing", "recovery", "device"):
        slots = tuple(slot for slot in shared.key.sealed.slots if slot.kind != kind)
        with pytest.raises(KeyNotShared) as refused:
            shared.post(key=SealedKey(shared.key.public_key, replace(shared.key.sealed, slots=slots)))
        assert list(refused.value.facts["errors"]) == [kind]
    shared.post()
    with transaction() as tx:
        campaign = known(shared.campaign_id)
        part = payloads.key_part(tx, campaign, SlotPurpose.PROCESSING, held.processing_id)
    assert keys.public_jwk(key_in(part, held.processing)) == campaign.public_key


def test_the_key_is_wrapped_for_nobody_else(database: Engine) -> None:
    owner = an_end_to_end_owner()
    held = agency_keys_of(owner)
    admin = a_person(owner.agency_slug, roles=(Role.AGENCY_ADMIN,))
    with transaction() as tx:
        for kind in ("processing", "recovery"):
            key = agency_keys.current(tx, owner.agency_id, kind)
            assert key is not None
            agency_keys.end(tx, key.key_id, actor=admin, context=AT_WORK)
    with pytest.raises(BadSealing):
        a_posting(owner, held=held).post()


def test_slots_of_the_key_that_belong_elsewhere_are_refused(database: Engine) -> None:
    owner = an_end_to_end_owner()
    held = agency_keys_of(owner)
    posting, other = a_posting(owner, held=held), a_posting(owner, held=held)
    sealed = posting.key.sealed
    for slot in sealed.slots:
        if slot.kind is SlotPurpose.RECOVERY:
            moved = replace(slot, wrapped=slot.wrapped[:-1])
        else:
            moved = next(each for each in other.key.sealed.slots if each.kind == slot.kind)
        slots = tuple(moved if each is slot else each for each in sealed.slots)
        with pytest.raises(BadSealing):
            posting.post(key=SealedKey(posting.key.public_key, replace(sealed, slots=slots)))
    with pytest.raises(BadSealing):
        posting.post(key=SealedKey({"kty": "oct"}, sealed))
    with pytest.raises(BadSealing):
        posting.post(
            key=SealedKey(posting.key.public_key, replace(sealed, envelope=other.key.sealed.envelope))
        )


def test_a_device_is_told_what_it_needs_to_seal(database: Engine) -> None:
    owner = an_end_to_end_owner()
    agency_keys_of(owner)
    device = on_device.device_of(owner)
    with transaction() as tx:
        told = posting_sealed.prepare(tx, a_spec(level="sensitive"), owner)
    assert (told.sealed_before, told.agency) == (True, owner.agency_slug)
    assert [each.thumbprint for each in told.devices] == [device.thumbprint]
    assert told.processing is not None
    assert told.recovery is not None
    with transaction() as tx:
        assert not posting_sealed.prepare(tx, a_spec(level="internal"), owner).sealed_before
    with transaction() as tx, pytest.raises(BadSpec):
        posting_sealed.prepare(tx, {}, owner)


def test_the_signature_is_kept_beside_the_item(database: Engine) -> None:
    posting = a_posting(an_end_to_end_owner(), items=1)
    posting.post()
    kept = found(select(Payload.signer, Payload.signature))
    assert {row.signer for row in kept} == {posting.device.thumbprint}
    assert base64url.encoded(posting.items[0].sealed.signature) in {
        base64url.encoded(bytes(row.signature)) for row in kept
    }

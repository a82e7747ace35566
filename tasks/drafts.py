"""Drafts of answers to sealed work: sealed on a device to all devices of their author, so that only they open it.

A draft survives signing out and the end of its claim. It moves to nobody: the server has no key to it, and somebody
else gets it only where its author's own device seals it for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import delete, or_, select

from agencies import device_keys, people
from agencies.device_keys import DeviceKey
from marketplace.foundation import clock
from marketplace.foundation.db import Query, Tx, insert
from security.log import audit
from security.principal import JOB, Context, Principal
from security.sealing import SealingError, SlotPurpose, device_slots, envelope, signatures
from tasks import claims, facts, payloads
from tasks.errors import BadSealing, ClaimOver, NeedsDevice, NotUnderSeal, Shredded
from tasks.facts import CampaignFacts
from tasks.models import Campaign, Claim, Draft, Microtask, Participation, Payload, PayloadSlot
from tasks.payloads import Part, Sealed

KEPT_DAYS = 30
"""How long an author can come back to a draft that they have not touched."""
LARGEST = 1024 * 1024
"""Bytes of a sealed draft."""


def save(tx: Tx, claim_id: UUID, sealed: Sealed, *, actor: Principal, context: Context) -> None:
    """Keep the latest draft for a claim in place of the one before: a live one, or one that lapsed under its author.

    What somebody types when their time is over is theirs, and lies there for them; that ends with the next claim on the
    item, which has a page of its own. Nothing about it is put on record: what somebody types for themself is nobody's
    business, and no time of typing is kept. No rule about the item is asked: it guards what others wrote, and whoever
    has to sign in again, say, finds their own words afterwards. Raises NoSuchClaim, ClaimOver, NotUnderSeal, Shredded,
    NeedsDevice, BadSealing.
    """
    item = claims.mine(tx, claim_id, actor).microtask_id
    participation = _hold(tx, claim_id, item, actor)
    held = claims.mine(tx, claim_id, actor)  # as it is now that it cannot end any more
    campaign = claims.campaign_of(tx, held, people.still_member(tx, actor), context)
    if not campaign.sealed:
        raise NotUnderSeal()
    if not (held.live or held.ended == participation == "lapsed"):
        raise ClaimOver()
    ref = payloads.draft(held.microtask_id, claim_id)
    _check(
        campaign, ref, sealed, {each.thumbprint: each for each in device_keys.live_of(tx, actor.person_id)}
    )
    before = _of(tx, held.microtask_id, actor)
    payload_id = payloads.keep_sealed(tx, campaign, [(ref, sealed)])[0]
    row = {
        "person_id": actor.person_id,
        "microtask_id": held.microtask_id,
        "claim_id": claim_id,
        "payload_id": payload_id,
        "keep_until": clock.now(tx).date() + timedelta(days=KEPT_DAYS),
    }
    kept = insert(tx, Draft).values(row)
    changed = {name: row[name] for name in ("claim_id", "payload_id", "keep_until")}
    tx.execute(kept.on_conflict_do_update(index_elements=["person_id", "microtask_id"], set_=changed))
    if before is not None:
        _destroy(tx, [before])


def _hold(tx: Tx, claim_id: UUID, microtask_id: UUID, actor: Principal) -> str:
    """Hold a claim, its item and the person's part in it until COMMIT; returns how far they are with it.

    Of two tabs, also with two claims on one item, the second waits for the first; so do answering, claiming again and
    shredding, which lock in this order too. Else a draft could come after its answer, or a payload stay that nothing
    leads to. Raises Shredded.
    """
    tx.execute(select(Claim.id).where(Claim.id == claim_id).with_for_update(read=True, key_share=True))
    item = select(Microtask.payload_id).where(Microtask.id == microtask_id)
    payload_id = tx.scalar(item.with_for_update(key_share=True))
    if payload_id is not None and tx.scalar(select(Payload.shredded_on).where(Payload.id == payload_id)):
        raise Shredded()
    mine = (Participation.person_id == actor.person_id, Participation.microtask_id == microtask_id)
    state: str = tx.scalar(select(Participation.state).where(*mine).with_for_update(key_share=True))
    return state


def open_latest(
    db: Tx, campaign: CampaignFacts, microtask_id: UUID, actor: Principal, device: DeviceKey
) -> Part | None:
    """The person's draft for an item, for one of their devices; None where there is none that it could open."""
    row = db.one_or_none(
        select(Draft.claim_id, Payload.body, PayloadSlot.wrapped)
        .join(Payload, Payload.id == Draft.payload_id)
        .join(PayloadSlot, PayloadSlot.payload_id == Payload.id)
        .where(
            Draft.person_id == actor.person_id,
            Draft.microtask_id == microtask_id,
            PayloadSlot.kind == SlotPurpose.DEVICE,
            PayloadSlot.key_id == device.thumbprint,
        )
    )
    if row is None:
        return None
    header = payloads.header_of(campaign, payloads.draft(microtask_id, row.claim_id))
    return Part(header.to_bytes(), bytes(row.body), SlotPurpose.DEVICE, device.thumbprint, bytes(row.wrapped))


def of_claim(db: Tx, claim_id: UUID, device: str, *, actor: Principal, context: Context) -> Part | None:
    """What the person wrote for a claim and never submitted, also after its end. Raises NoSuchClaim, NeedsDevice."""
    held = claims.mine(db, claim_id, actor)
    campaign = claims.campaign_of(db, held, actor, context)
    own = device_keys.of_person(db, actor.person_id, device)
    if own is None:
        raise NeedsDevice()
    return open_latest(db, campaign, held.microtask_id, actor, own)


def discard(tx: Tx, microtask_id: UUID, actor: Principal) -> None:
    """Destroy the person's draft for an item, if there is one: the answer was submitted."""
    payload_id = _of(tx, microtask_id, actor)
    if payload_id is not None:
        mine = (Draft.person_id == actor.person_id, Draft.microtask_id == microtask_id)
        tx.execute(delete(Draft).where(*mine))
        _destroy(tx, [payload_id])


def destroy(tx: Tx, claim_id: UUID, *, actor: Principal, context: Context) -> None:
    """Destroy what the person wrote for a claim and never submitted, on the record; again is the same as once.

    Raises NoSuchClaim.
    """
    held = claims.mine(tx, claim_id, actor)
    mine = (Draft.person_id == actor.person_id, Draft.microtask_id == held.microtask_id)
    _shred(tx, tx.all(_chosen().where(*mine)), actor, context)


def shred_over(tx: Tx, limit: int = 1_000) -> bool:
    """Shred drafts whose authors did not come back to them, and those to campaigns that are over.

    Returns whether there may be more.
    """
    today = clock.now(tx).date()
    over = or_(Draft.keep_until < today, Campaign.keep_until < today)
    rows = tx.all(_chosen().where(over).limit(limit))
    _shred(tx, rows, None, JOB)
    return len(rows) == limit


def shred_of_items(tx: Tx, items: Sequence[UUID]) -> None:
    """Shred everybody's drafts to these items."""
    _shred(tx, tx.all(_chosen().where(Draft.microtask_id.in_(items))), None, JOB)


def shred_of_person(tx: Tx, person_id: UUID) -> None:
    """Shred everything that a person wrote and never submitted."""
    _shred(tx, tx.all(_chosen().where(Draft.person_id == person_id)), None, JOB)


def kept_until(db: Tx, claim_id: UUID, actor: Principal) -> date | None:
    """The last day of the draft that the person wrote for a claim; None where there is none.

    A later claim on the same item takes the draft over. Raises NoSuchClaim.
    """
    held = claims.mine(db, claim_id, actor)
    mine = (Draft.person_id == actor.person_id, Draft.microtask_id == held.microtask_id)
    found: date | None = db.scalar(select(Draft.keep_until).where(*mine))
    return found


def opens_on(db: Tx, claim_id: UUID, actor: Principal) -> list[DeviceKey] | None:
    """The person's devices in use that open their draft for a claim's item; None where there is no draft.

    Without any, nobody opens it again: it was sealed to devices that have ended. Raises NoSuchClaim.
    """
    payload_id = _of(db, claims.mine(db, claim_id, actor).microtask_id, actor)
    if payload_id is None:
        return None
    slots = select(PayloadSlot.key_id).where(
        PayloadSlot.payload_id == payload_id, PayloadSlot.kind == SlotPurpose.DEVICE
    )
    sealed_to = {row.key_id for row in db.all(slots)}
    return [each for each in device_keys.live_of(db, actor.person_id) if each.thumbprint in sealed_to]


def _chosen() -> Query:
    """Drafts with the header each is sealed under, in the order in which they are locked everywhere."""
    chosen = select(Draft.payload_id, Draft.microtask_id, Microtask.campaign_id, Payload.header)
    chosen = chosen.join(Payload, Payload.id == Draft.payload_id)
    chosen = chosen.join(Microtask, Microtask.id == Draft.microtask_id)
    return chosen.join(Campaign, Campaign.id == Microtask.campaign_id).order_by(Draft.payload_id)


def _shred(tx: Tx, rows: Sequence[Any], actor: Principal | None, context: Context) -> None:
    """Shred drafts, each on the record by what it belonged to and the hash of its header."""
    campaigns = {each: facts.campaign(tx, each) for each in {row.campaign_id for row in rows}}
    for row in rows:
        gone = tx.execute(delete(Draft).where(Draft.payload_id == row.payload_id)).rowcount
        if not gone:
            continue  # its author saved a newer one, or submitted, in this very moment
        _destroy(tx, [row.payload_id])
        target = campaigns[row.campaign_id].target("microtask", row.microtask_id)
        detail = {"header": sha256(row.header).hexdigest()}
        audit.record(tx, "draft.shred", target, actor=actor, context=context, detail=detail)


def _of(db: Tx, microtask_id: UUID, actor: Principal) -> UUID | None:
    mine = (Draft.person_id == actor.person_id, Draft.microtask_id == microtask_id)
    found: UUID | None = db.scalar(select(Draft.payload_id).where(*mine))
    return found


def _check(campaign: CampaignFacts, ref: payloads.Ref, sealed: Sealed, own: dict[str, DeviceKey]) -> None:
    """Signed by one of its author's devices, sealed to their devices only. Raises BadSealing, NeedsDevice."""
    signer = own.get(sealed.signer)
    if signer is None:
        raise NeedsDevice()
    if len(sealed.envelope) > LARGEST:
        raise BadSealing(problem="PayloadTooLarge")
    if not sealed.slots or len({slot.key_id for slot in sealed.slots}) != len(sealed.slots):
        raise BadSealing(problem="slots")
    header = payloads.header_of(campaign, ref)
    try:
        envelope.check_belongs(header, sealed.envelope)
        signatures.verify(header.hash, sha256(sealed.envelope).digest(), sealed.signature, signer.signing_key)
        for slot in sealed.slots:
            if slot.kind is not SlotPurpose.DEVICE or slot.key_id not in own:
                raise BadSealing(problem="slots")
            device_slots.check_bound(slot.wrapped, header.hash, SlotPurpose.DEVICE, slot.key_id)
    except SealingError as error:
        raise BadSealing(problem=type(error).__name__) from None


def _destroy(tx: Tx, ids: list[UUID]) -> None:
    """Slots go with their payload."""
    tx.execute(delete(Payload).where(Payload.id.in_(ids)))

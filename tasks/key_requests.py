"""What waits for those who hold the keys of campaigns sealed end to end: who asks for which item, and why they may.

Each request carries what is to be checked before a key is given: the evidence of the device (security/key_transparency)
and the entry by which the marketplace let it in (security/asked_keys). No name and no alias is told: beside the token
that says who a device's person is, either would tell whose answer is whose.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select

from agencies import device_keys, notices
from agencies.device_keys import record_proofs
from agencies.device_keys.reading import is_device_live
from agencies.device_models import DeviceKey as DeviceRow
from agencies.models import Notice
from marketplace.foundation import clock
from marketplace.foundation.db import Query, Tx
from security.log import audit
from security.principal import Context, Principal
from security.sealing import Protection, SlotPurpose, base64url
from tasks import key_releases, payloads
from tasks.errors import NoSuchCampaign, NotAHolder, NotForYou
from tasks.facts import CampaignFacts
from tasks.models import Campaign, Claim, KeyRelease, Microtask, PayloadSlot
from tasks.payloads import Part

MOST = 20
"""Requests that are handed out at a time; with their evidence they are some kilobytes each."""
PATIENCE = timedelta(minutes=5)
"""How long somebody waits for a key before those who can give it are told."""
NOTICE = "key.waits"


@dataclass(frozen=True, slots=True)
class Request:
    """One device that asks for the key to the item of a live claim, until that claim's end (seconds since 1970)."""

    claim_id: UUID
    microtask_id: UUID
    number: int
    device: str
    public_key: Mapping[str, str]
    until: int
    header: bytes
    key_id: str
    slot: bytes = field(repr=False)
    """The item's data key, wrapped for the campaign's key `key_id`."""
    evidence: Mapping[str, Any] = field(repr=False)
    """{"device": see agencies.device_keys.evidence, "asked": {"entry", "checkpoint"}}."""

    @property
    def name(self) -> str:
        return name_of(self.claim_id, self.device, self.until)


@dataclass(frozen=True, slots=True)
class Desk:
    """What waits at one campaign: its key, sealed for the holder who asks; requests; the names of all that wait.

    The key is there where there are requests. A request is named here and not among `requests` while no witness has
    seen its entries, and once the holder has it.
    """

    campaign: CampaignFacts = field(repr=False)
    key: Part | None
    requests: Sequence[Request]
    waiting: Sequence[str]


def name_of(claim_id: UUID, device: str, until: int) -> str:
    """How one request is called between the marketplace and who gives keys: 16 characters, so that many fit a line."""
    said = f"{claim_id} {device} {until}".encode("ascii")
    return base64url.encoded(sha256(said).digest()[:12])


def waiting(
    tx: Tx,
    campaign_id: UUID,
    holder: str,
    *,
    known: Collection[str] = (),
    most: int = MOST,
    actor: Principal,
    context: Context,
) -> Desk:
    """What waits at a campaign for `holder`: a device of the actor's, or the agency's processing key (its key id).

    Handing out requests that are not `known`, at `most` so many, and the campaign's key with them, is on the record;
    that nothing new waits is not, or looking would make the record grow by itself. Raises NoSuchCampaign, NotForYou,
    NotUnderOwnKey, NotAHolder.
    """
    desk = look(tx, campaign_id, holder, known=known, most=most, actor=actor, context=context)
    if desk.requests:
        target = desk.campaign.target("campaign", campaign_id)
        detail = {"requests": len(desk.requests)}
        audit.record(tx, "key.list", target, actor=actor, context=context, detail=detail)
    return desk


def look(
    db: Tx,
    campaign_id: UUID,
    holder: str,
    *,
    known: Collection[str] = (),
    most: int = MOST,
    actor: Principal,
    context: Context,
) -> Desk:
    """What `waiting` would hand out, by reading alone. For whoever asks whether there is anything to hand out: a desk
    with requests is never shown.
    """
    campaign = key_releases.readable(db, campaign_id, actor, context)
    kind = key_releases.kind_of_holder(db, campaign, holder, actor)
    rows = db.all(_waiting(db).where(KeyRelease.campaign_id == campaign_id))
    named = {name_of(row.claim_id, row.thumbprint, key_releases.end_of(row.expires_at)): row for row in rows}
    fresh = [row for name, row in named.items() if name not in known]
    requests: list[Request] = []
    for row in fresh:
        if len(requests) == most:
            break
        request = _request(db, campaign, row)
        if request is not None:
            requests.append(request)
    key = payloads.key_part(db, campaign, kind, holder) if requests else None
    return Desk(campaign, key, requests, list(named))


def holding(db: Tx, campaign: CampaignFacts, actor: Principal) -> list[str]:
    """The actor's own live devices that hold a campaign's key, by thumbprint; none where the server opens it."""
    if campaign.protection is not Protection.END_TO_END:
        return []
    held = db.all(
        select(PayloadSlot.key_id).where(
            PayloadSlot.payload_id == campaign.key_payload_id, PayloadSlot.kind == SlotPurpose.DEVICE
        )
    )
    own = {each.thumbprint for each in device_keys.live_of(db, actor.person_id)}
    return sorted(own & {row.key_id for row in held})


def of_agency(
    tx: Tx, holder: str, *, known: Collection[str] = (), actor: Principal, context: Context
) -> list[Desk]:
    """What waits at the campaigns of the actor's agency whose keys `holder` has and is not `known`: see `waiting`."""
    return _of_agency(waiting, tx, holder, known, actor, context)


def look_at_agency(
    db: Tx, holder: str, *, known: Collection[str] = (), actor: Principal, context: Context
) -> list[Desk]:
    """What `of_agency` would hand out: see `look`."""
    return _of_agency(look, db, holder, known, actor, context)


def _of_agency(
    way: Callable[..., Desk],
    db: Tx,
    holder: str,
    known: Collection[str],
    actor: Principal,
    context: Context,
) -> list[Desk]:
    asked = db.all(
        select(KeyRelease.campaign_id)
        .join(Campaign, Campaign.id == KeyRelease.campaign_id)
        .where(KeyRelease.wrapped.is_(None), Campaign.agency_id == actor.agency_id)
        .distinct()
        .order_by(KeyRelease.campaign_id)
    )
    desks = []
    for row in asked:
        try:
            desks.append(way(db, row.campaign_id, holder, known=known, actor=actor, context=context))
        except (NoSuchCampaign, NotForYou, NotAHolder):
            continue  # another key, or work that this person may not read
    return [desk for desk in desks if desk.requests]


def tell(tx: Tx) -> int:
    """Tell the people who hold a campaign's key that somebody has waited for a while; once until they have read it.

    Returns how many were told.
    """
    told = 0
    now = clock.now(tx)
    patient = _waiting(tx).add_columns(Claim.expires_at, Campaign.claim_minutes, Campaign.key_payload_id)
    rows = tx.all(patient.join(Campaign, Campaign.id == KeyRelease.campaign_id))
    late = {
        row.campaign_id: row.key_payload_id
        for row in rows
        # No time of asking is kept; a claim runs from when it was taken or extended, and so does the waiting.
        if now >= row.expires_at - timedelta(minutes=row.claim_minutes) + PATIENCE
    }
    for campaign_id, payload_id in sorted(late.items()):
        path = f"/campaigns/{campaign_id}/key-desk"
        unread = exists().where(
            Notice.person_id == DeviceRow.person_id,
            Notice.kind == NOTICE,
            Notice.path == path,
            Notice.read_at.is_(None),
        )
        holders = tx.all(
            select(DeviceRow.person_id)
            .join(PayloadSlot, PayloadSlot.key_id == DeviceRow.thumbprint)
            .where(
                PayloadSlot.payload_id == payload_id,
                PayloadSlot.kind == SlotPurpose.DEVICE,
                is_device_live(clock.at(tx)),
                ~unread,
            )
            .distinct()
        )
        for holder in holders:
            notices.post(tx, holder.person_id, NOTICE, path=path)
        told += len(holders)
    return told


def _waiting(tx: Tx) -> Query:
    """SELECT of every live device that waits for the key to the item of a live claim."""
    return (
        select(
            KeyRelease.campaign_id,
            KeyRelease.claim_id,
            DeviceRow.id.label("device_id"),
            DeviceRow.thumbprint,
            DeviceRow.encryption_key,
            Claim.expires_at,
            Microtask.id.label("microtask_id"),
            Microtask.number,
            Microtask.payload_id,
        )
        .join(Claim, Claim.id == KeyRelease.claim_id)
        .join(DeviceRow, DeviceRow.id == KeyRelease.device_key_id)
        .join(Microtask, Microtask.id == Claim.microtask_id)
        .where(
            KeyRelease.wrapped.is_(None),
            Claim.live,
            Claim.expires_at > clock.at(tx),
            DeviceRow.person_id == Claim.person_id,
            is_device_live(clock.at(tx)),
        )
        .order_by(Claim.expires_at)
    )


def _request(db: Tx, campaign: CampaignFacts, row: Any) -> Request | None:
    """One request with what shows that it is right; None while no witness has seen that."""
    until = key_releases.end_of(row.expires_at)
    asked = record_proofs.asked(db, row.microtask_id, row.thumbprint, until)
    device = None if asked is None else device_keys.evidence(db, row.device_id)
    slot = db.one_or_none(
        select(PayloadSlot.key_id, PayloadSlot.wrapped).where(
            PayloadSlot.payload_id == row.payload_id, PayloadSlot.kind == SlotPurpose.CAMPAIGN
        )
    )
    if device is None or slot is None:
        return None
    return Request(
        row.claim_id,
        row.microtask_id,
        row.number,
        row.thumbprint,
        dict(row.encryption_key),
        until,
        payloads.header_of(campaign, payloads.item(row.microtask_id)).to_bytes(),
        slot.key_id,
        bytes(slot.wrapped),
        {"device": device, "asked": asked},
    )

"""Who holds the key of a campaign that is sealed end to end: its owner's devices, and colleagues who were given it.

Whoever holds it can open everything in the campaign, let contributors in and settle. The server keeps the slots and
says who may have one; it can make none. Who was given the key can have kept a copy: taking back ends what comes after.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, func, select
from sqlalchemy.orm import aliased

from agencies import device_keys, memberships, people
from agencies.device_keys import DeviceKey
from agencies.device_keys.reading import is_device_live
from agencies.device_models import DeviceKey as DeviceRow
from agencies.models import Membership, Person
from marketplace.foundation import clock
from marketplace.foundation.db import Query, Tx, insert
from security.log import audit
from security.permissions import Permission, may
from security.principal import Context, Principal
from security.sealing import Protection, SlotPurpose
from tasks import payloads, results, sealed_keys
from tasks.errors import LastHolder, NoSuchCampaign, NotAColleague, NotAHolder, NotForYou, NotUnderOwnKey
from tasks.facts import CampaignFacts
from tasks.models import Campaign, PayloadSlot
from tasks.payloads import Part


@dataclass(frozen=True, slots=True)
class OwnDevice:
    """A live device of whoever asks, and whether it holds the key."""

    device: DeviceKey
    holds: bool


@dataclass(frozen=True, slots=True)
class Holder:
    """A colleague with a device that holds the key. Their devices' names are their own affair."""

    membership_id: UUID
    name: str
    owner: bool


@dataclass(frozen=True, slots=True)
class Holders:
    """Who holds a campaign's key. `processing`, `recovery`: whether the agency's own keys do."""

    campaign: CampaignFacts
    own: Sequence[OwnDevice]
    colleagues: Sequence[Holder]
    processing: bool
    recovery: bool
    may_change: bool

    @property
    def holds(self) -> bool:
        """Whether one of the asking person's own devices holds it."""
        return any(each.holds for each in self.own)


@dataclass(frozen=True, slots=True)
class Offer:
    """What the giving device needs: the key as it holds it, and the devices to wrap it for."""

    campaign: CampaignFacts
    key: Part
    devices: Sequence[DeviceKey]


def listing(tx: Tx, campaign_id: UUID, *, actor: Principal, context: Context) -> Holders:
    """Who holds the key, for those who may read the results; on the record. Raises NoSuchCampaign, NotForYou,
    NotUnderOwnKey.
    """
    campaign = _sealed(results.readable(tx, campaign_id, actor, context))
    held = slots_of(tx, campaign)
    target = campaign.target("campaign", campaign.id)
    audit.record(tx, "campaign_key.list", target, actor=actor, context=context)
    devices = held.get(SlotPurpose.DEVICE, frozenset())
    own = [OwnDevice(each, each.thumbprint in devices) for each in device_keys.live_of(tx, actor.person_id)]
    return Holders(
        campaign,
        own,
        _colleagues(tx, campaign, devices, actor),
        SlotPurpose.PROCESSING in held,
        SlotPurpose.RECOVERY in held,
        _may_change(campaign, actor),
    )


def offer(
    tx: Tx, campaign_id: UUID, *, device: str, email: str | None = None, actor: Principal, context: Context
) -> Offer:
    """The key for the actor's `device` that holds it, with the devices it is to be wrapped for; on the record.

    Those are the actor's own, or those of the colleague with this e-mail address. Raises NoSuchCampaign, NotForYou,
    NotUnderOwnKey, NotAHolder, NotAColleague.
    """
    campaign = changeable(tx, campaign_id, actor, context)
    own = device_keys.of_person(tx, actor.person_id, device)
    if own is None:
        raise NotAHolder(target=campaign.target("campaign", campaign.id))
    part = payloads.handed_key(tx, campaign, own)
    whose = actor if email is None else _colleague(tx, campaign, email, context)
    audit.record(
        tx, "campaign_key.read", campaign.target("campaign", campaign.id), actor=actor, context=context
    )
    return Offer(campaign, part, device_keys.live_of(tx, whose.person_id))


def give(tx: Tx, campaign_id: UUID, slots: Mapping[str, bytes], *, actor: Principal, context: Context) -> int:
    """Keep the key wrapped by a device of the actor's that holds it, for other devices (thumbprint → slot).

    They are the actor's own or a colleague's who may read the results. Returns how many got it; who has it keeps
    theirs. Raises NoSuchCampaign, NotForYou, NotUnderOwnKey, NotAHolder, NotAColleague, BadSealing.
    """
    campaign = changeable(tx, campaign_id, actor, context)
    held = slots_of(tx, campaign).get(SlotPurpose.DEVICE, frozenset())
    if not any(each.thumbprint in held for each in device_keys.live_of(tx, actor.person_id)):
        raise NotAHolder(target=campaign.target("campaign", campaign.id))
    given = 0
    for thumbprint, slot in sorted(slots.items()):
        sealed_keys.check_slot(campaign, slot, thumbprint)
        whose = person_of(tx, campaign, thumbprint, actor, context)
        row = {
            "payload_id": campaign.key_payload_id,
            "kind": SlotPurpose.DEVICE,
            "key_id": thumbprint,
            "wrapped": slot,
        }
        new = insert(tx, PayloadSlot).values(row).on_conflict_do_nothing().returning(PayloadSlot.key_id)
        if tx.one_or_none(new) is not None:
            given += 1
            _record(tx, "campaign_key.give", campaign, whose.subject_id, actor, context)
    return given


def take_back(
    tx: Tx,
    campaign_id: UUID,
    membership_id: UUID | None = None,
    *,
    device: str | None = None,
    actor: Principal,
    context: Context,
) -> None:
    """Delete the slots of a colleague's devices, or of one device of the actor's own. Again is the same as once.

    Raises NoSuchCampaign, NotForYou, NotUnderOwnKey, LastHolder.
    """
    campaign = changeable(tx, campaign_id, actor, context)
    held = _locked(tx, campaign)
    if membership_id is None:
        subject_id, devices = actor.subject_id, _all_of(tx, actor.person_id) & {device or ""}
    else:
        subject_id, devices = _devices_of(tx, campaign, membership_id)
    ending = held & devices
    if not ending:
        return
    if not _live_among(tx, held - ending):
        raise LastHolder()
    tx.execute(
        delete(PayloadSlot).where(
            PayloadSlot.payload_id == campaign.key_payload_id,
            PayloadSlot.kind == SlotPurpose.DEVICE,
            PayloadSlot.key_id.in_(ending),
        )
    )
    _record(tx, "campaign_key.take_back", campaign, subject_id, actor, context)


def changeable(tx: Tx, campaign_id: UUID, actor: Principal, context: Context) -> CampaignFacts:
    """The campaign, if the actor, as they are now, may change who holds its key."""
    now = people.still_member(tx, actor)
    campaign = _sealed(results.readable(tx, campaign_id, now, context))
    if not _may_change(campaign, now):
        raise NotForYou(target=campaign.target("campaign", campaign.id))
    return campaign


def alone_on(db: Tx, actor: Principal, context: Context) -> dict[str, list[CampaignFacts]]:
    """The campaigns that the actor may read and whose key no other device in use holds, by the actor's device."""
    own = [each.thumbprint for each in device_keys.live_of(db, actor.person_id)]
    mine, other = aliased(PayloadSlot), aliased(PayloadSlot)
    elsewhere = exists().where(
        other.payload_id == mine.payload_id,
        other.kind == SlotPurpose.DEVICE,
        other.key_id != mine.key_id,
        DeviceRow.thumbprint == other.key_id,
        is_device_live(clock.at(db)),
    )
    rows = db.all(
        select(mine.key_id, Campaign.id)
        .join(Campaign, Campaign.key_payload_id == mine.payload_id)
        .where(mine.kind == SlotPurpose.DEVICE, mine.key_id.in_(own), ~elsewhere)
        .order_by(Campaign.id)
    )
    found: dict[str, list[CampaignFacts]] = {}
    for row in rows:
        try:
            found.setdefault(row.key_id, []).append(results.readable(db, row.id, actor, context))
        except (NoSuchCampaign, NotForYou):
            continue  # others of the agency see to it; this person may not give its key any more
    return found


def _may_change(campaign: CampaignFacts, actor: Principal) -> bool:
    """The owner and the task owners of the owner's agency."""
    return actor.agency_id == campaign.agency_id and may(actor, Permission.POST_CAMPAIGN)


def _sealed(campaign: CampaignFacts) -> CampaignFacts:
    if campaign.protection is not Protection.END_TO_END or campaign.key_payload_id is None:
        raise NotUnderOwnKey()
    return campaign


def slots_of(db: Tx, campaign: CampaignFacts) -> dict[str, frozenset[str]]:
    """The key ids that the campaign's key is wrapped for, by kind."""
    rows = db.all(
        select(PayloadSlot.kind, PayloadSlot.key_id).where(PayloadSlot.payload_id == campaign.key_payload_id)
    )
    return {row.kind: frozenset(each.key_id for each in rows if each.kind == row.kind) for row in rows}


def _locked(tx: Tx, campaign: CampaignFacts) -> set[str]:
    """The devices that hold the key; of two who take back at once, the second sees what the first did."""
    mine = (PayloadSlot.payload_id == campaign.key_payload_id, PayloadSlot.kind == SlotPurpose.DEVICE)
    ordered = select(PayloadSlot.key_id).where(*mine).order_by(PayloadSlot.key_id)
    return {row.key_id for row in tx.all(ordered.with_for_update())}


def _live_among(db: Tx, thumbprints: Collection[str]) -> bool:
    """Whether any of these devices is still in use: a key that only ended devices hold is lost."""
    row = DeviceRow.thumbprint.in_(thumbprints)
    live = select(DeviceRow.id).where(row, is_device_live(clock.at(db))).limit(1)
    return bool(thumbprints) and db.one_or_none(live) is not None


def _persons_with(thumbprints: Any) -> Query:
    """SELECT of whose devices these are."""
    return select(DeviceRow.person_id).where(DeviceRow.thumbprint.in_(thumbprints))


def _colleagues(db: Tx, campaign: CampaignFacts, holding: frozenset[str], actor: Principal) -> list[Holder]:
    """Everybody else of the agency with a live device that holds the key, by name."""
    found: dict[UUID, Holder] = {}
    for row in _members(db, campaign):
        if row.person_id == actor.person_id:
            continue
        if any(each.thumbprint in holding for each in device_keys.live_of(db, row.person_id)):
            found[row.id] = Holder(row.id, row.name, row.person_id == campaign.owner_id)
    return list(found.values())


def _members(db: Tx, campaign: CampaignFacts) -> Sequence[Any]:
    """The live memberships of the campaign's agency whose person has a device that holds its key, by name."""
    holding = select(PayloadSlot.key_id).where(
        PayloadSlot.payload_id == campaign.key_payload_id, PayloadSlot.kind == SlotPurpose.DEVICE
    )
    return db.all(
        select(Membership.id, Membership.person_id, Person.name)
        .join(Person, Person.id == Membership.person_id)
        .where(
            Membership.agency_id == campaign.agency_id,
            memberships.is_live(clock.at(db)),
            Membership.person_id.in_(_persons_with(holding)),
        )
        .order_by(Person.name, Membership.id)
    )


def _devices_of(db: Tx, campaign: CampaignFacts, membership_id: UUID) -> tuple[UUID, set[str]]:
    """Whose membership this is, and all their devices, also those that have ended."""
    row = db.one_or_none(
        select(Membership.person_id, Person.subject_id)
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.id == membership_id, Membership.agency_id == campaign.agency_id)
    )
    if row is None:
        raise NoSuchCampaign()
    return row.subject_id, _all_of(db, row.person_id)


def _all_of(db: Tx, person_id: UUID) -> set[str]:
    """The thumbprints of somebody's devices, also of those that have ended."""
    return {each.thumbprint for each in device_keys.listing(db, person_id)}


def _colleague(db: Tx, campaign: CampaignFacts, email: str, context: Context) -> Principal:
    """The member of the campaign's agency with this e-mail address, if they may read its results."""
    rows = db.all(
        select(Membership.id)
        .join(Person, Person.id == Membership.person_id)
        .where(
            Membership.agency_id == campaign.agency_id,
            func.lower(Person.email) == email.strip().lower(),
            memberships.is_live(clock.at(db)),
        )
    )
    found = people.read(db, rows[0].id) if len(rows) == 1 else None
    if found is None or not _may_read(db, campaign, found, context):
        raise NotAColleague(errors={"email": [NotAColleague().message]})
    if not device_keys.live_of(db, found.person_id):
        raise NotAColleague(errors={"email": [NotAColleague().message]})
    return found


def person_of(
    db: Tx, campaign: CampaignFacts, thumbprint: str, actor: Principal, context: Context
) -> Principal:
    """Whose live device this is: the actor's, or a colleague's who may read the results. Raises NotAColleague."""
    if device_keys.of_person(db, actor.person_id, thumbprint) is not None:
        return actor
    row = db.one_or_none(
        select(Membership.id, Membership.person_id).where(
            Membership.agency_id == campaign.agency_id,
            memberships.is_live(clock.at(db)),
            Membership.person_id.in_(_persons_with([thumbprint])),
        )
    )
    found = None if row is None else people.read(db, row.id)
    live = row is not None and device_keys.of_person(db, row.person_id, thumbprint) is not None
    if found is None or not live or not _may_read(db, campaign, found, context):
        raise NotAColleague()
    return found


def _may_read(db: Tx, campaign: CampaignFacts, whose: Principal, context: Context) -> bool:
    """Whether somebody, as they are now, may read the results in circumstances such as the giver's."""
    try:
        results.readable(db, campaign.id, whose, context)
    except (NoSuchCampaign, NotForYou):
        return False
    return True


def _record(
    tx: Tx, act: str, campaign: CampaignFacts, subject_id: UUID, actor: Principal, context: Context
) -> None:
    target = audit.Target("person", subject_id, campaign.agency_id, campaign.id, campaign.terms.level)
    audit.record(tx, act, target, actor=actor, context=context)

"""Posting a campaign that its owner's device has sealed: the server gets settings, a public key and ciphertexts.

What can be checked without reading anything is: that every envelope says it was sealed for its item, that the owner's
own device signed it, and that its key is wrapped for this campaign's key. Each batch is in whole or not at all: the
first one with the campaign itself, later ones behind it, and none of them twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from agencies import agency_keys, device_keys, handling, people
from agencies.agency_keys import PublicHalf
from agencies.device_keys import DeviceKey
from marketplace.foundation.db import Tx
from security.labels import Level
from security.log import audit
from security.principal import Context, Principal, Role
from security.sealing import Protection, SealingError, keys
from tasks import campaign_rows, facts, payloads, retention, sealed_keys
from tasks.errors import (
    BadSealing,
    NeedsDevice,
    NoSuchCampaign,
    NotSealedHere,
    NotUnderOwnKey,
    Shredded,
    WrongStage,
)
from tasks.facts import CampaignFacts
from tasks.models import Campaign, CampaignProgress, Microtask
from tasks.payloads import Content, Sealed
from tasks.stages import OVER
from tasks.table import MOST_ROWS

BATCH = 1_000


@dataclass(frozen=True, slots=True)
class SealedKey:
    """A campaign's key as a device made it: the public half, and the private half sealed for its holders."""

    public_key: Mapping[str, Any]
    sealed: Sealed


@dataclass(frozen=True, slots=True)
class SealedRow:
    """An item as a device sealed it, under the id that the device chose, at its place in the campaign."""

    microtask_id: UUID
    number: int
    sealed: Sealed


@dataclass(frozen=True, slots=True)
class Preparation:
    """What a device needs to seal a campaign: the checked settings, whose it will be, and who may hold its key.

    `evidence`: what stands behind the actor's devices, by thumbprint; without those that no witness has seen.
    """

    settings: campaign_rows.Checked
    agency: str
    protection: str
    devices: Sequence[DeviceKey]
    evidence: Mapping[str, Mapping[str, Any]] = field(repr=False)
    processing: PublicHalf | None
    recovery: PublicHalf | None

    @property
    def sealed_before(self) -> bool:
        """Whether work of this level is sealed before it comes here."""
        return self.protection == handling.END_TO_END


def prepare(tx: Tx, settings: Any, actor: Principal) -> Preparation:
    """Check settings before anything is sealed or sent. Raises BadSpec, NotPermitted."""
    checked = campaign_rows.may_post(tx, settings, actor)
    devices = _vouched(tx, actor)
    shown = {each.thumbprint: device_keys.evidence(tx, each.id) for each in devices}
    return Preparation(
        checked,
        actor.agency_slug,
        handling.of(tx, actor.agency_id, Level.parse(checked["level"])).protection,
        devices,
        {thumbprint: evidence for thumbprint, evidence in shown.items() if evidence is not None},
        agency_keys.current(tx, actor.agency_id, agency_keys.PROCESSING),
        agency_keys.current(tx, actor.agency_id, agency_keys.RECOVERY),
    )


def post_sealed(
    tx: Tx,
    settings: Any,
    key: SealedKey,
    items: Sequence[SealedRow],
    *,
    campaign_id: UUID,
    actor: Principal,
    context: Context,
) -> UUID:
    """Post a campaign whose items are sealed end to end, under the ids that the device chose. Returns its id.

    Raises BadSpec, NotPermitted; NotSealedHere where work of this level is not sealed before it comes here;
    NeedsDevice where the signer is none of the actor's devices that this agency confirmed; KeyNotShared; BadSealing.
    """
    checked = campaign_rows.may_post(tx, settings, actor)
    handled = handling.of(tx, actor.agency_id, Level.parse(checked["level"]))
    if handled.protection != handling.END_TO_END:
        raise NotSealedHere()
    _check_ids(tx, campaign_id, items)
    campaign_rows.add_campaign(tx, campaign_id, checked, handled, actor, _public(key.public_key))
    campaign = facts.campaign(tx, campaign_id)
    own = {each.thumbprint: each for each in _vouched(tx, actor)}
    _keep_key(tx, campaign, key.sealed, own)
    for start in range(0, len(items), BATCH):
        _keep_items(tx, campaign, start + 1, items[start : start + BATCH], own)
    campaign_rows.finish(tx, campaign, len(items), actor, context)
    return campaign_id


def add_items(
    tx: Tx, campaign_id: UUID, items: Sequence[SealedRow], *, actor: Principal, context: Context
) -> int:
    """Put the next items behind those that a campaign has. Returns how many it has then.

    They are numbered on from there; a batch that is in already changes nothing. Only its owner adds to a campaign, as
    long as it is neither over nor shredded. Raises NoSuchCampaign, NotPermitted, NotUnderOwnKey, Shredded, WrongStage,
    NeedsDevice, BadSealing.
    """
    people.still_holds(tx, actor, Role.TASK_OWNER)
    retention.hold(tx, campaign_id)  # else a shredding that has begun would miss what comes in beside it
    campaign = facts.campaign(tx, campaign_id)
    if (campaign.owner_id, campaign.agency_id) != (actor.person_id, actor.agency_id):
        raise NoSuchCampaign()
    if campaign.protection is not Protection.END_TO_END:
        raise NotUnderOwnKey()
    mine = CampaignProgress.campaign_id == campaign.id
    total = int(tx.execute(select(CampaignProgress.total).where(mine).with_for_update()).scalar_one())
    if _is_in(tx, campaign, items):
        return total
    if retention.has_passed(tx, campaign):
        raise Shredded()
    if campaign.stage in OVER:
        raise WrongStage(stage=campaign.stage)
    _check_new(tx, items, total + 1)
    own = {each.thumbprint: each for each in _vouched(tx, actor)}
    for start in range(0, len(items), BATCH):
        _keep_items(tx, campaign, total + 1 + start, items[start : start + BATCH], own)
    tx.execute(update(CampaignProgress).where(mine).values(total=total + len(items)))
    target = campaign.target("campaign", campaign.id)
    audit.record(tx, "campaign.add", target, actor=actor, context=context, detail={"items": len(items)})
    return total + len(items)


def _is_in(tx: Tx, campaign: CampaignFacts, items: Sequence[SealedRow]) -> bool:
    """Whether this very batch was taken before, under the same ids and numbers."""
    if not items:
        return False
    known: dict[UUID, int] = {}
    for start in range(0, len(items), BATCH):
        ids = [each.microtask_id for each in items[start : start + BATCH]]
        here = (Microtask.campaign_id == campaign.id, Microtask.id.in_(ids))
        known |= {row.id: row.number for row in tx.all(select(Microtask.id, Microtask.number).where(*here))}
    return all(known.get(each.microtask_id) == each.number for each in items)


def _public(given: Mapping[str, Any]) -> dict[str, str]:
    try:
        return keys.public_jwk(keys.read_public(given))
    except SealingError:
        raise BadSealing(problem="public_key") from None


def _check_ids(tx: Tx, campaign_id: UUID, items: Sequence[SealedRow]) -> None:
    """Random, new, and numbered as the rows of a file are: ids stand in headers, so the device has to choose them."""
    _check_new(tx, items, 1)
    if campaign_id.version != 4 or tx.all(select(Campaign.id).where(Campaign.id == campaign_id)):
        raise BadSealing(problem="id")


def _check_new(tx: Tx, items: Sequence[SealedRow], first: int) -> None:
    """Items under random ids that nothing has yet, numbered from `first` on."""
    ids, last = [item.microtask_id for item in items], first - 1 + len(items)
    if not items or last > MOST_ROWS or [item.number for item in items] != list(range(first, last + 1)):
        raise BadSealing(problem="number")
    if len(set(ids)) != len(ids) or any(each.version != 4 for each in ids):
        raise BadSealing(problem="id")
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        if tx.all(select(Microtask.id).where(Microtask.id.in_(batch)).limit(1)):
            raise BadSealing(problem="id")


def _keep_key(tx: Tx, campaign: CampaignFacts, sealed: Sealed, own: Mapping[str, DeviceKey]) -> None:
    processing = agency_keys.current(tx, campaign.agency_id, agency_keys.PROCESSING)
    recovery = agency_keys.current(tx, campaign.agency_id, agency_keys.RECOVERY)
    sealed_keys.check(campaign, sealed, _signer(sealed, own), set(own), processing, recovery)
    payload_id = payloads.keep_sealed(tx, campaign, [(payloads.key(), sealed)])[0]
    tx.execute(update(Campaign).where(Campaign.id == campaign.id).values(key_payload_id=payload_id))


def _keep_items(
    tx: Tx, campaign: CampaignFacts, first: int, items: Sequence[SealedRow], own: Mapping[str, DeviceKey]
) -> None:
    refs = [payloads.item(item.microtask_id) for item in items]
    for ref, item in zip(refs, items, strict=True):
        signing_key = _signer(item.sealed, own).signing_key
        payloads.check_sealed(tx, campaign, ref, item.sealed, signing_key)
    kept = payloads.keep_sealed(
        tx, campaign, [(ref, item.sealed) for ref, item in zip(refs, items, strict=True)]
    )
    contents = [Content(None, payload_id) for payload_id in kept]
    campaign_rows.add_items(tx, campaign, first, [item.microtask_id for item in items], contents)


def _vouched(tx: Tx, actor: Principal) -> list[DeviceKey]:
    """The actor's devices that the agency they post for has confirmed: contributors trust no other one's word on it."""
    own = device_keys.live_of(tx, actor.person_id)
    return [each for each in own if each.agency_id == actor.agency_id]


def _signer(sealed: Sealed, own: Mapping[str, DeviceKey]) -> DeviceKey:
    device = own.get(sealed.signer)
    if device is None:
        raise NeedsDevice()
    return device

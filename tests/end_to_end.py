"""What an agency's side does end to end, in tests: sealing a campaign on a device, opening answers, deciding."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from agencies import agency_keys, handling
from marketplace.cli import sealed as on_command_line
from marketplace.cli.device_file import DeviceFile
from marketplace.foundation.db import reading, transaction
from marketplace.foundation.ids import new_id
from security.canonical import canonical_bytes
from security.labels import Level
from security.principal import Principal, Role
from security.sealing import (
    Header,
    Protection,
    SlotPurpose,
    device_slots,
    keys,
    recovery,
    thumbprints,
    unseal,
)
from security.sealing.recovery import PrivateKey, Suite
from tasks import facts, opening, payloads, posting_sealed
from tasks.access import Terms
from tasks.facts import CampaignFacts
from tasks.opening import SealedItem
from tasks.payloads import Part, Sealed, Slot
from tasks.posting_sealed import SealedKey, SealedRow
from tests import on_device
from tests.builders import AT_WORK, a_claim, a_person, a_spec, an_owner, let_open
from tests.device_keys import Device, a_device
from tests.on_device import device_of
from tests.witnessed import register_witnesses, witness


@dataclass
class AgencyKeys:
    """The keys that an agency keeps itself, both halves."""

    processing: keys.PrivateKey
    recovery: PrivateKey

    @property
    def processing_id(self) -> str:
        return thumbprints.of(keys.public_jwk(self.processing))


@dataclass
class Posting:
    """A campaign sealed on its owner's device, before it is posted. `private`: the campaign's own key."""

    owner: Principal
    device: Device
    settings: dict[str, Any]
    campaign_id: UUID
    private: keys.PrivateKey
    key: SealedKey
    items: list[SealedRow]

    def post(self, **changed: Any) -> UUID:
        """Post it, with something changed on the way."""
        given = {
            "settings": self.settings,
            "key": self.key,
            "items": self.items,
            "campaign_id": self.campaign_id,
        }
        given |= changed
        with transaction() as tx:
            made = posting_sealed.post_sealed(
                tx,
                given["settings"],
                given["key"],
                given["items"],
                campaign_id=given["campaign_id"],
                actor=self.owner,
                context=AT_WORK,
            )
            let_open(tx, made)
        return made


def handled_end_to_end(admin: Principal, level: Level = Level.SENSITIVE) -> None:
    """The agency of this administrator has work of the level sealed end to end from now on."""
    with transaction() as tx:
        handling.change(tx, level, {"protection": handling.END_TO_END}, actor=admin, context=AT_WORK)


def an_end_to_end_owner(agency: str | None = None) -> Principal:
    """A task owner of an agency that has sensitive work sealed end to end."""
    owner = an_owner(agency)
    handled_end_to_end(a_person(owner.agency_slug, roles=(Role.AGENCY_ADMIN,)))
    return owner


def agency_keys_of(owner: Principal) -> AgencyKeys:
    """Both keys of the owner's agency, made and registered."""
    admin = a_person(owner.agency_slug, roles=(Role.AGENCY_ADMIN,))
    made = AgencyKeys(keys.new_private(), recovery.new_private(Suite.P256))
    public = keys.public_jwk(keys.read_point(made.recovery.public.data))
    with transaction() as tx:
        for kind, jwk in (("processing", keys.public_jwk(made.processing)), ("recovery", public)):
            agency_keys.register(tx, kind, jwk, actor=admin, context=AT_WORK)
    return made


def a_posting(
    owner: Principal,
    items: int = 2,
    *,
    content: str = "Entry",
    held: AgencyKeys | None = None,
    device: Device | None = None,
    **given: Any,
) -> Posting:
    """Items sealed on the owner's device under a new campaign's key; also for the agency's keys, if it has any."""
    device = device or device_of(owner)
    settings = a_spec(**{"level": "sensitive", "contributions": 1} | given)
    private = keys.new_private()
    campaign_id = new_id()
    campaign = as_known(owner, settings, campaign_id, private)
    rows = []
    for number in range(1, items + 1):
        microtask_id = new_id()
        header = payloads.header_of(campaign, payloads.item(microtask_id))
        sealed = on_device.sealed_to_campaign(device, header, campaign, {"entry": f"{content} {number}"})
        rows.append(SealedRow(microtask_id, number, sealed))
    key = SealedKey(keys.public_jwk(private), sealed_key(campaign, device, private, held, [device]))
    return Posting(owner, device, settings, campaign_id, private, key, rows)


def as_known(
    owner: Principal, settings: dict[str, Any], campaign_id: UUID, private: keys.PrivateKey
) -> CampaignFacts:
    """What the device knows of a campaign that is not posted yet: enough for headers."""
    terms = Terms(
        campaign_id=campaign_id,
        agency_id=owner.agency_id,
        agency_slug=owner.agency_slug,
        owner_id=owner.person_id,
        level=Level.parse(settings["level"]),
        compartments=frozenset(settings.get("compartments", ())),
        audience=None,
        skills=(),
        open=True,
    )
    blank = dict.fromkeys(each.name for each in fields(CampaignFacts))
    return CampaignFacts(
        **blank
        | {
            "id": campaign_id,
            "agency_slug": owner.agency_slug,
            "protection": Protection.END_TO_END,
            "public_key": keys.public_jwk(private),
            "terms": terms,
        }
    )


def sealed_key(
    campaign: CampaignFacts,
    signer: Device,
    private: keys.PrivateKey,
    held: AgencyKeys | None,
    devices: Sequence[Device],
) -> Sealed:
    """The campaign's private key, sealed for these devices and for the agency's keys."""
    header = payloads.header_of(campaign, payloads.key())
    to = {each.thumbprint: keys.public_jwk(each.encryption) for each in devices}
    sealed, dek = on_device.sealed_with_key(
        signer, header, keys.private_bytes(private), to, SlotPurpose.DEVICE
    )
    if held is None:
        return sealed
    public = keys.public_jwk(held.processing)
    slots = (
        Slot(
            SlotPurpose.PROCESSING,
            held.processing_id,
            device_slots.wrap(dek, header.hash, SlotPurpose.PROCESSING, held.processing_id, public, None),
        ),
        Slot(
            SlotPurpose.RECOVERY,
            held.recovery.public.key_id,
            recovery.wrap(dek, header.hash, held.recovery.public.key_id, held.recovery.public),
        ),
    )
    return replace(sealed, slots=sealed.slots + slots)


def opened_with(private: keys.PrivateKey, part: Part) -> Any:
    """The value in something sealed to the campaign's key."""
    header = Header.from_bytes(part.header)
    now = int(datetime.now(UTC).timestamp())
    dek = device_slots.unwrap(part.slot, header.hash, part.purpose, part.key_id, private, now)
    return json.loads(unseal(header, part.envelope, dek))


def key_in(part: Part, private: keys.PrivateKey) -> keys.PrivateKey:
    """The campaign's key, opened by the holder of `private`."""
    header = Header.from_bytes(part.header)
    now = int(datetime.now(UTC).timestamp())
    dek = device_slots.unwrap(part.slot, header.hash, part.purpose, part.key_id, private, now)
    return keys.parse_private(unseal(header, part.envelope, dek))


def a_key_given(request: Mapping[str, Any], private: keys.PrivateKey, holder: str) -> dict[str, Any]:
    """What somebody with the campaign's key hands in for a request, both as JSON. `holder`: their own key's name."""
    header = Header.from_bytes(canonical_bytes(request["header"]))
    now = int(datetime.now(UTC).timestamp())
    dek = device_slots.unwrap(
        request["slot"].encode(), header.hash, SlotPurpose.CAMPAIGN, request["key_id"], private, now
    )
    asking, public = request["device"], request["evidence"]["device"]["encryption_key"]
    slot = device_slots.wrap(dek, header.hash, SlotPurpose.DEVICE, asking, public, request["until"])
    return {"claim": request["claim"], "device": asking, "holder": holder, "slot": slot.decode()}


@dataclass
class Waiting:
    """A campaign sealed end to end, the keys of its owner's agency, and somebody with an item and a device."""

    posting: Posting
    held: AgencyKeys
    person: Principal
    device: Device
    claim: UUID

    @property
    def owner(self) -> Principal:
        return self.posting.owner

    @property
    def campaign(self) -> UUID:
        return self.posting.campaign_id

    def open(self) -> SealedItem:
        """What the person's device gets when it asks for the item."""
        with transaction() as tx:
            item = opening.open_item(
                tx, self.claim, actor=self.person, context=AT_WORK, device=self.device.thumbprint
            )
        assert isinstance(item, SealedItem)
        return item


def a_claimed_item(agency: str, **given: Any) -> Waiting:
    """Somebody has taken an item of this agency's; their device has not asked for its key yet."""
    register_witnesses()
    owner = an_end_to_end_owner(agency)
    held = agency_keys_of(owner)
    posting = a_posting(owner, held=held, **given)
    posting.post()
    person = a_person()
    return Waiting(posting, held, person, a_device(person), a_claim(posting.campaign_id, person))


def a_key_asked_for(agency: str, **given: Any) -> Waiting:
    """The device has asked, and a witness has seen it."""
    made = a_claimed_item(agency, **given)
    assert made.open().item is None
    witness()
    return made


def known(campaign_id: UUID) -> CampaignFacts:
    """A posted campaign."""
    with reading() as db:
        return facts.campaign(db, campaign_id)


def posting_of(
    prepared: Mapping[str, Any], rows: Sequence[Mapping[str, str]], signer: DeviceFile
) -> dict[str, Any]:
    """The body by which a campaign of these rows is posted in one request."""
    sealing, body = on_command_line.begun(prepared, signer)
    return body | {"items": [sealing.item(number, row) for number, row in enumerate(rows, start=1)]}

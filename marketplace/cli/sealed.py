"""Sealing and opening on this machine, for commands: what is handed out is opened here, what is sent is sealed here.

Nothing here believes the server about what a part is: its header must say what was asked for, and what is sealed to a
campaign's key is sealed to the public half of the private key that was opened.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

from agencies.agency_keys import SUITES
from marketplace.cli.device_file import DeviceFile
from marketplace.cli.processing_key import ProcessingKey
from security.canonical import NotCanonical, canonical_bytes
from security.key_transparency import Vouched
from security.labels import Level
from security.sealing import (
    Header,
    HeaderMismatch,
    Protection,
    Purpose,
    SlotPurpose,
    base64url,
    device_slots,
    keys,
    new_dek,
    recovery,
    seal,
    signatures,
    thumbprints,
    unseal,
)
from security.sealing.keys import PrivateKey

Part = Mapping[str, Any]
"""One sealed payload as the API hands it out."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who can open slots: a device, an agency's processing key, or a campaign's own key."""

    key_id: str
    purpose: SlotPurpose
    private: PrivateKey = field(repr=False)


def holder_of(key: DeviceFile | ProcessingKey) -> Holder:
    """A device or a processing key as what opens slots."""
    if isinstance(key, ProcessingKey):
        return Holder(key.key_id, SlotPurpose.PROCESSING, key.private)
    return Holder(key.thumbprint, SlotPurpose.DEVICE, key.encryption)


def opened(part: Part, holder: Holder, **expected: Any) -> bytes:
    """The content of `part`, if its header says what is `expected` (by field of Header).

    Raises SealingError, also for a part that is none.
    """
    header = _header(part)
    if any(getattr(header, name) != value for name, value in expected.items()):
        raise HeaderMismatch()
    try:
        slot, envelope = part["slot"].encode("ascii"), base64url.decoded(part["envelope"])
    except (KeyError, ValueError, AttributeError):
        raise HeaderMismatch() from None
    now = int(time.time())
    dek = device_slots.unwrap(slot, header.hash, holder.purpose, holder.key_id, holder.private, now)
    return unseal(header, envelope, dek)


def value_in(part: Part, holder: Holder, **expected: Any) -> dict[str, Any]:
    """The JSON object in `part`. Raises as `opened` does."""
    try:
        value = json.loads(opened(part, holder, **expected))
    except ValueError:
        raise HeaderMismatch() from None
    if not isinstance(value, dict):
        raise HeaderMismatch()
    return value


def campaign_key(part: Part, holder: Holder, campaign: UUID) -> Holder:
    """The campaign's own key, opened: it opens everything in the campaign. Raises SealingError."""
    expected = {"purpose": Purpose.KEY, "campaign": campaign, "protection": Protection.END_TO_END}
    private = keys.parse_private(opened(part, holder, **expected))
    return Holder(thumbprints.of(keys.public_jwk(private)), SlotPurpose.CAMPAIGN, private)


def sealed_to_campaign(header: Header, value: Any, campaign: Holder, device: DeviceFile) -> dict[str, Any]:
    """`value` sealed under `header` to a campaign's key: `envelope`, `key_id`, `slot`, `signature`, `signer`."""
    return _sealed_to(header, value, campaign.key_id, keys.public_jwk(campaign.private), device)


@dataclass(frozen=True, slots=True)
class Sealing:
    """How the items of one campaign are sealed: under its headers, to its own key, signed by `device`.

    `preparation` is what the API said of the campaign's settings.
    """

    preparation: Mapping[str, Any]
    campaign: UUID
    key_id: str
    public: Mapping[str, str]
    device: DeviceFile

    def item(self, number: int, row: Mapping[str, str]) -> dict[str, Any]:
        """A row as it is sent, under a new id."""
        microtask = uuid4()
        header = _posted(self.preparation, self.campaign, Purpose.TASK, microtask)
        sealed = _sealed_to(header, row, self.key_id, self.public, self.device)
        kept = {name: sealed[name] for name in ("envelope", "slot", "signature")}
        return {"microtask": str(microtask), "number": number} | kept


def begun(
    preparation: Mapping[str, Any], device: DeviceFile, others: Sequence[Vouched] = ()
) -> tuple[Sealing, dict[str, Any]]:
    """A new campaign: how its items are sealed, and the body by which it is posted, without items yet.

    Its key is sealed for `device`, for `others`, which are shown to be of the same person, and for the agency's keys.
    What else the marketplace calls a device of the owner's gets nothing. Raises SealingError.
    """
    campaign, private = uuid4(), keys.new_private()
    public = keys.public_jwk(private)
    sealing = Sealing(preparation, campaign, thumbprints.of(public), public, device)
    key = _sealed_key(preparation, _posted(preparation, campaign, Purpose.KEY, None), private, device, others)
    named = {"public_key": public, "key_id": sealing.key_id}
    return sealing, {"spec": preparation["settings"], "campaign": str(campaign), "key": key | named}


def _header(part: Part) -> Header:
    try:
        return Header.from_bytes(canonical_bytes(part["header"]))
    except (KeyError, TypeError, NotCanonical):
        raise HeaderMismatch() from None


def _posted(
    preparation: Mapping[str, Any], campaign: UUID, purpose: Purpose, microtask: UUID | None
) -> Header:
    return Header(
        purpose=purpose,
        microtask=microtask,
        agency=preparation["agency"],
        level=Level.parse(preparation["level"]),
        compartments=frozenset(preparation["compartments"]),
        content_type="application/jwk+json" if purpose is Purpose.KEY else "application/json",
        campaign=campaign,
        protection=Protection.END_TO_END,
    )


def _sealed_to(
    header: Header, value: Any, key_id: str, public: Mapping[str, str], device: DeviceFile
) -> dict[str, Any]:
    dek = new_dek()
    envelope = seal(header, json.dumps(value, ensure_ascii=False).encode(), dek)
    slot = device_slots.wrap(dek, header.hash, SlotPurpose.CAMPAIGN, key_id, public, None)
    return {"key_id": key_id, "slot": slot.decode("ascii")} | _signed(header, envelope, device, key_id)


def _signed(
    header: Header, envelope: bytes, device: DeviceFile, campaign_key: str | None = None
) -> dict[str, Any]:
    signature = signatures.sign(header.hash, sha256(envelope).digest(), device.signing, campaign_key)
    return {
        "envelope": base64url.encoded(envelope),
        "signature": base64url.encoded(signature),
        "signer": device.thumbprint,
    }


def _sealed_key(
    preparation: Mapping[str, Any],
    header: Header,
    private: PrivateKey,
    device: DeviceFile,
    others: Sequence[Vouched],
) -> dict[str, Any]:
    """The campaign's private key, sealed for these devices of the owner's and for the keys that the agency keeps."""
    dek = new_dek()
    envelope = seal(header, keys.private_bytes(private), dek)
    wanted = [(SlotPurpose.DEVICE, device.thumbprint, keys.public_jwk(device.encryption))]
    wanted += [(SlotPurpose.DEVICE, each.thumbprint, dict(each.encryption_key)) for each in others]
    processing, offline = preparation["processing"], preparation["recovery"]
    if processing is not None:
        wanted.append((SlotPurpose.PROCESSING, processing["key_id"], processing["public_key"]))
    slots = [
        {
            "kind": kind.value,
            "key_id": key_id,
            "slot": device_slots.wrap(dek, header.hash, kind, key_id, public, None).decode("ascii"),
        }
        for kind, key_id, public in wanted
    ]
    if offline is not None:
        public = _recovery_key(offline)
        slot = recovery.wrap(dek, header.hash, public.key_id, public)
        slots.append({"kind": "recovery", "key_id": public.key_id, "slot": base64url.encoded(slot)})
    return {"slots": slots} | _signed(header, envelope, device)


def _recovery_key(given: Mapping[str, Any]) -> recovery.PublicKey:
    public = given["public_key"]
    raw = base64url.decoded(public["raw"]) if "raw" in public else keys.point_bytes(keys.read_public(public))
    return recovery.PublicKey(SUITES[given["suite"]], raw)

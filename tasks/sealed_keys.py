"""A campaign's own key as a device sealed it: for whom it has to be, and whether it says so."""

from __future__ import annotations

from collections.abc import Iterable, Set
from hashlib import sha256

from agencies.agency_keys import PublicHalf
from agencies.device_keys import DeviceKey
from security.sealing import SealingError, SlotPurpose, device_slots, envelope, recovery, signatures
from tasks import payloads
from tasks.errors import BadSealing, KeyNotShared
from tasks.facts import CampaignFacts
from tasks.payloads import Sealed, Slot

LACKING = {
    SlotPurpose.DEVICE: "None of your own devices could open it.",
    SlotPurpose.PROCESSING: "Your agency's processing key, which it has registered, could not open it.",
    SlotPurpose.RECOVERY: "Your agency's recovery key, which it has registered, could not open it.",
}


def check(
    campaign: CampaignFacts,
    sealed: Sealed,
    signer: DeviceKey,
    devices: Set[str],
    processing: PublicHalf | None,
    recovery_key: PublicHalf | None,
) -> None:
    """Whether `signer` sealed this campaign's key for at least one of `devices` (thumbprints), for the keys that the
    agency keeps itself, and for nobody else.

    Raises BadSealing, and KeyNotShared with `errors` by kind of holder.
    """
    header = payloads.header_of(campaign, payloads.key())
    _check_holders(sealed.slots, devices, processing, recovery_key)
    try:
        envelope.check_belongs(header, sealed.envelope)
        signatures.verify(header.hash, sha256(sealed.envelope).digest(), sealed.signature, signer.signing_key)
        for slot in sealed.slots:
            if slot.kind is SlotPurpose.RECOVERY and recovery_key is not None:
                recovery.check_form(slot.wrapped, recovery_key.for_recovery)
            else:
                device_slots.check_bound(slot.wrapped, header.hash, slot.kind, slot.key_id)
    except SealingError as error:
        raise BadSealing(problem=type(error).__name__) from None


def check_slot(campaign: CampaignFacts, slot: bytes, thumbprint: str) -> None:
    """Whether a slot says that it gives this campaign's key to this device. Raises BadSealing."""
    header = payloads.header_of(campaign, payloads.key())
    try:
        device_slots.check_bound(slot, header.hash, SlotPurpose.DEVICE, thumbprint)
    except SealingError as error:
        raise BadSealing(problem=type(error).__name__) from None


def _check_holders(
    slots: Iterable[Slot], devices: Set[str], processing: PublicHalf | None, recovery_key: PublicHalf | None
) -> None:
    """Everybody who has to hold the key, and nobody else, each once."""
    given = [(slot.kind, slot.key_id) for slot in slots]
    wanted = {
        (SlotPurpose(half.kind), half.key_id) for half in (processing, recovery_key) if half is not None
    }
    allowed = wanted | {(SlotPurpose.DEVICE, thumbprint) for thumbprint in devices}
    if len(set(given)) != len(given) or not set(given) <= allowed:
        raise BadSealing(problem="slots")
    lacking = [kind for kind, key_id in sorted(wanted) if (kind, key_id) not in given]
    if not any(kind is SlotPurpose.DEVICE for kind, _ in given):
        lacking.insert(0, SlotPurpose.DEVICE)
    if lacking:
        raise KeyNotShared(errors={kind.value: [LACKING[kind]] for kind in lacking})

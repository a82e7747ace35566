"""Sealing: an envelope for content, and key slots beside it. The format is described in `docs/sealing.md`."""

from security.sealing import device_slots, keys, recovery, signatures, thumbprints
from security.sealing.envelope import new_dek, seal, seal_stream, unseal, unseal_stream
from security.sealing.errors import (
    AlgorithmRefused,
    DowngradeRefused,
    HeaderMismatch,
    HeaderRefused,
    KeyRefused,
    SealingError,
    SignatureRefused,
    SlotExpired,
    SlotRefused,
)
from security.sealing.header import Header, Protection, Purpose
from security.sealing.keys import PublicJwk
from security.sealing.slots import SlotPurpose, slot_aad, unwrap_kek, wrap_kek

__all__ = [
    "AlgorithmRefused",
    "DowngradeRefused",
    "Header",
    "HeaderMismatch",
    "HeaderRefused",
    "KeyRefused",
    "Protection",
    "PublicJwk",
    "Purpose",
    "SealingError",
    "SignatureRefused",
    "SlotExpired",
    "SlotPurpose",
    "SlotRefused",
    "device_slots",
    "keys",
    "new_dek",
    "recovery",
    "seal",
    "seal_stream",
    "signatures",
    "slot_aad",
    "thumbprints",
    "unseal",
    "unseal_stream",
    "unwrap_kek",
    "wrap_kek",
]

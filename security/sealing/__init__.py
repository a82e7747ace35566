"""Sealing: an envelope for content, and key slots beside it. The format is described in `docs/sealing.md`."""

from security.sealing.envelope import new_dek, seal, seal_stream, unseal, unseal_stream
from security.sealing.errors import SealingError
from security.sealing.header import Header, Purpose
from security.sealing.slots import SlotPurpose, slot_aad, unwrap_kek, wrap_kek

__all__ = [
    "Header",
    "Purpose",
    "SealingError",
    "SlotPurpose",
    "new_dek",
    "seal",
    "seal_stream",
    "slot_aad",
    "unseal",
    "unseal_stream",
    "unwrap_kek",
    "wrap_kek",
]

"""Who sealed what is handed out end to end: what stands behind the devices that signed it, for its reader to check."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from agencies import device_keys
from agencies.device_keys import DeviceKey
from agencies.device_keys.errors import NoSuchDeviceKey
from marketplace.foundation.db import Tx
from tasks.payloads import Part

Evidence = Mapping[str, Mapping[str, Any]]
"""What stands behind devices (agencies.device_keys.evidence), by thumbprint."""


def evidence_of(db: Tx, devices: Iterable[DeviceKey]) -> Evidence:
    """What stands behind these devices; without those that no witness saw or whose entry is over."""
    found = {each.thumbprint: device_keys.evidence(db, each.id) for each in devices}
    return {thumbprint: evidence for thumbprint, evidence in found.items() if evidence is not None}


def behind(db: Tx, parts: Iterable[Part | None]) -> Evidence:
    """What stands behind the devices that signed these parts, also those that have ended since.

    Without those that nothing stands behind any more, and nothing for what nobody signed: a reader refuses both.
    """
    signers = sorted({part.signer for part in parts if part is not None and part.signer is not None})
    found = [sealer(db, each) for each in signers]
    return evidence_of(db, [each for each in found if each is not None])


def sealer(db: Tx, thumbprint: str) -> DeviceKey | None:
    """The device of this name, also when it has ended; None once its person was erased."""
    try:
        return device_keys.one(db, thumbprint, ended=True)
    except NoSuchDeviceKey:
        return None

"""Opening a campaign's key with the agency's offline key, and wrapping it for a new device.

Everything that the marketplace hands out is checked here: that it is the key of this campaign, that it opens, and
whose the new device is, by whom the agency itself trusts. Nothing of this needs a network.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from marketplace.cli import vouching
from marketplace.cli.key_release import Trusted
from security.canonical import NotCanonical, canonical_bytes
from security.sealing import (
    Header,
    HeaderMismatch,
    Protection,
    Purpose,
    SealingError,
    SlotPurpose,
    base64url,
    device_slots,
    keys,
    recovery,
    thumbprints,
    unseal,
)
from security.sealing.recovery import PrivateKey, Suite
from security.sealing.strict_json import members_of


def read_key(path: Path) -> PrivateKey:
    """The offline key in a file that `agency key new` wrote. Raises ClickException, also where others may read it."""
    try:
        with open(path, "rb") as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                raise click.ClickException(f"Others may read {path}. Say: chmod 600 {path}")
            members = members_of(file.read())
        if members.keys() == {"seed"}:
            return PrivateKey(Suite.HYBRID, base64url.decoded(members["seed"]))
        keys.read_private(members)
        return PrivateKey(Suite.P256, base64url.decoded(members["d"]))
    except OSError as error:
        raise click.ClickException(f"{path} cannot be read ({error.strerror}).") from None
    except (SealingError, ValueError, TypeError, AttributeError):
        raise click.ClickException(f"{path} is no offline key as `agency key new` writes it.") from None


def answer(
    found: Mapping[str, Any], campaign: UUID, device: str, held: PrivateKey, trusted: Trusted, now: datetime
) -> dict[str, str]:
    """What is sent back: the campaign's key, wrapped for the device with this thumbprint, once all behind it holds.

    Raises EvidenceRefused; SealingError, also where what was found is no such thing.
    """
    vouched = vouching.vouched(found.get("device"), device, trusted, now)
    try:
        part = found["key"]
        header = Header.from_bytes(canonical_bytes(part["header"]))
        slot, envelope = base64url.decoded(part["slot"]), base64url.decoded(part["envelope"])
    except (KeyError, TypeError, ValueError, AttributeError, NotCanonical):
        raise HeaderMismatch() from None
    if (header.purpose, header.campaign, header.protection) != (
        Purpose.KEY,
        campaign,
        Protection.END_TO_END,
    ):
        raise HeaderMismatch()
    dek = recovery.unwrap(slot, header.hash, held.public.key_id, held)
    private = keys.parse_private(unseal(header, envelope, dek))
    if thumbprints.of(keys.public_jwk(private)) != found.get("key_id"):
        raise HeaderMismatch()
    wrapped = device_slots.wrap(dek, header.hash, SlotPurpose.DEVICE, device, vouched.encryption_key, None)
    return {"campaign": str(campaign), "device": device, "slot": wrapped.decode("ascii")}


def sealed_for(found: Mapping[str, Any]) -> str:
    """The name of the offline key that the campaign's key was sealed for, as the marketplace says."""
    try:
        return str(found["key"]["key_id"])
    except (KeyError, TypeError):
        return ""

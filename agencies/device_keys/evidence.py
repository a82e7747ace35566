"""What stands behind a device key, for whoever is to seal to it: checked by `security/key_transparency.py`.

It is complete only when a witness has cosigned a checkpoint over the enrolment's entry, some seconds after it. The
entry is kept with the device (`keeping`), so the evidence lasts longer than the record's own copy.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select

from agencies.device_keys import keeping
from agencies.device_keys.record_proofs import proved
from agencies.device_models import DeviceKey
from agencies.models import Person
from marketplace.foundation.db import Tx
from security.key_transparency import FORMAT
from security.log import checkpoints


class Entry(NamedTuple):
    """An entry of the record: its number and its canonical bytes."""

    number: int
    body: bytes


def evidence(db: Tx, device_key_id: UUID) -> dict[str, Any] | None:
    """The evidence of one enrolment as JSON values; None while no witnessed checkpoint covers it.

    Members: format; thumbprint, encryption_key and signing_key (JWK), salt; id_token (compact), issuer, client_id,
    issuer_key (JWK); entry {number, body (base64), proof (hashes in hex, RFC 9162, 2.1.3.1)}; checkpoint (a signed
    note with its cosignatures); log and witnesses, the keys of those lines, for people to compare.

    The token says who somebody is at their agency: this is for the machine that seals, and no page shows it.
    """
    row = db.one_or_none(
        select(DeviceKey.__table__, Person.subject_id)
        .join(Person, Person.id == DeviceKey.person_id)
        .where(DeviceKey.id == device_key_id)
    )
    entry = None if row is None else _entry(db, row)
    found = None if entry is None else proved(db, entry)
    if row is None or found is None:
        return None
    proof, signed = found
    keys = checkpoints.witnesses(db)
    return {
        "format": FORMAT,
        "thumbprint": row.thumbprint,
        "encryption_key": dict(row.encryption_key),
        "signing_key": dict(row.signing_key),
        "salt": row.salt,
        "id_token": bytes(row.id_token).decode("ascii"),
        "issuer": row.issuer,
        "client_id": row.client_id,
        "issuer_key": dict(row.issuer_key),
        "entry": proof,
        "checkpoint": str(signed.note),
        "log": str(checkpoints.key(db)),
        "witnesses": [str(keys[name]) for name in sorted(signed.witnessed) if name in keys],
    }


def _entry(db: Tx, row: Any) -> Any | None:
    """Number and body of the enrolment's entry: as kept with the device, or as the record has it."""
    if row.entry_number is None:
        return keeping.on_record(db, row.subject_id, row.thumbprint)
    return Entry(row.entry_number, row.entry_body)

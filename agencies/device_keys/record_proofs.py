"""What shows that a device was let in: entries of the record, proved into a checkpoint that a witness cosigned.

The work rooms write the record and never read it; whoever gives keys needs to see what it says, so that is asked here.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select, true

from agencies.models import Agency, Identity, IdentityProvider
from marketplace.foundation.db import Tx
from security import asked_keys, merkle_proofs
from security.log import checkpoints, tree, witnesses
from security.log.checkpoints import Signed
from security.log.models import AuditEntry


@dataclass(frozen=True, slots=True)
class Trust:
    """What a browser checks evidence by before it gives a key or trusts one: the record's key and its witnesses'
    (verifier lines), and the sign-in services by which agencies are known (issuer → the agency's name).

    A browser has this from the marketplace, as it has its scripts; an agency's own service keeps its own.
    """

    log: str | None
    witnesses: Sequence[str]
    issuers: Mapping[str, str]


def trust(db: Tx, agency_id: UUID | None = None) -> Trust:
    """What evidence is checked by, as the marketplace knows it; of devices of one agency's people, or of anybody's."""
    key = checkpoints.key(db)
    known = checkpoints.witnesses(db)
    providers = db.all(
        select(IdentityProvider.issuer, Agency.name)
        .join(Agency, Agency.id == IdentityProvider.agency_id)
        .where(IdentityProvider.status == "active", true() if agency_id is None else Agency.id == agency_id)
        .order_by(Agency.name, IdentityProvider.issuer)
    )
    return Trust(
        None if key is None else str(key),
        [str(known[name]) for name in sorted(known)],
        {row.issuer: row.name for row in providers},
    )


def issuers_of(db: Tx, person_id: UUID) -> list[str]:
    """The sign-in services that confirm this person's own devices."""
    found = db.all(select(Identity.issuer).where(Identity.person_id == person_id).distinct())
    return sorted(row.issuer for row in found)


def asked(db: Tx, microtask_id: UUID, device: str, until: int) -> dict[str, Any] | None:
    """The entry by which this device was let in until then, in a checkpoint that a witness cosigned; None before."""
    rows = db.all(
        select(AuditEntry.number, AuditEntry.body, AuditEntry.detail)
        .where(AuditEntry.object_id == str(microtask_id), AuditEntry.act == asked_keys.ACT)
        .order_by(AuditEntry.number.desc())
    )
    said = {"device": device, "until": until}
    entry = next((row for row in rows if row.detail == said), None)
    proof = None if entry is None else proved(db, entry)
    return None if proof is None else {"entry": proof[0], "checkpoint": str(proof[1].note)}


def proved(db: Tx, entry: Any) -> tuple[dict[str, Any], Signed] | None:
    """An entry (number and body) as JSON values with its proof, and the checkpoint it leads to; None before that.

    Members: number, body (base64), proof (hashes in hex, RFC 9162, section 2.1.3.1).
    """
    signed = _witnessed(db, entry.number)
    if signed is None:
        return None
    size = signed.checkpoint.size
    path = merkle_proofs.inclusion(entry.number, size, tree.subtrees(db, size - 1, entry.number))
    body = b64encode(bytes(entry.body)).decode("ascii")
    return {"number": entry.number, "body": body, "proof": [each.hex() for each in path]}, signed


def _witnessed(db: Tx, number: int) -> Signed | None:
    """The newest checkpoint over this entry that as many witnesses cosigned as are wanted, or else one at least."""
    for enough in (witnesses.WANTED, 1):
        signed = checkpoints.latest(db, witnesses=enough)
        if signed is not None and signed.checkpoint.size > number:
            return signed
    return None

"""Shredding: a payload's slots are destroyed and its content is blanked; its header stays and says what there was."""

from __future__ import annotations

from collections.abc import Collection
from hashlib import sha256
from uuid import UUID

from sqlalchemy import delete, update

from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from tasks.models import Payload, PayloadSlot


def shred(tx: Tx, ids: Collection[UUID]) -> dict[UUID, str]:
    """Shred these payloads. Returns the header hash (64 hex digits) of each that had not been shredded before.

    With the content goes the signature, and whose device made it: there is nothing left that it vouches for.
    """
    if not ids:
        return {}
    blanked = {"body": b"", "signature": None, "signer": None, "shredded_on": clock.now(tx).date()}
    here = (Payload.id.in_(ids), Payload.shredded_on.is_(None))
    gone = update(Payload).where(*here).values(blanked).returning(Payload.id, Payload.header)
    rows = tx.execute(gone).all()
    tx.execute(delete(PayloadSlot).where(PayloadSlot.payload_id.in_(ids)))
    return {row.id: sha256(row.header).hexdigest() for row in rows}

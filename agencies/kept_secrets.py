"""Where small secrets lie (`agencies.keys.small_secrets`), and moving them to another key of their agency.

What belongs to an open proposal stays where it is: its signatures cover the bytes, and it is gone within two weeks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, union_all, update

from agencies import providers, signing
from agencies.agreement_models import Proposal
from agencies.keys import KeyProvider, small_secrets
from agencies.models import IdentityProvider, SigningKey
from marketplace.foundation.db import Tx
from security.sealing.errors import SlotRefused


def hanging(db: Tx) -> dict[str, int]:
    """How many small secrets hang on each key, by key id: of sign-in services, signing keys and open proposals."""
    held = union_all(
        select(IdentityProvider.secret_key_id.label("key_id")),
        select(SigningKey.secret_key_id.label("key_id")),
        select(Proposal.secret_key_id.label("key_id")).where(Proposal.secret_key_id.is_not(None)),
    ).subquery()
    counted = select(held.c.key_id, func.count().label("secrets")).group_by(held.c.key_id)
    return {row.key_id: row.secrets for row in db.all(counted)}


def move(tx: Tx, keys: KeyProvider, agency_id: UUID, to: str) -> tuple[int, int]:
    """Move the agency's secrets to the key `to`: (how many moved, how many did not open). Raises KeyTrouble."""
    moved = refused = 0
    for table, row, binding in _of(tx, agency_id, to):
        try:
            sealed = small_secrets.moved(keys, row.secret_key_id, to, bytes(row.secret_wrapped), binding)
        except SlotRefused:
            refused += 1
            continue
        unchanged = (
            table.secret_key_id == row.secret_key_id,
            table.secret_wrapped == row.secret_wrapped,
        )
        placed = update(table).where(table.agency_id == agency_id, *unchanged)
        moved += tx.execute(placed.values(secret_key_id=to, secret_wrapped=sealed)).rowcount
    return moved, refused


def _of(tx: Tx, agency_id: UUID, to: str) -> Iterator[tuple[Any, Any, bytes]]:
    """The agency's secrets under other keys: table, row, and what the secret is bound to."""
    bindings: dict[Any, Callable[[Any], bytes]] = {
        IdentityProvider: lambda row: providers.binding(row.issuer, row.client_id),
        SigningKey: lambda row: signing.binding(row.id),
    }
    for table, binding in bindings.items():
        elsewhere = (table.agency_id == agency_id, table.secret_key_id != to)
        for row in tx.all(select(table.__table__).where(*elsewhere)):
            yield table, row, binding(row)

"""A mutating call that is repeated with its Idempotency-Key is answered again, not done again (design D5).

The row holds a keyed digest of the request, the status and the id of the result; never a body. It is looked up by
a write: under synchronous replication a repeat that only reads may be told "done" about something that is lost.
Refused calls leave no row, because their transaction rolls back; repeating one asks again. The row names a person
and what they made, so it keeps the day and no exact time (D18): beside each other, claim and answer would tell how
long somebody took.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Index, Integer, LargeBinary, String, Uuid, delete, update
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.foundation import clock
from marketplace.foundation.db import Base, Moment, Tx, insert
from marketplace.foundation.errors import Conflict

KEPT_FOR = timedelta(days=3)
"""From the beginning of the day of the last call."""


class IdempotencyKey(Base):
    """What became of a call: enough to answer it again, nothing of what was in it."""

    __tablename__ = "idempotency_key"
    __table_args__ = (Index("ix_idempotency_key_seen_at", "seen_at"),)

    person_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    request: Mapped[bytes] = mapped_column(LargeBinary(32))
    status: Mapped[int | None] = mapped_column(Integer)
    result_id: Mapped[UUID | None] = mapped_column(Uuid)
    seen_at: Mapped[datetime] = mapped_column(Moment)


class KeyUsedDifferently(Conflict):
    """This Idempotency-Key was already used for a different request. Use a new key for a new request."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """What a key's first call answered."""

    status: int
    result_id: UUID | None


def begin(tx: Tx, person_id: UUID, key: str, request: bytes) -> Earlier | None:
    """Claim the key for this transaction, or learn what its first call answered.

    One upsert: a concurrent twin waits on the row until the first call has committed or rolled back. Raises
    KeyUsedDifferently when `request`, the keyed digest of method, path and body, is not the first call's.
    """
    today = clock.now(tx).replace(hour=0, minute=0, second=0, microsecond=0)
    claimed = insert(tx, IdempotencyKey).values(
        person_id=person_id, key=key, request=request, seen_at=today, status=None, result_id=None
    )
    row = tx.execute(
        claimed.on_conflict_do_update(
            index_elements=["person_id", "key"], set_={"seen_at": claimed.excluded.seen_at}
        ).returning(IdempotencyKey.request, IdempotencyKey.status, IdempotencyKey.result_id)
    ).one()
    if bytes(row.request) != request:
        raise KeyUsedDifferently()
    return Earlier(row.status, row.result_id) if row.status is not None else None


def complete(tx: Tx, person_id: UUID, key: str, *, status: int, result_id: UUID | None) -> None:
    """Write the answer beside the effect, in the same transaction."""
    mine = (IdempotencyKey.person_id == person_id, IdempotencyKey.key == key)
    tx.execute(update(IdempotencyKey).where(*mine).values(status=status, result_id=result_id))


def forget_old(tx: Tx) -> int:
    """Delete keys that nobody will repeat any more."""
    return tx.execute(
        delete(IdempotencyKey).where(IdempotencyKey.seen_at < clock.now(tx) - KEPT_FOR)
    ).rowcount

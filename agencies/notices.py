"""What people are told. A notice is a kind and facts; it becomes a sentence in the reader's language when shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update

from agencies.models import Notice, Person
from agencies.notice_words import SENTENCES
from marketplace.foundation import clock, jobs, sequence
from marketplace.foundation.db import Tx
from marketplace.foundation.errors import NotFound
from marketplace.foundation.ids import new_id
from security.principal import Principal


def post(tx: Tx, person_id: UUID, kind: str, *, path: str, **args: Any) -> UUID:
    """Tell a person something: the row now, the mail by a job."""
    if kind not in SENTENCES:
        raise ValueError(f"no notice is called {kind}")
    notice_id = new_id()
    tx.execute(
        insert(Notice),
        {
            "id": notice_id,
            "person_id": person_id,
            "kind": kind,
            "args": args,
            "path": path,
            "place": sequence.numbers(tx, "notice_place")[0],
            "recorded_at": _today(tx),
        },
    )
    jobs.record(tx, "notice.send", {"notice_id": notice_id})
    return notice_id


def listing(db: Tx, person_id: UUID, limit: int = 50) -> Sequence[Any]:
    """A person's notices, newest first: id, kind, args, path, recorded_at, read_at."""
    chosen = select(Notice.id, Notice.kind, Notice.args, Notice.path, Notice.recorded_at, Notice.read_at)
    return db.all(chosen.where(Notice.person_id == person_id).order_by(Notice.place.desc()).limit(limit))


def unread(db: Tx, person_id: UUID) -> int:
    """How many notices a person has not opened."""
    mine = (Notice.person_id == person_id, Notice.read_at.is_(None))
    return int(db.scalar(select(func.count()).select_from(Notice).where(*mine)))


def mark_read(tx: Tx, notice_id: UUID, *, actor: Principal) -> str:
    """Note that the person opened it. Returns where it leads. Raises NotFound for somebody else's."""
    row = tx.one_or_none(
        update(Notice)
        .where(Notice.id == notice_id, Notice.person_id == actor.person_id)
        .values(read_at=func.coalesce(Notice.read_at, clock.now(tx)))
        .returning(Notice.path)
    )
    if row is None:
        raise NotFound()
    return str(row.path)


def to_send(db: Tx, notice_id: UUID) -> Any | None:
    """A notice that was not sent yet, with its reader's name, address and language; else None."""
    return db.one_or_none(
        select(Notice.id, Notice.kind, Notice.args, Notice.path, Person.name, Person.email, Person.locale)
        .join(Person, Person.id == Notice.person_id)
        .where(Notice.id == notice_id, Notice.sent_at.is_(None))
    )


def mark_sent(tx: Tx, notice_id: UUID) -> None:
    """Note that there is nothing left to send."""
    tx.execute(update(Notice).where(Notice.id == notice_id).values(sent_at=_today(tx)))


def _today(tx: Tx) -> datetime:
    """The beginning of the day: that somebody's time for an item ran out must not be kept to the second (D18)."""
    return clock.now(tx).replace(hour=0, minute=0, second=0, microsecond=0)

"""What somebody was sending when they were asked to sign in again: kept for a quarter of an hour, for them alone.

The text is sealed by the cookie's token (`session_seal`); it goes when it was sent, with its session, with a change of
hat, or with time. Answers to sealed campaigns never come here: those stay on the person's device.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Uuid, delete, func, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from agencies import session_seal
from agencies.errors import NoSuchForm
from marketplace.foundation import clock
from marketplace.foundation.db import Base, Moment, Tx
from marketplace.foundation.ids import new_id

KEPT = timedelta(minutes=15)
MOST = 5
"""Forms that one session may have waiting; a sixth is not kept."""
LONGEST = 256 * 1024
"""Characters of a form, as JSON."""


class HeldForm(Base):
    """A form that waits for its sender to come back from a step-up."""

    __tablename__ = "held_form"
    __table_args__ = (Index("ix_held_form_over_at", "over_at"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    session: Mapped[str] = mapped_column(
        String(40), ForeignKey("web_session.reference", ondelete="CASCADE"), index=True
    )
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    over_at: Mapped[datetime] = mapped_column(Moment)


@dataclass(frozen=True, slots=True)
class Form:
    """Where a form goes, and its fields in order; names may repeat."""

    path: str
    fields: tuple[tuple[str, str], ...]


def hold(tx: Tx, form: Form, *, token: str, session: str) -> UUID | None:
    """Keep a form for the session with this token. None where it is too long, or too many wait already."""
    text = json.dumps([form.path, form.fields])
    now = clock.now(tx)
    waiting = select(func.count()).where(HeldForm.session == session, HeldForm.over_at > now)
    if len(text) > LONGEST or tx.scalar(waiting) >= MOST:
        return None
    form_id = new_id()
    sealed = session_seal.seal(token, _purpose(form_id), text)
    tx.execute(insert(HeldForm), {"id": form_id, "session": session, "sealed": sealed, "over_at": now + KEPT})
    return form_id


def read(db: Tx, form_id: UUID, *, token: str, session: str) -> Form:
    """The form, for the session that it was kept for. Raises NoSuchForm."""
    chosen = select(HeldForm.sealed).where(HeldForm.id == form_id, HeldForm.session == session)
    sealed = db.scalar(chosen.where(HeldForm.over_at > clock.now(db)))
    text = session_seal.unseal(token, _purpose(form_id), bytes(sealed)) if sealed is not None else None
    if text is None:
        raise NoSuchForm()
    path, fields = json.loads(text)
    return Form(path, tuple((name, value) for name, value in fields))


def reseal(tx: Tx, *, session: str, token: str, fresh: str) -> None:
    """Carry the forms of a session over to its new token."""
    for row in tx.all(select(HeldForm.id, HeldForm.sealed).where(HeldForm.session == session)):
        text = session_seal.unseal(token, _purpose(row.id), bytes(row.sealed))
        if text is not None:
            sealed = session_seal.seal(fresh, _purpose(row.id), text)
            tx.execute(update(HeldForm).where(HeldForm.id == row.id).values(sealed=sealed))


def drop(tx: Tx, form_id: UUID, *, session: str) -> None:
    """Forget a form, because it was sent."""
    tx.execute(delete(HeldForm).where(HeldForm.id == form_id, HeldForm.session == session))


def drop_all(tx: Tx, *, session: str) -> None:
    """Forget every form of a session: they belong to another hat."""
    tx.execute(delete(HeldForm).where(HeldForm.session == session))


def forget_over(tx: Tx) -> int:
    """Delete what nobody came back for."""
    return tx.execute(delete(HeldForm).where(HeldForm.over_at < clock.now(tx))).rowcount


def _purpose(form_id: UUID) -> str:
    return f"held form {form_id}"

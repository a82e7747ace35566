"""Tables of how people come and move: invitations, and moves between agencies that two administrators may approve."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, String, Uuid, false
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.foundation.db import Base, Json, Moment, where


class Invitation(Base):
    """A way into one agency, used once. The link holds a random token, this row its digest.

    What it gives was fixed by whoever made it. With `membership_id` it makes nobody a member: it lets somebody who is
    one sign in by this agency's provider, to which they were moved.
    """

    __tablename__ = "invitation"
    __table_args__ = (
        CheckConstraint("clearance BETWEEN 0 AND 3", name="clearance"),
        CheckConstraint("NOT partner OR (sponsor_id IS NOT NULL AND until IS NOT NULL)", name="partner"),
        CheckConstraint("used_at IS NULL OR withdrawn_at IS NULL", name="one_end"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    token: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.id"), index=True)
    made_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    note: Mapped[str] = mapped_column(String(120))
    roles: Mapped[list[str]] = mapped_column(Json)
    clearance: Mapped[int] = mapped_column(SmallInteger)
    compartments: Mapped[list[str]] = mapped_column(Json)
    partner: Mapped[bool] = mapped_column(server_default=false())
    sponsor_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    until: Mapped[datetime | None] = mapped_column(Moment)
    membership_id: Mapped[UUID | None] = mapped_column(ForeignKey("membership.id"))
    made_at: Mapped[datetime] = mapped_column(Moment)
    over_at: Mapped[datetime] = mapped_column(Moment)
    used_at: Mapped[datetime | None] = mapped_column(Moment)
    used_by: Mapped[UUID | None] = mapped_column(ForeignKey("membership.id"))
    withdrawn_at: Mapped[datetime | None] = mapped_column(Moment)


class Move(Base):
    """A person on their way to another agency: for good (`transfer`), or for a time (`secondment`).

    `from_id` is the membership that vouches for them today; `invitation_id` the way in that they brought along.
    """

    __tablename__ = "move"
    __table_args__ = (
        CheckConstraint("kind IN ('transfer', 'secondment')", name="kind"),
        CheckConstraint("state IN ('open', 'done', 'declined', 'withdrawn')", name="state"),
        CheckConstraint("(kind = 'secondment') = (until IS NOT NULL)", name="until"),
        # One at a time: two that are done at once could give one person two homes.
        Index("uq_move_open", "from_id", "kind", "to_agency_id", unique=True, **where("state = 'open'")),
        Index("ix_move_to_agency_id", "to_agency_id", **where("state = 'open'")),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    from_id: Mapped[UUID] = mapped_column(ForeignKey("membership.id"))
    from_agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.id"), index=True)
    to_agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.id"))
    until: Mapped[datetime | None] = mapped_column(Moment)
    invitation_id: Mapped[UUID | None] = mapped_column(ForeignKey("invitation.id"))
    asked_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    asked_at: Mapped[datetime] = mapped_column(Moment)
    over_at: Mapped[datetime] = mapped_column(Moment)
    state: Mapped[str] = mapped_column(String(12))
    to_id: Mapped[UUID | None] = mapped_column(ForeignKey("membership.id"))


class MoveApproval(Base):
    """An agency's administrator agreeing to a move; each agency once."""

    __tablename__ = "move_approval"

    move_id: Mapped[UUID] = mapped_column(ForeignKey("move.id", ondelete="CASCADE"), primary_key=True)
    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.id"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(Moment)

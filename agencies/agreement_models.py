"""Tables of what agencies agree on: proposals with their signatures, and the tree of units.

A proposal's content never changes once it is made: what people sign is its digest.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Uuid, false
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.foundation.db import Base, Json, Moment, where


class Proposal(Base):
    """Something that takes several signatures before it holds.

    `kind` is a name of `agencies.agreements.KINDS`. `digest` is the SHA-256 of the canonical form of everything that
    is signed. A secret that belongs to it lies sealed beside it, never in `content`, and goes when the proposal ends.
    A proposal that is open after `over_at` is over; no row has to change for that.
    """

    __tablename__ = "proposal"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'in_force', 'withdrawn')", name="state"),
        CheckConstraint("(state = 'open') = (ended_at IS NULL)", name="ended"),
        CheckConstraint("(secret_key_id IS NULL) = (secret_wrapped IS NULL)", name="secret"),
        Index("ix_proposal_open", "made_at", **where("state = 'open'")),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    kind: Mapped[str] = mapped_column(String(30))
    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.id"), index=True)
    other_agency_id: Mapped[UUID | None] = mapped_column(ForeignKey("agency.id"), index=True)
    content: Mapped[dict[str, Any]] = mapped_column(Json)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    state: Mapped[str] = mapped_column(String(12))
    made_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    made_at: Mapped[datetime] = mapped_column(Moment)
    over_at: Mapped[datetime] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)
    secret_key_id: Mapped[str | None] = mapped_column(String(120))
    secret_wrapped: Mapped[bytes | None] = mapped_column(LargeBinary)


class ProposalSignature(Base):
    """One person's signature in the name of their agency, by the agency's key (`agencies.signing`) over the digest."""

    __tablename__ = "proposal_signature"

    proposal_id: Mapped[UUID] = mapped_column(ForeignKey("proposal.id"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.id"), index=True)
    key_id: Mapped[str] = mapped_column(ForeignKey("signing_key.id"))
    signature: Mapped[bytes] = mapped_column(LargeBinary(64))
    signed_at: Mapped[datetime] = mapped_column(Moment)


class Unit(Base):
    """A part of an agency. A temporary one may take people of other agencies and is over at `until`."""

    __tablename__ = "unit"
    __table_args__ = (
        CheckConstraint("NOT temporary OR until IS NOT NULL", name="temporary"),
        CheckConstraint("parent_id IS NULL OR parent_id <> id", name="parent"),
        CheckConstraint("merged_into_id IS NULL OR ended_at IS NOT NULL", name="merged"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.id"), index=True)
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("unit.id"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    temporary: Mapped[bool] = mapped_column(server_default=false())
    until: Mapped[datetime | None] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)
    merged_into_id: Mapped[UUID | None] = mapped_column(ForeignKey("unit.id"))


class UnitGuest(Base):
    """An agency whose administrators may place their own people in a temporary unit of another."""

    __tablename__ = "unit_guest"

    unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"), primary_key=True)
    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.id"), primary_key=True, index=True)


class UnitMember(Base):
    """A membership in a unit. Everybody has at most one home unit at a time, and any number of temporary ones."""

    __tablename__ = "unit_member"
    __table_args__ = (
        Index("uq_unit_member_home", "membership_id", unique=True, **where("home AND until IS NULL")),
        Index(
            "uq_unit_member_unit_id_membership_id",
            "unit_id",
            "membership_id",
            unique=True,
            **where("until IS NULL"),
        ),
        Index("ix_unit_member_membership_id", "membership_id"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"))
    membership_id: Mapped[UUID] = mapped_column(ForeignKey("membership.id"))
    home: Mapped[bool] = mapped_column()
    since: Mapped[datetime] = mapped_column(Moment)
    until: Mapped[datetime | None] = mapped_column(Moment)


class UnitChange(Base):
    """What happened to a unit: `was` and `became` hold names and ids of units, never people."""

    __tablename__ = "unit_change"
    __table_args__ = (
        CheckConstraint("what IN ('made', 'renamed', 'moved', 'merged', 'ended')", name="what"),
        Index("ix_unit_change_agency_id_at", "agency_id", "at"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.id"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"), index=True)
    what: Mapped[str] = mapped_column(String(10))
    was: Mapped[dict[str, Any]] = mapped_column(Json)
    became: Mapped[dict[str, Any]] = mapped_column(Json)
    at: Mapped[datetime] = mapped_column(Moment)

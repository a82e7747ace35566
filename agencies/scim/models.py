"""Tables of SCIM: who may provision an agency's people, and its users and groups as its directory names them."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.foundation.db import Base, Moment

GIVEN_ROLES = ("task_owner", "appraiser", "line_manager")
"""What a group may give. Whoever administers, watches or operates is named by a person, never by a directory."""


class ScimCredential(Base):
    """A program's way to provision one agency's people. Only the token's digest is kept.

    `calls` counts what came in `minute` (minutes since 1970): the limit is enforced by the statement that counts.
    `used_on` is a day, so that an administrator sees which credential is still in use.
    """

    __tablename__ = "scim_credential"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    token: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    made_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    made_at: Mapped[datetime] = mapped_column(Moment)
    over_at: Mapped[datetime] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)
    used_on: Mapped[date | None] = mapped_column(Date)
    minute: Mapped[int] = mapped_column(BigInteger, server_default="0")
    calls: Mapped[int] = mapped_column(Integer, server_default="0")


class ScimUser(Base):
    """A person of an agency as its directory names them. Active while `membership_id` is a membership that holds.

    `id` stays when somebody leaves and comes back; the membership is then a new one. The columns that end in `_key`
    hold the form in which SCIM compares texts: NFC, lower case.
    """

    __tablename__ = "scim_user"
    __table_args__ = (
        UniqueConstraint("agency_id", "person_id"),
        UniqueConstraint("agency_id", "user_name_key"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    membership_id: Mapped[UUID | None] = mapped_column(ForeignKey("membership.id"), unique=True)
    user_name: Mapped[str] = mapped_column(String(200))
    user_name_key: Mapped[str] = mapped_column(String(400))
    display_name: Mapped[str | None] = mapped_column(String(200))
    display_name_key: Mapped[str | None] = mapped_column(String(400))
    formatted: Mapped[str | None] = mapped_column(String(200))
    family_name: Mapped[str | None] = mapped_column(String(200))
    given_name: Mapped[str | None] = mapped_column(String(200))
    preferred_language: Mapped[str | None] = mapped_column(String(40))
    changed_at: Mapped[datetime] = mapped_column(Moment)


class ScimEmail(Base):
    """An address of a user, in the order in which the directory sent them."""

    __tablename__ = "scim_email"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("scim_user.id", ondelete="CASCADE"), primary_key=True)
    place: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    value: Mapped[str] = mapped_column(String(320))
    value_key: Mapped[str] = mapped_column(String(640), index=True)
    type: Mapped[str | None] = mapped_column(String(40))
    main: Mapped[bool | None] = mapped_column()


class ScimGroup(Base):
    """A group of an agency's directory. It gives nothing until an administrator says what: a role, or a unit."""

    __tablename__ = "scim_group"
    __table_args__ = (
        CheckConstraint("role IN ('task_owner', 'appraiser', 'line_manager')", name="role"),
        CheckConstraint("role IS NULL OR unit_id IS NULL", name="one_meaning"),
        Index("ix_scim_group_agency_id_external_id", "agency_id", "external_id"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.id"))
    display_name: Mapped[str] = mapped_column(String(200))
    display_name_key: Mapped[str] = mapped_column(String(400))
    external_id: Mapped[str | None] = mapped_column(String(255))
    role: Mapped[str | None] = mapped_column(String(30))
    unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("unit.id"))
    changed_at: Mapped[datetime] = mapped_column(Moment)


class ScimMember(Base):
    """A user in a group."""

    __tablename__ = "scim_member"

    group_id: Mapped[UUID] = mapped_column(ForeignKey("scim_group.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("scim_user.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class ScimRole(Base):
    """A role that a membership holds because of a group, so that leaving the group ends this one and no other."""

    __tablename__ = "scim_role"

    grant_id: Mapped[UUID] = mapped_column(ForeignKey("role_grant.id"), primary_key=True)
    membership_id: Mapped[UUID] = mapped_column(ForeignKey("membership.id"), index=True)
    role: Mapped[str] = mapped_column(String(30))


class ScimPlace(Base):
    """That a membership stands in its home unit because of a group. What an administrator placed has no such row."""

    __tablename__ = "scim_place"

    membership_id: Mapped[UUID] = mapped_column(ForeignKey("membership.id"), primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"))

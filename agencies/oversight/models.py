"""Tables of the officer's room. An agency's officers see their own agency's rows and nobody else's."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    Uuid,
    false,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.foundation.db import Base, Json, Moment, where


class SavedView(Base):
    """A search of the record under a name, for every officer of the agency."""

    __tablename__ = "saved_view"
    __table_args__ = (Index("uq_saved_view_agency_id_name", "agency_id", "name", unique=True),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.id"))
    name: Mapped[str] = mapped_column(String(80))
    filters: Mapped[dict[str, str]] = mapped_column(Json)
    made_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))


class AlertRule(Base):
    """How an agency set a kind of alert; without a row the kind's own values hold."""

    __tablename__ = "alert_rule"

    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(24), primary_key=True)
    on: Mapped[bool] = mapped_column("is_on", server_default=true())
    values: Mapped[dict[str, Any]] = mapped_column("given", Json)
    changed_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    changed_at: Mapped[datetime] = mapped_column(Moment)


class AlertHead(Base):
    """Up to which number the record was looked at for alerts. The one row is the lock of whoever looks."""

    __tablename__ = "alert_head"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(BigInteger)


class Alert(Base):
    """Something that an officer should look at: a kind, about whom or what, and which entries show it.

    `about` is a subject of the record or the name of a thing, and nothing where the record as a whole is meant. Of one
    kind about one of them at most one alert is not closed; what goes on happening is added to that.
    """

    __tablename__ = "alert"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'taken', 'closed')", name="state"),
        Index("uq_alert_not_closed", "agency_id", "kind", "about", unique=True, **where("state <> 'closed'")),
        Index("ix_alert_agency_id_raised_at", "agency_id", "raised_at"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.id"))
    kind: Mapped[str] = mapped_column(String(24))
    about: Mapped[str] = mapped_column(String(200), server_default="")
    subject_id: Mapped[UUID | None] = mapped_column(Uuid)
    first: Mapped[int] = mapped_column("first_number", BigInteger)
    last: Mapped[int] = mapped_column("last_number", BigInteger)
    facts: Mapped[dict[str, Any]] = mapped_column(Json)
    raised_at: Mapped[datetime] = mapped_column(Moment)
    last_at: Mapped[datetime] = mapped_column(Moment)
    state: Mapped[str] = mapped_column(String(8), server_default="open")
    holder_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    finding: Mapped[str | None] = mapped_column(String(16))
    note: Mapped[str | None] = mapped_column(Text)
    closed_at: Mapped[datetime | None] = mapped_column(Moment)
    incident_id: Mapped[UUID | None] = mapped_column(ForeignKey("incident.id"))


class LookUp(Base):
    """A wish to open a name: whose pseudonym belongs to this person, or who stands behind this pseudonym.

    `wanted` is what was typed. A second person answers; then the asker may read it until `over_at`. Whoever it is about
    is told when it was read, or from `told_after` on where that was put off with a reason.
    """

    __tablename__ = "look_up"
    __table_args__ = (
        CheckConstraint("kind IN ('name', 'pseudonym')", name="kind"),
        CheckConstraint("state IN ('asked', 'granted', 'declined', 'read', 'over')", name="state"),
        CheckConstraint("decided_by IS NULL OR decided_by <> asked_by", name="two_people"),
        CheckConstraint("state IN ('asked', 'over') OR decided_by IS NOT NULL", name="decided"),
        CheckConstraint("(state = 'read') = (read_at IS NOT NULL)", name="read"),
        CheckConstraint("(told_after IS NULL) = (put_off_because IS NULL)", name="put_off"),
        Index("ix_look_up_agency_id_asked_at", "agency_id", "asked_at"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.id"))
    kind: Mapped[str] = mapped_column(String(12))
    wanted: Mapped[str] = mapped_column(String(200))
    purpose: Mapped[str] = mapped_column(String(16))
    ticket: Mapped[str] = mapped_column(String(60))
    asked_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    asked_at: Mapped[datetime] = mapped_column(Moment)
    over_at: Mapped[datetime] = mapped_column(Moment)
    state: Mapped[str] = mapped_column(String(8), server_default="asked")
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None] = mapped_column(Moment)
    read_at: Mapped[datetime | None] = mapped_column(Moment)
    told_after: Mapped[date | None] = mapped_column(Date)
    put_off_because: Mapped[str | None] = mapped_column(String(300))


class LookUpPerson(Base):
    """Somebody whom a look-up is about, as found when it was asked, and when they were told that it was read."""

    __tablename__ = "look_up_person"
    __table_args__ = (
        Index("ix_look_up_person_person_id", "person_id"),
        Index("ix_look_up_person_to_tell", "look_up_id", **where("told_at IS NULL")),
    )

    look_up_id: Mapped[UUID] = mapped_column(ForeignKey("look_up.id"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    told_at: Mapped[datetime | None] = mapped_column(Moment)


class DataRequest(Base):
    """Somebody asks their agency who has seen data about them; data protection answers."""

    __tablename__ = "data_request"
    __table_args__ = (
        CheckConstraint("state IN ('asked', 'answered')", name="state"),
        Index("uq_data_request_asked", "agency_id", "person_id", unique=True, **where("state = 'asked'")),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    asked_at: Mapped[datetime] = mapped_column(Moment)
    state: Mapped[str] = mapped_column(String(8), server_default="asked")
    answered_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    answered_at: Mapped[datetime | None] = mapped_column(Moment)


class Incident(Base):
    """Something that happened to data, from the moment it was known. Its scope is a search of the record.

    As long as it is not closed, the entries from `first` to `last` do not expire: those that concern the agency, or
    with `whole`, where the marketplace's own officer opened it, all of them.
    """

    __tablename__ = "incident"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'closed')", name="state"),
        CheckConstraint("(reported_at IS NULL) = (reported_how IS NULL)", name="reported"),
        CheckConstraint("(state = 'closed') = (finding IS NOT NULL)", name="finding"),
        Index("ix_incident_agency_id_known_at", "agency_id", "known_at"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.id"))
    title: Mapped[str] = mapped_column(String(120))
    known_at: Mapped[datetime] = mapped_column(Moment)
    opened_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    opened_at: Mapped[datetime] = mapped_column(Moment)
    filters: Mapped[dict[str, str]] = mapped_column(Json)
    first: Mapped[int] = mapped_column("first_number", BigInteger)
    last: Mapped[int] = mapped_column("last_number", BigInteger)
    whole: Mapped[bool] = mapped_column(server_default=false())
    state: Mapped[str] = mapped_column(String(8), server_default="open")
    reported_at: Mapped[datetime | None] = mapped_column(Moment)
    reported: Mapped[str | None] = mapped_column("reported_how", String(300))
    late_because: Mapped[str | None] = mapped_column(Text)
    closed_at: Mapped[datetime | None] = mapped_column(Moment)
    finding: Mapped[str | None] = mapped_column(Text)


class IncidentNote(Base):
    """A line in the diary of an incident."""

    __tablename__ = "incident_note"
    __table_args__ = (Index("ix_incident_note_incident_id", "incident_id"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incident.id"))
    at: Mapped[datetime] = mapped_column(Moment)
    by: Mapped[UUID] = mapped_column("person_id", ForeignKey("person.id"))
    text: Mapped[str] = mapped_column(Text)


class AccessReview(Base):
    """A round in which an agency looks at what its people hold. One at a time."""

    __tablename__ = "access_review"
    __table_args__ = (Index("uq_access_review_open", "agency_id", unique=True, **where("closed_at IS NULL")),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.id"))
    opened_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    opened_at: Mapped[datetime] = mapped_column(Moment)
    due: Mapped[date] = mapped_column(Date)
    closed_at: Mapped[datetime | None] = mapped_column(Moment)


class AccessReviewItem(Base):
    """One thing that somebody holds: a role (`grant_id`) or, without one, the clearance of their membership.

    `last_used` is a month as "2026-11", and nothing where the record does not show that it was used.
    """

    __tablename__ = "access_review_item"
    __table_args__ = (
        CheckConstraint("decision IN ('kept', 'revoked', 'gone')", name="decision"),
        Index("ix_access_review_item_review_id", "review_id"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    review_id: Mapped[UUID] = mapped_column(ForeignKey("access_review.id"))
    membership_id: Mapped[UUID] = mapped_column(ForeignKey("membership.id"))
    grant_id: Mapped[UUID | None] = mapped_column(ForeignKey("role_grant.id"))
    held: Mapped[str] = mapped_column(String(30))
    last_used: Mapped[str | None] = mapped_column(String(7))
    decision: Mapped[str | None] = mapped_column(String(8))
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None] = mapped_column(Moment)

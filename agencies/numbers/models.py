"""The register of approvals, the counted cells, and the view that is the only way to them."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    Uuid,
)
from sqlalchemy import Column as Col
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.foundation.db import Base, Moment, where


class NumberApproval(Base):
    """A works council's agreement to one question of its agency, in these words, for groups of `k` or more."""

    __tablename__ = "number_approval"
    __table_args__ = (
        CheckConstraint("k >= 10", name="k"),
        Index(
            "uq_number_approval_in_force", "agency_id", "code", unique=True, **where("withdrawn_at IS NULL")
        ),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.id"))
    code: Mapped[str] = mapped_column(String(40))
    question: Mapped[str] = mapped_column(Text)
    k: Mapped[int] = mapped_column(SmallInteger)
    approved_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    approved_at: Mapped[datetime] = mapped_column(Moment)
    withdrawn_at: Mapped[datetime | None] = mapped_column(Moment)


class NumberCell(Base):
    """One count. `people` is the count of the day, `shown` the last one that was far enough from the one before it.

    No page reads this table: a database grant forbids it to the web process, which has `released_number`.
    """

    __tablename__ = "number_cell"

    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.id"), primary_key=True)
    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    cell: Mapped[str] = mapped_column(String(40), primary_key=True)
    question: Mapped[str] = mapped_column(Text)
    people: Mapped[int] = mapped_column(Integer)
    shown: Mapped[int] = mapped_column(Integer)
    day: Mapped[date] = mapped_column(Date)


released = Table(
    "released_number",
    MetaData(),  # a view: made by a migration, never compared with tables
    Col("agency_id", Uuid),
    Col("code", String(40)),
    Col("cell", String(40)),
    Col("day", Date),
    Col("people", Integer),
)

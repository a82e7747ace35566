"""Tables of rules: every version that was signed, and what each administrator is drafting."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.foundation.db import Base, Moment


class AccessRuleVersion(Base):
    """The rules of an agency as signed, never changed afterwards. `agency.rules_version` says which number holds.

    `body` is canonical JSON, `digest` its SHA-256; the signature binds digest, number and agency.
    """

    __tablename__ = "access_rule_version"
    __table_args__ = (CheckConstraint("number >= 1", name="number"),)

    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    body: Mapped[str] = mapped_column(Text)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    key_id: Mapped[str] = mapped_column(String(120))
    signature: Mapped[bytes] = mapped_column(LargeBinary(64))
    signed_by: Mapped[UUID] = mapped_column(ForeignKey("membership.id"))
    signed_at: Mapped[datetime] = mapped_column(Moment)
    note: Mapped[str | None] = mapped_column(Text)


class AccessRuleDraft(Base):
    """What one administrator is working on: rules that hold for nobody yet.

    `based_on` is the version it was begun from; `revision` rises with every change, so that two tabs do not undo each
    other unseen.
    """

    __tablename__ = "access_rule_draft"

    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.id"), primary_key=True)
    author_id: Mapped[UUID] = mapped_column(ForeignKey("membership.id"), primary_key=True)
    body: Mapped[str] = mapped_column(Text)
    based_on: Mapped[int] = mapped_column(Integer)
    revision: Mapped[int] = mapped_column(Integer)
    changed_at: Mapped[datetime] = mapped_column(Moment)

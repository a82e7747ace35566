"""The transparency log's own tables (D11).

`audit_pending` takes a row in the transaction of the act. The sequencer turns pending rows into `audit_entry` rows
with dense numbers and leaf hashes. `log_subject` is what the log knows of a person: a random id, a salt that can be
erased, and a pseudonym; the leaf holds only a commitment over id and salt, so erasure never breaks the tree.
`audit_tile` keeps the tree over the leaf hashes, and so what an expired entry leaves behind; `audit_checkpoint` what
the log signed of it, and `audit_cosignature` which witnesses found it to continue what they had seen.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    Uuid,
)
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.foundation.db import Base, Json, Moment, where

_number = BigInteger().with_variant(Integer, "sqlite")


class LogSubject(Base):
    """A person as the security record knows them."""

    __tablename__ = "log_subject"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    salt: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    pseudonym: Mapped[str] = mapped_column(String(40), unique=True)


class _Facts:
    """The facts of an act, the same before and after sequencing."""

    at: Mapped[datetime] = mapped_column(Moment)
    act: Mapped[str] = mapped_column(String(40))
    outcome: Mapped[str] = mapped_column(String(8))
    subject_id: Mapped[UUID | None] = mapped_column(Uuid)
    agency_id: Mapped[UUID | None] = mapped_column(Uuid)
    object_kind: Mapped[str | None] = mapped_column(String(20))
    object_id: Mapped[str | None] = mapped_column(String(80))
    object_agency_id: Mapped[UUID | None] = mapped_column(Uuid)
    campaign_id: Mapped[UUID | None] = mapped_column(Uuid)
    level: Mapped[int | None] = mapped_column(SmallInteger)
    purpose: Mapped[str | None] = mapped_column(String(40))
    channel: Mapped[str] = mapped_column(String(8))
    zone: Mapped[str | None] = mapped_column(String(8))
    device: Mapped[str | None] = mapped_column(String(12))
    acr: Mapped[str | None] = mapped_column(String(120))
    session: Mapped[str | None] = mapped_column(String(40))
    device_id: Mapped[str | None] = mapped_column(String(40))
    rules: Mapped[str | None] = mapped_column(String(64))
    reference: Mapped[str | None] = mapped_column(String(12))
    detail: Mapped[dict[str, Any] | None] = mapped_column(Json)


class AuditPending(_Facts, Base):
    """An act that happened and has no number yet."""

    __tablename__ = "audit_pending"
    __table_args__ = (CheckConstraint("outcome IN ('done', 'refused', 'failed')", name="outcome"),)

    id: Mapped[int] = mapped_column(_number, primary_key=True)


class AuditEntry(_Facts, Base):
    """An act with its number, its canonical body and the hash of that body as a leaf (RFC 9162)."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_agency_id_number", "agency_id", "number"),
        Index("ix_audit_entry_object_agency_id_number", "object_agency_id", "number"),
        Index("ix_audit_entry_subject_id_number", "subject_id", "number"),
        Index(
            "ix_audit_entry_object",
            "object_id",
            "number",
            postgresql_ops={"object_id": "varchar_pattern_ops"},
        ),
        Index(
            "ix_audit_entry_campaign_id_number", "campaign_id", "number", **where("campaign_id IS NOT NULL")
        ),
        Index("ix_audit_entry_session_number", "session", "number", **where("session IS NOT NULL")),
        Index("ix_audit_entry_device_id_number", "device_id", "number", **where("device_id IS NOT NULL")),
        Index("ix_audit_entry_act_number", "act", "number"),
        Index("ix_audit_entry_not_done", "outcome", "number", **where("outcome <> 'done'")),
        Index("ix_audit_entry_at", "at"),
        Index("ix_audit_entry_reference", "reference", **where("reference IS NOT NULL")),
    )

    number: Mapped[int] = mapped_column(_number, primary_key=True, autoincrement=False)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    leaf: Mapped[bytes] = mapped_column(LargeBinary(32))


class AuditHead(Base):
    """How many entries there are, and the key that the log signs by. The one row is the sequencer's lock."""

    __tablename__ = "audit_head"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    size: Mapped[int] = mapped_column(BigInteger)
    key: Mapped[str | None] = mapped_column(String(400))


class AuditTile(Base):
    """256 hashes of one height of the tree, fewer at its right edge (security/tiles.py)."""

    __tablename__ = "audit_tile"

    level: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(_number, primary_key=True, autoincrement=False)
    hashes: Mapped[bytes] = mapped_column(LargeBinary)


class AuditCheckpoint(Base):
    """What the log signed: `note` is the text and the log's own signature (C2SP tlog-checkpoint)."""

    __tablename__ = "audit_checkpoint"

    size: Mapped[int] = mapped_column(_number, primary_key=True, autoincrement=False)
    note: Mapped[str] = mapped_column(Text)
    signed_at: Mapped[datetime] = mapped_column(Moment)


class AuditWitness(Base):
    """Who cosigns: an agency's witness by its verifier key, and how far it has followed.

    `url` is where checkpoints are sent; without one the witness comes by itself. `refused` is the status of its last
    refusal that speaks of the log's own behaviour (C2SP tlog-witness), and stays until an officer has looked.
    """

    __tablename__ = "audit_witness"

    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    key: Mapped[str] = mapped_column(String(400))
    agency_id: Mapped[UUID | None] = mapped_column(Uuid)
    url: Mapped[str | None] = mapped_column(String(400))
    size: Mapped[int] = mapped_column(BigInteger, server_default="0")
    seen_at: Mapped[datetime | None] = mapped_column(Moment)
    refused: Mapped[int | None] = mapped_column(SmallInteger)
    refused_at: Mapped[datetime | None] = mapped_column(Moment)


class AuditCosignature(Base):
    """A witness's signature line under a checkpoint, and the time that it vouches for."""

    __tablename__ = "audit_cosignature"

    size: Mapped[int] = mapped_column(_number, primary_key=True, autoincrement=False)
    witness: Mapped[str] = mapped_column(String(200), primary_key=True)
    line: Mapped[str] = mapped_column(Text)
    moment: Mapped[datetime] = mapped_column(Moment)

"""Tables of work.

The queue stays flat (D4): open microtasks carry `seq`, `open` and `need`; one partial index serves claiming, `seq` is
not the primary key and `need` is in no index. Label, compartments and audience belong to the campaign. No campaign
row is updated per answer. A live claim holds exact times; with its end they go, and the work record keeps the day.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.foundation.db import Base, Json, Moment, where


class Campaign(Base):
    """A published set of microtasks with one instruction, owner and set of rules.

    `stage` is where it is in its life; `state` is what of it the queue looks at: open exactly while the stage is.
    `remark` is what its approver asked for when they sent it back. `protection` says who can open its content. Answers
    are sealed to `public_key`, whose private half is a sealed payload itself; the day after `keep_until` everything
    sealed is shredded.
    """

    __tablename__ = "campaign"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'closed')", name="state"),
        CheckConstraint(
            "stage IN ('draft', 'submitted', 'discarded', 'open', 'paused', 'closed', 'cancelled')",
            name="stage",
        ),
        CheckConstraint("level BETWEEN 0 AND 3", name="level"),
        CheckConstraint("redundancy BETWEEN 1 AND 99", name="redundancy"),
        CheckConstraint("queue IN ('listed', 'any')", name="queue"),
        CheckConstraint("protection IN ('none', 'server', 'end_to_end')", name="protection"),
        Index("ix_campaign_key_payload_id", "key_payload_id", **where("key_payload_id IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.id"), index=True)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    state: Mapped[str] = mapped_column(String(8))
    stage: Mapped[str] = mapped_column(String(10), server_default="open")
    remark: Mapped[str | None] = mapped_column(Text)
    name: Mapped[str] = mapped_column(String(200))
    title: Mapped[str] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(8))
    purpose: Mapped[str] = mapped_column(Text)
    instructions: Mapped[str] = mapped_column(Text)
    form: Mapped[dict[str, Any]] = mapped_column(Json)
    level: Mapped[int] = mapped_column(SmallInteger)
    compartments: Mapped[list[str]] = mapped_column(Json)
    audience: Mapped[list[str] | None] = mapped_column(Json)
    skills: Mapped[list[str]] = mapped_column(Json)
    minutes: Mapped[int] = mapped_column(SmallInteger)
    redundancy: Mapped[int] = mapped_column(SmallInteger)
    claim_minutes: Mapped[int] = mapped_column(SmallInteger)
    queue: Mapped[str] = mapped_column(String(8))
    need_to_know: Mapped[bool] = mapped_column(server_default=false())
    due: Mapped[date | None] = mapped_column(Date)
    posted_on: Mapped[date] = mapped_column(Date)
    alias_key: Mapped[bytes] = mapped_column(LargeBinary(32))
    protection: Mapped[str] = mapped_column(String(12), server_default="none")
    keep_until: Mapped[date | None] = mapped_column(Date)
    public_key: Mapped[dict[str, str] | None] = mapped_column(Json)
    key_payload_id: Mapped[UUID | None] = mapped_column(ForeignKey("payload.id"))


class NeedToKnowGrant(Base):
    """Somebody was let into a campaign under need-to-know, to the end of the day `until`."""

    __tablename__ = "need_to_know_grant"
    __table_args__ = (Index("ix_need_to_know_grant_membership_id", "membership_id"),)

    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    membership_id: Mapped[UUID] = mapped_column(ForeignKey("membership.id"), primary_key=True)
    granted_by: Mapped[UUID] = mapped_column(ForeignKey("membership.id"))
    until: Mapped[date] = mapped_column(Date)


class CampaignProgress(Base):
    """How many items a campaign has and how many are settled. Written by posting and by the one settling job only."""

    __tablename__ = "campaign_progress"

    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    total: Mapped[int] = mapped_column(Integer)
    settled: Mapped[int] = mapped_column(Integer)


class Payload(Base):
    """A sealed item, answer, result, draft or campaign key: canonical header and ciphertext. Keys are in its slots.

    Sealed on a device, it carries that device's `signature` and the thumbprint of the `signer`. Once shredded it has
    neither slots nor body.
    """

    __tablename__ = "payload"
    __table_args__ = (
        CheckConstraint("(signature IS NULL) = (signer IS NULL)", name="signature"),
        Index("ix_payload_signer", "signer", **where("signer IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    header: Mapped[bytes] = mapped_column(LargeBinary)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    signature: Mapped[bytes | None] = mapped_column(LargeBinary)
    signer: Mapped[str | None] = mapped_column(String(43))
    shredded_on: Mapped[date | None] = mapped_column(Date)


class PayloadSlot(Base):
    """One way to a payload's key: `kek` wraps it for the server, the others for keys that the server has not.

    Slots change without touching the ciphertext.
    """

    __tablename__ = "payload_slot"
    __table_args__ = (
        CheckConstraint("kind IN ('kek', 'campaign', 'device', 'processing', 'recovery')", name="kind"),
        Index("ix_payload_slot_key_id", "key_id", "payload_id"),
    )

    payload_id: Mapped[UUID] = mapped_column(ForeignKey("payload.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(12), primary_key=True)
    key_id: Mapped[str] = mapped_column(String(120), primary_key=True)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)


class Microtask(Base):
    """The smallest unit of work. `number` is its place in the campaign, `seq` its place in the queue.

    `need` counts the places still to be claimed, `answers` the contributions; `wanted` is how many close it.
    """

    __tablename__ = "microtask"
    __table_args__ = (
        UniqueConstraint("campaign_id", "number"),
        CheckConstraint("need >= 0", name="need"),
        CheckConstraint("answers >= 0 AND answers <= wanted", name="answers"),
        CheckConstraint("(content IS NULL) <> (payload_id IS NULL)", name="content"),
        Index("ix_microtask_open", "campaign_id", "seq", **where("open")),
        Index("ix_microtask_undecided", "campaign_id", **where("undecided")),
        Index("ix_microtask_payload_id", "payload_id", **where("payload_id IS NOT NULL")),
        {"postgresql_with": {"fillfactor": 85}},
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaign.id"))
    number: Mapped[int] = mapped_column(Integer)
    seq: Mapped[int] = mapped_column(BigInteger)
    open: Mapped[bool]
    undecided: Mapped[bool]
    need: Mapped[int] = mapped_column(SmallInteger)
    wanted: Mapped[int] = mapped_column(SmallInteger)
    answers: Mapped[int] = mapped_column(SmallInteger)
    content: Mapped[dict[str, Any] | None] = mapped_column(Json)
    payload_id: Mapped[UUID | None] = mapped_column(ForeignKey("payload.id"))


class QueuePlace(Base):
    """How far a person has come in a campaign's queue; moved only by *next*."""

    __tablename__ = "queue_place"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    # No foreign key: checking it would lock the campaign's row at every claim.
    campaign_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger)


class Participation(Base):
    """What a person has to do with a microtask; *next* never offers one that is listed here again."""

    __tablename__ = "participation"
    __table_args__ = (
        CheckConstraint("state IN ('claimed', 'answered', 'given_back', 'lapsed')", name="state"),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    microtask_id: Mapped[UUID] = mapped_column(ForeignKey("microtask.id"), primary_key=True)
    state: Mapped[str] = mapped_column(String(12))


class Claim(Base):
    """A time-limited right to work on one microtask. Once it has ended no exact time is left (D18)."""

    __tablename__ = "claim"
    __table_args__ = (
        CheckConstraint("live = (expires_at IS NOT NULL)", name="times_only_while_live"),
        CheckConstraint("live = (ended IS NULL)", name="ended"),
        CheckConstraint("ended IN ('submitted', 'given_back', 'lapsed')", name="how_it_ended"),
        Index("uq_claim_live", "microtask_id", "person_id", unique=True, **where("live")),
        Index("ix_claim_expires_at", "expires_at", **where("live")),
        Index("ix_claim_person_id", "person_id", **where("live")),
        Index("ix_claim_campaign_id", "campaign_id", **where("live")),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    microtask_id: Mapped[UUID] = mapped_column(ForeignKey("microtask.id"))
    # No foreign key: checking it would lock the campaign's row at every claim. The microtask has it.
    campaign_id: Mapped[UUID] = mapped_column(Uuid)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    live: Mapped[bool]
    expires_at: Mapped[datetime | None] = mapped_column(Moment)
    extensions: Mapped[int] = mapped_column(SmallInteger)
    ended: Mapped[str | None] = mapped_column(String(12))
    views: Mapped[int] = mapped_column(SmallInteger, server_default="0")


class Draft(Base):
    """An answer that is not submitted yet, sealed to its author's own devices; the server cannot open it."""

    __tablename__ = "draft"
    __table_args__ = (
        Index("ix_draft_keep_until", "keep_until"),
        Index("ix_draft_microtask_id", "microtask_id"),
        Index("ix_draft_payload_id", "payload_id"),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    microtask_id: Mapped[UUID] = mapped_column(ForeignKey("microtask.id"), primary_key=True)
    claim_id: Mapped[UUID] = mapped_column(ForeignKey("claim.id"))
    payload_id: Mapped[UUID] = mapped_column(ForeignKey("payload.id"))
    keep_until: Mapped[date] = mapped_column(Date)


class KeyRelease(Base):
    """A device asks for the key to the item of its live claim, and gets it (`wrapped`) from who holds the campaign's.

    Goes with the claim.
    """

    __tablename__ = "key_release"
    __table_args__ = (
        Index("ix_key_release_waiting", "campaign_id", **where("wrapped IS NULL")),
        Index("ix_key_release_device_key_id", "device_key_id"),
    )

    claim_id: Mapped[UUID] = mapped_column(ForeignKey("claim.id"), primary_key=True)
    device_key_id: Mapped[UUID] = mapped_column(ForeignKey("device_key.id"), primary_key=True)
    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaign.id"))
    wrapped: Mapped[bytes | None] = mapped_column(LargeBinary)


class Contribution(Base):
    """One person's submitted answer to one microtask. Rework adds a revision. Keeps the day, no time."""

    __tablename__ = "contribution"
    __table_args__ = (
        UniqueConstraint("person_id", "microtask_id", "revision"),
        ForeignKeyConstraint(
            ["person_id", "microtask_id"], ["participation.person_id", "participation.microtask_id"]
        ),
        CheckConstraint("(answer IS NULL) <> (payload_id IS NULL)", name="answer"),
        Index("ix_contribution_microtask_id", "microtask_id"),
        Index("ix_contribution_person_id_day", "person_id", "day"),
        Index("ix_contribution_payload_id", "payload_id", **where("payload_id IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    person_id: Mapped[UUID] = mapped_column(Uuid)
    microtask_id: Mapped[UUID] = mapped_column(Uuid)
    revision: Mapped[int] = mapped_column(SmallInteger)
    day: Mapped[date] = mapped_column(Date)
    answer: Mapped[dict[str, Any] | None] = mapped_column(Json)
    payload_id: Mapped[UUID | None] = mapped_column(ForeignKey("payload.id"))


class Result(Base):
    """What the contributions to a microtask amount to; a change is a new version."""

    __tablename__ = "result"
    __table_args__ = (
        CheckConstraint("(value IS NULL) <> (payload_id IS NULL)", name="value"),
        CheckConstraint("agreeing BETWEEN 0 AND answers", name="agreeing"),
        Index("ix_result_campaign_id", "campaign_id", "agreeing", "answers"),
        Index("ix_result_payload_id", "payload_id", **where("payload_id IS NOT NULL")),
    )

    microtask_id: Mapped[UUID] = mapped_column(ForeignKey("microtask.id"), primary_key=True)
    version: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaign.id"))
    value: Mapped[dict[str, Any] | None] = mapped_column(Json)
    payload_id: Mapped[UUID | None] = mapped_column(ForeignKey("payload.id"))
    agreeing: Mapped[int] = mapped_column(SmallInteger)
    answers: Mapped[int] = mapped_column(SmallInteger)
    tied: Mapped[bool]
    rule: Mapped[str] = mapped_column(String(40))
    settled_on: Mapped[date] = mapped_column(Date)


class ResultPart(Base):
    """The trace: which contributions a version of a result was inferred from."""

    __tablename__ = "result_part"
    __table_args__ = (
        ForeignKeyConstraint(["microtask_id", "version"], ["result.microtask_id", "result.version"]),
    )

    microtask_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    version: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    contribution_id: Mapped[UUID] = mapped_column(ForeignKey("contribution.id"), primary_key=True)

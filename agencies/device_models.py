"""Tables of sealing on the agencies' side: how work is handled, agencies' own keys, the keys of people's devices."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.foundation.db import Base, Json, Moment, where


class AgencyHandling(Base):
    """How an agency has its work of one level handled; without a row the level's own values hold.

    `protection` is who can open the content, `keep_days` how long it is kept after the campaign's last day. The rest
    holds at the screen in the network `zones`: how many items at once, how often one may be opened, after how many
    minutes without a key it closes, whether a mark lies over it and whether results may be exported.
    """

    __tablename__ = "agency_handling"
    __table_args__ = (
        CheckConstraint("level BETWEEN 0 AND 3", name="level"),
        CheckConstraint("protection IN ('none', 'server', 'end_to_end')", name="protection"),
        CheckConstraint("(level >= 2) = (protection <> 'none')", name="sealed"),
        CheckConstraint("keep_days BETWEEN 1 AND 36500", name="keep_days"),
        CheckConstraint("views IS NULL OR views BETWEEN 1 AND 1000", name="views"),
        CheckConstraint("idle_minutes IS NULL OR idle_minutes BETWEEN 1 AND 240", name="idle_minutes"),
    )

    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.id"), primary_key=True)
    level: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    protection: Mapped[str] = mapped_column(String(12))
    keep_days: Mapped[int]
    zones: Mapped[list[str]] = mapped_column(Json)
    one_at_a_time: Mapped[bool]
    views: Mapped[int | None] = mapped_column(SmallInteger)
    idle_minutes: Mapped[int | None] = mapped_column(SmallInteger)
    watermark: Mapped[bool]
    may_export: Mapped[bool]
    changed_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    changed_at: Mapped[datetime] = mapped_column(Moment)


class AgencyKey(Base):
    """The public half of a key that an agency keeps itself: online (`processing`) or offline (`recovery`).

    `suite` is `p256` or `mlkem768_x25519`; `public_key` a JWK, or {"raw": base64url} for the hybrid one.
    """

    __tablename__ = "agency_key"
    __table_args__ = (
        CheckConstraint("kind IN ('processing', 'recovery')", name="kind"),
        CheckConstraint("suite IN ('p256', 'mlkem768_x25519')", name="suite"),
        CheckConstraint("kind = 'recovery' OR suite = 'p256'", name="processing"),
        Index("uq_agency_key_current", "agency_id", "kind", unique=True, **where("ended_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.id"))
    kind: Mapped[str] = mapped_column(String(12))
    suite: Mapped[str] = mapped_column(String(16))
    key_id: Mapped[str] = mapped_column(String(43))
    public_key: Mapped[dict[str, Any]] = mapped_column(Json)
    added_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    added_at: Mapped[datetime] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)


class DeviceKey(Base):
    """The public keys of one device of a person, vouched for by their agency's own signed ID token.

    The token's nonce is the hash of `thumbprint` and `salt`; `issuer_key` is the key it was signed with, as it was
    published then. The enrolment's entry is kept here, `entry_number` and `entry_body`, since the record's expires. A
    person has at most five that are not revoked: each takes a `place`.
    """

    __tablename__ = "device_key"
    __table_args__ = (
        CheckConstraint("kind IN ('browser', 'program')", name="kind"),
        CheckConstraint("place BETWEEN 1 AND 5", name="place"),
        CheckConstraint("(revoked_at IS NULL) = (revoked_by IS NULL)", name="revoked"),
        CheckConstraint("(entry_number IS NULL) = (entry_body IS NULL)", name="entry"),
        Index("uq_device_key_place", "person_id", "place", unique=True, **where("revoked_at IS NULL")),
        Index("ix_device_key_person_id", "person_id"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.id"), index=True)
    kind: Mapped[str] = mapped_column(String(8))
    name: Mapped[str] = mapped_column(String(60))
    thumbprint: Mapped[str] = mapped_column(String(43), unique=True)
    encryption_key: Mapped[dict[str, str]] = mapped_column(Json)
    signing_key: Mapped[dict[str, str]] = mapped_column(Json)
    salt: Mapped[str] = mapped_column(String(43))
    issuer: Mapped[str] = mapped_column(String(400))
    client_id: Mapped[str] = mapped_column(String(200))
    id_token: Mapped[bytes] = mapped_column(LargeBinary)
    issuer_key: Mapped[dict[str, Any]] = mapped_column(Json)
    place: Mapped[int] = mapped_column(SmallInteger)
    enrolled_at: Mapped[datetime] = mapped_column(Moment)
    entry_number: Mapped[int | None] = mapped_column(BigInteger)
    entry_body: Mapped[bytes | None] = mapped_column(LargeBinary)
    revoked_at: Mapped[datetime | None] = mapped_column(Moment)
    revoked_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))


class DeviceEnrolment(Base):
    """A device key on its way: its owner is signing in at their agency, whose token will vouch for it.

    Bound to the `session` (its reference) that began it; over after a quarter of an hour.
    """

    __tablename__ = "device_enrolment"
    __table_args__ = (
        CheckConstraint("kind IN ('browser', 'program')", name="kind"),
        Index("ix_device_enrolment_over_at", "over_at"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    session: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(8))
    name: Mapped[str] = mapped_column(String(60))
    encryption_key: Mapped[dict[str, str]] = mapped_column(Json)
    signing_key: Mapped[dict[str, str]] = mapped_column(Json)
    salt: Mapped[str] = mapped_column(String(43))
    over_at: Mapped[datetime] = mapped_column(Moment)

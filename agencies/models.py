"""Tables of agencies and people.

Identity is (issuer, subject), never an e-mail address. A person may be a member of several agencies; a session
wears one membership at a time.
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
    Uuid,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.foundation.db import Base, Json, Moment, where


class Agency(Base):
    """An organisation that posts work or lends people."""

    __tablename__ = "agency"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    initials: Mapped[str] = mapped_column(String(3))
    tint: Mapped[str] = mapped_column(String(20))
    domain: Mapped[str] = mapped_column(String(200))
    office_networks: Mapped[list[str]] = mapped_column(Json)
    vpn_networks: Mapped[list[str]] = mapped_column(Json, server_default="[]")
    home_networks: Mapped[list[str]] = mapped_column(Json, server_default="[]")
    mail_domains: Mapped[list[str]] = mapped_column(Json, server_default="[]")
    label_names: Mapped[dict[str, dict[str, str]]] = mapped_column(Json, server_default="{}")
    self_join: Mapped[bool] = mapped_column(server_default=false())
    rules_version: Mapped[int] = mapped_column(Integer, server_default="0")


class IdentityProvider(Base):
    """An agency's OpenID provider as registered with us.

    `secret_wrapped` holds what we authenticate with, wrapped by the agency's key: the client secret, or the private
    key (a JWK) for `private_key_jwt`. `claim_names` says under which claim the provider sends what we call `name`,
    `email` and `locale`. `step_up_acr` is how it names a sign-in with a second factor.
    """

    __tablename__ = "identity_provider"
    __table_args__ = (
        CheckConstraint("status IN ('active', 'suspended')", name="status"),
        CheckConstraint("clearance_ceiling BETWEEN 0 AND 3", name="clearance_ceiling"),
        CheckConstraint(
            "authentication IN ('private_key_jwt', 'client_secret_basic', 'client_secret_post')",
            name="authentication",
        ),
    )

    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.id"), primary_key=True)
    issuer: Mapped[str] = mapped_column(String(400), unique=True)
    client_id: Mapped[str] = mapped_column(String(200))
    secret_key_id: Mapped[str] = mapped_column(String(120))
    secret_wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    algorithms: Mapped[list[str]] = mapped_column(Json)
    authentication: Mapped[str] = mapped_column(String(24), server_default="client_secret_basic")
    required_acr: Mapped[str | None] = mapped_column(String(120))
    step_up_acr: Mapped[str | None] = mapped_column(String(120))
    claim_names: Mapped[dict[str, str]] = mapped_column(Json, server_default="{}")
    organisation_claim: Mapped[str | None] = mapped_column(String(60))
    organisation_values: Mapped[list[str]] = mapped_column(Json, server_default="[]")
    device_claim: Mapped[str | None] = mapped_column(String(60))
    clearance_ceiling: Mapped[int] = mapped_column(SmallInteger, server_default="3")
    status: Mapped[str] = mapped_column(String(12), server_default="active")


class SigningKey(Base):
    """An Ed25519 key by which an agency signs its rules and agreements. The private half lies wrapped by its key."""

    __tablename__ = "signing_key"

    id: Mapped[str] = mapped_column(String(120), primary_key=True)
    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.id"), index=True)
    public: Mapped[bytes] = mapped_column(LargeBinary(32))
    secret_key_id: Mapped[str] = mapped_column(String(120))
    secret_wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime] = mapped_column(Moment)


class SharingTerms(Base):
    """Terms under which one agency's work may be done by another's people; without them a task stays inside.

    `level` is the highest label they cover. `content` is what both administrators signed: whose rule holds, whose
    hours are used, who answers a data request.
    """

    __tablename__ = "sharing_terms"
    __table_args__ = (
        CheckConstraint("level BETWEEN 0 AND 3", name="level"),
        CheckConstraint("owner_agency_id <> guest_agency_id", name="two_agencies"),
        Index(
            "uq_sharing_terms_in_force",
            "owner_agency_id",
            "guest_agency_id",
            unique=True,
            **where("ended_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    owner_agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.id"))
    guest_agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.id"), index=True)
    level: Mapped[int] = mapped_column(SmallInteger)
    content: Mapped[dict[str, Any]] = mapped_column(Json)
    since: Mapped[datetime] = mapped_column(Moment)
    until: Mapped[datetime | None] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)


class Person(Base):
    """A human being who signs in. `subject_id` is all the security record knows of them."""

    __tablename__ = "person"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    subject_id: Mapped[UUID] = mapped_column(ForeignKey("log_subject.id"), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str | None] = mapped_column(String(320))
    locale: Mapped[str] = mapped_column(String(8))


class Identity(Base):
    """Who vouches for a person: the issuer and the subject it uses for them.

    `organisation` is what the issuer said of them when they were let in by it; nothing as long as it was not said.
    """

    __tablename__ = "identity"

    issuer: Mapped[str] = mapped_column(String(400), primary_key=True)
    subject: Mapped[str] = mapped_column(String(255), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    organisation: Mapped[str | None] = mapped_column(String(255))


class Membership(Base):
    """A person in an agency, with the clearance that the agency gives.

    `home_id` is set for a secondment: the membership whose identity provider vouches for the person. A partner is
    sponsored by a member and over at `until`.
    """

    __tablename__ = "membership"
    __table_args__ = (
        # One that is over stays as history beside the one that holds.
        Index(
            "uq_membership_person_id_agency_id",
            "person_id",
            "agency_id",
            unique=True,
            **where("ended_at IS NULL"),
        ),
        CheckConstraint("clearance BETWEEN 0 AND 3", name="clearance"),
        CheckConstraint("NOT partner OR (sponsor_id IS NOT NULL AND until IS NOT NULL)", name="partner"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.id"), index=True)
    clearance: Mapped[int] = mapped_column(SmallInteger)
    compartments: Mapped[list[str]] = mapped_column(Json)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)
    until: Mapped[datetime | None] = mapped_column(Moment)
    home_id: Mapped[UUID | None] = mapped_column(ForeignKey("membership.id"))
    partner: Mapped[bool] = mapped_column(server_default=false())
    sponsor_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))


class RoleGrant(Base):
    """A role that a membership holds from a moment until another. Somebody looks at it again by `review_due`.

    `granted_by` is the person who gave it; nobody where a rule, an invitation or the agency's own system did. One that
    was ended says so by `ended_at`: of two acts at the same moment neither may go by the other's clock.
    """

    __tablename__ = "role_grant"
    __table_args__ = (
        Index(
            "uq_role_grant_membership_id_role", "membership_id", "role", unique=True, **where("until IS NULL")
        ),
        Index("ix_role_grant_membership_id", "membership_id"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    membership_id: Mapped[UUID] = mapped_column(ForeignKey("membership.id"))
    role: Mapped[str] = mapped_column(String(30))
    since: Mapped[datetime] = mapped_column(Moment)
    until: Mapped[datetime | None] = mapped_column(Moment)
    granted_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    review_due: Mapped[datetime | None] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)


class Skill(Base):
    """Something a person can do and a campaign can ask for, with its label by language; English is always there.

    `source` is the list it was imported from (its short name; nothing: added here), `uri` what that list calls it,
    `parent` the code of what it is a part of. A retired one is offered no more, and stays with whoever has it.
    """

    __tablename__ = "skill"

    code: Mapped[str] = mapped_column(String(60), primary_key=True)
    labels: Mapped[dict[str, str]] = mapped_column(Json)
    source: Mapped[str | None] = mapped_column(String(60))
    uri: Mapped[str | None] = mapped_column(String(400))
    parent: Mapped[str | None] = mapped_column(String(60))
    retired: Mapped[bool] = mapped_column(server_default=false())


class SkillTerm(Base):
    """A skill's label in a language as it is searched: without capitals and accents."""

    __tablename__ = "skill_term"

    language: Mapped[str] = mapped_column(String(8), primary_key=True)
    skill: Mapped[str] = mapped_column(ForeignKey("skill.code"), primary_key=True)
    folded: Mapped[str] = mapped_column(String(400))


class PersonSkill(Base):
    """A skill that a person says they have, and if they want to say so how well: 1 basic to 3 advanced."""

    __tablename__ = "person_skill"
    __table_args__ = (CheckConstraint("level BETWEEN 1 AND 3", name="level"),)

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    skill: Mapped[str] = mapped_column(ForeignKey("skill.code"), primary_key=True)
    level: Mapped[int | None] = mapped_column(SmallInteger)


class SkillConfirmation(Base):
    """An agency's word that a person has a skill they declared, at the level they declared then.

    It is gone with what it confirms: whoever takes the skill off their list takes this along.
    """

    __tablename__ = "skill_confirmation"
    __table_args__ = (
        ForeignKeyConstraint(
            ["person_id", "skill"], ["person_skill.person_id", "person_skill.skill"], ondelete="CASCADE"
        ),
        CheckConstraint("level BETWEEN 1 AND 3", name="level"),
        CheckConstraint("confirmed_by <> person_id", name="not_oneself"),
    )

    person_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    skill: Mapped[str] = mapped_column(String(60), primary_key=True)
    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.id"), primary_key=True)
    level: Mapped[int | None] = mapped_column(SmallInteger)
    confirmed_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    day: Mapped[date] = mapped_column(Date)


class WantedSkill(Base):
    """A skill that a person wants to learn. It opens nothing; the board shows sooner what it is learned by."""

    __tablename__ = "wanted_skill"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    skill: Mapped[str] = mapped_column(ForeignKey("skill.code"), primary_key=True)


class SignInAttempt(Base):
    """One sign-in under way, bound to the browser that began it. Used once, or over after ten minutes.

    `purpose` says what it is for; a step-up or transfer is bound to the `session` (its reference) that began it, and
    `acr` and `max_age` (seconds) are what was asked of the provider. `invitation` is sealed by the state, which only
    comes back through the browser.
    """

    __tablename__ = "sign_in_attempt"
    __table_args__ = (Index("ix_sign_in_attempt_over_at", "over_at"),)

    state: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    browser: Mapped[bytes] = mapped_column(LargeBinary(32))
    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.id"))
    nonce: Mapped[str] = mapped_column(String(64))
    code_verifier: Mapped[str] = mapped_column(String(128))
    redirect_uri: Mapped[str] = mapped_column(String(400))
    next_path: Mapped[str] = mapped_column(String(400))
    over_at: Mapped[datetime] = mapped_column(Moment)
    purpose: Mapped[str] = mapped_column(String(12), server_default="sign_in")
    session: Mapped[str | None] = mapped_column(String(40))
    acr: Mapped[str | None] = mapped_column(String(120))
    max_age: Mapped[int | None] = mapped_column(Integer)
    form_id: Mapped[UUID | None] = mapped_column(Uuid)
    invitation: Mapped[bytes | None] = mapped_column(LargeBinary)


class WebSession(Base):
    """A signed-in browser. The cookie holds a random token, this row its digest.

    `issuer` and `subject` say who vouched, so that a back-channel logout finds the session; `id_token` is sealed by
    a key that only the cookie's token gives. `device` is evidence ("managed"), `device_name` what a person
    recognises their browser by, `device_id` what the security record does.
    """

    __tablename__ = "web_session"
    __table_args__ = (
        Index("ix_web_session_absolute_until", "absolute_until"),
        Index("ix_web_session_issuer_session", "issuer", "issuer_session"),
        Index("ix_web_session_issuer_subject", "issuer", "subject"),
    )

    token: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    reference: Mapped[str] = mapped_column(String(40), unique=True)
    membership_id: Mapped[UUID] = mapped_column(ForeignKey("membership.id"), index=True)
    acr: Mapped[str | None] = mapped_column(String(120))
    auth_time: Mapped[datetime | None] = mapped_column(Moment)
    issuer_session: Mapped[str | None] = mapped_column(String(255))
    began_at: Mapped[datetime] = mapped_column(Moment)
    idle_until: Mapped[datetime] = mapped_column(Moment)
    absolute_until: Mapped[datetime] = mapped_column(Moment)
    issuer: Mapped[str | None] = mapped_column(String(400))
    subject: Mapped[str | None] = mapped_column(String(255))
    id_token: Mapped[bytes | None] = mapped_column(LargeBinary)
    device: Mapped[str] = mapped_column(String(12), server_default="unknown")
    device_name: Mapped[str | None] = mapped_column(String(60))
    device_id: Mapped[str | None] = mapped_column(String(40))
    zone: Mapped[str | None] = mapped_column(String(8))


class LogoutToken(Base):
    """A back-channel logout token that was taken: a second one with the same id is a replay."""

    __tablename__ = "logout_token"
    __table_args__ = (Index("ix_logout_token_over_at", "over_at"),)

    issuer: Mapped[str] = mapped_column(String(400), primary_key=True)
    jti: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    over_at: Mapped[datetime] = mapped_column(Moment)


class ApiToken(Base):
    """A token by which a program acts for a person. Only its digest is kept."""

    __tablename__ = "api_token"

    token: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    reference: Mapped[str] = mapped_column(String(40), unique=True)
    membership_id: Mapped[UUID] = mapped_column(ForeignKey("membership.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    over_at: Mapped[datetime] = mapped_column(Moment)


class Notice(Base):
    """Something to tell a person. `kind` and `args` become a sentence in their language; never content.

    It keeps the day; `place` tells which came first without telling when.
    """

    __tablename__ = "notice"
    __table_args__ = (Index("ix_notice_person_id_place", "person_id", "place"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    kind: Mapped[str] = mapped_column(String(40))
    args: Mapped[dict[str, Any]] = mapped_column(Json)
    path: Mapped[str] = mapped_column(Text)
    place: Mapped[int] = mapped_column(BigInteger)
    recorded_at: Mapped[datetime] = mapped_column(Moment)
    sent_at: Mapped[datetime | None] = mapped_column(Moment)
    read_at: Mapped[datetime | None] = mapped_column(Moment)

"""People and their memberships: who acts, read afresh for every request."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, insert, literal, select, update
from sqlalchemy.orm import aliased

from agencies.errors import NotPermitted
from agencies.models import Agency, Identity, Membership, Person, PersonSkill, RoleGrant
from marketplace.foundation import clock
from marketplace.foundation.db import Query, Tx
from marketplace.foundation.ids import new_id
from security.labels import Level
from security.log import audit, subjects
from security.principal import Context, Principal, Role


def add(
    tx: Tx,
    agency_id: UUID,
    *,
    name: str,
    email: str | None,
    locale: str,
    identity: tuple[str, str],
    roles: Iterable[Role],
    clearance: Level = Level.PUBLIC,
    skills: Iterable[str] = (),
    context: Context,
) -> UUID:
    """Register a person with their identity (issuer, subject) and one membership. Returns the person's id."""
    person_id, membership_id = new_id(), new_id()
    now = clock.now(tx)
    subject_id = subjects.make(tx)
    tx.execute(
        insert(Person),
        {"id": person_id, "subject_id": subject_id, "name": name, "email": email, "locale": locale},
    )
    issuer, subject = identity
    tx.execute(insert(Identity), {"issuer": issuer, "subject": subject, "person_id": person_id})
    tx.execute(
        insert(Membership),
        {
            "id": membership_id,
            "person_id": person_id,
            "agency_id": agency_id,
            "clearance": int(clearance),
            "compartments": [],
        },
    )
    grants = [{"id": new_id(), "membership_id": membership_id, "role": role, "since": now} for role in roles]
    if grants:
        tx.execute(insert(RoleGrant), grants)
    held = [{"person_id": person_id, "skill": skill} for skill in skills]
    if held:
        tx.execute(insert(PersonSkill), held)
    audit.record(
        tx,
        "person.join",
        audit.Target("person", subject_id, agency_id),
        actor=None,
        context=context,
        detail={"roles": sorted(role.value for role in roles), "clearance": clearance.label_key},
    )
    return person_id


def membership_of(db: Tx, issuer: str, subject: str, agency_id: UUID) -> UUID | None:
    """The live membership of the identity (issuer, subject) in an agency."""
    found: UUID | None = db.scalar(
        select(Membership.id)
        .join(Identity, Identity.person_id == Membership.person_id)
        .where(
            Identity.issuer == issuer,
            Identity.subject == subject,
            Membership.agency_id == agency_id,
            Membership.ended_at.is_(None),
            func.coalesce(Membership.until > clock.at(db), True),
        )
    )
    return found


def acting(now: Any) -> Query:
    """SELECT of everything a Principal needs, over live memberships; callers add how they found the membership."""
    granted = and_(
        RoleGrant.membership_id == Membership.id,
        RoleGrant.since <= now,
        func.coalesce(RoleGrant.until > now, True),
    )
    roles = select(func.aggregate_strings(RoleGrant.role, ",")).where(granted).scalar_subquery()
    skills = (
        select(func.aggregate_strings(PersonSkill.skill, ","))
        .where(PersonSkill.person_id == Person.id)
        .scalar_subquery()
    )
    vouching, its_agency = aliased(Membership), aliased(Agency)
    home = (
        select(its_agency.name)
        .join(vouching, vouching.agency_id == its_agency.id)
        .where(vouching.id == Membership.home_id)
        .scalar_subquery()
    )
    return (
        select(
            Person.id.label("person_id"),
            Person.subject_id,
            Person.name,
            Person.locale,
            Membership.id.label("membership_id"),
            Membership.clearance,
            Membership.compartments,
            Membership.partner,
            Membership.until,
            home.label("home_agency"),
            Agency.rules_version,
            Agency.id.label("agency_id"),
            Agency.slug,
            Agency.name.label("agency_name"),
            Agency.initials,
            Agency.office_networks,
            Agency.vpn_networks,
            Agency.home_networks,
            roles.label("roles"),
            skills.label("skills"),
        )
        .select_from(Membership)
        .join(Person, Person.id == Membership.person_id)
        .join(Agency, Agency.id == Membership.agency_id)
        .where(Membership.ended_at.is_(None), func.coalesce(Membership.until > now, True))
    )


def principal_from(row: Any) -> Principal:
    """The frozen principal from a row of `acting`."""
    return Principal(
        person_id=row.person_id,
        membership_id=row.membership_id,
        agency_id=row.agency_id,
        agency_slug=row.slug,
        agency_name=row.agency_name,
        agency_initials=row.initials,
        subject_id=row.subject_id,
        name=row.name,
        roles=frozenset(Role(word) for word in (row.roles or "").split(",") if word),
        clearance=Level(row.clearance),
        compartments=frozenset(row.compartments),
        skills=frozenset((row.skills or "").split(",")) - {""},
        locale=row.locale,
        partner=row.partner,
        home_agency=row.home_agency,
        until=row.until,
        rules_version=row.rules_version,
    )


def read(db: Tx, membership_id: UUID) -> Principal | None:
    """The principal of a membership as it is now, None where it has ended."""
    row = db.one_or_none(acting(clock.at(db)).where(Membership.id == membership_id))
    return principal_from(row) if row else None


def still_holds(tx: Tx, actor: Principal, role: Role) -> None:
    """Read again inside the write transaction that the actor is a member and holds the role. Raises NotPermitted.

    The principal was read before the transaction began; a role that ended in between must not act any more.
    """
    now = clock.at(tx)
    holds = tx.scalar(
        select(literal(1))
        .select_from(RoleGrant)
        .join(Membership, Membership.id == RoleGrant.membership_id)
        .where(
            Membership.id == actor.membership_id,
            Membership.ended_at.is_(None),
            func.coalesce(Membership.until > now, True),
            RoleGrant.role == role,
            RoleGrant.since <= now,
            func.coalesce(RoleGrant.until > now, True),
        )
    )
    if holds is None:
        raise NotPermitted(role=role.value)


def set_locale(tx: Tx, actor: Principal, locale: str) -> None:
    """Remember the language that a person chose."""
    tx.execute(update(Person).where(Person.id == actor.person_id).values(locale=locale))

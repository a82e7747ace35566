"""People and their memberships: who acts, read afresh for every request."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, exists, func, insert, or_, select, update

from agencies import memberships
from agencies.errors import NotPermitted
from agencies.memberships import holds, is_live
from agencies.models import Agency, Identity, IdentityProvider, Membership, Person, PersonSkill, RoleGrant
from agencies.people_errors import NoLongerAMember
from marketplace.foundation import clock
from marketplace.foundation.db import Query, Tx
from marketplace.foundation.ids import new_id
from security.labels import Level
from security.log import audit, subjects
from security.permissions import Permission, may, roles_with
from security.principal import Context, Principal, Role

_HOME = Membership.__table__.alias("home")
"""The membership that vouches for a secondment. Made once: every request asks who acts, and making one takes long."""
_ITS_AGENCY = Agency.__table__.alias("its_agency")


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
    person_id, subject_id = register(tx, name=name, email=email, locale=locale)
    issuer, subject = identity
    tx.execute(insert(Identity), {"issuer": issuer, "subject": subject, "person_id": person_id})
    roles = frozenset(roles)
    memberships.enrol(tx, person_id, agency_id, roles=roles, clearance=clearance)
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


def register(tx: Tx, *, name: str, email: str | None, locale: str) -> tuple[UUID, UUID]:
    """A new person without identity and membership. Returns their id, and the id that the record knows them by."""
    person_id, subject_id = new_id(), subjects.make(tx)
    row = {"id": person_id, "subject_id": subject_id, "name": name, "email": email, "locale": locale}
    tx.execute(insert(Person), row)
    return person_id, subject_id


def membership_of(db: Tx, issuer: str, subject: str, agency_id: UUID) -> UUID | None:
    """The live membership of the identity (issuer, subject) in an agency."""
    found: UUID | None = db.scalar(
        select(Membership.id)
        .join(Identity, Identity.person_id == Membership.person_id)
        .where(
            Identity.issuer == issuer,
            Identity.subject == subject,
            Membership.agency_id == agency_id,
            is_live(clock.at(db)),
        )
    )
    return found


def signs_in(db: Tx, person_id: UUID, agency_id: UUID) -> bool:
    """Whether the agency's provider has vouched for the person before, so that they can sign in there."""
    known = exists().where(
        Identity.person_id == person_id,
        Identity.issuer == IdentityProvider.issuer,
        IdentityProvider.agency_id == agency_id,
    )
    return bool(db.scalar(select(known)))


def acting(now: Any) -> Query:
    """SELECT of everything a Principal needs, over live memberships; callers add how they found the membership."""
    granted = and_(RoleGrant.membership_id == Membership.id, holds(now))
    roles = select(func.aggregate_strings(RoleGrant.role, ",")).where(granted).scalar_subquery()
    skills = (
        select(func.aggregate_strings(PersonSkill.skill, ","))
        .where(PersonSkill.person_id == Person.id)
        .scalar_subquery()
    )
    home = (
        select(_ITS_AGENCY.c.name)
        .join(_HOME, _HOME.c.agency_id == _ITS_AGENCY.c.id)
        .where(_HOME.c.id == Membership.home_id)
        .scalar_subquery()
    )
    vouched_for = exists().where(
        _HOME.c.id == Membership.home_id, _HOME.c.ended_at.is_(None), func.coalesce(_HOME.c.until > now, True)
    )
    return (
        select(
            Person.id.label("person_id"),
            Person.subject_id,
            Person.name,
            Person.locale,
            Membership.id.label("membership_id"),
            Membership.clearance,
            ceiling().label("ceiling"),
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
        .where(is_live(now), or_(Membership.home_id.is_(None), vouched_for))
    )


def ceiling() -> ColumnElement[int]:
    """SQL: the highest clearance that holds in a membership: what its vouching agency's provider is trusted with."""
    its_agency = select(_HOME.c.agency_id).where(_HOME.c.id == Membership.home_id).correlate(Membership)
    vouching = func.coalesce(its_agency.scalar_subquery(), Membership.agency_id)
    trusted = select(IdentityProvider.clearance_ceiling).where(IdentityProvider.agency_id == vouching)
    return func.coalesce(trusted.correlate(Membership).scalar_subquery(), int(max(Level)))


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
        clearance=Level(min(row.clearance, row.ceiling)),
        compartments=frozenset(row.compartments),
        skills=frozenset((row.skills or "").split(",")) - {""},
        locale=row.locale,
        partner=row.partner,
        home_agency=row.home_agency,
        until=row.until,
        rules_version=row.rules_version,
    )


@cache
def _of_membership(dialect: str) -> Query:
    # Built once: every request and every write reads a principal, and building this took as long as running it.
    return acting(clock.kept(dialect)).where(Membership.id == bindparam("membership_id"))


@cache
def _held(dialect: str) -> Query:
    return _of_membership(dialect).with_for_update(read=True, of=Membership)


def read(db: Tx, membership_id: UUID) -> Principal | None:
    """The principal of a membership as it is now, None where it has ended."""
    asked = {"membership_id": membership_id} | clock.given(db)
    row = db.one_or_none(_of_membership(db.dialect), asked)
    return principal_from(row) if row else None


def still_member(tx: Tx, actor: Principal) -> Principal:
    """The actor as they are now, read inside the write transaction. Raises NoLongerAMember.

    Until COMMIT the membership cannot end: whoever ends it waits, and then sees what was done here.
    """
    row = tx.one_or_none(_held(tx.dialect), {"membership_id": actor.membership_id} | clock.given(tx))
    if row is None:
        raise NoLongerAMember()
    return principal_from(row)


def still_holds(tx: Tx, actor: Principal, role: Role) -> None:
    """Read again inside the write transaction that the actor is a member and holds the role. Raises NotPermitted.

    The principal was read before the transaction began; a role that ended in between must not act any more.
    """
    if role not in still_member(tx, actor).roles:
        raise NotPermitted(role=role.value)


def still_may(tx: Tx, actor: Principal, permission: Permission) -> Principal:
    """Read again inside the write transaction that the actor is a member and one of their roles carries the permission.

    Returns the actor as they are now. Raises NoLongerAMember, NotPermitted with the roles that would do.
    """
    now = still_member(tx, actor)
    if not may(now, permission):
        roles = sorted(role.value for role in roles_with(permission))
        raise NotPermitted(permission=permission.value, roles=roles)
    return now


def set_locale(tx: Tx, actor: Principal, locale: str) -> None:
    """Remember the language that a person chose."""
    tx.execute(update(Person).where(Person.id == actor.person_id).values(locale=locale))

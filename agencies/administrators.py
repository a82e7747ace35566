"""Who administers an agency now: whose signature an agreement can have."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from agencies.memberships import holds, is_live
from agencies.models import Membership, Person, RoleGrant
from marketplace.foundation import clock
from marketplace.foundation.db import Query, Tx
from security.principal import Role


def agencies_with_one(db: Tx) -> frozenset[UUID]:
    """The agencies that somebody administers."""
    return frozenset(row.agency_id for row in db.all(_live(db).with_only_columns(Membership.agency_id)))


def people_of(db: Tx, agency_id: UUID) -> list[UUID]:
    """The people (ids) who administer an agency."""
    chosen = _live(db).with_only_columns(Membership.person_id).where(Membership.agency_id == agency_id)
    return [row.person_id for row in db.all(chosen)]


def _live(db: Tx) -> Query:
    now = clock.at(db)
    return (
        select(Membership.id)
        .join(Person, Person.id == Membership.person_id)
        .join(RoleGrant, RoleGrant.membership_id == Membership.id)
        .where(RoleGrant.role == Role.AGENCY_ADMIN, holds(now), is_live(now))
        .distinct()
    )

"""Who holds a role in an agency now: those to whom its affairs are told."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select

from agencies.memberships import holds, is_live
from agencies.models import Membership, RoleGrant
from marketplace.foundation import clock
from marketplace.foundation.db import Query, Tx
from security.principal import Role


def people_of(db: Tx, agency_id: UUID, roles: Iterable[Role]) -> list[UUID]:
    """The people (ids) who hold one of the roles in an agency, each once."""
    return [row.person_id for row in db.all(_live(db, roles).where(Membership.agency_id == agency_id))]


def agencies_with_one(db: Tx, role: Role) -> frozenset[UUID]:
    """The agencies in which somebody holds the role."""
    chosen = _live(db, (role,)).with_only_columns(Membership.agency_id)
    return frozenset(row.agency_id for row in db.all(chosen))


def _live(db: Tx, roles: Iterable[Role]) -> Query:
    now = clock.at(db)
    return (
        select(Membership.person_id)
        .join(RoleGrant, RoleGrant.membership_id == Membership.id)
        .where(RoleGrant.role.in_(list(roles)), holds(now), is_live(now))
        .distinct()
    )

"""Who holds a role in an agency now: those to whom its affairs are told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from agencies.memberships import holds, is_live
from agencies.models import Membership, Person, RoleGrant
from marketplace.foundation import clock
from marketplace.foundation.db import Query, Tx
from security.principal import Role


def listing(db: Tx, agency_id: UUID, roles: Iterable[Role]) -> Sequence[Any]:
    """Who holds one of the roles in an agency, by name: membership_id, person_id, subject_id, name. Each once."""
    mine = _live(db, roles).where(Membership.agency_id == agency_id)
    return db.all(mine.distinct().order_by(Person.name, Person.id))


def people_of(db: Tx, agency_id: UUID, roles: Iterable[Role]) -> list[UUID]:
    """The people (ids) who hold one of the roles in an agency, each once."""
    return [row.person_id for row in listing(db, agency_id, roles)]


def agencies_with_one(db: Tx, roles: Iterable[Role]) -> frozenset[UUID]:
    """The agencies in which somebody holds one of the roles."""
    chosen = _live(db, roles).with_only_columns(Membership.agency_id).distinct()
    return frozenset(row.agency_id for row in db.all(chosen))


def _live(db: Tx, roles: Iterable[Role]) -> Query:
    now = clock.at(db)
    return (
        select(
            Membership.id.label("membership_id"), Person.id.label("person_id"), Person.subject_id, Person.name
        )
        .join(Person, Person.id == Membership.person_id)
        .join(RoleGrant, RoleGrant.membership_id == Membership.id)
        .where(RoleGrant.role.in_(list(roles)), holds(now), is_live(now))
    )

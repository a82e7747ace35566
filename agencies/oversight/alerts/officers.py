"""Who oversees an agency now: its security officers, and the marketplace's officer where that is one of its people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from agencies import people
from agencies.errors import NotPermitted
from agencies.memberships import holds, is_live
from agencies.models import Membership, Person, RoleGrant
from marketplace.foundation import clock
from marketplace.foundation.db import Query, Tx
from security.principal import Principal, Role

OFFICERS = (Role.SECURITY_OFFICER, Role.MARKETPLACE_OFFICER)


def oversees(tx: Tx, actor: Principal) -> None:
    """Read again inside the write transaction that the actor is an officer of their agency. Raises NotPermitted."""
    if not people.still_member(tx, actor).roles & set(OFFICERS):
        raise NotPermitted(roles=sorted(role.value for role in OFFICERS))


def listing(db: Tx, agency_id: UUID) -> Sequence[Any]:
    """The officers of an agency, by name: membership_id, person_id, subject_id, name. Each once."""
    chosen = _live(db).where(Membership.agency_id == agency_id).distinct().order_by(Person.name, Person.id)
    return db.all(chosen)


def agencies_with_one(db: Tx) -> set[UUID]:
    """The agencies that somebody oversees."""
    return {row.agency_id for row in db.all(_live(db).with_only_columns(Membership.agency_id).distinct())}


def _live(db: Tx) -> Query:
    now = clock.at(db)
    return (
        select(
            Membership.id.label("membership_id"), Person.id.label("person_id"), Person.subject_id, Person.name
        )
        .join(Person, Person.id == Membership.person_id)
        .join(RoleGrant, RoleGrant.membership_id == Membership.id)
        .where(RoleGrant.role.in_(OFFICERS), holds(now), is_live(now))
    )

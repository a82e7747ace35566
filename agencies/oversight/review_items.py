"""What a review looks at: every role and clearance that an agency's people hold, frozen when the round is opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import aliased

from agencies.memberships import holds, is_live
from agencies.models import Membership, Person, RoleGrant
from agencies.oversight import last_used
from agencies.oversight.models import AccessReviewItem
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from security.labels import Level
from security.principal import Role

KEPT, REVOKED, GONE = "kept", "revoked", "gone"


@dataclass(frozen=True, slots=True)
class Item:
    """Something that somebody holds: a role by its grant, or without one a clearance; whether they hold it still."""

    id: UUID
    membership_id: UUID
    person_id: UUID
    name: str
    grant_id: UUID | None
    held: str
    last_used: str | None
    decision: str | None
    decided_by: str | None
    held_now: bool


def held(tx: Tx, agency_id: UUID) -> list[dict[str, Any]]:
    """Everything there is to look at now, as rows of `access_review_item` without ids."""
    return [*_of_roles(tx, agency_id), *_of_clearances(tx, agency_id)]


def of(db: Tx, review_id: UUID) -> list[Item]:
    """The things of a review, by name."""
    now, decider = clock.at(db), aliased(Person)
    rows = db.all(
        select(
            AccessReviewItem.id, AccessReviewItem.membership_id, AccessReviewItem.grant_id, AccessReviewItem.held,
            AccessReviewItem.last_used, AccessReviewItem.decision,
            Membership.person_id, Membership.clearance, Person.name, decider.name.label("decided_by"),
            is_live(now).label("live"), func.coalesce(holds(now), False).label("granted"),
        )
        .join(Membership, Membership.id == AccessReviewItem.membership_id)
        .join(Person, Person.id == Membership.person_id)
        .outerjoin(RoleGrant, RoleGrant.id == AccessReviewItem.grant_id)
        .outerjoin(decider, decider.id == AccessReviewItem.decided_by)
        .where(AccessReviewItem.review_id == review_id)
        .order_by(func.lower(Person.name), Membership.id, AccessReviewItem.grant_id.is_(None), AccessReviewItem.held)
    )  # fmt: skip
    return [_item(row) for row in rows]


def _item(row: Any) -> Item:
    still = row.granted if row.grant_id is not None else row.clearance >= Level.parse(row.held)
    return Item(
        row.id, row.membership_id, row.person_id, row.name, row.grant_id, row.held, row.last_used, row.decision,
        row.decided_by, bool(row.live and still),
    )  # fmt: skip


def mark_gone(tx: Tx, review_id: UUID) -> None:
    """Put down as gone what is not decided and not held any more."""
    gone = [row.id for row in of(tx, review_id) if row.decision is None and not row.held_now]
    if gone:
        ended = update(AccessReviewItem).where(AccessReviewItem.id.in_(gone))
        tx.execute(ended.values(decision=GONE, decided_at=clock.now(tx)))


def _of_roles(tx: Tx, agency_id: UUID) -> list[dict[str, Any]]:
    used = last_used.roles(tx, agency_id)
    now = clock.at(tx)
    rows = tx.all(
        select(Membership.id, Person.subject_id, RoleGrant.id.label("grant_id"), RoleGrant.role)
        .join(RoleGrant, RoleGrant.membership_id == Membership.id)
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.agency_id == agency_id, is_live(now), holds(now))
    )
    return [
        {
            "membership_id": row.id, "grant_id": row.grant_id, "held": row.role,
            "last_used": used.get((row.subject_id, Role(row.role))),
        }
        for row in rows
    ]  # fmt: skip


def _of_clearances(tx: Tx, agency_id: UUID) -> list[dict[str, Any]]:
    used = last_used.clearances(tx, agency_id)
    rows = tx.all(
        select(Membership.id, Person.subject_id, Membership.clearance)
        .join(Person, Person.id == Membership.person_id)
        .where(
            Membership.agency_id == agency_id,
            is_live(clock.at(tx)),
            Membership.clearance > int(Level.PUBLIC),
        )
    )
    return [
        {
            "membership_id": row.id, "grant_id": None, "held": Level(row.clearance).label_key,
            "last_used": used.get((row.subject_id, Level(row.clearance))),
        }
        for row in rows
    ]  # fmt: skip

"""How the questions of the register are answered: the only statements of the domain that count people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select

from agencies.memberships import holds, is_live
from agencies.models import Membership, RoleGrant
from agencies.numbers import register
from marketplace.foundation import clock
from marketplace.foundation.db import Query, Tx
from tasks.models import Campaign, Contribution, Microtask

RECENTLY = timedelta(days=30)

Counted = Mapping[str, int]
"""People by cell; a question without parts has the one cell `all`."""


def count(tx: Tx, agency_id: UUID) -> None:
    """Count everything that this agency's works council has agreed to, and forget the rest."""
    for code, ask in ANSWERS.items():
        wanted = code in register.approved(tx, agency_id)
        register.keep(tx, agency_id, code, ask(tx, agency_id) if wanted else {})


def _members(tx: Tx, agency_id: UUID) -> Counted:
    return {"all": int(tx.scalar(_people(tx, agency_id)))}


def _roles(tx: Tx, agency_id: UUID) -> Counted:
    now = clock.at(tx)
    held = (
        _people(tx, agency_id)
        .add_columns(RoleGrant.role)
        .join(RoleGrant, RoleGrant.membership_id == Membership.id)
        .where(holds(now))
        .group_by(RoleGrant.role)
    )
    return {row.role: row.people for row in tx.all(held)}


def _contributing(tx: Tx, agency_id: UUID) -> Counted:
    return {"all": int(tx.scalar(_contributed(tx, agency_id)))}


def _contributing_elsewhere(tx: Tx, agency_id: UUID) -> Counted:
    elsewhere = (
        _contributed(tx, agency_id)
        .join(Microtask, Microtask.id == Contribution.microtask_id)
        .join(Campaign, Campaign.id == Microtask.campaign_id)
        .where(Campaign.agency_id != agency_id)
    )
    return {"all": int(tx.scalar(elsewhere))}


def _people(tx: Tx, agency_id: UUID) -> Query:
    return select(func.count(Membership.person_id.distinct()).label("people")).where(
        Membership.agency_id == agency_id, is_live(clock.at(tx))
    )


def _contributed(tx: Tx, agency_id: UUID) -> Query:
    since = (clock.now(tx) - RECENTLY).date()
    done = _people(tx, agency_id).join(Contribution, Contribution.person_id == Membership.person_id)
    return done.where(Contribution.day > since)


ANSWERS: Mapping[str, Callable[[Tx, UUID], Counted]] = {
    "members": _members,
    "roles": _roles,
    "contributing": _contributing,
    "contributing_elsewhere": _contributing_elsewhere,
}

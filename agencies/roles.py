"""Roles: given by an agency's administrator from a day until another, looked at again after a year, ended.

Separation of duties is read in the transaction that gives the role, with the person held: two administrators who
give two roles at the same moment cannot bring together what does not go together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update

from agencies import authority, memberships
from agencies.memberships import REVIEW_AFTER, Member
from agencies.models import Membership, Person, RoleGrant
from agencies.people_errors import (
    BadPeriod,
    LastAdministrator,
    NoSuchGrant,
    NoSuchPerson,
    RoleClash,
    RoleHeld,
    RoleNotGiven,
)
from agencies.standing import frees_claims
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from marketplace.foundation.ids import new_id
from security import duties
from security.decision import Decision, refused
from security.log import audit
from security.principal import Context, Principal, Role

OF_THE_MARKETPLACE = frozenset({Role.OPERATOR, Role.MARKETPLACE_OFFICER})
"""Reach beyond one agency: no agency gives them, only the marketplace itself."""

GIVEN_BY_AGENCIES = tuple(role for role in Role if role not in OF_THE_MARKETPLACE)

OF_PARTNERS = frozenset({Role.CONTRIBUTOR, Role.TASK_OWNER, Role.APPRAISER})
"""What somebody from outside may be; watching and administering stays with the agency's own people."""


def may_be_given(given: Iterable[Role], *, partner: bool, by_agency: bool) -> Decision:
    """Whether these roles may be given at all: together, to this kind of member, by this kind of giver."""
    wanted = frozenset(given)
    decision = duties.may_hold(wanted)
    if by_agency and (beyond := wanted & OF_THE_MARKETPLACE):
        decision &= refused("role_of_marketplace", "ask_operator", role=",".join(sorted(beyond)))
    if partner and (beyond := wanted - OF_PARTNERS):
        decision &= refused("partner_role", "choose_other_role", role=",".join(sorted(beyond)))
    return decision


def grant(
    tx: Tx,
    membership_id: UUID,
    role: Role,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    actor: Principal | None,
    context: Context,
) -> UUID:
    """Give a role from `since` (now) until `until` (open). Returns the grant's id.

    Without `actor` the marketplace itself acts, or the agency's own system. Raises NotPermitted, OwnAffair,
    NoSuchPerson; RoleNotGiven and RoleClash with the reasons; RoleHeld; BadPeriod.
    """
    who = (
        authority.over(tx, membership_id, Role.AGENCY_ADMIN, actor)
        if actor
        else memberships.held(tx, membership_id)
    )
    now = clock.now(tx)
    since = max(since, now) if since else now
    if until is not None and until <= since:
        raise BadPeriod()
    _may_hold(tx, who, role, since, until, by_agency=actor is not None)
    grant_id = new_id()
    row = {"id": grant_id, "membership_id": membership_id, "role": role, "since": since, "until": until}
    more = {"granted_by": actor.person_id if actor else None, "review_due": since + REVIEW_AFTER}
    tx.execute(insert(RoleGrant), row | more)
    audit.record(tx, "role.grant", who.target, actor=actor, context=context, detail={"role": role.value})
    return grant_id


def end(tx: Tx, grant_id: UUID, *, actor: Principal | None, context: Context) -> None:
    """End a role now, or take back one that has not begun. Everybody may give up a role of their own.

    Raises NotPermitted, NoSuchGrant, LastAdministrator.
    """
    who, role = _of_agency(tx, grant_id, actor)
    now = clock.now(tx)
    ended = update(RoleGrant).where(RoleGrant.id == grant_id, _not_over(now))
    if tx.execute(ended.values(until=now, ended_at=now)).rowcount == 0:
        raise NoSuchGrant()
    if role is Role.AGENCY_ADMIN:
        keeps_an_administrator(tx, who)
    frees_claims(tx, who.person_id)
    audit.record(tx, "role.end", who.target, actor=actor, context=context, detail={"role": role.value})


def review(tx: Tx, grant_id: UUID, *, actor: Principal, context: Context) -> None:
    """Say that somebody still needs a role: it is looked at again in a year. Raises OwnAffair, NoSuchGrant."""
    membership_id = tx.scalar(select(RoleGrant.membership_id).where(RoleGrant.id == grant_id))
    if membership_id is None:
        raise NoSuchGrant()
    who = authority.over(tx, membership_id, Role.AGENCY_ADMIN, actor)
    now = clock.now(tx)
    later = (
        update(RoleGrant)
        .where(RoleGrant.id == grant_id, _not_over(now))
        .values(review_due=now + REVIEW_AFTER)
    )
    role = tx.scalar(later.returning(RoleGrant.role))
    if role is None:
        raise NoSuchGrant()
    audit.record(tx, "role.review", who.target, actor=actor, context=context, detail={"role": role})


def listing(db: Tx, membership_id: UUID) -> Sequence[Any]:
    """The roles of a membership, also those to come: id, role, since, until, review_due, granted_by (a name)."""
    now = clock.at(db)
    chosen = select(
        RoleGrant.id, RoleGrant.role, RoleGrant.since, RoleGrant.until, RoleGrant.review_due,
        Person.name.label("granted_by"),
    )  # fmt: skip
    return db.all(
        chosen.outerjoin(Person, Person.id == RoleGrant.granted_by)
        .where(RoleGrant.membership_id == membership_id, _not_over(now))
        .order_by(RoleGrant.since, RoleGrant.role)
    )


def go_together(tx: Tx, who: Member) -> None:
    """Raise RoleClash where the roles that a person holds now, under all hats, do not go together."""
    now = clock.now(tx)
    duties.may_hold(Role(row.role) for row in _held(tx, who, now, None)).or_raise(
        RoleClash, target=who.target
    )


def keeps_an_administrator(tx: Tx, leaving: Member) -> None:
    """Raise LastAdministrator where nobody else administers the agency. The agency is held since before."""
    if memberships.administrators(tx, leaving.agency_id) == 0:
        raise LastAdministrator(target=leaving.target)


def _may_hold(
    tx: Tx, who: Member, role: Role, since: datetime, until: datetime | None, *, by_agency: bool
) -> None:
    """Raise what speaks against it. Roles under every hat count: a hat is changed in a moment."""
    may_be_given([role], partner=who.partner, by_agency=by_agency).or_raise(RoleNotGiven, target=who.target)
    rows = _held(tx, who, since, until)
    if any(row.membership_id == who.id and row.role == role for row in rows):
        raise RoleHeld(target=who.target)
    duties.may_hold([role, *(Role(row.role) for row in rows)]).or_raise(RoleClash, target=who.target)


def _held(tx: Tx, who: Member, since: datetime, until: datetime | None) -> Sequence[Any]:
    return tx.all(
        select(RoleGrant.membership_id, RoleGrant.role)
        .join(Membership, Membership.id == RoleGrant.membership_id)
        .where(
            Membership.person_id == who.person_id,
            memberships.is_live(clock.at(tx)),
            memberships.overlapping(since, until),
        )
    )


def _of_agency(tx: Tx, grant_id: UUID, actor: Principal | None) -> tuple[Member, Role]:
    """Whose role it is, held, if the actor may end it."""
    row = tx.one_or_none(
        select(RoleGrant.role, RoleGrant.membership_id, Membership.person_id, Membership.agency_id)
        .join(Membership, Membership.id == RoleGrant.membership_id)
        .where(RoleGrant.id == grant_id)
    )
    if row is None or (actor is not None and row.agency_id != actor.agency_id):
        raise NoSuchGrant()
    memberships.hold_agency(tx, row.agency_id)
    if actor is not None and actor.person_id != row.person_id:
        authority.administers(tx, actor)
    try:
        return memberships.held(tx, row.membership_id), Role(row.role)
    except NoSuchPerson:
        raise NoSuchGrant() from None


def _not_over(now: Any) -> Any:
    return RoleGrant.ended_at.is_(None) & (RoleGrant.until.is_(None) | (RoleGrant.until > now))

"""Leaving: a membership ends, and with it at once its roles, sessions, tokens and device keys, and its secondments.

What the person has in their hands goes back by a job that is recorded in the same transaction; until it runs, every
submit and claim finds no member any more.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import case, delete, select, update

from agencies import authority, device_keys, memberships, people, roles, sessions, unit_members
from agencies.memberships import Member
from agencies.models import ApiToken, Membership, Person, RoleGrant
from agencies.people_errors import NoSuchPerson
from agencies.people_models import Move
from agencies.standing import frees_claims
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from security.log import audit
from security.principal import JOB, Context, Principal, Role

REASONS = ("left", "agency", "scim", "time", "transfer", "home_ended")
"""Why a membership ended: the person's own wish, the agency's, its system's, a stated end, a move, the home's end."""


def end_membership(
    tx: Tx, membership_id: UUID, *, actor: Principal | None, context: Context, reason: str
) -> None:
    """End a membership now. Without `actor` the agency's own system or the clock says so, and nobody is asked.

    Raises NotPermitted, NoSuchPerson, OwnAffair (administrators leave by a colleague's hand), LastAdministrator.
    """
    if reason not in REASONS:
        raise ValueError(f"no membership ends because of {reason!r}")
    over = authority.over(tx, membership_id, Role.AGENCY_ADMIN, actor) if actor else None
    who = over or _held(tx, membership_id)
    end_held(tx, who, actor=actor, context=context, reason=reason)


def leave(tx: Tx, *, actor: Principal, context: Context) -> None:
    """Give up one's own membership. Raises NoLongerAMember, LastAdministrator."""
    memberships.hold_agency(tx, actor.agency_id)
    people.still_member(tx, actor)
    end_held(tx, memberships.held(tx, actor.membership_id), actor=actor, context=context, reason="left")


def end_sessions(tx: Tx, membership_id: UUID, *, actor: Principal, context: Context) -> int:
    """Sign somebody out everywhere; they stay a member. Raises NotPermitted, NoSuchPerson, OwnAffair."""
    who = authority.over(tx, membership_id, Role.AGENCY_ADMIN, actor)
    return sessions.end_of_membership(tx, who.id, actor=actor, context=context)


def end_held(tx: Tx, who: Member, *, actor: Principal | None, context: Context, reason: str) -> None:
    """End a membership whose agency and person the caller holds. Raises LastAdministrator."""
    administers = Role.AGENCY_ADMIN in memberships.roles_of(tx, who.id)
    _close(tx, who.id, reason, actor, context)
    if administers:
        roles.keeps_an_administrator(tx, who)


def end_due(tx: Tx, person_id: UUID | None = None, limit: int = 500) -> int:
    """End memberships whose time is over: partners, secondments. Returns how many.

    Nobody has acted in them since; this puts their end on the record and frees what they had.
    """
    over = select(Membership.id).where(Membership.ended_at.is_(None), Membership.until <= clock.at(tx))
    if person_id is not None:
        over = over.where(Membership.person_id == person_id)
    due = tx.all(over.order_by(Membership.id).limit(limit))
    for row in due:
        _close(tx, row.id, "time", None, JOB)
    return len(due)


def _held(tx: Tx, membership_id: UUID) -> Member:
    agency_id = tx.scalar(select(Membership.agency_id).where(Membership.id == membership_id))
    if agency_id is None:
        raise NoSuchPerson()
    memberships.hold_agency(tx, agency_id)
    return memberships.held(tx, membership_id)


def _close(tx: Tx, membership_id: UUID, reason: str, actor: Principal | None, context: Context) -> None:
    """End one membership with all that it gave, and the secondments that it vouched for."""
    row = tx.one_or_none(
        update(Membership)
        .where(Membership.id == membership_id, Membership.ended_at.is_(None))
        .values(ended_at=clock.now(tx))
        .returning(Membership.agency_id, Membership.person_id)
    )
    if row is None:  # ended at the same moment by somebody else
        return
    _end_what_it_gave(tx, membership_id, actor, context)
    device_keys.end_of_membership(tx, row.person_id, row.agency_id, actor=actor, context=context)
    subject_id = tx.scalar(select(Person.subject_id).where(Person.id == row.person_id))
    target = audit.Target("person", subject_id, row.agency_id)
    audit.record(tx, "person.leave", target, actor=actor, context=context, detail={"reason": reason})
    frees_claims(tx, row.person_id)
    lent = select(Membership.id).where(Membership.home_id == membership_id, Membership.ended_at.is_(None))
    for secondment in tx.all(lent):
        _close(tx, secondment.id, "home_ended", actor, context)


def _end_what_it_gave(tx: Tx, membership_id: UUID, actor: Principal | None, context: Context) -> None:
    now = clock.now(tx)
    mine = (RoleGrant.membership_id == membership_id, RoleGrant.ended_at.is_(None))
    earlier = case((RoleGrant.until < now, RoleGrant.until), else_=now)
    tx.execute(update(RoleGrant).where(*mine).values(until=earlier, ended_at=now))
    sessions.end_of_membership(tx, membership_id, actor=actor, context=context)
    tx.execute(delete(ApiToken).where(ApiToken.membership_id == membership_id))
    unit_members.leave_all(tx, membership_id)
    waiting = update(Move).where(Move.from_id == membership_id, Move.state == "open")
    tx.execute(waiting.values(state="withdrawn"))

"""Secondments: for a time somebody works in another agency too, under a second hat; their own vouches for them."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from agencies import authority, leaving, memberships, moving, people, roles
from agencies.models import Membership
from agencies.moving import SECONDMENT, Moving
from agencies.people_errors import BadPeriod, NoSuchPerson, OwnAffair
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from security import duties
from security.principal import Context, Principal, Role

LONGEST = timedelta(days=730)


def propose(
    tx: Tx, membership_id: UUID, to_agency: str, *, until: datetime, actor: Principal, context: Context
) -> UUID:
    """An administrator lends somebody to another agency until a day; that agency's administrator has to agree.

    Raises NotPermitted, NoSuchPerson, OwnAffair, UnknownAgency, CannotMove, MoveAsked, BadPeriod.
    """
    now = clock.now(tx)
    if not now < until <= now + LONGEST:
        raise BadPeriod(errors={"until": ["A day within the next two years."]})
    to_agency_id = moving.agency_named(tx, to_agency)
    memberships.hold_agencies(tx, actor.agency_id, to_agency_id)
    who = authority.over(tx, membership_id, Role.AGENCY_ADMIN, actor)
    move_id = moving.ask(tx, SECONDMENT, who, to_agency_id, until=until, actor=actor, context=context)
    moving.agree(tx, move_id, actor.agency_id, actor.person_id)
    return move_id


def begin(tx: Tx, move: Moving, actor: Principal, context: Context) -> UUID:
    """Begin a secondment to which both administrators have agreed: a second membership. Returns it.

    Raises AlreadyAMember, RoleClash, BadPeriod where its end has passed meanwhile.
    """
    who = memberships.held(tx, move.from_id)
    assert move.until is not None
    if move.until <= clock.now(tx):
        raise BadPeriod()
    leaving.end_due(tx, who.person_id)
    moving.close(tx, move.id, "done")
    to_id = memberships.enrol(
        tx, who.person_id, move.to_agency_id, roles=(Role.CONTRIBUTOR,), home_id=who.id, until=move.until
    )
    roles.go_together(tx, who)
    moving.arrived(tx, move.id, to_id)
    moving.record(tx, "move.done", who, move.to_agency_id, SECONDMENT, actor, context)
    return to_id


def end(tx: Tx, membership_id: UUID, *, actor: Principal, context: Context) -> None:
    """End a secondment before its day, by the administrator of either agency. Raises NotPermitted, NoSuchPerson."""
    both = agencies_of(tx, membership_id)
    if actor.agency_id not in both:
        raise NoSuchPerson()
    memberships.hold_agencies(tx, *both)
    people.still_holds(tx, actor, Role.AGENCY_ADMIN)
    who = memberships.held(tx, membership_id)
    duties.not_oneself(actor.person_id, who.person_id).or_raise(OwnAffair, target=who.target)
    leaving.end_held(tx, who, actor=actor, context=context, reason="agency")


def agencies_of(tx: Tx, membership_id: UUID) -> tuple[UUID, ...]:
    """The two agencies of a secondment, host first; nothing for another membership."""
    row = tx.one_or_none(
        select(Membership.agency_id, Membership.home_id).where(Membership.id == membership_id)
    )
    if row is None or row.home_id is None:
        return ()
    home: UUID = tx.scalar(select(Membership.agency_id).where(Membership.id == row.home_id))
    return (row.agency_id, home)

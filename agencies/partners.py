"""Partners: people from outside whom a member of the agency answers for, until a day within a year."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select, update
from sqlalchemy.orm import aliased

from agencies import authority, invitations, memberships
from agencies.invitations import Made
from agencies.memberships import Member, is_live
from agencies.models import Membership, Person
from agencies.people_errors import BadPeriod, CannotMove, NoSuchPerson, RoleClash
from agencies.roles import may_be_given
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from security.log import audit
from security.principal import Context, Principal, Role

LONGEST = timedelta(days=365)


def invite(
    tx: Tx,
    sponsor_id: UUID,
    *,
    until: datetime,
    roles: Iterable[Role] = (Role.CONTRIBUTOR,),
    note: str = "",
    actor: Principal,
    context: Context,
) -> Made:
    """Invite a partner for whom a member (`sponsor_id`: a membership) answers.

    Raises NotPermitted, NoSuchPerson, BadPeriod, RoleClash.
    """
    authority.administers(tx, actor)
    sponsor = _sponsor(tx, sponsor_id, actor)
    _check_period(tx, until)
    given = frozenset(roles)
    may_be_given(given, partner=True, by_agency=True).or_raise(RoleClash)
    row = {"partner": True, "sponsor_id": sponsor.person_id, "until": until, "note": note}
    return invitations.put(tx, actor.agency_id, given, row, actor, context)


def renew(
    tx: Tx, membership_id: UUID, *, until: datetime, sponsor_id: UUID, actor: Principal, context: Context
) -> None:
    """Let a partner stay until another day, and say who answers for them from now on.

    Raises NotPermitted, OwnAffair, NoSuchPerson, CannotMove for somebody who is no partner, BadPeriod.
    """
    who = authority.over(tx, membership_id, Role.AGENCY_ADMIN, actor)
    if not who.partner:
        raise CannotMove(target=who.target)
    sponsor = _sponsor(tx, sponsor_id, actor)
    _check_period(tx, until)
    mine = update(Membership).where(Membership.id == who.id, Membership.ended_at.is_(None))
    tx.execute(mine.values(until=until, sponsor_id=sponsor.person_id))
    audit.record(tx, "partner.renew", who.target, actor=actor, context=context)


def listing(db: Tx, agency_id: UUID) -> Sequence[Any]:
    """The partners of an agency, those whose time ends first on top: id, name, until, sponsor, sponsor_here."""
    now = clock.at(db)
    sponsor, theirs = aliased(Person), aliased(Membership)
    here = exists().where(
        theirs.person_id == Membership.sponsor_id,
        theirs.agency_id == Membership.agency_id,
        theirs.ended_at.is_(None),
    )
    return db.all(
        select(
            Membership.id,
            Person.name,
            Membership.until,
            sponsor.name.label("sponsor"),
            here.label("sponsor_here"),
        )
        .join(Person, Person.id == Membership.person_id)
        .join(sponsor, sponsor.id == Membership.sponsor_id)
        .where(Membership.agency_id == agency_id, Membership.partner, is_live(now))
        .order_by(Membership.until, Person.name)
    )


def _sponsor(tx: Tx, sponsor_id: UUID, actor: Principal) -> Member:
    """A member who can answer for somebody: of this agency, of its own, no partner. Raises NoSuchPerson."""
    found = memberships.read(tx, sponsor_id)
    if found.agency_id != actor.agency_id or found.partner or found.home_id is not None:
        raise NoSuchPerson()
    return found


def _check_period(tx: Tx, until: datetime) -> None:
    now = clock.now(tx)
    if not now < until <= now + LONGEST:
        raise BadPeriod(errors={"until": ["A day within the next year."]})

"""Invitations: a link into one agency, used once, over after two weeks. The row keeps only the token's digest.

Roles and clearance are fixed by whoever invites. An administrator gives no clearance: above the lowest level it is
for the security officer to give, once the person is here. Who the person is, their agency's provider says; an e-mail
address is nobody's identity, and an invitation holds none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, insert, or_, select, update

from agencies import authority, memberships, people
from agencies.models import Agency, Membership, Person, RoleGrant
from agencies.people_errors import (
    AlreadyAMember,
    BadPeriod,
    ClearanceNotGiven,
    InvitationElsewhere,
    InvitationOver,
    NoSuchInvitation,
    NoSuchPerson,
    RoleClash,
)
from agencies.people_models import Invitation
from agencies.roles import may_be_given
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from marketplace.foundation.ids import digest, new_id, new_token
from security.decision import refused
from security.labels import Level
from security.log import audit
from security.principal import Context, Principal, Role

VALID_FOR = timedelta(days=14)
PREFIX = "inv_"
"""So that secret scanners recognise a link that was pasted somewhere."""


@dataclass(frozen=True, slots=True)
class Invited:
    """What an invitation gives to whoever uses it."""

    id: UUID
    agency_id: UUID
    roles: frozenset[Role]
    clearance: Level
    compartments: frozenset[str]
    partner: bool
    sponsor_id: UUID | None
    until: datetime | None
    membership_id: UUID | None
    made_by: UUID | None


@dataclass(frozen=True, slots=True)
class Made:
    """A new invitation. The token is known now and never again."""

    id: UUID
    token: str = field(repr=False)


def make(
    tx: Tx,
    agency_id: UUID,
    *,
    roles: Iterable[Role] = (Role.CONTRIBUTOR,),
    clearance: Level = Level.PUBLIC,
    compartments: Iterable[str] = (),
    until: datetime | None = None,
    note: str = "",
    actor: Principal | None,
    context: Context,
) -> Made:
    """Invite somebody into an agency. Without `actor` the marketplace itself invites, as when an agency begins.

    `note` helps administrators tell invitations apart. Raises NotPermitted, ClearanceNotGiven, RoleNotGiven,
    RoleClash, BadPeriod.
    """
    row = {"until": until, "note": note, "clearance": int(clearance), "compartments": sorted(compartments)}
    if actor is not None:
        _administers(tx, agency_id, actor)
        if clearance > Level.PUBLIC or row["compartments"]:
            reason = refused("role", "ask_security_officer", role=Role.SECURITY_OFFICER)
            reason.or_raise(ClearanceNotGiven)
    if until is not None and until <= clock.now(tx):  # who used it would be nobody's member a moment later
        raise BadPeriod(errors={"until": ["A day that lies ahead."]})
    given = frozenset(roles)
    may_be_given(given, partner=False, by_agency=actor is not None).or_raise(RoleClash)
    return put(tx, agency_id, given, row, actor, context)


def for_member(tx: Tx, membership_id: UUID, *, actor: Principal, context: Context) -> Made:
    """A link by which a member who was moved here by agreement signs in at this agency's provider the first time.

    Never for somebody who signs in here already: whoever opened it would act in their name.

    Raises NotPermitted, OwnAffair, NoSuchPerson, AlreadyAMember.
    """
    who = authority.over(tx, membership_id, Role.AGENCY_ADMIN, actor)
    if who.home_id is not None:  # a secondment is vouched for at home
        raise NoSuchPerson()
    if people.signs_in(tx, who.person_id, who.agency_id):
        raise AlreadyAMember(target=who.target)
    return put(tx, who.agency_id, (), {"membership_id": who.id, "note": who.name[:120]}, actor, context)


def read(db: Tx, token: str) -> Any | None:
    """What a link says before it is used: agency slug and name, roles, partner, until; None for one that is over."""
    chosen = select(
        Agency.slug, Agency.name, Agency.initials, Agency.tint, Invitation.roles, Invitation.partner,
        Invitation.until, Invitation.membership_id,
    )  # fmt: skip
    joined = chosen.join(Agency, Agency.id == Invitation.agency_id)
    return db.one_or_none(joined.where(Invitation.token == digest(token), is_open(clock.at(db))))


def found(tx: Tx, token: str, agency_id: UUID) -> Invited:
    """An open invitation of an agency, held until COMMIT, not yet used. Raises InvitationOver, InvitationElsewhere."""
    return _open(tx, Invitation.token == digest(token), agency_id)


def by_id(tx: Tx, invitation_id: UUID, agency_id: UUID) -> Invited:
    """The same for one that somebody brought along before."""
    return _open(tx, Invitation.id == invitation_id, agency_id)


def use(tx: Tx, invitation_id: UUID, membership_id: UUID) -> None:
    """Note who used an invitation: it opens nothing any more. Raises InvitationOver."""
    now = clock.now(tx)
    mine = update(Invitation).where(Invitation.id == invitation_id, is_open(clock.at(tx)))
    if tx.execute(mine.values(used_at=now, used_by=membership_id)).rowcount == 0:
        raise InvitationOver()


def withdraw(tx: Tx, invitation_id: UUID, *, actor: Principal, context: Context) -> None:
    """Make a link useless. Raises NotPermitted, NoSuchInvitation, InvitationOver."""
    authority.administers(tx, actor)
    agency_id = tx.scalar(select(Invitation.agency_id).where(Invitation.id == invitation_id))
    if agency_id != actor.agency_id:
        raise NoSuchInvitation()
    gone = update(Invitation).where(Invitation.id == invitation_id, is_open(clock.at(tx)))
    if tx.execute(gone.values(withdrawn_at=clock.now(tx))).rowcount == 0:
        raise InvitationOver()
    target = audit.Target("invitation", invitation_id, agency_id)
    audit.record(tx, "person.uninvite", target, actor=actor, context=context)


def listing(db: Tx, agency_id: UUID, limit: int = 200) -> Sequence[Any]:
    """Open invitations of an agency, newest first: id, note, roles, partner, until, made_at, over_at, made_by."""
    chosen = select(
        Invitation.id, Invitation.note, Invitation.roles, Invitation.partner, Invitation.until,
        Invitation.membership_id, Invitation.made_at, Invitation.over_at, Person.name.label("made_by"),
    )  # fmt: skip
    return db.all(
        chosen.outerjoin(Person, Person.id == Invitation.made_by)
        .where(Invitation.agency_id == agency_id, is_open(clock.at(db)))
        .order_by(Invitation.made_at.desc(), Invitation.id)
        .limit(limit)
    )


def is_open(now: Any) -> ColumnElement[bool]:
    """SQL: whether an invitation can still be used.

    It holds as long as whoever made it may invite: else somebody could leave a door open for when they are gone.
    """
    may_invite = exists().where(
        Membership.person_id == Invitation.made_by,
        Membership.agency_id == Invitation.agency_id,
        memberships.is_live(now),
        RoleGrant.membership_id == Membership.id,
        RoleGrant.role == Role.AGENCY_ADMIN,
        memberships.holds(now),
    )
    unused = Invitation.used_at.is_(None) & Invitation.withdrawn_at.is_(None)
    return unused & (Invitation.over_at > now) & or_(Invitation.made_by.is_(None), may_invite)


def put(
    tx: Tx,
    agency_id: UUID,
    given: Iterable[Role],
    row: dict[str, Any],
    actor: Principal | None,
    context: Context,
) -> Made:
    """Write an invitation whose contents the caller has checked."""
    made, now = Made(new_id(), new_token(PREFIX)), clock.now(tx)
    facts: dict[str, Any] = {
        "id": made.id,
        "token": digest(made.token),
        "agency_id": agency_id,
        "made_by": actor.person_id if actor else None,
        "note": "",
        "roles": sorted(given),
        "clearance": int(Level.PUBLIC),
        "compartments": [],
        "made_at": now,
        "over_at": now + VALID_FOR,
    }
    tx.execute(insert(Invitation), facts | row)
    target = audit.Target("invitation", made.id, agency_id)
    audit.record(tx, "person.invite", target, actor=actor, context=context, detail={"roles": facts["roles"]})
    return made


def _administers(tx: Tx, agency_id: UUID, actor: Principal) -> None:
    if agency_id != actor.agency_id:
        raise NoSuchInvitation()
    authority.administers(tx, actor)


def _open(tx: Tx, chosen: ColumnElement[bool], agency_id: UUID) -> Invited:
    row = tx.one_or_none(select(*_INVITED).where(chosen, is_open(clock.at(tx))).with_for_update())
    if row is None:
        raise InvitationOver()
    if row.agency_id != agency_id:
        raise InvitationElsewhere()
    return _invited(row)


_INVITED = (
    Invitation.id, Invitation.agency_id, Invitation.roles, Invitation.clearance, Invitation.compartments,
    Invitation.partner, Invitation.sponsor_id, Invitation.until, Invitation.membership_id, Invitation.made_by,
)  # fmt: skip


def _invited(row: Any) -> Invited:
    facts = dict(row._mapping)
    return Invited(
        **facts
        | {
            "roles": frozenset(Role(word) for word in row.roles),
            "clearance": Level(row.clearance),
            "compartments": frozenset(row.compartments),
        }
    )

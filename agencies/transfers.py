"""Transfers: somebody changes agency for good and stays who they are.

Their history stays with the person. The membership, its roles, clearance, sessions and tokens end at the old agency;
at the new one they begin with the lowest role and no clearance, or with what an invitation gives. It takes a sign-in
at both agencies, or the agreement of both administrators.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import exists, select

from agencies import authority, invitations, joining, leaving, memberships, moving, notices, people, roles
from agencies.errors import NotSignedIn
from agencies.invitations import Invited
from agencies.joining import VouchedFor
from agencies.memberships import Member
from agencies.models import Membership, WebSession
from agencies.moving import TRANSFER, Moving
from agencies.people_errors import NotAccepted
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from security.principal import Context, Principal, Role


def ask(tx: Tx, to_agency: str, *, invitation: str | None = None, actor: Principal, context: Context) -> UUID:
    """Ask to move to the agency called `to_agency`, with an invitation's token where the person has one.

    Raises UnknownAgency, CannotMove, MoveAsked, InvitationOver, InvitationElsewhere.
    """
    to_agency_id = moving.agency_named(tx, to_agency)
    memberships.hold_agencies(tx, actor.agency_id, to_agency_id)
    people.still_member(tx, actor)
    who = memberships.held(tx, actor.membership_id)
    brought = invitations.found(tx, invitation, to_agency_id).id if invitation else None
    return moving.ask(tx, TRANSFER, who, to_agency_id, invitation_id=brought, actor=actor, context=context)


def propose(tx: Tx, membership_id: UUID, to_agency: str, *, actor: Principal, context: Context) -> UUID:
    """An administrator lets somebody go to another agency, whose administrator then has to agree.

    Raises NotPermitted, NoSuchPerson, OwnAffair, UnknownAgency, CannotMove, MoveAsked.
    """
    to_agency_id = moving.agency_named(tx, to_agency)
    memberships.hold_agencies(tx, actor.agency_id, to_agency_id)
    who = authority.over(tx, membership_id, Role.AGENCY_ADMIN, actor)
    move_id = moving.ask(tx, TRANSFER, who, to_agency_id, actor=actor, context=context)
    moving.agree(tx, move_id, actor.agency_id, actor.person_id)
    return move_id


def complete(
    tx: Tx, vouched: VouchedFor, agency_id: UUID, *, session_reference: str, context: Context
) -> UUID:
    """Finish a transfer by sign-in at both agencies: a live session at the old one, `vouched` fresh from the new one.

    Whoever lets them in does so with the organisation that is said of them now: it is remembered, also where the new
    agency's provider has known them before. Returns the new membership; the session is over with the old one.
    Raises NotSignedIn, NoSuchPerson, MoveOver; NotAccepted where the new agency lets nobody in like this;
    IdentityTaken, LastAdministrator, RoleClash.
    """
    old_id = _membership_of_session(tx, session_reference)
    memberships.hold_agencies(tx, memberships.read(tx, old_id).agency_id, agency_id)
    who = memberships.held(tx, old_id)
    move = moving.transfer_of(tx, who.id, agency_id)
    invited = invitations.by_id(tx, move.invitation_id, agency_id) if move.invitation_id else None
    if invited is None and not _welcome(tx, move, vouched):
        raise NotAccepted(target=who.target)
    joining.add_identity(tx, who.person_id, vouched)
    return _moved(tx, move, who, invited, people.read(tx, old_id), context)


def by_agreement(tx: Tx, move: Moving, actor: Principal, context: Context) -> UUID:
    """Finish a transfer to which both administrators have agreed. Returns the new membership.

    The person is told; where the new agency's provider does not know them yet, its administrator makes them a link.
    """
    who = memberships.held(tx, move.from_id)
    to_id = _moved(tx, move, who, None, actor, context)
    notices.post(
        tx, who.person_id, "move.done", path="/my-roles", agency=memberships.read(tx, to_id).agency_name
    )
    return to_id


def _moved(
    tx: Tx, move: Moving, who: Member, invited: Invited | None, actor: Principal | None, context: Context
) -> UUID:
    moving.close(tx, move.id, "done")
    leaving.end_held(tx, who, actor=actor, context=context, reason="transfer")
    to_id = memberships.enrol(
        tx,
        who.person_id,
        move.to_agency_id,
        roles=invited.roles if invited else (Role.CONTRIBUTOR,),
        clearance=invited.clearance if invited else memberships.NO_CLEARANCE,
        compartments=invited.compartments if invited else (),
        granted_by=invited.made_by if invited else None,
        until=invited.until if invited else None,
        partner=invited.partner if invited else False,
        sponsor_id=invited.sponsor_id if invited else None,
    )
    if invited is not None:
        invitations.use(tx, invited.id, to_id)
    roles.go_together(tx, memberships.read(tx, to_id))
    moving.arrived(tx, move.id, to_id)
    moving.record(tx, "move.done", who, move.to_agency_id, TRANSFER, actor, context)
    return to_id


def _membership_of_session(tx: Tx, reference: str) -> UUID:
    now = clock.at(tx)
    found: UUID | None = tx.scalar(
        select(WebSession.membership_id).where(
            WebSession.reference == reference, WebSession.idle_until > now, WebSession.absolute_until > now
        )
    )
    if found is None:
        raise NotSignedIn()
    return found


def _welcome(tx: Tx, move: Moving, vouched: VouchedFor) -> bool:
    """Whether the new agency takes the person in: its administrator agreed, or sign-in alone is enough there."""
    if move.to_agency_id in moving.agreed(tx, move.id):
        return True
    mine = (Membership.person_id == move.person_id, Membership.agency_id == move.to_agency_id)
    was_there = bool(tx.scalar(select(exists().where(*mine, Membership.home_id.is_(None)))))
    return not was_there and joining.lets_in(tx, move.to_agency_id, vouched)

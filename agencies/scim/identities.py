"""Whom a directory means by an externalId: the subject by which the agency's provider vouches for somebody."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import delete, select

from agencies import clearances, memberships, roles, sessions
from agencies.models import Identity, Membership
from agencies.people_errors import IdentityTaken
from agencies.scim.credentials import Provisioner
from agencies.scim.errors import AtHomeElsewhere, BadResource, NameTaken
from agencies.scim.models import GIVEN_ROLES
from agencies.scim.people import User
from marketplace.foundation import clock
from marketplace.foundation.db import Query, Tx
from marketplace.foundation.db import insert as insert_or
from security.principal import Role


def person_of(db: Tx, scim: Provisioner, subject: str | None) -> UUID | None:
    """The person for whom this subject vouches, if it is known."""
    if subject is None:
        return None
    mine = (Identity.issuer == scim.issuer, Identity.subject == subject)
    found: UUID | None = db.scalar(select(Identity.person_id).where(*mine))
    return found


def link(tx: Tx, scim: Provisioner, person_id: UUID, subject: str) -> None:
    """Let this subject vouch for the person. Raises NameTaken where it vouches for somebody else."""
    row = insert_or(tx, Identity).values(issuer=scim.issuer, subject=subject, person_id=person_id)
    tx.execute(row.on_conflict_do_nothing(index_elements=["issuer", "subject"]))
    if person_of(tx, scim, subject) != person_id:
        raise NameTaken() from IdentityTaken()


def link_anew(tx: Tx, scim: Provisioner, user: User, subject: str | None) -> None:
    """Another subject vouches for the person from now on; sessions of the one before end at once.

    Raises BadResource where the person is an officer, AtHomeElsewhere, NameTaken.
    """
    before = user.said.external_id
    if before is not None:
        _leave_behind(tx, scim, user)
        mine = (Identity.issuer == scim.issuer, Identity.subject == before)
        tx.execute(delete(Identity).where(*mine, Identity.person_id == user.person_id))
        sessions.end_vouched(tx, scim.issuer, subject=before, context=scim.context)
    if subject is not None:
        check_home(tx, scim, user.person_id)
        link(tx, scim, user.person_id, subject)


def _leave_behind(tx: Tx, scim: Provisioner, user: User) -> None:
    """What people gave to whoever signed in so far is not the directory's to hand to somebody else.

    Else whoever makes a credential could act in the name of an officer. Raises BadResource.
    """
    if user.membership_id is None:
        return
    given_by_people = {row.role for row in roles.listing(tx, user.membership_id)} - {
        Role.CONTRIBUTOR,
        *GIVEN_ROLES,
    }
    if given_by_people:
        raise BadResource(
            "externalId: this person administers, watches or operates. That role ends first, given up or taken by an "
            "administrator; then another subject can take over.",
            scim_type="mutability",
        )
    clearances.lapse(tx, memberships.read(tx, user.membership_id), context=scim.context)


def check_home(tx: Tx, scim: Provisioner, person_id: UUID) -> None:
    """Whoever moved to another agency is not this one's to bring back, or to be signed in as.

    Raises AtHomeElsewhere.
    """
    if tx.scalar(elsewhere(tx, scim, person_id)) is not None:
        raise AtHomeElsewhere()


def elsewhere(tx: Tx, scim: Provisioner, person_id: UUID) -> Query:
    """SELECT of the memberships by which a person is at home in another agency."""
    return select(Membership.id).where(
        Membership.person_id == person_id,
        Membership.agency_id != scim.agency_id,
        Membership.home_id.is_(None),
        memberships.is_live(clock.at(tx)),
    )

"""People who joined by another way than SCIM become users before a directory looks at them or changes anybody."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import literal, select

from agencies import memberships
from agencies.models import Membership, Person
from agencies.scim import people, rows
from agencies.scim.credentials import Provisioner
from agencies.scim.models import ScimUser
from agencies.scim.people import Address, User, Wanted
from marketplace.foundation import clock
from marketplace.foundation.db import Query, Tx


def begin(tx: Tx, scim: Provisioner) -> None:
    """What every change begins with: calls for one agency are done one after another."""
    memberships.hold_agency(tx, scim.agency_id)
    adopt(tx, scim)


def held(tx: Tx, scim: Provisioner, user_id: UUID | None) -> User:
    """One user, for a change: until COMMIT no other call changes this agency's people. Raises NoSuchResource."""
    begin(tx, scim)
    return people.read(tx, scim, user_id)


def adopt(tx: Tx, scim: Provisioner) -> int:
    """Make users of members who joined by another way than SCIM, and tell users who came back so. Returns how many."""
    found = tx.all(_not_yet(scim, clock.at(tx)))
    for row in found:
        if row.user_id is not None:
            rows.stand_for(tx, row.user_id, row.membership_id)
            continue
        taken = rows.name_taken(tx, scim, row.subject or "")
        name = row.subject if row.subject and not taken else str(row.membership_id)
        emails = (Address(row.email, "work", True),) if row.email else ()
        said = Wanted(name, row.subject, True, display_name=row.name, emails=emails)
        rows.add(tx, scim, row.membership_id, row.person_id, row.membership_id, said)
    return len(found)


def anybody_to_adopt(db: Tx, scim: Provisioner) -> bool:
    """Whether `adopt` would find somebody: asked on reading, so that a list leaves nobody out."""
    return db.scalar(select(literal(1)).where(_not_yet(scim, clock.at(db)).exists())) is not None


def _not_yet(scim: Provisioner, now: Any) -> Query:
    """Members at home in this agency whom no user stands for, with the user they were before, if any."""
    mine = (ScimUser.agency_id == scim.agency_id) & (ScimUser.person_id == Membership.person_id)
    return (
        select(
            Membership.id.label("membership_id"),
            Membership.person_id,
            Person.name,
            Person.email,
            ScimUser.id.label("user_id"),
            people.subject_of(scim, Membership.person_id).label("subject"),
        )
        .join(Person, Person.id == Membership.person_id)
        .outerjoin(ScimUser, mine)
        .where(
            Membership.agency_id == scim.agency_id,
            Membership.home_id.is_(None),
            memberships.is_live(now),
            ScimUser.membership_id.is_distinct_from(Membership.id),
        )
    )

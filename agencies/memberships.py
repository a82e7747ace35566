"""Rows of membership: made, locked, read. Whatever changes somebody's standing holds their row for that time.

Locks are taken in one order, so that no two acts wait crosswise: agency, person, membership.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select

from agencies.models import Agency, Membership, Person, RoleGrant
from agencies.people_errors import AlreadyAMember, NoSuchPerson
from marketplace.foundation import clock
from marketplace.foundation.db import Query, Tx, insert
from marketplace.foundation.ids import new_id
from security.labels import Level
from security.log.audit import Target
from security.principal import Role

REVIEW_AFTER = timedelta(days=365)
"""When somebody looks again at a role that was given."""


NO_CLEARANCE = Level.PUBLIC
"""What everybody begins with."""


@dataclass(frozen=True, slots=True)
class Member:
    """A live membership, as the acts of an agency need it."""

    id: UUID
    person_id: UUID
    subject_id: UUID
    name: str
    agency_id: UUID
    agency_slug: str
    agency_name: str
    clearance: Level
    compartments: frozenset[str]
    partner: bool
    sponsor_id: UUID | None
    home_id: UUID | None
    until: datetime | None

    @property
    def target(self) -> Target:
        """This person in this agency, for the security record."""
        return Target("person", self.subject_id, self.agency_id)


def is_live(now: Any) -> ColumnElement[bool]:
    """SQL: whether a membership holds at `now`."""
    return Membership.ended_at.is_(None) & func.coalesce(Membership.until > now, True)


def holds(now: Any) -> ColumnElement[bool]:
    """SQL: whether a role grant holds at `now`."""
    return (
        RoleGrant.ended_at.is_(None) & (RoleGrant.since <= now) & func.coalesce(RoleGrant.until > now, True)
    )


def enrol(
    tx: Tx,
    person_id: UUID,
    agency_id: UUID,
    *,
    roles: Iterable[Role],
    clearance: Level = NO_CLEARANCE,
    compartments: Iterable[str] = (),
    granted_by: UUID | None = None,
    **more: Any,
) -> UUID:
    """Make a person a member with roles from now on. `more`: until, home_id, partner, sponsor_id of the row.

    Raises AlreadyAMember, also where the other membership was made at the same moment.
    """
    row = insert(tx, Membership).values(
        id=new_id(), person_id=person_id, agency_id=agency_id, clearance=int(clearance),
        compartments=sorted(compartments), **more,
    )  # fmt: skip
    made = tx.scalar(
        row.on_conflict_do_nothing(
            index_elements=["person_id", "agency_id"], index_where=Membership.ended_at.is_(None)
        ).returning(Membership.id)
    )
    if made is None:
        raise AlreadyAMember()
    membership_id = UUID(str(made))
    add_roles(tx, membership_id, roles, granted_by=granted_by)
    return membership_id


def add_roles(tx: Tx, membership_id: UUID, roles: Iterable[Role], *, granted_by: UUID | None) -> None:
    """Give roles from now on, to be looked at again in a year. The caller has checked that they may be held."""
    now = clock.now(tx)
    for role in sorted(set(roles)):
        row = {"id": new_id(), "membership_id": membership_id, "role": role, "since": now, "until": None}
        tx.execute(
            insert(tx, RoleGrant).values(row | {"granted_by": granted_by, "review_due": now + REVIEW_AFTER})
        )


def hold_agency(tx: Tx, agency_id: UUID) -> None:
    """Until COMMIT nobody else changes who administers this agency."""
    tx.execute(select(Agency.id).where(Agency.id == agency_id).with_for_update(key_share=True))


def hold_agencies(tx: Tx, *agency_ids: UUID) -> None:
    """The same for several, always in one order."""
    for agency_id in sorted(set(agency_ids)):
        hold_agency(tx, agency_id)


def hold_person(tx: Tx, person_id: UUID) -> None:
    """Until COMMIT nobody else changes this person's roles, clearances and memberships."""
    tx.execute(select(Person.id).where(Person.id == person_id).with_for_update(key_share=True))


def held(tx: Tx, membership_id: UUID) -> Member:
    """A live membership, its person held until COMMIT and then read. Raises NoSuchPerson."""
    person_id = tx.scalar(select(Membership.person_id).where(Membership.id == membership_id))
    if person_id is None:
        raise NoSuchPerson()
    hold_person(tx, person_id)
    return read(tx, membership_id)


def read(db: Tx, membership_id: UUID) -> Member:
    """A live membership. Raises NoSuchPerson."""
    row = db.one_or_none(_every(clock.at(db)).where(Membership.id == membership_id))
    if row is None:
        raise NoSuchPerson()
    return _from(row)


def of_person(db: Tx, person_id: UUID) -> list[Member]:
    """Every live membership of a person, that at home first."""
    rows = db.all(_every(clock.at(db)).where(Membership.person_id == person_id))
    return sorted((_from(row) for row in rows), key=lambda each: (each.home_id is not None, each.agency_name))


def roles_of(db: Tx, membership_id: UUID) -> frozenset[Role]:
    """The roles that a membership holds now."""
    now = clock.at(db)
    rows = db.all(select(RoleGrant.role).where(RoleGrant.membership_id == membership_id, holds(now)))
    return frozenset(Role(row.role) for row in rows)


def administrators(db: Tx, agency_id: UUID, *, without: UUID | None = None) -> int:
    """How many people administer an agency now, apart from one membership."""
    now = clock.at(db)
    counted = (
        select(func.count(func.distinct(Membership.person_id)))
        .join(RoleGrant, RoleGrant.membership_id == Membership.id)
        .where(
            Membership.agency_id == agency_id, is_live(now), holds(now), RoleGrant.role == Role.AGENCY_ADMIN
        )
    )
    if without is not None:
        counted = counted.where(Membership.id != without)
    return int(db.scalar(counted))


def overlapping(since: datetime, until: datetime | None) -> ColumnElement[bool]:
    """SQL: whether a role grant holds at some moment from `since` to `until`."""
    ends_after = RoleGrant.ended_at.is_(None) & or_(RoleGrant.until.is_(None), RoleGrant.until > since)
    return ends_after if until is None else ends_after & (RoleGrant.since < until)


def _every(now: Any) -> Query:
    return (
        select(
            Membership.id, Membership.person_id, Person.subject_id, Person.name, Membership.agency_id,
            Agency.slug.label("agency_slug"), Agency.name.label("agency_name"), Membership.clearance,
            Membership.compartments, Membership.partner, Membership.sponsor_id, Membership.home_id,
            Membership.until,
        )
        .join(Person, Person.id == Membership.person_id)
        .join(Agency, Agency.id == Membership.agency_id)
        .where(is_live(now))
    )  # fmt: skip


def _from(row: Any) -> Member:
    facts = dict(row._mapping)
    return Member(**facts | {"clearance": Level(row.clearance), "compartments": frozenset(row.compartments)})

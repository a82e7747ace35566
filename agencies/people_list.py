"""The people of an agency, as its administrators and officers see them. Nothing about anybody's work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from agencies import memberships, people, roles, sessions, unit_members
from agencies.memberships import is_live
from agencies.models import Agency, Membership, Person, RoleGrant
from agencies.people_errors import NoSuchPerson
from marketplace.foundation import clock
from marketplace.foundation.db import Query, Tx
from security.labels import Level
from security.log import audit
from security.principal import Context, Principal

PAGE = 50
MOST_TO_CHOOSE = 2_000
"""As many people as one field offers; in larger agencies it begins at the person's own page, which a search finds."""


def browse(
    tx: Tx, *, like: str = "", skip: int = 0, limit: int = PAGE, actor: Principal, context: Context
) -> tuple[list[Mapping[str, Any]], int | None]:
    """A page of the actor's agency as `listing` has it; one entry on the record, whoever is on the page."""
    found = listing(tx, actor.agency_id, like=like, skip=skip, limit=limit)
    note_reading(tx, actor=actor, context=context)
    return found


def note_reading(tx: Tx, *, actor: Principal, context: Context) -> None:
    """Put on the record that several people of the actor's agency were read by name, whoever they were."""
    target = audit.Target("agency", actor.agency_id, actor.agency_id)
    audit.record(tx, "person.list", target, actor=actor, context=context)


def view(tx: Tx, membership_id: UUID, *, actor: Principal, context: Context) -> dict[str, Any]:
    """One person of the actor's agency as `one` has them; that they were looked at is on the record.

    Raises NoSuchPerson.
    """
    shown = one(tx, membership_id, actor.agency_id)
    target = memberships.read(tx, membership_id).target
    audit.record(tx, "person.view", target, actor=actor, context=context)
    return shown


def listing(
    db: Tx, agency_id: UUID, *, like: str = "", skip: int = 0, limit: int = PAGE
) -> tuple[list[Mapping[str, Any]], int | None]:
    """A page of people by name, and how many to skip for the next one (None: there is none).

    Each has id, name, roles, clearance, compartments, partner, home (the agency a secondment comes from), until.
    """
    chosen = _people(db).where(Membership.agency_id == agency_id)
    if like:
        chosen = chosen.where(func.lower(Person.name).contains(like.lower(), autoescape=True))
    ordered = chosen.order_by(func.lower(Person.name), Membership.id)
    rows = db.all(ordered.offset(skip).limit(limit + 1))
    return [_shown(row) for row in rows[:limit]], skip + limit if len(rows) > limit else None


def one(db: Tx, membership_id: UUID, agency_id: UUID) -> dict[str, Any]:
    """One person of an agency, in full: also grants, sessions (a number), ceiling, sponsor, units (as
    `unit_members.of_membership` has them, `until` as a last day), whether they can sign in.

    Raises NoSuchPerson for people of other agencies.
    """
    mine = (Membership.id == membership_id, Membership.agency_id == agency_id)
    sponsor = aliased(Person)
    row = db.one_or_none(
        _people(db)
        .outerjoin(sponsor, sponsor.id == Membership.sponsor_id)
        .add_columns(people.ceiling().label("ceiling"), sponsor.name.label("sponsor"))
        .where(*mine)
    )
    if row is None:
        raise NoSuchPerson()
    return _shown(row) | {
        "ceiling": Level(row.ceiling).label_key,
        "sponsor": row.sponsor,
        "grants": [dict(grant._mapping) for grant in roles.listing(db, membership_id)],
        "sessions": sessions.count_of(db, membership_id),
        "units": [
            unit | {"until": clock.last_day(unit["until"])}
            for unit in unit_members.of_membership(db, membership_id)
        ],
        "signs_in": row.home is not None or people.signs_in(db, row.person_id, agency_id),
    }


def own(db: Tx, person_id: UUID) -> list[dict[str, Any]]:
    """A person's own memberships, with the roles of each."""
    found = memberships.of_person(db, person_id)
    return [
        one(db, each.id, each.agency_id) | {"agency": each.agency_name, "slug": each.agency_slug}
        for each in found
    ]


def members_to_choose(db: Tx, agency_id: UUID) -> Sequence[Any]:
    """Who can answer for a partner: the agency's own people, by name. Rows of id and name."""
    return db.all(_to_choose(db, agency_id).where(~Membership.partner, Membership.home_id.is_(None)))


def everybody_to_choose(db: Tx, agency_id: UUID) -> Sequence[Any]:
    """Who can be put into a unit: everybody who is with the agency now, by name. Rows of id and name."""
    return db.all(_to_choose(db, agency_id))


def _to_choose(db: Tx, agency_id: UUID) -> Query:
    return (
        select(Membership.id, Person.name)
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.agency_id == agency_id, is_live(clock.at(db)))
        .order_by(func.lower(Person.name), Membership.id)
        .limit(MOST_TO_CHOOSE)
    )


def _people(db: Tx) -> Query:
    now = clock.at(db)
    held = select(func.aggregate_strings(RoleGrant.role, ",")).where(
        RoleGrant.membership_id == Membership.id, memberships.holds(now)
    )
    home, its_agency = aliased(Membership), aliased(Agency)
    lender = select(its_agency.name).join(home, home.agency_id == its_agency.id)
    return (
        select(
            Membership.id,
            Membership.person_id,
            Person.name,
            Membership.clearance,
            Membership.compartments,
            Membership.partner,
            Membership.until,
            held.scalar_subquery().label("roles"),
            lender.where(home.id == Membership.home_id).scalar_subquery().label("home"),
        )
        .join(Person, Person.id == Membership.person_id)
        .where(is_live(now))
    )


def _shown(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "roles": sorted(filter(None, (row.roles or "").split(","))),
        "clearance": Level(row.clearance).label_key,
        "compartments": sorted(row.compartments),
        "partner": row.partner,
        "home": row.home,
        "until": clock.last_day(row.until),
    }

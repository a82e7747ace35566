"""Whom a look-up is about: found when it is asked, opened when it is read, told when that may be told."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Any
from unicodedata import normalize
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, insert, select, update

from agencies import notices, unit_members
from agencies.memberships import is_live
from agencies.models import Agency, Membership, Person
from agencies.oversight.models import LookUp, LookUpPerson
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from security.log import audit, subjects
from security.principal import JOB

MOST = 5
"""People that one look-up opens."""
OWN_RECORD = "/my-record"
"""Where somebody reads who opened what about them."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A person whose name was opened; `former` is somebody who has left the agency."""

    person_id: UUID
    subject_id: UUID
    name: str
    pseudonym: str | None
    agency: str
    units: tuple[str, ...]
    former: bool


def named(db: Tx, name: str, agency_id: UUID) -> list[UUID]:
    """People who are or were with the agency and whose name has every word of `name`; at most one more than MOST.

    Capitals and small letters are the same. They are compared here and not in SQL: SQLite knows the letters of ASCII
    alone, PostgreSQL those of the locale that it was set up with. An agency is some ten thousand names at most.
    """
    words = _folded(name).split()
    rows = db.all(select(Person.id, Person.name).where(_of_agency(agency_id)).order_by(Person.id))
    fitting = (row.id for row in rows if all(word in _folded(row.name) for word in words))
    return list(islice(fitting, MOST + 1))


def behind(db: Tx, pseudonym: str, agency_id: UUID) -> list[UUID]:
    """The person behind a pseudonym, where they are or were with the agency; else nobody."""
    subject_id = subjects.find(db, pseudonym.lower())
    chosen = select(Person.id).where(Person.subject_id == subject_id, _of_agency(agency_id))
    return [row.id for row in db.all(chosen)]


def keep(tx: Tx, look_up_id: UUID, people: list[UUID]) -> None:
    """Fix whom a look-up is about: what a second person grants is about them and nobody else."""
    if people:
        tx.execute(insert(LookUpPerson), [{"look_up_id": look_up_id, "person_id": each} for each in people])


def is_about(person_id: UUID) -> ColumnElement[bool]:
    """SQL: whether a look-up is about this person."""
    return exists().where(LookUpPerson.look_up_id == LookUp.id, LookUpPerson.person_id == person_id)


def opened(db: Tx, look_up_id: UUID, agency_id: UUID) -> list[Opened]:
    """The people of a look-up by name, with pseudonym, agency and units. Whoever calls this puts it on the record."""
    rows = db.all(
        select(
            Person.id,
            Person.subject_id,
            Person.name,
            Agency.name.label("agency"),
            Membership.id.label("live"),
        )
        .join(LookUpPerson, LookUpPerson.person_id == Person.id)
        .join(Agency, Agency.id == agency_id)
        .outerjoin(
            Membership,
            (Membership.person_id == Person.id) & (Membership.agency_id == agency_id) & is_live(clock.at(db)),
        )
        .where(LookUpPerson.look_up_id == look_up_id)
        .order_by(func.lower(Person.name), Person.id)
    )
    known = subjects.pseudonyms(db, [row.subject_id for row in rows])
    return [_opened(db, row, known.get(row.subject_id)) for row in rows]


def tell(tx: Tx, look_up_id: UUID, purpose: str, agency_id: UUID, *, person_id: UUID | None = None) -> None:
    """Tell everybody whom a look-up opened and who was not told yet, or one of them.

    Each is told once, also where two do it at a time. One alone is told because they are being erased: then the entry
    does not say who, because beside that of the erasing it would tie them to the place on the record that they leave.
    """
    told = update(LookUpPerson).where(LookUpPerson.look_up_id == look_up_id, LookUpPerson.told_at.is_(None))
    if person_id is not None:
        told = told.where(LookUpPerson.person_id == person_id)
    for row in tx.all(told.values(told_at=clock.now(tx)).returning(LookUpPerson.person_id)):
        notices.post(tx, row.person_id, "look_up.read", path=OWN_RECORD, purpose=purpose)
        target = audit.Target("agency", agency_id, agency_id)
        if person_id is None:
            subject_id = tx.scalar(select(Person.subject_id).where(Person.id == row.person_id))
            target = audit.Target("person", subject_id, agency_id)
        audit.record(tx, "person.tell", target, actor=None, context=JOB, detail={"about": "look_up.read"})


def _folded(name: str) -> str:
    """The same for any spelling of the same letters (Unicode 3.13, canonical caseless matching)."""
    return normalize("NFD", normalize("NFD", name).casefold())


def _of_agency(agency_id: UUID) -> ColumnElement[bool]:
    return exists().where(Membership.person_id == Person.id, Membership.agency_id == agency_id)


def _opened(db: Tx, row: Any, pseudonym: str | None) -> Opened:
    units = unit_members.of_membership(db, row.live) if row.live else []
    names = tuple(unit["name"] for unit in units)
    return Opened(row.id, row.subject_id, row.name, pseudonym, row.agency, names, row.live is None)

"""The shape of an agency's units as it is now, and what it was: reading only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select

from agencies.agreement_models import Unit, UnitChange, UnitGuest
from agencies.models import Agency
from marketplace.foundation import clock
from marketplace.foundation.db import Tx


def tree(db: Tx, agency_id: UUID) -> list[dict[str, Any]]:
    """An agency's units from the top, each before those below it: id, name, parent_id, depth, temporary, until, guests.

    Neighbours stand by name.
    """
    live = live_units(db, agency_id)
    guests = _guests(db, list(live))
    return [
        {
            "id": unit.id,
            "name": unit.name,
            "parent_id": unit.parent_id,
            "depth": depth,
            "temporary": unit.temporary,
            "until": unit.until,
            "guests": guests.get(unit.id, []),
        }
        for unit, depth in _walked(live, None, 0)
    ]


def open_to_guest(db: Tx, agency_id: UUID) -> list[dict[str, Any]]:
    """Temporary units of other agencies in which this one may place its people: id, name, agency (name), until."""
    rows = db.all(
        select(Unit.id, Unit.name, Unit.until, Agency.name.label("agency"))
        .join(UnitGuest, UnitGuest.unit_id == Unit.id)
        .join(Agency, Agency.id == Unit.agency_id)
        .where(UnitGuest.agency_id == agency_id, is_live(clock.now(db)))
        .order_by(Unit.name)
    )
    return [dict(row._mapping) for row in rows]


def history(db: Tx, agency_id: UUID, *, limit: int = 100) -> list[dict[str, Any]]:
    """What happened to an agency's units, newest first: unit_id, name (as it is now), what, was, became, at."""
    rows = db.all(
        select(
            UnitChange.unit_id, Unit.name, UnitChange.what, UnitChange.was, UnitChange.became, UnitChange.at
        )
        .join(Unit, Unit.id == UnitChange.unit_id)
        .where(UnitChange.agency_id == agency_id)
        .order_by(UnitChange.at.desc(), UnitChange.id)
        .limit(limit)
    )
    return [dict(row._mapping) for row in rows]


def live_units(db: Tx, agency_id: UUID) -> dict[UUID, Any]:
    """The rows of an agency's units that are not over, by id; in the order of their names."""
    chosen = select(Unit.__table__).where(Unit.agency_id == agency_id, is_live(clock.now(db)))
    return {row.id: row for row in db.all(chosen.order_by(func.lower(Unit.name), Unit.id))}


def is_live(now: datetime) -> ColumnElement[bool]:
    """SQL: whether a unit is not over."""
    return and_(Unit.ended_at.is_(None), or_(Unit.until.is_(None), Unit.until > now))


def upwards(live: Mapping[UUID, Any], unit_id: UUID | None) -> list[UUID]:
    """A unit and those above it. One whose parent is over stands at the top."""
    found: list[UUID] = []
    while unit_id is not None and unit_id in live:
        found.append(unit_id)
        unit_id = live[unit_id].parent_id
    return found


def height(live: Mapping[UUID, Any], unit_id: UUID) -> int:
    """How many levels a unit has with all below it."""
    below = [height(live, each.id) for each in live.values() if each.parent_id == unit_id]
    return 1 + max(below, default=0)


def _walked(live: Mapping[UUID, Any], parent_id: UUID | None, depth: int) -> list[tuple[Any, int]]:
    found: list[tuple[Any, int]] = []
    for unit in live.values():
        above = unit.parent_id if unit.parent_id in live else None
        if above == parent_id:
            found += [(unit, depth), *_walked(live, unit.id, depth + 1)]
    return found


def _guests(db: Tx, unit_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    found: dict[UUID, list[str]] = {}
    chosen = select(UnitGuest.unit_id, Agency.slug).join(Agency).where(UnitGuest.unit_id.in_(unit_ids))
    for row in db.all(chosen.order_by(Agency.slug)):
        found.setdefault(row.unit_id, []).append(row.slug)
    return found

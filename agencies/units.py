"""The tree of an agency's units: made, renamed, moved, merged and ended, with what was before.

Every change locks the agency first, so that two moves at once cannot close a circle that neither would alone. A
temporary unit belongs to the agency that made it, may take people of the agencies it names, and ends by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, update

from agencies import directory, memberships, people, unit_members, unit_tree
from agencies.agreement_models import Unit, UnitChange, UnitGuest
from agencies.errors import BadUnit, NoSuchUnit, UnitLoop, UnitNameTaken, UnitNotEmpty, UnknownAgency
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from marketplace.foundation.ids import new_id
from marketplace.foundation.input import clean
from security.log import audit
from security.principal import Context, Principal, Role

LONGEST_NAME = 120
DEEPEST = 12
LONGEST_TEMPORARY = timedelta(days=730)
MADE, RENAMED, MOVED, MERGED, ENDED = "made", "renamed", "moved", "merged", "ended"


def make(
    tx: Tx,
    name: str,
    parent_id: UUID | None = None,
    *,
    until: datetime | None = None,
    guests: Sequence[str] = (),
    actor: Principal,
    context: Context,
) -> UUID:
    """Make a unit of the actor's agency; with `until` a temporary one, open to the agencies `guests` (short names).

    Raises NotPermitted, NoSuchUnit, BadUnit, UnitNameTaken.
    """
    live = _begin(tx, actor)
    name = _name(name)
    _check_place(live, parent_id, name)
    _check_temporary(tx, until, guests)
    unit_id = new_id()
    row = {
        "id": unit_id,
        "agency_id": actor.agency_id,
        "parent_id": parent_id,
        "name": name,
        "temporary": until is not None,
        "until": until,
    }
    tx.execute(insert(Unit), row)
    hosts = [{"unit_id": unit_id, "agency_id": _guest(tx, slug, actor)} for slug in dict.fromkeys(guests)]
    if hosts:
        tx.execute(insert(UnitGuest), hosts)
    _changed(tx, unit_id, MADE, {}, _facts(name, parent_id), actor, context)
    return unit_id


def rename(tx: Tx, unit_id: UUID, name: str, *, actor: Principal, context: Context) -> None:
    """Give a unit another name. Raises NotPermitted, NoSuchUnit, BadUnit, UnitNameTaken."""
    live = _begin(tx, actor)
    unit, name = _one(live, unit_id), _name(name)
    _check_name(live, unit.parent_id, name, but=unit_id)
    tx.execute(update(Unit).where(Unit.id == unit_id).values(name=name))
    _changed(tx, unit_id, RENAMED, {"name": unit.name}, {"name": name}, actor, context)


def move(tx: Tx, unit_id: UUID, parent_id: UUID | None, *, actor: Principal, context: Context) -> None:
    """Put a unit with all below it under another one, or at the top.

    Raises NotPermitted, NoSuchUnit, UnitLoop, UnitNameTaken, BadUnit.
    """
    live = _begin(tx, actor)
    unit = _one(live, unit_id)
    if parent_id is not None and unit_id in unit_tree.upwards(live, parent_id):
        raise UnitLoop()
    _check_place(live, parent_id, unit.name, but=unit_id, height=unit_tree.height(live, unit_id))
    tx.execute(update(Unit).where(Unit.id == unit_id).values(parent_id=parent_id))
    was, became = _facts(unit.name, unit.parent_id), _facts(unit.name, parent_id)
    _changed(tx, unit_id, MOVED, was, became, actor, context)


def merge(tx: Tx, unit_id: UUID, into_id: UUID, *, actor: Principal, context: Context) -> None:
    """End a unit and put its people and the units below it into another one.

    Raises NotPermitted, NoSuchUnit, UnitLoop, UnitNameTaken, BadUnit.
    """
    live = _begin(tx, actor)
    unit, into = _one(live, unit_id), _one(live, into_id)
    if unit_id in unit_tree.upwards(live, into_id):
        raise UnitLoop()
    if unit.temporary != into.temporary:
        raise BadUnit(errors={"into": ["A temporary unit and a lasting one cannot be merged."]})
    for child in [each for each in live.values() if each.parent_id == unit_id]:
        _check_place(live, into_id, child.name, but=child.id, height=unit_tree.height(live, child.id))
    now = clock.now(tx)
    tx.execute(
        update(Unit).where(Unit.parent_id == unit_id, unit_tree.is_live(now)).values(parent_id=into_id)
    )
    unit_members.hand_over(tx, unit_id, into_id, now)
    tx.execute(update(Unit).where(Unit.id == unit_id).values(ended_at=now, merged_into_id=into_id))
    became = {"name": into.name, "into": str(into_id)}
    _changed(tx, unit_id, MERGED, _facts(unit.name, unit.parent_id), became, actor, context)


def end(tx: Tx, unit_id: UUID, *, actor: Principal, context: Context) -> None:
    """End a unit that nothing stands in; a temporary one sends its people home. Raises NoSuchUnit, UnitNotEmpty."""
    live = _begin(tx, actor)
    unit, now = _one(live, unit_id), clock.now(tx)
    inside = unit_members.somebody_in(tx, unit_id)
    if any(each.parent_id == unit_id for each in live.values()) or (inside and not unit.temporary):
        raise UnitNotEmpty()
    tx.execute(unit_members.in_unit(unit_id).values(until=now))
    tx.execute(update(Unit).where(Unit.id == unit_id).values(ended_at=now))
    _changed(tx, unit_id, ENDED, _facts(unit.name, unit.parent_id), {}, actor, context)


def _begin(tx: Tx, actor: Principal) -> dict[UUID, Any]:
    """Lock the agency against every other change of its tree. Returns its live units."""
    people.still_holds(tx, actor, Role.AGENCY_ADMIN)
    memberships.hold_agency(tx, actor.agency_id)
    return unit_tree.live_units(tx, actor.agency_id)


def _one(live: Mapping[UUID, Any], unit_id: UUID) -> Any:
    if unit_id not in live:
        raise NoSuchUnit()
    return live[unit_id]


def _name(text: str) -> str:
    name = clean(" ".join(text.split()), at="name")
    if not 1 <= len(name) <= LONGEST_NAME:
        raise BadUnit(errors={"name": [f"Give it a name of at most {LONGEST_NAME} characters."]})
    return name


def _check_place(
    live: Mapping[UUID, Any], parent_id: UUID | None, name: str, *, but: UUID | None = None, height: int = 1
) -> None:
    if parent_id is not None:
        _one(live, parent_id)
    if len(unit_tree.upwards(live, parent_id)) + height > DEEPEST:
        raise BadUnit(errors={"parent": [f"A tree has at most {DEEPEST} levels."]})
    _check_name(live, parent_id, name, but=but)


def _check_name(live: Mapping[UUID, Any], parent_id: UUID | None, name: str, *, but: UUID | None) -> None:
    beside = (each for each in live.values() if each.parent_id == parent_id and each.id != but)
    if any(each.name.casefold() == name.casefold() for each in beside):
        raise UnitNameTaken()


def _check_temporary(tx: Tx, until: datetime | None, guests: Sequence[str]) -> None:
    now = clock.now(tx)
    if until is None and guests:
        raise BadUnit(errors={"until": ["A unit with people of other agencies needs a last day."]})
    if until is not None and not now < until <= now + LONGEST_TEMPORARY:
        days = LONGEST_TEMPORARY.days
        raise BadUnit(errors={"until": [f"The last day lies ahead, at most {days} days."]})


def _guest(tx: Tx, slug: str, actor: Principal) -> UUID:
    try:
        found = directory.id_of(tx, slug)
    except UnknownAgency:
        raise BadUnit(errors={"guests": [f"No agency called {slug} takes part here."]}) from None
    if found == actor.agency_id:
        raise BadUnit(errors={"guests": ["Your own agency is no guest."]})
    return found


def _facts(name: str, parent_id: UUID | None) -> dict[str, Any]:
    return {"name": name, "parent": str(parent_id) if parent_id else None}


def _changed(
    tx: Tx,
    unit_id: UUID,
    what: str,
    was: dict[str, Any],
    became: dict[str, Any],
    actor: Principal,
    context: Context,
) -> None:
    row = {"id": new_id(), "agency_id": actor.agency_id, "unit_id": unit_id, "what": what}
    tx.execute(insert(UnitChange), row | {"was": was, "became": became, "at": clock.now(tx)})
    target = audit.Target("unit", unit_id, actor.agency_id)
    audit.record(tx, "unit.change", target, actor=actor, context=context, detail={"what": what})

"""The tree of an agency's units: made, renamed, moved, merged and ended, with what was before.

Every change locks the agency first, so that two moves at once cannot close a circle that neither would alone. A
temporary unit belongs to the agency that made it, may take people of the agencies it names, and ends by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, insert, or_, select, update

from agencies import directory, memberships, people
from agencies.agreement_models import Unit, UnitChange, UnitGuest, UnitMember
from agencies.errors import BadUnit, NoSuchUnit, UnitLoop, UnitNameTaken, UnitNotEmpty, UnknownAgency
from agencies.models import Agency, Membership
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
    if parent_id is not None and unit_id in _upwards(live, parent_id):
        raise UnitLoop()
    _check_place(live, parent_id, unit.name, but=unit_id, height=_height(live, unit_id))
    tx.execute(update(Unit).where(Unit.id == unit_id).values(parent_id=parent_id))
    was, became = _facts(unit.name, unit.parent_id), _facts(unit.name, parent_id)
    _changed(tx, unit_id, MOVED, was, became, actor, context)


def merge(tx: Tx, unit_id: UUID, into_id: UUID, *, actor: Principal, context: Context) -> None:
    """End a unit and put its people and the units below it into another one.

    Raises NotPermitted, NoSuchUnit, UnitLoop, UnitNameTaken, BadUnit.
    """
    live = _begin(tx, actor)
    unit, into = _one(live, unit_id), _one(live, into_id)
    if unit_id in _upwards(live, into_id):
        raise UnitLoop()
    if unit.temporary != into.temporary:
        raise BadUnit(errors={"into": ["A temporary unit and a lasting one cannot be merged."]})
    for child in [each for each in live.values() if each.parent_id == unit_id]:
        _check_place(live, into_id, child.name, but=child.id, height=_height(live, child.id))
    now = clock.now(tx)
    tx.execute(update(Unit).where(Unit.parent_id == unit_id, _is_live(now)).values(parent_id=into_id))
    _hand_over_people(tx, unit_id, into_id, now)
    tx.execute(update(Unit).where(Unit.id == unit_id).values(ended_at=now, merged_into_id=into_id))
    became = {"name": into.name, "into": str(into_id)}
    _changed(tx, unit_id, MERGED, _facts(unit.name, unit.parent_id), became, actor, context)


def end(tx: Tx, unit_id: UUID, *, actor: Principal, context: Context) -> None:
    """End a unit that nothing stands in; a temporary one sends its people home. Raises NoSuchUnit, UnitNotEmpty."""
    live = _begin(tx, actor)
    unit, now = _one(live, unit_id), clock.now(tx)
    inside = tx.scalar(select(exists().where(UnitMember.unit_id == unit_id, UnitMember.until.is_(None))))
    if any(each.parent_id == unit_id for each in live.values()) or (inside and not unit.temporary):
        raise UnitNotEmpty()
    tx.execute(_in_unit(unit_id).values(until=now))
    tx.execute(update(Unit).where(Unit.id == unit_id).values(ended_at=now))
    _changed(tx, unit_id, ENDED, _facts(unit.name, unit.parent_id), {}, actor, context)


def place(tx: Tx, membership_id: UUID, unit_id: UUID, *, actor: Principal, context: Context) -> None:
    """Put one of the actor's own people into a unit: their home unit from now on, or a temporary one beside it.

    Raises NotPermitted, NoSuchUnit (also where the agency is no guest of a temporary unit), BadUnit.
    """
    people.still_holds(tx, actor, Role.AGENCY_ADMIN)
    unit = _open_to(tx, unit_id, actor.agency_id)
    _check_own(tx, membership_id, actor)
    now = clock.now(tx)
    if not unit.temporary:
        tx.execute(_of_member(membership_id).where(UnitMember.home).values(until=now))
    elif tx.scalar(
        select(
            exists()
            .where(UnitMember.unit_id == unit_id, UnitMember.membership_id == membership_id)
            .where(UnitMember.until.is_(None))
        )
    ):
        return
    row = {"id": new_id(), "unit_id": unit_id, "membership_id": membership_id, "since": now}
    tx.execute(insert(UnitMember), row | {"home": not unit.temporary})
    _placed(tx, unit_id, membership_id, "in", actor, context)


def take_out(tx: Tx, membership_id: UUID, unit_id: UUID, *, actor: Principal, context: Context) -> None:
    """Take one of the actor's own people out of a unit. Raises NotPermitted, NoSuchUnit, BadUnit."""
    people.still_holds(tx, actor, Role.AGENCY_ADMIN)
    _open_to(tx, unit_id, actor.agency_id)
    _check_own(tx, membership_id, actor)
    gone = tx.execute(
        _of_member(membership_id).where(UnitMember.unit_id == unit_id).values(until=clock.now(tx))
    )
    if gone.rowcount:
        _placed(tx, unit_id, membership_id, "out", actor, context)


def leave_all(tx: Tx, membership_id: UUID) -> None:
    """Take a membership that ends out of every unit."""
    tx.execute(_of_member(membership_id).values(until=clock.now(tx)))


def tree(db: Tx, agency_id: UUID) -> list[dict[str, Any]]:
    """An agency's units from the top, each before those below it: id, name, parent_id, depth, temporary, until, guests.

    Neighbours stand by name.
    """
    live = _live(db, agency_id)
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
        .where(UnitGuest.agency_id == agency_id, _is_live(clock.now(db)))
        .order_by(Unit.name)
    )
    return [dict(row._mapping) for row in rows]


def of_membership(db: Tx, membership_id: UUID) -> list[dict[str, Any]]:
    """The units that a membership stands in now, its home unit first: id, name, home, until."""
    rows = db.all(
        select(Unit.id, Unit.name, UnitMember.home, Unit.until)
        .join(UnitMember, UnitMember.unit_id == Unit.id)
        .where(
            UnitMember.membership_id == membership_id,
            UnitMember.until.is_(None),
            _is_live(clock.now(db)),
        )
        .order_by(UnitMember.home.desc(), Unit.name)
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


def _begin(tx: Tx, actor: Principal) -> dict[UUID, Any]:
    """Lock the agency against every other change of its tree. Returns its live units."""
    people.still_holds(tx, actor, Role.AGENCY_ADMIN)
    memberships.hold_agency(tx, actor.agency_id)
    return _live(tx, actor.agency_id)


def _live(db: Tx, agency_id: UUID) -> dict[UUID, Any]:
    chosen = select(Unit.__table__).where(Unit.agency_id == agency_id, _is_live(clock.now(db)))
    return {row.id: row for row in db.all(chosen.order_by(func.lower(Unit.name), Unit.id))}


def _is_live(now: datetime) -> ColumnElement[bool]:
    return and_(Unit.ended_at.is_(None), or_(Unit.until.is_(None), Unit.until > now))


def _one(live: Mapping[UUID, Any], unit_id: UUID) -> Any:
    if unit_id not in live:
        raise NoSuchUnit()
    return live[unit_id]


def _upwards(live: Mapping[UUID, Any], unit_id: UUID | None) -> list[UUID]:
    """A unit and those above it. One whose parent is over stands at the top."""
    found: list[UUID] = []
    while unit_id is not None and unit_id in live:
        found.append(unit_id)
        unit_id = live[unit_id].parent_id
    return found


def _height(live: Mapping[UUID, Any], unit_id: UUID) -> int:
    below = [_height(live, each.id) for each in live.values() if each.parent_id == unit_id]
    return 1 + max(below, default=0)


def _walked(live: Mapping[UUID, Any], parent_id: UUID | None, depth: int) -> list[tuple[Any, int]]:
    found: list[tuple[Any, int]] = []
    for unit in live.values():
        above = unit.parent_id if unit.parent_id in live else None
        if above == parent_id:
            found += [(unit, depth), *_walked(live, unit.id, depth + 1)]
    return found


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
    if len(_upwards(live, parent_id)) + height > DEEPEST:
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


def _guests(db: Tx, unit_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    found: dict[UUID, list[str]] = {}
    chosen = select(UnitGuest.unit_id, Agency.slug).join(Agency).where(UnitGuest.unit_id.in_(unit_ids))
    for row in db.all(chosen.order_by(Agency.slug)):
        found.setdefault(row.unit_id, []).append(row.slug)
    return found


def _open_to(tx: Tx, unit_id: UUID, agency_id: UUID) -> Any:
    """A live unit of the agency, or a temporary one that it is a guest of; held until the transaction ends."""
    guest = exists().where(UnitGuest.unit_id == Unit.id, UnitGuest.agency_id == agency_id)
    chosen = select(Unit.__table__).where(Unit.id == unit_id, _is_live(clock.now(tx)))
    row = tx.one_or_none(chosen.where(or_(Unit.agency_id == agency_id, guest)).with_for_update(of=Unit))
    if row is None:
        raise NoSuchUnit()
    return row


def _check_own(tx: Tx, membership_id: UUID, actor: Principal) -> None:
    """Only one's own, and one at a time: the row is held, so that two home units at once are not tried."""
    mine = select(Membership.id).where(
        Membership.id == membership_id,
        Membership.agency_id == actor.agency_id,
        Membership.ended_at.is_(None),
    )
    if tx.scalar(mine.with_for_update(key_share=True)) is None:
        raise BadUnit(errors={"membership": ["Your agency has no such member."]})


def _hand_over_people(tx: Tx, unit_id: UUID, into_id: UUID, now: datetime) -> None:
    chosen = select(UnitMember.membership_id, UnitMember.home).where(
        UnitMember.unit_id == unit_id, UnitMember.until.is_(None)
    )
    inside = tx.all(chosen.with_for_update())
    there = {
        row.membership_id
        for row in tx.all(
            select(UnitMember.membership_id).where(UnitMember.unit_id == into_id, UnitMember.until.is_(None))
        )
    }
    tx.execute(_in_unit(unit_id).values(until=now))
    rows = [
        {
            "id": new_id(),
            "unit_id": into_id,
            "membership_id": row.membership_id,
            "home": row.home,
            "since": now,
        }
        for row in inside
        if row.membership_id not in there
    ]
    if rows:
        tx.execute(insert(UnitMember), rows)


def _in_unit(unit_id: UUID) -> Any:
    return update(UnitMember).where(UnitMember.unit_id == unit_id, UnitMember.until.is_(None))


def _of_member(membership_id: UUID) -> Any:
    return update(UnitMember).where(UnitMember.membership_id == membership_id, UnitMember.until.is_(None))


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


def _placed(
    tx: Tx, unit_id: UUID, membership_id: UUID, where: str, actor: Principal, context: Context
) -> None:
    target = audit.Target("unit", unit_id, actor.agency_id)
    detail = {"membership": str(membership_id), "where": where}
    audit.record(tx, "unit.place", target, actor=actor, context=context, detail=detail)

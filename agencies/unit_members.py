"""Who stands in which unit: one home unit each, and any number of temporary ones beside it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, insert, or_, select, update

from agencies import memberships, people, unit_tree
from agencies.agreement_models import Unit, UnitGuest, UnitMember
from agencies.errors import BadUnit, NoSuchUnit
from agencies.models import Membership, Person
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from marketplace.foundation.ids import new_id
from security.log import audit
from security.principal import Context, Principal, Role


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


def of_membership(db: Tx, membership_id: UUID) -> list[dict[str, Any]]:
    """The units that a membership stands in now, its home unit first: id, name, home, until."""
    rows = db.all(
        select(Unit.id, Unit.name, UnitMember.home, Unit.until)
        .join(UnitMember, UnitMember.unit_id == Unit.id)
        .where(
            UnitMember.membership_id == membership_id,
            UnitMember.until.is_(None),
            unit_tree.is_live(clock.now(db)),
        )
        .order_by(UnitMember.home.desc(), Unit.name)
    )
    return [dict(row._mapping) for row in rows]


def inside(db: Tx, unit_id: UUID, agency_id: UUID) -> list[dict[str, Any]]:
    """The people of one agency who stand in a unit now, by name: membership_id, name, home.

    Who comes from another agency is that agency's affair, in a temporary unit too.
    """
    rows = db.all(
        select(UnitMember.membership_id, Person.name, UnitMember.home)
        .join(Membership, Membership.id == UnitMember.membership_id)
        .join(Person, Person.id == Membership.person_id)
        .where(
            UnitMember.unit_id == unit_id,
            UnitMember.until.is_(None),
            Membership.agency_id == agency_id,
            memberships.is_live(clock.at(db)),
        )
        .order_by(func.lower(Person.name), UnitMember.membership_id)
    )
    return [dict(row._mapping) for row in rows]


def somebody_in(db: Tx, unit_id: UUID) -> bool:
    """Whether somebody whose membership holds stands in a unit."""
    member = exists().where(
        Membership.id == UnitMember.membership_id,
        Membership.ended_at.is_(None),
        func.coalesce(Membership.until > clock.at(db), True),
    )
    here = exists().where(UnitMember.unit_id == unit_id, UnitMember.until.is_(None), member)
    return bool(db.scalar(select(here)))


def hand_over(tx: Tx, unit_id: UUID, into_id: UUID, now: datetime) -> None:
    """Put the people of one unit into another; who stands in both stands there once."""
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
    tx.execute(in_unit(unit_id).values(until=now))
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


def in_unit(unit_id: UUID) -> Any:
    """An UPDATE of the people who stand in a unit now."""
    return update(UnitMember).where(UnitMember.unit_id == unit_id, UnitMember.until.is_(None))


def _open_to(tx: Tx, unit_id: UUID, agency_id: UUID) -> Any:
    """A live unit of the agency, or a temporary one that it is a guest of; held until the transaction ends."""
    guest = exists().where(UnitGuest.unit_id == Unit.id, UnitGuest.agency_id == agency_id)
    chosen = select(Unit.__table__).where(Unit.id == unit_id, unit_tree.is_live(clock.now(tx)))
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


def _of_member(membership_id: UUID) -> Any:
    return update(UnitMember).where(UnitMember.membership_id == membership_id, UnitMember.until.is_(None))


def _placed(
    tx: Tx, unit_id: UUID, membership_id: UUID, where: str, actor: Principal, context: Context
) -> None:
    target = audit.Target("unit", unit_id, actor.agency_id)
    detail = {"membership": str(membership_id), "where": where}
    audit.record(tx, "unit.place", target, actor=actor, context=context, detail=detail)

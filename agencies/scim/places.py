"""The home unit that people stand in because of a group. Whom an administrator placed stays where they are."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select, update

from agencies.agreement_models import Unit, UnitMember
from agencies.scim.errors import TwoUnits
from agencies.scim.models import ScimGroup, ScimMember, ScimPlace, ScimUser
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from marketplace.foundation.ids import new_id
from security.log import audit
from security.principal import Context, Principal


def settle(tx: Tx, stays: Collection[UUID], *, actor: Principal | None, context: Context) -> None:
    """Put these memberships into the units that their groups give, and out of those that no group gives any more.

    Raises TwoUnits.
    """
    units = _units(tx)
    wanted = _wanted(tx, stays, units)
    given = {
        row.membership_id: _standing(units, row.unit_id)
        for row in tx.all(select(ScimPlace.__table__).where(ScimPlace.membership_id.in_(stays)))
    }
    homes = {row.membership_id: row.unit_id for row in tx.all(_homes(stays))}
    for membership_id in sorted(stays):
        home, unit_id = homes.get(membership_id), wanted.get(membership_id)
        ours = membership_id in given and home == given[membership_id]
        if home == unit_id or (home is not None and not ours):
            continue
        if home is not None:
            _move(tx, units, membership_id, home, "out", actor, context)
        if unit_id is not None:
            _move(tx, units, membership_id, unit_id, "in", actor, context)


def _move(
    tx: Tx,
    units: Mapping[UUID, Any],
    membership_id: UUID,
    unit_id: UUID,
    where: str,
    actor: Principal | None,
    context: Context,
) -> None:
    now = clock.now(tx)
    tx.execute(delete(ScimPlace).where(ScimPlace.membership_id == membership_id))
    if where == "in":
        row = {"id": new_id(), "unit_id": unit_id, "membership_id": membership_id, "home": True, "since": now}
        tx.execute(insert(UnitMember), row)
        tx.execute(insert(ScimPlace), {"membership_id": membership_id, "unit_id": unit_id})
    else:
        here = (UnitMember.membership_id == membership_id, UnitMember.unit_id == unit_id)
        tx.execute(update(UnitMember).where(*here, UnitMember.until.is_(None)).values(until=now))
    target = audit.Target("unit", unit_id, units[unit_id].agency_id)
    detail = {"membership": str(membership_id), "where": where}
    audit.record(tx, "unit.place", target, actor=actor, context=context, detail=detail)


def _wanted(tx: Tx, stays: Collection[UUID], units: Mapping[UUID, Any]) -> dict[UUID, UUID]:
    chosen = (
        select(ScimUser.membership_id, ScimGroup.unit_id)
        .join(ScimMember, ScimMember.user_id == ScimUser.id)
        .join(ScimGroup, ScimGroup.id == ScimMember.group_id)
        .where(ScimUser.membership_id.in_(stays), ScimGroup.unit_id.is_not(None))
    )
    found: dict[UUID, UUID] = {}
    for row in tx.all(chosen):
        unit_id = _standing(units, row.unit_id)
        if unit_id is not None and found.setdefault(row.membership_id, unit_id) != unit_id:
            raise TwoUnits()
    return found


def _homes(stays: Collection[UUID]) -> Any:
    return select(UnitMember.membership_id, UnitMember.unit_id).where(
        UnitMember.membership_id.in_(stays), UnitMember.home, UnitMember.until.is_(None)
    )


def _units(tx: Tx) -> dict[UUID, Any]:
    """Every unit that groups speak of or that was merged with another: the way from one to the other is short."""
    spoken = select(ScimGroup.unit_id).where(ScimGroup.unit_id.is_not(None))
    placed = select(ScimPlace.unit_id)
    found: dict[UUID, Any] = {}
    rows = tx.all(select(Unit.__table__).where(Unit.id.in_(spoken) | Unit.id.in_(placed)))
    while rows:
        found |= {row.id: row for row in rows}
        further = {row.merged_into_id for row in rows} - found.keys() - {None}
        rows = tx.all(select(Unit.__table__).where(Unit.id.in_(further))) if further else []
    return found


def _standing(units: Mapping[UUID, Any], unit_id: UUID) -> UUID | None:
    """The unit, or the one it was merged into; None for a unit that is over."""
    unit = units[unit_id]
    while unit.merged_into_id is not None:
        unit = units[unit.merged_into_id]
    return unit.id if unit.ended_at is None else None

"""Groups of an agency's directory: who is in them, and what an administrator lets them give.

A group that was just sent gives nothing. It may give one ordinary role or one unit, never a role that administers,
watches or operates; separation of duties holds for what it gives as for what people give.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from scim2_models.path import FilterNode
from sqlalchemy import SQLColumnExpression, delete, func, insert, literal, select, update

from agencies import memberships, people
from agencies.agreement_models import Unit
from agencies.scim import adopting, filtering, given
from agencies.scim.credentials import Provisioner
from agencies.scim.errors import BadResource, NoSuchResource, NotGivenByGroups
from agencies.scim.filtering import comparable
from agencies.scim.models import GIVEN_ROLES, ScimGroup, ScimMember, ScimUser
from marketplace.foundation import clock
from marketplace.foundation.db import Query, Tx
from marketplace.foundation.ids import new_id, parse_id
from security.log import audit
from security.principal import Context, Principal, Role

AT_ONCE = 500
"""How many members are read or written by one statement."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a directory says of a group. Members are users' ids as it sent them, checked when they are written."""

    display_name: str
    external_id: str | None = None
    members: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Group:
    """A group as it is now. `members` is None where nobody asked for them."""

    id: UUID
    display_name: str
    external_id: str | None
    changed_at: datetime
    members: tuple[UUID, ...] | None
    """Ids of users."""

    @property
    def said(self) -> Wanted:
        return Wanted(self.display_name, self.external_id, frozenset(map(str, self.members or ())))


def page(
    db: Tx,
    scim: Provisioner,
    *,
    wanted: FilterNode | None = None,
    absent: Collection[tuple[str, str | None]] = (),
    by: str | None = None,
    descending: bool = False,
    start: int = 0,
    count: int = 100,
    members: bool = True,
) -> tuple[int, list[Group]]:
    """(How many groups match, those from `start`). `absent`: attributes of other kinds.

    Raises BadFilter, BadPath.
    """
    chosen = _every(scim)
    if wanted is not None:
        chosen = chosen.where(filtering.where(_terms(), wanted, absent))
    total = int(db.scalar(select(func.count()).select_from(chosen.subquery())))
    order = [*filtering.ordered(_columns(), by, descending), ScimGroup.display_name_key, ScimGroup.id]
    rows = db.all(chosen.order_by(*order).offset(start).limit(count)) if count else []
    return total, [_group(db, row, members=members) for row in rows]


def read(db: Tx, scim: Provisioner, group_id: UUID | None, *, members: bool = True) -> Group:
    """One group. Raises NoSuchResource."""
    row = db.one_or_none(_every(scim).where(ScimGroup.id == group_id))
    if row is None:
        raise NoSuchResource()
    return _group(db, row, members=members)


def held(tx: Tx, scim: Provisioner, group_id: UUID | None) -> Group:
    """One group, for a change: until COMMIT no other call changes this agency's. Raises NoSuchResource."""
    adopting.begin(tx, scim)
    return read(tx, scim, group_id)


def make(tx: Tx, scim: Provisioner, wanted: Wanted) -> UUID:
    """Make a group; it gives nothing yet. Returns its id. Raises BadResource for members that are no users."""
    adopting.begin(tx, scim)
    group_id = new_id()
    tx.execute(insert(ScimGroup), _row(tx, wanted) | {"id": group_id, "agency_id": scim.agency_id})
    _add(tx, scim, group_id, wanted.members)
    _record(tx, "scim_group.make", group_id, scim.agency_id, None, scim.context, members=len(wanted.members))
    return group_id


def change(tx: Tx, scim: Provisioner, group: Group, wanted: Wanted) -> bool:
    """Make a held group what the directory wants, with what its members gain and lose by it. False if nothing differs.

    Raises BadResource for members that are no users of the agency, RoleClash, TwoUnits.
    """
    before = group.said
    if before == wanted:
        return False
    tx.execute(update(ScimGroup).where(ScimGroup.id == group.id).values(_row(tx, wanted)))
    joining, going = wanted.members - before.members, before.members - wanted.members
    touched = [*_add(tx, scim, group.id, joining), *_remove(tx, group.id, going)]
    _record(
        tx, "scim_group.change", group.id, scim.agency_id, None, scim.context,
        joined=len(joining), left=len(going),
    )  # fmt: skip
    given.settle(tx, scim.agency_id, actor=None, context=scim.context, users=touched)
    return True


def end(tx: Tx, scim: Provisioner, group_id: UUID | None) -> None:
    """The directory no longer knows this group; what it gave ends. Raises NoSuchResource."""
    group = held(tx, scim, group_id)
    members = group.members or ()
    tx.execute(delete(ScimMember).where(ScimMember.group_id == group.id))
    tx.execute(delete(ScimGroup).where(ScimGroup.id == group.id))
    _record(tx, "scim_group.end", group.id, scim.agency_id, None, scim.context, members=len(members))
    given.settle(tx, scim.agency_id, actor=None, context=scim.context, users=members)


def give(
    tx: Tx,
    group_id: UUID,
    *,
    role: str | None = None,
    unit_id: UUID | None = None,
    actor: Principal,
    context: Context,
) -> None:
    """Say what a group of the actor's agency gives its members from now on: one role, one unit, or nothing.

    Raises NotPermitted, NoSuchResource, NotGivenByGroups, RoleClash, TwoUnits.
    """
    memberships.hold_agency(tx, actor.agency_id)
    people.still_holds(tx, actor, Role.AGENCY_ADMIN)
    mine = (ScimGroup.id == group_id, ScimGroup.agency_id == actor.agency_id)
    if tx.scalar(select(ScimGroup.id).where(*mine)) is None:
        raise NoSuchResource()
    _check_given(tx, role, unit_id, actor)
    tx.execute(update(ScimGroup).where(*mine).values(role=role, unit_id=unit_id))
    rows = tx.all(select(ScimMember.user_id).where(ScimMember.group_id == group_id))
    _record(
        tx, "scim_group.give", group_id, actor.agency_id, actor, context,
        role=role or "", unit=str(unit_id or ""),
    )  # fmt: skip
    members = [row.user_id for row in rows]
    given.settle(tx, actor.agency_id, actor=actor, context=context, users=members)


def listing(db: Tx, agency_id: UUID) -> Sequence[Any]:
    """An agency's groups for its administrator, by name: id, display_name, role, unit_id, unit (its name)."""
    chosen = select(
        ScimGroup.id, ScimGroup.display_name, ScimGroup.role, ScimGroup.unit_id, Unit.name.label("unit")
    )
    return db.all(
        chosen.outerjoin(Unit, Unit.id == ScimGroup.unit_id)
        .where(ScimGroup.agency_id == agency_id)
        .order_by(ScimGroup.display_name_key, ScimGroup.id)
    )


def _check_given(tx: Tx, role: str | None, unit_id: UUID | None, actor: Principal) -> None:
    if role is not None and (role not in GIVEN_ROLES or unit_id is not None):
        raise NotGivenByGroups()
    if unit_id is None:
        return
    lasting = (Unit.agency_id == actor.agency_id, Unit.ended_at.is_(None), ~Unit.temporary)
    if tx.scalar(select(Unit.id).where(Unit.id == unit_id, *lasting)) is None:
        raise NotGivenByGroups()


def _add(tx: Tx, scim: Provisioner, group_id: UUID, members: frozenset[str]) -> list[UUID]:
    """Put users of this agency into a group. Raises BadResource for anybody else, who looks like nobody."""
    named = [parse_id(each) for each in sorted(members)]
    ids = [user_id for user_id in named if user_id is not None]
    known = {
        row.id
        for some in _parts(ids)
        for row in tx.all(
            select(ScimUser.id).where(ScimUser.agency_id == scim.agency_id, ScimUser.id.in_(some))
        )
    }
    if len(known) != len(named):
        raise BadResource(
            "A member of the group is no user of this agency. Members are named by a user's id."
        )
    if ids:
        tx.execute(insert(ScimMember), [{"group_id": group_id, "user_id": user_id} for user_id in ids])
    return ids


def _remove(tx: Tx, group_id: UUID, members: frozenset[str]) -> list[UUID]:
    ids = [UUID(each) for each in sorted(members)]
    for some in _parts(ids):
        mine = (ScimMember.group_id == group_id, ScimMember.user_id.in_(some))
        tx.execute(delete(ScimMember).where(*mine))
    return ids


def _parts(ids: Sequence[UUID]) -> list[Sequence[UUID]]:
    return [ids[at : at + AT_ONCE] for at in range(0, len(ids), AT_ONCE)]


def _row(tx: Tx, wanted: Wanted) -> dict[str, Any]:
    return {
        "display_name": wanted.display_name,
        "display_name_key": comparable(wanted.display_name),
        "external_id": wanted.external_id,
        "changed_at": clock.now(tx),
    }


def _record(
    tx: Tx,
    act: str,
    group_id: UUID,
    agency_id: UUID,
    actor: Principal | None,
    context: Context,
    **detail: Any,
) -> None:
    target = audit.Target("scim_group", group_id, agency_id)
    audit.record(tx, act, target, actor=actor, context=context, detail=detail)


def _every(scim: Provisioner) -> Query:
    return select(ScimGroup.id, ScimGroup.display_name, ScimGroup.external_id, ScimGroup.changed_at).where(
        ScimGroup.agency_id == scim.agency_id
    )


def _group(db: Tx, row: Any, *, members: bool) -> Group:
    found = None
    if members:
        chosen = select(ScimUser.id).join(ScimMember, ScimMember.user_id == ScimUser.id)
        rows = db.all(chosen.where(ScimMember.group_id == row.id).order_by(ScimUser.user_name_key))
        found = tuple(each.id for each in rows)
    return Group(row.id, row.display_name, row.external_id, row.changed_at, found)


def _terms() -> filtering.Terms:
    members = select(literal(1)).select_from(ScimMember).where(ScimMember.group_id == ScimGroup.id)
    several = filtering.Many(
        members.correlate(ScimGroup),
        {"value": filtering.Id(ScimMember.user_id)},
    )
    return {
        ("id", None): filtering.Id(ScimGroup.id),
        ("externalid", None): filtering.Text(ScimGroup.external_id, folded=False),
        ("displayname", None): filtering.Text(ScimGroup.display_name_key),
        ("members", None): several,
        ("members", "value"): several,
        ("meta", "lastmodified"): filtering.Time(ScimGroup.changed_at),
    }


def _columns() -> dict[str, SQLColumnExpression[Any]]:
    """What groups are sorted by."""
    return {
        "id": ScimGroup.id,
        "displayname": ScimGroup.display_name_key,
        "externalid": ScimGroup.external_id,
        "meta.lastmodified": ScimGroup.changed_at,
    }

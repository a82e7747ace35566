"""Rows of moves between agencies: asked for, agreed to by administrators, done once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from agencies import memberships
from agencies.errors import UnknownAgency
from agencies.memberships import Member
from agencies.models import Agency
from agencies.people_errors import CannotMove, MoveAsked, MoveOver, NoSuchMove
from agencies.people_models import Move, MoveApproval
from marketplace.foundation import clock
from marketplace.foundation.db import Tx, insert
from marketplace.foundation.ids import new_id
from security.log import audit
from security.principal import Context, Principal

TRANSFER, SECONDMENT = "transfer", "secondment"
VALID_FOR = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Moving:
    """A move that is under way."""

    id: UUID
    kind: str
    person_id: UUID
    from_id: UUID
    from_agency_id: UUID
    to_agency_id: UUID
    until: datetime | None
    invitation_id: UUID | None


def agency_named(db: Tx, slug: str) -> UUID:
    """An agency's id. Raises UnknownAgency."""
    found: UUID | None = db.scalar(select(Agency.id).where(Agency.slug == slug))
    if found is None:
        raise UnknownAgency(slug=slug)
    return found


def ask(
    tx: Tx, kind: str, who: Member, to_agency_id: UUID, *, actor: Principal, context: Context, **more: Any
) -> UUID:
    """Write down that somebody is to move. `more`: until, invitation_id. Raises CannotMove, MoveAsked."""
    if who.partner or who.home_id is not None or who.agency_id == to_agency_id:
        raise CannotMove(target=who.target)
    now = clock.now(tx)
    late = update(Move).where(Move.from_id == who.id, Move.state == "open", Move.over_at <= now)
    tx.execute(late.values(state="withdrawn"))
    row = insert(tx, Move).values(
        id=new_id(), kind=kind, person_id=who.person_id, from_id=who.id, from_agency_id=who.agency_id,
        to_agency_id=to_agency_id, asked_by=actor.person_id, asked_at=now, over_at=now + VALID_FOR,
        state="open", **more,
    )  # fmt: skip
    made = tx.scalar(
        row.on_conflict_do_nothing(
            index_elements=["from_id", "kind", "to_agency_id"], index_where=Move.state == "open"
        ).returning(Move.id)
    )
    if made is None:
        raise MoveAsked(target=who.target)
    move_id = UUID(str(made))
    record(tx, "move.ask", who, to_agency_id, kind, actor, context)
    return move_id


def record(
    tx: Tx, act: str, who: Member, to_agency_id: UUID, kind: str, actor: Principal | None, context: Context
) -> None:
    """Put it on the record of both sides: the officers of either agency find it."""
    for agency_id in (who.agency_id, to_agency_id):
        target = audit.Target("person", who.subject_id, agency_id)
        audit.record(tx, act, target, actor=actor, context=context, detail={"kind": kind})


def held(tx: Tx, move_id: UUID) -> Moving:
    """An open move, held with both agencies and its person until COMMIT. Raises NoSuchMove, MoveOver."""
    sides = tx.one_or_none(
        select(Move.from_agency_id, Move.to_agency_id, Move.person_id).where(Move.id == move_id)
    )
    if sides is None:
        raise NoSuchMove()
    memberships.hold_agencies(tx, sides.from_agency_id, sides.to_agency_id)
    memberships.hold_person(tx, sides.person_id)
    found = _open(tx, Move.id == move_id)
    if found is None:
        raise MoveOver()
    return found


def transfer_of(tx: Tx, membership_id: UUID, to_agency_id: UUID) -> Moving:
    """The transfer that was asked for somebody. Raises MoveOver where there is none that is open."""
    found = _open(
        tx, (Move.from_id == membership_id) & (Move.to_agency_id == to_agency_id) & (Move.kind == TRANSFER)
    )
    if found is None:
        raise MoveOver()
    return found


def agree(tx: Tx, moving_id: UUID, agency_id: UUID, person_id: UUID) -> None:
    """Note that an agency's administrator agrees; twice is the same as once."""
    row = insert(tx, MoveApproval).values(
        move_id=moving_id, agency_id=agency_id, person_id=person_id, at=clock.now(tx)
    )
    tx.execute(row.on_conflict_do_nothing(index_elements=["move_id", "agency_id"]))


def agreed(db: Tx, move_id: UUID) -> dict[UUID, UUID]:
    """Which agencies agree, and by whom: agency → person."""
    rows = db.all(
        select(MoveApproval.agency_id, MoveApproval.person_id).where(MoveApproval.move_id == move_id)
    )
    return {row.agency_id: row.person_id for row in rows}


def close(tx: Tx, move_id: UUID, state: str, to_id: UUID | None = None) -> None:
    """End an open move. Raises MoveOver where it is not open any more."""
    mine = update(Move).where(Move.id == move_id, Move.state == "open")
    if tx.execute(mine.values(state=state, to_id=to_id)).rowcount == 0:
        raise MoveOver()


def arrived(tx: Tx, move_id: UUID, to_id: UUID) -> None:
    """Note which membership a move that is done led to."""
    tx.execute(update(Move).where(Move.id == move_id).values(to_id=to_id))


def _open(tx: Tx, chosen: Any) -> Moving | None:
    columns = [getattr(Move, name) for name in Moving.__slots__]
    row = tx.one_or_none(select(*columns).where(chosen, Move.state == "open", Move.over_at > clock.at(tx)))
    return None if row is None else Moving(**row._mapping)

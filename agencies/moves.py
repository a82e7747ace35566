"""Moves as administrators see them: those that wait for their agency, agreed to, declined, withdrawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import aliased

from agencies import memberships, moving, people, secondments, transfers
from agencies.models import Agency, Person
from agencies.moving import SECONDMENT, TRANSFER, Moving
from agencies.people_errors import NoSuchMove, OwnAffair
from agencies.people_models import Move, MoveApproval
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from security import duties
from security.principal import Context, Principal, Role

DONE: Mapping[str, Callable[[Tx, Moving, Principal, Context], UUID]] = {
    TRANSFER: transfers.by_agreement,
    SECONDMENT: secondments.begin,
}
"""What happens once both agencies agree."""


def approve(tx: Tx, move_id: UUID, *, actor: Principal, context: Context) -> UUID | None:
    """Agree for the actor's agency. Returns the new membership once both agree, None while the other is waited for.

    Raises NotPermitted, NoSuchMove, MoveOver, OwnAffair (also for one person who would agree for both sides).
    """
    move = _of_agency(tx, move_id, actor)
    duties.not_oneself(actor.person_id, move.person_id).or_raise(OwnAffair)
    for person_id in moving.agreed(tx, move_id).values():
        duties.not_oneself(actor.person_id, person_id).or_raise(OwnAffair)
    moving.agree(tx, move_id, actor.agency_id, actor.person_id)
    who = memberships.read(tx, move.from_id)
    moving.record(tx, "move.approve", who, move.to_agency_id, move.kind, actor, context)
    both = {move.from_agency_id, move.to_agency_id} <= set(moving.agreed(tx, move_id))
    return DONE[move.kind](tx, move, actor, context) if both else None


def decline(tx: Tx, move_id: UUID, *, actor: Principal, context: Context) -> None:
    """Say no for the actor's agency. Raises NotPermitted, NoSuchMove, MoveOver."""
    move = _of_agency(tx, move_id, actor)
    moving.close(tx, move_id, "declined")
    who = memberships.read(tx, move.from_id)
    moving.record(tx, "move.decline", who, move.to_agency_id, move.kind, actor, context)


def withdraw(tx: Tx, move_id: UUID, *, actor: Principal, context: Context) -> None:
    """The person who is to move does not want it any more. Raises NoSuchMove, MoveOver."""
    mine = tx.scalar(select(Move.id).where(Move.id == move_id, Move.person_id == actor.person_id))
    if mine is None:
        raise NoSuchMove()
    move = moving.held(tx, move_id)
    moving.close(tx, move_id, "withdrawn")
    who = memberships.read(tx, move.from_id)
    moving.record(tx, "move.decline", who, move.to_agency_id, move.kind, actor, context)


def of_agency(db: Tx, agency_id: UUID) -> Sequence[Any]:
    """Open moves to or from an agency: id, kind, name, from_agency, to_agency, until, over_at, agreed (by it)."""
    agreed = exists().where(MoveApproval.move_id == Move.id, MoveApproval.agency_id == agency_id)
    concerned = or_(Move.from_agency_id == agency_id, Move.to_agency_id == agency_id)
    return db.all(_open(db).add_columns(agreed.label("agreed")).where(concerned))


def of_person(db: Tx, person_id: UUID) -> Sequence[Any]:
    """A person's own open moves."""
    return db.all(_open(db).where(Move.person_id == person_id))


def _open(db: Tx) -> Any:
    leaving, going = aliased(Agency), aliased(Agency)
    return (
        select(
            Move.id, Move.kind, Move.from_id, Person.name, leaving.name.label("from_agency"),
            going.name.label("to_agency"), going.slug.label("to_slug"), Move.until, Move.asked_at, Move.over_at,
        )
        .join(Person, Person.id == Move.person_id)
        .join(leaving, leaving.id == Move.from_agency_id)
        .join(going, going.id == Move.to_agency_id)
        .where(Move.state == "open", Move.over_at > clock.at(db))
        .order_by(Move.asked_at, Move.id)
    )  # fmt: skip


def _of_agency(tx: Tx, move_id: UUID, actor: Principal) -> Moving:
    """An open move that concerns the actor's agency, which they still administer."""
    sides = tx.one_or_none(select(Move.from_agency_id, Move.to_agency_id).where(Move.id == move_id))
    if sides is None or actor.agency_id not in sides:
        raise NoSuchMove()
    move = moving.held(tx, move_id)
    people.still_holds(tx, actor, Role.AGENCY_ADMIN)
    return move

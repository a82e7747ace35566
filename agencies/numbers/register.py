"""Approving questions, and asking them: every count of people that anybody sees passes through here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select, update

from agencies import people as members
from agencies.errors import NumberNotApproved, UnknownNumber
from agencies.models import Person
from agencies.numbers import guard
from agencies.numbers.models import NumberApproval, NumberCell, released
from agencies.numbers.questions import QUESTIONS, SMALLEST_GROUP
from marketplace.foundation import clock, jobs
from marketplace.foundation import db as foundation
from marketplace.foundation.db import Tx
from marketplace.foundation.ids import new_id
from security.log import audit
from security.principal import Context, Principal, Role


def approve(tx: Tx, code: str, *, k: int = SMALLEST_GROUP, actor: Principal, context: Context) -> None:
    """Agree, for the actor's agency, that a question is counted and shown. Raises UnknownNumber, NotPermitted."""
    members.still_holds(tx, actor, Role.WORKS_COUNCIL)
    question = _question(code).text
    row = foundation.insert(tx, NumberApproval).values(
        id=new_id(), agency_id=actor.agency_id, code=code, question=question, k=max(k, SMALLEST_GROUP),
        approved_by=actor.person_id, approved_at=clock.now(tx),
    )  # fmt: skip
    _end(tx, actor.agency_id, code)
    tx.execute(row)
    jobs.record(tx, "numbers.count", {"agency_id": actor.agency_id}, merge_key=f"numbers:{actor.agency_id}")
    detail = {"code": code, "k": max(k, SMALLEST_GROUP)}
    audit.record(tx, "number.approve", _target(actor, code), actor=actor, context=context, detail=detail)


def withdraw(tx: Tx, code: str, *, actor: Principal, context: Context) -> None:
    """Take the agreement back: what was counted is deleted at once."""
    members.still_holds(tx, actor, Role.WORKS_COUNCIL)
    _question(code)
    _end(tx, actor.agency_id, code)
    audit.record(tx, "number.withdraw", _target(actor, code), actor=actor, context=context)


def approved(db: Tx, agency_id: UUID) -> dict[str, int]:
    """The questions that an agency's works council agreed to in their present words: code → k."""
    rows = db.all(
        select(NumberApproval.code, NumberApproval.question, NumberApproval.k).where(
            NumberApproval.agency_id == agency_id, NumberApproval.withdrawn_at.is_(None)
        )
    )
    return {
        row.code: row.k for row in rows if row.code in QUESTIONS and row.question == QUESTIONS[row.code].text
    }


def listing(db: Tx, agency_id: UUID) -> list[dict[str, Any]]:
    """Every question with its state: code, text, use, kept, k, approver and day, and what is shown of it."""
    approvals = {row.code: row for row in _approvals(db, agency_id)}
    shown: dict[str, list[Any]] = {}
    for row in db.all(select(released).where(released.c.agency_id == agency_id).order_by(released.c.cell)):
        shown.setdefault(row.code, []).append(row)
    in_force = approved(db, agency_id)
    return [
        {
            "code": code,
            "text": question.text,
            "use": question.use,
            "kept": question.kept,
            "k": in_force.get(code),
            "approver": approvals[code].name if code in in_force else None,
            "approved_at": approvals[code].approved_at if code in in_force else None,
            "cells": [
                {"cell": row.cell, "people": row.people, "day": row.day} for row in shown.get(code, ())
            ],
        }
        for code, question in QUESTIONS.items()
    ]


def guarded(db: Tx, agency_id: UUID, code: str, people: int) -> int | None:
    """A count of this moment as it may be shown, None for too small a group. Raises NumberNotApproved."""
    k = approved(db, agency_id).get(code)
    if k is None:
        raise NumberNotApproved(code=code)
    return guard.released(people, k)


def keep(tx: Tx, agency_id: UUID, code: str, counts: Mapping[str, int]) -> None:
    """Note today's counts of an approved question by cell; cells that are gone are deleted.

    What is shown moves only by k people or more.
    """
    k = approved(tx, agency_id).get(code)
    mine = (NumberCell.agency_id == agency_id, NumberCell.code == code)
    if k is None:
        tx.execute(delete(NumberCell).where(*mine))
        return
    before = {row.cell: row.shown for row in tx.all(select(NumberCell.cell, NumberCell.shown).where(*mine))}
    tx.execute(delete(NumberCell).where(*mine))
    rows = [
        {
            "agency_id": agency_id, "code": code, "cell": cell, "question": QUESTIONS[code].text, "people": people,
            "shown": guard.settled_on(before.get(cell, 0), people, k), "day": clock.now(tx).date(),
        }
        for cell, people in sorted(counts.items())
    ]  # fmt: skip
    if rows:
        tx.execute(insert(NumberCell), rows)


def agencies_with_approvals(db: Tx) -> list[UUID]:
    """The agencies for which anything is counted."""
    chosen = select(NumberApproval.agency_id).where(NumberApproval.withdrawn_at.is_(None)).distinct()
    return [row.agency_id for row in db.all(chosen)]


def _approvals(db: Tx, agency_id: UUID) -> Sequence[Any]:
    return db.all(
        select(NumberApproval.code, NumberApproval.approved_at, Person.name)
        .join(Person, Person.id == NumberApproval.approved_by)
        .where(NumberApproval.agency_id == agency_id, NumberApproval.withdrawn_at.is_(None))
    )


def _end(tx: Tx, agency_id: UUID, code: str) -> None:
    mine = (NumberApproval.agency_id == agency_id, NumberApproval.code == code)
    ended = update(NumberApproval).where(*mine, NumberApproval.withdrawn_at.is_(None))
    tx.execute(ended.values(withdrawn_at=clock.now(tx)))
    tx.execute(delete(NumberCell).where(NumberCell.agency_id == agency_id, NumberCell.code == code))


def _question(code: str) -> Any:
    if code not in QUESTIONS:
        raise UnknownNumber(code=code)
    return QUESTIONS[code]


def _target(actor: Principal, code: str) -> audit.Target:
    return audit.Target("number", code, actor.agency_id)

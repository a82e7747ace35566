"""Somebody asks who has seen data about them; data protection sends the answer that the record gives.

The person asks under their own name, so the name is known here. Nothing on these pages is a pseudonym.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select, update

from agencies import holders, notices, people
from agencies.memberships import is_live
from agencies.models import Membership, Person
from agencies.oversight import about
from agencies.oversight.models import DataRequest, LookUp, LookUpPerson
from marketplace.foundation import clock
from marketplace.foundation.db import Query, Tx, insert
from marketplace.foundation.errors import Conflict, NotFound
from marketplace.foundation.ids import new_id
from security.log import audit, own
from security.permissions import Permission
from security.principal import Context, Principal, Role

OPEN, ANSWERED = "asked", "answered"
PURPOSE = "data_request"
"""The purpose of a look-up that leads to an answer: somebody wrote a letter."""
LISTED = 200


class NoSuchRequest(NotFound):
    """There is no such request of anybody in your agency."""


class AlreadyAsked(Conflict):
    """You have asked already. Data protection has not answered yet."""


class AlreadyAnswered(Conflict):
    """This request was answered already."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent: whose request of which day, and the entries about them, newest first (rows of `audit_entry`)."""

    id: UUID
    person_id: UUID
    name: str
    asked_at: datetime
    answered_at: datetime | None
    member: bool
    entries: Sequence[Any]


def ask(tx: Tx, *, actor: Principal, context: Context) -> UUID:
    """Ask data protection of one's agency for the answer in writing. Raises AlreadyAsked."""
    people.still_member(tx, actor)
    made = _make(tx, actor.person_id, actor, context)
    if made is None:
        raise AlreadyAsked()
    return made


def on_behalf(tx: Tx, look_up_id: UUID, person_id: UUID, *, actor: Principal, context: Context) -> UUID:
    """The request of somebody who wrote a letter and whom the actor's own look-up for that purpose found.

    Returns the open one where there is one. Raises NotPermitted, NoSuchRequest.
    """
    people.still_may(tx, actor, Permission.ANSWER_REQUESTS)
    found = exists().where(
        LookUp.id == look_up_id,
        LookUp.asked_by == actor.person_id,
        LookUp.agency_id == actor.agency_id,
        LookUp.purpose == PURPOSE,
        LookUp.state == "read",
        LookUp.over_at > clock.at(tx),
        LookUpPerson.look_up_id == LookUp.id,
        LookUpPerson.person_id == person_id,
    )
    if not tx.scalar(select(found)):
        raise NoSuchRequest()
    return _make(tx, person_id, actor, context) or _open_of(tx, person_id, actor.agency_id)


def read(tx: Tx, request_id: UUID, *, form: str, actor: Principal, context: Context) -> Answer:
    """The answer to a request, on the record as a reading about that person. `form` is "page", "csv" or "proof".

    Raises NotPermitted, NoSuchRequest.
    """
    people.still_may(tx, actor, Permission.ANSWER_REQUESTS)
    row = tx.one_or_none(_every(actor.agency_id, tx).where(DataRequest.id == request_id))
    if row is None:
        raise NoSuchRequest()
    entries = own.about(tx, row.subject_id, actor.agency_id)
    _record(tx, "data_request.read", row.subject_id, actor, context, {"form": form})
    return Answer(row.id, row.person_id, row.name, row.asked_at, row.answered_at, bool(row.member), entries)


def answer(tx: Tx, request_id: UUID, *, actor: Principal, context: Context) -> None:
    """Note that the answer was sent, and tell the person. Raises NotPermitted, NoSuchRequest, AlreadyAnswered."""
    people.still_may(tx, actor, Permission.ANSWER_REQUESTS)
    row = tx.one_or_none(_every(actor.agency_id, tx).where(DataRequest.id == request_id))
    if row is None:
        raise NoSuchRequest()
    given = {"state": ANSWERED, "answered_by": actor.person_id, "answered_at": clock.now(tx)}
    open_one = (DataRequest.id == request_id, DataRequest.state == OPEN)
    if tx.execute(update(DataRequest).where(*open_one).values(given)).rowcount == 0:
        raise AlreadyAnswered()
    notices.post(tx, row.person_id, "data_request.answered", path=about.OWN_RECORD)
    _record(tx, "data_request.answer", row.subject_id, actor, context, None)


def listing(tx: Tx, *, actor: Principal, context: Context) -> Sequence[Any]:
    """The agency's requests, open ones first, by day: id, name, asked_at, answered_at, member.

    One entry on the record, whoever is listed.
    """
    target = audit.Target("agency", actor.agency_id, actor.agency_id)
    audit.record(tx, "data_request.list", target, actor=actor, context=context)
    ordered = _every(actor.agency_id, tx).order_by(
        DataRequest.state.desc(), DataRequest.asked_at.desc(), DataRequest.id
    )
    return tx.all(ordered.limit(LISTED))


def person_of(db: Tx, request_id: UUID, actor: Principal) -> UUID:
    """Whose request of the actor's agency it is. Raises NoSuchRequest."""
    mine = (DataRequest.id == request_id, DataRequest.agency_id == actor.agency_id)
    found: UUID | None = db.scalar(select(DataRequest.person_id).where(*mine))
    if found is None:
        raise NoSuchRequest()
    return found


def own_open(db: Tx, actor: Principal) -> datetime | None:
    """When the actor asked, where data protection has not answered yet."""
    mine = (DataRequest.person_id == actor.person_id, DataRequest.agency_id == actor.agency_id)
    found: datetime | None = db.scalar(select(DataRequest.asked_at).where(*mine, DataRequest.state == OPEN))
    return found


def _make(tx: Tx, person_id: UUID, actor: Principal, context: Context) -> UUID | None:
    """A new open request; None where there is one already."""
    row = insert(tx, DataRequest).values(
        id=new_id(), agency_id=actor.agency_id, person_id=person_id, asked_at=clock.now(tx), state=OPEN
    )
    made: UUID | None = tx.scalar(
        row.on_conflict_do_nothing(
            index_elements=["agency_id", "person_id"], index_where=DataRequest.state == OPEN
        ).returning(DataRequest.id)
    )
    if made is not None:
        subject_id = tx.scalar(select(Person.subject_id).where(Person.id == person_id))
        _record(tx, "data_request.ask", subject_id, actor, context, None)
        for officer in holders.people_of(tx, actor.agency_id, (Role.DATA_PROTECTION,)):
            if officer not in (actor.person_id, person_id):
                notices.post(tx, officer, "data_request.waits", path=f"/data-requests/{made}")
    return made


def _open_of(tx: Tx, person_id: UUID, agency_id: UUID) -> UUID:
    mine = (DataRequest.person_id == person_id, DataRequest.agency_id == agency_id)
    found: UUID | None = tx.scalar(select(DataRequest.id).where(*mine, DataRequest.state == OPEN))
    if found is None:  # answered at this very moment
        raise NoSuchRequest()
    return found


def _every(agency_id: UUID, db: Tx) -> Query:
    member = exists().where(Membership.person_id == Person.id, is_live(clock.at(db)))
    return (
        select(
            DataRequest.id, DataRequest.person_id, DataRequest.asked_at, DataRequest.answered_at, Person.name,
            Person.subject_id, member.label("member"),
        )
        .join(Person, Person.id == DataRequest.person_id)
        .where(DataRequest.agency_id == agency_id)
    )  # fmt: skip


def _record(
    tx: Tx, act: str, subject_id: UUID, actor: Principal, context: Context, detail: dict[str, Any] | None
) -> None:
    target = audit.Target("person", subject_id, actor.agency_id)
    audit.record(tx, act, target, actor=actor, context=context, detail=detail)

"""Erasing somebody from the security record: they get a place of their own that is new, and the old one is nobody's.

The entries stay, and so does the tree over them: they speak of a person by a commitment that nobody can compute any
more. Their device keys go, and what they wrote and never submitted; what they submitted stays as it was, like every
result's trace to it. What the marketplace knows of the person otherwise is not touched here.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import delete, exists, func, select, update

from agencies import device_keys, memberships, people
from agencies.memberships import is_live
from agencies.models import Membership, Person
from agencies.oversight import about
from agencies.oversight.models import DataRequest, LookUp, LookUpPerson
from agencies.people_errors import NoSuchPerson
from marketplace.foundation import clock, jobs
from marketplace.foundation.db import Tx
from marketplace.foundation.errors import Conflict
from security.log import audit, subjects
from security.principal import Context, Principal, Role


class StillAMember(Conflict):
    """The person still belongs to an agency. What they do and what is done to them has to be on the record."""


def erase_from_record(tx: Tx, person_id: UUID, *, actor: Principal, context: Context) -> None:
    """Cut the record's tie to a person who has left, by data protection of the agency they were with last.

    The entry of it says neither which place on the record they had nor which they have now: with both in one
    transaction, what was cut would be tied again.

    Raises NotPermitted, NoSuchPerson (also where another agency was their last), StillAMember.
    """
    people.still_holds(tx, actor, Role.DATA_PROTECTION)
    memberships.hold_person(tx, person_id)
    if _last_agency(tx, person_id) != actor.agency_id:
        raise NoSuchPerson()
    if tx.scalar(select(exists().where(Membership.person_id == person_id, is_live(clock.at(tx))))):
        raise StillAMember()
    _forget_look_ups(tx, person_id)
    devices = device_keys.forget(tx, person_id)
    if devices:  # in an order that says nothing, and in a job of its own, which names nobody
        jobs.record(tx, "devices.forget", {"devices": " ".join(sorted(devices))})
    jobs.record(tx, "drafts.shred_of", {"person_id": person_id}, merge_key=f"drafts:{person_id}")
    tx.execute(delete(DataRequest).where(DataRequest.person_id == person_id))
    old = tx.scalar(select(Person.subject_id).where(Person.id == person_id))
    tx.execute(update(Person).where(Person.id == person_id).values(subject_id=subjects.make(tx)))
    subjects.erase(tx, old)
    target = audit.Target("agency", actor.agency_id, actor.agency_id)
    audit.record(tx, "subject.erase", target, actor=actor, context=context)


def _last_agency(tx: Tx, person_id: UUID) -> UUID | None:
    """The agency whose membership ended last; one that holds has not ended at all."""
    ended = func.coalesce(Membership.ended_at, Membership.until, clock.at(tx))
    chosen = select(Membership.agency_id).where(Membership.person_id == person_id)
    found: UUID | None = tx.scalar(chosen.order_by(ended.desc(), Membership.id).limit(1))
    return found


def _forget_look_ups(tx: Tx, person_id: UUID) -> None:
    """What was typed to find the person ties them to their old pseudonym. Whoever was not told yet is told first."""
    theirs = select(LookUpPerson.look_up_id).where(LookUpPerson.person_id == person_id)
    for row in tx.all(
        select(LookUp.id, LookUp.purpose, LookUp.agency_id).where(
            LookUp.id.in_(theirs), LookUp.state == "read"
        )
    ):
        about.tell(tx, row.id, row.purpose, row.agency_id, person_id=person_id)
    tx.execute(update(LookUp).where(LookUp.id.in_(theirs)).values(wanted=""))
    tx.execute(delete(LookUpPerson).where(LookUpPerson.person_id == person_id))

"""Opening a name: asked for a purpose and a ticket, granted by a second person, read, and told to whom it is about.

A look-up opens people who are or were with the asker's agency; for others their own agency's officer is to be asked.
A colleague whom it is about finds it absent: they learn of it by being told, when everybody else does.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, case, insert, or_, select, update
from sqlalchemy.orm import aliased

from agencies import holders, notices, people
from agencies.models import Person
from agencies.oversight import about
from agencies.oversight.about import Opened
from agencies.oversight.models import LookUp, LookUpPerson
from agencies.people_errors import OwnAffair
from marketplace.foundation import clock
from marketplace.foundation.db import Query, Tx
from marketplace.foundation.errors import Conflict, InvalidInput, NotFound
from marketplace.foundation.ids import new_id
from security import duties
from security.log import audit
from security.log.own import PUT_OFF
from security.permissions import Permission, roles_with
from security.principal import Context, Principal

NAME, PSEUDONYM = "name", "pseudonym"
KINDS = (NAME, PSEUDONYM)
PURPOSES = ("investigation", "incident", "data_request", "court", "other_duty")
ASKED, GRANTED, DECLINED, READ, OVER = "asked", "granted", "declined", "read", "over"

ANSWER_WITHIN = timedelta(days=7)
OPEN_FOR = timedelta(hours=24)
LONGEST_PUT_OFF = timedelta(days=90)
WANTED, TICKET, REASON = (3, 200), (3, 60), (3, 300)
"""How few and how many characters each may have."""
LISTED = 100
SECONDS = tuple(sorted(roles_with(Permission.LOOK_UP)))
"""Whose office it is to ask and to answer."""


class NoSuchLookUp(NotFound):
    """There is no such look-up of your agency."""


class LookUpOver(Conflict):
    """This look-up was answered already, or its time is over. Ask anew if it is still needed."""


class BadLookUp(InvalidInput):
    """A look-up names whom it is about, a purpose and a ticket; who is told later, with a day and a reason."""


class NobodyOfYours(InvalidInput):
    """Nobody of your agency stands behind this pseudonym. Ask the officer of the agency that the record names."""


class TooManyFound(InvalidInput):
    """More than five people of your agency have this in their name. Write more of it."""


def ask(
    tx: Tx,
    kind: str,
    wanted: str,
    *,
    purpose: str,
    ticket: str,
    told_after: date | None = None,
    put_off_because: str = "",
    actor: Principal,
    context: Context,
) -> UUID:
    """Ask to open a name. Raises NotPermitted, BadLookUp, NobodyOfYours, TooManyFound."""
    people.still_may(tx, actor, Permission.LOOK_UP)
    faults = _faults(kind, wanted, purpose, ticket) | _put_off_faults(tx, told_after, put_off_because)
    if faults:
        raise BadLookUp(errors={field: [BadLookUp().message] for field in faults})
    found = _found(tx, kind, wanted, actor.agency_id)
    now, look_up_id = clock.now(tx), new_id()
    row = {
        "id": look_up_id, "agency_id": actor.agency_id, "kind": kind, "wanted": wanted, "purpose": purpose,
        "ticket": ticket, "asked_by": actor.person_id, "asked_at": now, "over_at": now + ANSWER_WITHIN,
        "state": ASKED, "told_after": told_after, "put_off_because": put_off_because or None,
    }  # fmt: skip
    tx.execute(insert(LookUp), row)
    about.keep(tx, look_up_id, found)
    _record(tx, "look_up.ask", look_up_id, kind, purpose, actor, context)
    for person_id in holders.people_of(tx, actor.agency_id, SECONDS):
        # Whom it is about does not find it, and so hears nothing of it either.
        if person_id not in (actor.person_id, *found):
            notices.post(tx, person_id, "look_up.waits", path=f"/record/look-ups/{look_up_id}")
    return look_up_id


def grant(tx: Tx, look_up_id: UUID, *, actor: Principal, context: Context) -> None:
    """Grant a colleague's look-up; they may read it for a day.

    Raises NotPermitted, NoSuchLookUp (also for whoever it is about), OwnAffair, LookUpOver.
    """
    row = _to_answer(tx, look_up_id, actor)
    _answer(tx, row, GRANTED, clock.now(tx) + OPEN_FOR, actor)
    _record(tx, "look_up.grant", look_up_id, row.kind, row.purpose, actor, context)


def decline(tx: Tx, look_up_id: UUID, *, actor: Principal, context: Context) -> None:
    """Decline a colleague's look-up: nothing is opened. Raises as `grant` does."""
    row = _to_answer(tx, look_up_id, actor)
    _answer(tx, row, DECLINED, row.over_at, actor)
    _record(tx, "look_up.decline", look_up_id, row.kind, row.purpose, actor, context)


def read(tx: Tx, look_up_id: UUID, *, actor: Principal, context: Context) -> list[Opened]:
    """Read what was granted: on the record each time, and told to everybody whom it opens.

    Only the asker reads, as long as it is open. Raises NotPermitted, NoSuchLookUp, LookUpOver.
    """
    people.still_may(tx, actor, Permission.LOOK_UP)
    row = _held(tx, look_up_id, actor)
    now = clock.now(tx)
    if row.asked_by != actor.person_id:
        raise NoSuchLookUp()
    if row.state not in (GRANTED, READ) or row.over_at <= now:
        raise LookUpOver()
    if row.state == GRANTED:
        tx.execute(update(LookUp).where(LookUp.id == row.id).values(state=READ, read_at=now))
    found = about.opened(tx, row.id, row.agency_id)
    told_now = row.told_after is None or row.told_after <= now.date()
    detail = {"kind": row.kind} | ({} if told_now else {PUT_OFF: row.told_after.isoformat()})
    targets = [audit.Target("person", each.subject_id, row.agency_id) for each in found]
    for target in targets or [_target(row.id, row.agency_id)]:
        audit.record(
            tx, "look_up.read", target, actor=actor, context=context, purpose=row.purpose, detail=detail
        )
    if told_now:
        about.tell(tx, row.id, row.purpose, row.agency_id)
    return found


def end_due(tx: Tx) -> None:
    """End look-ups that nobody answered or read in time."""
    late = (LookUp.state.in_((ASKED, GRANTED)), LookUp.over_at <= clock.at(tx))
    tx.execute(update(LookUp).where(*late).values(state=OVER))


def tell_due(tx: Tx) -> int:
    """Tell people whose deferral has lapsed. Returns about how many look-ups."""
    today = clock.now(tx).date()
    untold = select(LookUpPerson.look_up_id).where(LookUpPerson.told_at.is_(None))
    due = tx.all(
        select(LookUp.id, LookUp.purpose, LookUp.agency_id).where(
            LookUp.id.in_(untold), LookUp.state == READ, LookUp.told_after <= today
        )
    )
    for row in due:
        about.tell(tx, row.id, row.purpose, row.agency_id)
    return len(due)


def listing(tx: Tx, *, actor: Principal, context: Context) -> list[dict[str, Any]]:
    """The agency's look-ups, newest first: what `one` has, without `wanted`. One entry on the record."""
    target = audit.Target("agency", actor.agency_id, actor.agency_id)
    audit.record(tx, "look_up.list", target, actor=actor, context=context)
    rows = tx.all(_visible(tx, actor).order_by(LookUp.asked_at.desc(), LookUp.id).limit(LISTED))
    shown = [_shown(row, actor) for row in rows]
    return [{name: value for name, value in each.items() if name != "wanted"} for each in shown]


def view(tx: Tx, look_up_id: UUID, *, actor: Principal, context: Context) -> dict[str, Any]:
    """What a look-up asks for, as `one` has it; that it was looked at is on the record. Raises NoSuchLookUp."""
    shown = one(tx, look_up_id, actor)
    _record(tx, "look_up.view", look_up_id, shown["kind"], shown["purpose"], actor, context)
    return shown


def one(db: Tx, look_up_id: UUID, actor: Principal) -> dict[str, Any]:
    """One look-up: id, kind, wanted, purpose, ticket, asker, asked_at, state, over_at, decider, told_after,
    put_off_because, and whether it is the reader's to answer or to read. Raises NoSuchLookUp."""
    row = db.one_or_none(_visible(db, actor).where(LookUp.id == look_up_id))
    if row is None:
        raise NoSuchLookUp()
    return _shown(row, actor)


def _found(tx: Tx, kind: str, wanted: str, agency_id: UUID) -> list[UUID]:
    if kind == PSEUDONYM:
        found = about.behind(tx, wanted, agency_id)
        if not found:
            raise NobodyOfYours(errors={"wanted": [NobodyOfYours().message]})
        return found
    found = about.named(tx, wanted, agency_id)
    if len(found) > about.MOST:
        raise TooManyFound(errors={"wanted": [TooManyFound().message]})
    return found


def _faults(kind: str, wanted: str, purpose: str, ticket: str) -> set[str]:
    wrong = {
        "kind": kind not in KINDS,
        "wanted": not _fits(wanted, WANTED),
        "purpose": purpose not in PURPOSES,
        "ticket": not _fits(ticket, TICKET),
    }
    return {field for field, is_wrong in wrong.items() if is_wrong}


def _put_off_faults(tx: Tx, told_after: date | None, because: str) -> set[str]:
    if told_after is None:
        return {"told_after"} if because else set()
    today = clock.now(tx).date()
    wrong = {
        "told_after": not today < told_after <= today + LONGEST_PUT_OFF,
        "put_off_because": not _fits(because, REASON),
    }
    return {field for field, is_wrong in wrong.items() if is_wrong}


def _fits(text: str, bounds: tuple[int, int]) -> bool:
    return bounds[0] <= len(text.strip()) and len(text) <= bounds[1]


def _held(tx: Tx, look_up_id: UUID, actor: Principal) -> Any:
    """The row, which nobody else changes until COMMIT."""
    mine = (LookUp.id == look_up_id, LookUp.agency_id == actor.agency_id, _not_hidden(actor))
    row = tx.one_or_none(select(LookUp.__table__).where(*mine).with_for_update())
    if row is None:
        raise NoSuchLookUp()
    return row


def _to_answer(tx: Tx, look_up_id: UUID, actor: Principal) -> Any:
    people.still_may(tx, actor, Permission.LOOK_UP)
    row = _held(tx, look_up_id, actor)
    duties.not_oneself(actor.person_id, row.asked_by).or_raise(
        OwnAffair, target=_target(row.id, row.agency_id)
    )
    if row.state != ASKED or row.over_at <= clock.now(tx):
        raise LookUpOver()
    return row


def _answer(tx: Tx, row: Any, state: str, over_at: Any, actor: Principal) -> None:
    given = {"state": state, "over_at": over_at, "decided_by": actor.person_id, "decided_at": clock.now(tx)}
    tx.execute(update(LookUp).where(LookUp.id == row.id).values(given))
    notices.post(tx, row.asked_by, "look_up.answered", path=f"/record/look-ups/{row.id}")


def _record(
    tx: Tx, act: str, look_up_id: UUID, kind: str, purpose: str, actor: Principal, context: Context
) -> None:
    target = _target(look_up_id, actor.agency_id)
    audit.record(tx, act, target, actor=actor, context=context, purpose=purpose, detail={"kind": kind})


def _target(look_up_id: UUID, agency_id: UUID) -> audit.Target:
    return audit.Target("look_up", look_up_id, agency_id)


def _not_hidden(actor: Principal) -> ColumnElement[bool]:
    return or_(LookUp.asked_by == actor.person_id, ~about.is_about(actor.person_id))


def _visible(db: Tx, actor: Principal) -> Query:
    asker, decider = aliased(Person), aliased(Person)
    late = LookUp.state.in_((ASKED, GRANTED)) & (LookUp.over_at <= clock.at(db))
    columns: Sequence[Any] = (
        LookUp.id, LookUp.kind, LookUp.wanted, LookUp.purpose, LookUp.ticket, LookUp.asked_by, LookUp.asked_at,
        LookUp.over_at, LookUp.told_after, LookUp.put_off_because, asker.name.label("asker"),
        decider.name.label("decider"), (LookUp.over_at > clock.at(db)).label("running"),
        case((late, OVER), else_=LookUp.state).label("state"),
    )  # fmt: skip
    return (
        select(*columns)
        .join(asker, asker.id == LookUp.asked_by)
        .outerjoin(decider, decider.id == LookUp.decided_by)
        .where(LookUp.agency_id == actor.agency_id, _not_hidden(actor))
    )


def _shown(row: Any, actor: Principal) -> dict[str, Any]:
    shown = dict(row._mapping)
    mine = shown.pop("asked_by") == actor.person_id
    running = bool(shown.pop("running"))
    return shown | {
        "mine": mine,
        "to_answer": not mine and row.state == ASKED,
        "to_read": mine and row.state in (GRANTED, READ) and running,
    }

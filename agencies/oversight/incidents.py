"""Incidents: what happened to data, from the moment it was known until it is closed.

The clock is that of Art. 33(1) GDPR: the authority is told within 72 hours after the controller has become aware of a
breach; whoever tells it later gives the reasons for the delay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update

from agencies import notices, people
from agencies.errors import NotPermitted
from agencies.memberships import holds as holds_now
from agencies.memberships import is_live
from agencies.models import Membership, Person, RoleGrant
from agencies.oversight import searches
from agencies.oversight.models import Alert, Incident, IncidentNote
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from marketplace.foundation.errors import Conflict, InvalidInput, NotFound
from marketplace.foundation.ids import new_id
from security.log import audit, scoping, tree
from security.log.expiring import Hold
from security.log.filtering import READINGS, Filters
from security.log.models import LogSubject
from security.log.scoping import Scope
from security.permissions import Permission, may
from security.principal import Context, Principal, Role

OPEN, CLOSED = "open", "closed"
REPORT_WITHIN = timedelta(hours=72)
TITLE, HOW, LONG = (3, 120), (3, 300), (3, 4000)
"""How few and how many characters a title, a way of reporting, and a note or a finding may have."""
TOLD = {Role.SECURITY_OFFICER: "/record/incidents/{id}", Role.DATA_PROTECTION: "/record/summary/{quarter}"}
"""Who hears of an incident, and where each of them reads of it."""


class BadIncident(InvalidInput):
    """An incident needs a title, and the moment at which it was known, which is not ahead of now."""


class IncidentOver(Conflict):
    """This incident is closed. Nothing is added to it any more."""


class ReportedAlready(Conflict):
    """It is noted already that the authority was told."""


class AlertInIncident(Conflict):
    """An incident was opened from this alert already."""


def open_one(
    tx: Tx,
    title: str,
    known_at: datetime | None,
    words: Mapping[str, str],
    *,
    alert_id: UUID | None = None,
    actor: Principal,
    context: Context,
) -> UUID:
    """Open an incident whose scope is the search in `words`. Returns its id; officers and data protection are told.

    Raises NotPermitted; BadIncident with what is wrong by field (title, known_at); NotFound or AlertInIncident.
    """
    _still_oversees(tx, actor)
    now = clock.now(tx)
    faults = _length("title", title, TITLE)
    if known_at is None or known_at > now or known_at < now - timedelta(days=3650):
        faults["known_at"] = "moment"
    _or_raise(faults)
    asked = searches.parse(tx, as_at_the_desk(words))
    found = scoping.scope(tx, asked.filters, actor=actor)
    first, last = _numbers(tx, found)
    incident_id = new_id()
    row = {
        "id": incident_id, "agency_id": actor.agency_id, "title": title, "known_at": known_at,
        "opened_by": actor.person_id, "opened_at": now, "filters": pinned(asked), "first": first, "last": last,
        "state": OPEN,
    }  # fmt: skip
    tx.execute(insert(Incident).values(row))
    if alert_id is not None:
        _take_alert(tx, alert_id, incident_id, actor)
    detail = {"entries": found.entries, "first": first, "last": last, "alert": alert_id is not None}
    _record(tx, "incident.open", incident_id, actor, context, detail)
    _tell(tx, incident_id, now, actor)
    return incident_id


def as_at_the_desk(words: Mapping[str, str]) -> dict[str, str]:
    """Without a word about them, entries about reading the record are left out, as in the officer's list."""
    named = "readings" in words or words.get("act") in READINGS
    return dict(words) if named else {**words, "readings": "hidden"}


def pinned(asked: searches.Search) -> dict[str, str]:
    """The words of a search as they mean the same on every later day: a period becomes the day it began."""
    words = dict(asked.words)
    if words.pop("period", None) is not None and asked.filters.since is not None:
        words["since"] = asked.filters.since.astimezone(UTC).date().isoformat()
    return words


def note(tx: Tx, incident_id: UUID, text: str, *, actor: Principal, context: Context) -> UUID:
    """Write a line into the diary. Raises NotPermitted, NotFound, IncidentOver, BadIncident (text)."""
    _held(tx, incident_id, actor)
    _or_raise(_length("text", text, LONG))
    note_id = _note(tx, incident_id, text, actor)
    _record(tx, "incident.note", incident_id, actor, context)
    return note_id


def report(
    tx: Tx,
    incident_id: UUID,
    reported_at: datetime | None,
    how: str,
    *,
    late_because: str = "",
    actor: Principal,
    context: Context,
) -> None:
    """Note when and how the authority was told, and after the 72 hours why not before.

    Raises NotPermitted, NotFound, IncidentOver, ReportedAlready; BadIncident with what is wrong (reported_at, how,
    late_because).
    """
    row = _held(tx, incident_id, actor)
    if row.reported_at is not None:
        raise ReportedAlready()
    faults = _length("how", how, HOW)
    late = False
    if reported_at is None or not row.known_at <= reported_at <= clock.now(tx):
        faults["reported_at"] = "moment"
    elif late := reported_at > row.known_at + REPORT_WITHIN:
        faults |= _length("late_because", late_because, LONG)
    _or_raise(faults)
    told = {"reported_at": reported_at, "reported": how, "late_because": late_because if late else None}
    tx.execute(update(Incident).where(Incident.id == incident_id).values(told))
    _record(tx, "incident.report", incident_id, actor, context, {"late": late})


def close(tx: Tx, incident_id: UUID, finding: str, *, actor: Principal, context: Context) -> None:
    """Close an incident with what was found; its entries may expire from now on.

    Raises NotPermitted, NotFound, IncidentOver, BadIncident (finding).
    """
    row = _held(tx, incident_id, actor)
    _or_raise(_length("finding", finding, LONG))
    ended = {"state": CLOSED, "closed_at": clock.now(tx), "finding": finding}
    tx.execute(update(Incident).where(Incident.id == incident_id).values(ended))
    detail = {"reported": row.reported_at is not None}
    _record(tx, "incident.close", incident_id, actor, context, detail)


def listing(db: Tx, actor: Principal) -> list[dict[str, Any]]:
    """The agency's incidents, open ones first, then the newest: as `one` has them, without diary and scope."""
    chosen = _every().where(Incident.agency_id == actor.agency_id)
    rows = db.all(chosen.order_by(Incident.state.desc(), Incident.known_at.desc(), Incident.id))
    return [_shown(row, clock.now(db)) for row in rows]


def one(tx: Tx, incident_id: UUID, *, actor: Principal, context: Context) -> dict[str, Any]:
    """An incident with its `diary` (at, by, text) and its `scope` as it is now; reading that goes on the record.

    Also id, title, known_at, report_by, hours_left (until then, whole hours, negative when over), reported_at,
    reported, late_because, state, words, opened_at, opened_by, closed_at, finding. Who opened it or wrote a line is
    told by pseudonym, as everybody on this page. What the search finds by now is held from here on. Raises NotFound.
    """
    row = _row(tx, incident_id, actor)
    asked = searches.parse(tx, row.filters).filters
    found = scoping.scope(tx, asked, actor=actor)
    if row.state == OPEN:
        _hold(tx, row, found)
    detail = {**asked.used(), "entries": found.entries}
    audit.record(tx, "log.read", _target(row, asked), actor=actor, context=context, detail=detail)
    return _shown(row, clock.now(tx)) | {"diary": _diary(tx, incident_id), "scope": found}


def search_of(tx: Tx, incident_id: UUID, *, actor: Principal) -> Filters:
    """The search of an incident. Raises NotFound."""
    return searches.parse(tx, _row(tx, incident_id, actor).filters).filters


def holds(db: Tx) -> list[Hold]:
    """What must not expire: from the first to the last entry of every incident that is not closed."""
    rows = db.all(
        select(Incident.agency_id, Incident.first.label("first"), Incident.last.label("last")).where(
            Incident.state == OPEN
        )
    )
    return [Hold(row.agency_id, row.first, row.last) for row in rows]


def _numbers(tx: Tx, found: Scope) -> tuple[int, int]:
    """The first and the last entry; where there is none yet, a run without entries."""
    size = tree.size(tx)
    return (size if found.first is None else found.first, size - 1 if found.last is None else found.last)


def _hold(tx: Tx, row: Any, found: Scope) -> None:
    """Hold also what the search finds by now: an incident may go on while it is looked into."""
    if found.first is None or found.last is None:
        return
    empty = row.first > row.last
    wider = {
        "first": found.first if empty else min(row.first, found.first),
        "last": found.last if empty else max(row.last, found.last),
    }
    if wider != {"first": row.first, "last": row.last}:
        tx.execute(update(Incident).where(Incident.id == row.id).values(wider))


def _take_alert(tx: Tx, alert_id: UUID, incident_id: UUID, actor: Principal) -> None:
    mine = (Alert.id == alert_id, Alert.agency_id == actor.agency_id)
    row = tx.one_or_none(select(Alert.incident_id).where(*mine).with_for_update())
    if row is None:
        raise NotFound()
    if row.incident_id is not None:
        raise AlertInIncident()
    tx.execute(update(Alert).where(*mine).values(incident_id=incident_id))


def _tell(tx: Tx, incident_id: UUID, now: datetime, actor: Principal) -> None:
    """A notice to everybody whose office this is, apart from whoever opened it; to nobody twice."""
    told = tx.all(
        select(Membership.person_id, RoleGrant.role)
        .join(RoleGrant, RoleGrant.membership_id == Membership.id)
        .where(
            Membership.agency_id == actor.agency_id,
            is_live(clock.at(tx)),
            holds_now(clock.at(tx)),
            RoleGrant.role.in_(list(TOLD)),
            Membership.person_id != actor.person_id,
        )
        .order_by(RoleGrant.role)
    )
    quarter = f"{now.year}-Q{(now.month + 2) // 3}"
    by_person = {row.person_id: TOLD[Role(row.role)].format(id=incident_id, quarter=quarter) for row in told}
    for person_id, path in by_person.items():
        notices.post(tx, person_id, "incident.opened", path=path)


def _still_oversees(tx: Tx, actor: Principal) -> None:
    if not may(people.still_member(tx, actor), Permission.OVERSEE):
        raise NotPermitted(permission=Permission.OVERSEE.value, roles=[Role.SECURITY_OFFICER.value])


def _held(tx: Tx, incident_id: UUID, actor: Principal) -> Any:
    """An open incident of the actor's agency, held until COMMIT."""
    _still_oversees(tx, actor)
    row = tx.one_or_none(_every().where(*_mine(incident_id, actor)).with_for_update(of=Incident))
    if row is None:
        raise NotFound()
    if row.state != OPEN:
        raise IncidentOver()
    return row


def _row(db: Tx, incident_id: UUID, actor: Principal) -> Any:
    row = db.one_or_none(_every().where(*_mine(incident_id, actor)))
    if row is None:
        raise NotFound()
    return row


def _mine(incident_id: UUID, actor: Principal) -> tuple[Any, Any]:
    return Incident.id == incident_id, Incident.agency_id == actor.agency_id


def _every() -> Any:
    chosen = select(
        Incident.id, Incident.agency_id, Incident.title, Incident.known_at, Incident.opened_at, Incident.filters,
        Incident.first.label("first"), Incident.last.label("last"), Incident.state, Incident.reported_at,
        Incident.reported.label("reported"), Incident.late_because, Incident.closed_at, Incident.finding,
        LogSubject.pseudonym.label("opened_by"),
    )  # fmt: skip
    by = chosen.join(Person, Person.id == Incident.opened_by)
    return by.outerjoin(LogSubject, LogSubject.id == Person.subject_id)


def _shown(row: Any, now: datetime) -> dict[str, Any]:
    facts = dict(row._mapping)
    report_by = row.known_at + REPORT_WITHIN
    left = (report_by - now) // timedelta(hours=1)
    return facts | {"words": facts.pop("filters"), "report_by": report_by, "hours_left": left}


def _diary(db: Tx, incident_id: UUID) -> Sequence[Any]:
    chosen = select(IncidentNote.at, LogSubject.pseudonym.label("by"), IncidentNote.text)
    chosen = chosen.join(Person, Person.id == IncidentNote.by)
    chosen = chosen.outerjoin(LogSubject, LogSubject.id == Person.subject_id)
    return db.all(
        chosen.where(IncidentNote.incident_id == incident_id).order_by(IncidentNote.at, IncidentNote.id)
    )


def _note(tx: Tx, incident_id: UUID, text: str, actor: Principal) -> UUID:
    note_id = new_id()
    row = {
        "id": note_id,
        "incident_id": incident_id,
        "at": clock.now(tx),
        "by": actor.person_id,
        "text": text,
    }
    tx.execute(insert(IncidentNote).values(row))
    return note_id


def _length(field: str, text: str, most: tuple[int, int]) -> dict[str, str]:
    return {} if most[0] <= len(text) <= most[1] else {field: "length"}


def _or_raise(faults: Mapping[str, str]) -> None:
    if faults:
        raise BadIncident(errors={field: [code] for field, code in faults.items()})


def _target(row: Any, asked: Filters) -> audit.Target:
    """Whom a search was about is on the record, and so on that person's own page."""
    person = asked.subject_id or asked.person_id
    if person is None:
        return audit.Target("incident", row.id, row.agency_id)
    return audit.Target("person", person, row.agency_id)


def _record(
    tx: Tx,
    act: str,
    incident_id: UUID,
    actor: Principal,
    context: Context,
    detail: dict[str, Any] | None = None,
) -> None:
    target = audit.Target("incident", incident_id, actor.agency_id)
    audit.record(tx, act, target, actor=actor, context=context, detail=detail)

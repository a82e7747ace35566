"""Opening an incident from a search of the record, and telling those whose office it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import insert, update

from agencies import holders, notices, people
from agencies.oversight import searches
from agencies.oversight.alerts import handling
from agencies.oversight.incidents import rows
from agencies.oversight.incidents.errors import AlertInIncident
from agencies.oversight.models import Alert, Incident
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from marketplace.foundation.ids import new_id
from security.log import scoping, tree
from security.log.filtering import READINGS
from security.log.scoping import Scope
from security.permissions import Permission, may
from security.principal import Context, Principal, Role

TITLE = (3, 120)
"""How few and how many characters a title may have."""
TOLD = {Role.SECURITY_OFFICER: "/record/incidents/{id}", Role.DATA_PROTECTION: "/record/summary/{quarter}"}
"""Who hears of an incident, and where each of them reads of it."""


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

    A search for everything is refused: it would keep the whole record from expiring. Raises NotPermitted; BadIncident
    with what is wrong by field (title, known_at, scope); from an alert NoSuchAlert, AlertAboutYou, AlertClosed,
    AlertInIncident.
    """
    people.still_may(tx, actor, Permission.OVERSEE)
    now = clock.now(tx)
    faults = rows.length("title", title, TITLE)
    if known_at is None or known_at > now or known_at < now - timedelta(days=3650):
        faults["known_at"] = "moment"
    asked = searches.parse(tx, as_at_the_desk(words))
    if not asked.filters.narrows():
        faults["scope"] = "everything"
    rows.or_raise(faults)
    found = scoping.scope(tx, asked.filters, actor=actor)
    first, last = _numbers(tx, found)
    incident_id = new_id()
    row = {
        "id": incident_id, "agency_id": actor.agency_id, "title": title, "known_at": known_at,
        "opened_by": actor.person_id, "opened_at": now, "filters": pinned(asked), "first": first, "last": last,
        "state": rows.OPEN, "whole": may(actor, Permission.READ_WHOLE_RECORD),
    }  # fmt: skip
    tx.execute(insert(Incident).values(row))
    if alert_id is not None:
        _take_alert(tx, alert_id, incident_id, actor)
    detail = {"entries": found.entries, "first": first, "last": last, "alert": alert_id is not None}
    rows.record(tx, "incident.open", incident_id, actor, context, detail)
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


def _numbers(tx: Tx, found: Scope) -> tuple[int, int]:
    """The first and the last entry; where there is none yet, a run without entries."""
    size = tree.size(tx)
    return (size if found.first is None else found.first, size - 1 if found.last is None else found.last)


def _take_alert(tx: Tx, alert_id: UUID, incident_id: UUID, actor: Principal) -> None:
    handling.to_be_handled(tx, alert_id, actor)
    bound = (
        update(Alert).where(Alert.id == alert_id, Alert.incident_id.is_(None)).values(incident_id=incident_id)
    )
    if tx.execute(bound).rowcount != 1:
        raise AlertInIncident()


def _tell(tx: Tx, incident_id: UUID, now: datetime, actor: Principal) -> None:
    """A notice to everybody whose office this is, apart from whoever opened it; to nobody twice."""
    quarter = f"{now.year}-Q{(now.month + 2) // 3}"
    told = {actor.person_id}
    for role, path in TOLD.items():
        for person_id in set(holders.people_of(tx, actor.agency_id, (role,))) - told:
            told.add(person_id)
            notices.post(tx, person_id, "incident.opened", path=path.format(id=incident_id, quarter=quarter))

"""What tests about look-ups share: an officer who asks, a second person, and the ways of a look-up."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from agencies.models import Notice
from agencies.oversight import look_ups
from agencies.oversight.models import LookUp
from marketplace.foundation.db import transaction
from security.log.models import LogSubject
from security.principal import Principal, Role
from tests.builders import AT_WORK, a_person, changed, found, one


def a_second(agency: str = "north", **given: Any) -> Principal:
    """Somebody of data protection."""
    return a_person(agency, roles=(Role.DATA_PROTECTION,), **given)


def pseudonym_of(person: Principal) -> str:
    name: str = one(select(LogSubject.pseudonym).where(LogSubject.id == person.subject_id))
    return name


def asked(officer: Principal, wanted: str | Principal, **given: Any) -> UUID:
    """A look-up: of a name, or of the pseudonym of somebody."""
    kind = "name" if isinstance(wanted, str) else "pseudonym"
    text = wanted if isinstance(wanted, str) else pseudonym_of(wanted)
    given = {"purpose": "investigation", "ticket": "SEC-17"} | given
    with transaction() as tx:
        return look_ups.ask(tx, kind, text, **given, actor=officer, context=AT_WORK)


def put_off(days: int) -> dict[str, Any]:
    return {"told_after": today() + timedelta(days=days), "put_off_because": "The case is not public yet."}


def granted(look_up: UUID, by: Principal) -> UUID:
    with transaction() as tx:
        look_ups.grant(tx, look_up, actor=by, context=AT_WORK)
    return look_up


def declined(look_up: UUID, by: Principal) -> None:
    with transaction() as tx:
        look_ups.decline(tx, look_up, actor=by, context=AT_WORK)


def read(look_up: UUID, by: Principal) -> list[look_ups.Opened]:
    with transaction() as tx:
        return look_ups.read(tx, look_up, actor=by, context=AT_WORK)


def time_passes() -> None:
    """What the hourly job does."""
    with transaction() as tx:
        look_ups.end_due(tx)
        look_ups.tell_due(tx)


def over_by_now(look_up: UUID) -> None:
    changed(update(LookUp).where(LookUp.id == look_up).values(over_at=datetime.now(UTC)))


def put_off_until(look_up: UUID, day: date) -> None:
    changed(update(LookUp).where(LookUp.id == look_up).values(told_after=day))


def today() -> date:
    return datetime.now(UTC).date()


def told(person: Principal) -> list[tuple[str, Any]]:
    """What somebody was told about look-ups."""
    mine = (Notice.person_id == person.person_id, Notice.kind == "look_up.read")
    return [(row.kind, row.args) for row in found(select(Notice.kind, Notice.args).where(*mine))]

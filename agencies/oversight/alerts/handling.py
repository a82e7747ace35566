"""What officers do with an alert: take it, hand it on, close it with a finding. Each is an act on the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from agencies import notices, people
from agencies.oversight.alerts import keeping, officers
from agencies.oversight.alerts.errors import (
    AlertAboutYou,
    AlertClosed,
    AlertTaken,
    BadFinding,
    NoSuchAlert,
    NotAnOfficer,
)
from agencies.oversight.models import Alert
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from security.log import audit
from security.permissions import Permission
from security.principal import Context, Principal

FINDINGS = ("explained", "mistake", "misuse", "incident", "false_alarm")
LONGEST_NOTE = 500


def take(tx: Tx, alert_id: UUID, *, actor: Principal, context: Context) -> None:
    """Say that one looks into it. Raises NotPermitted, NoSuchAlert, AlertAboutYou, AlertClosed, AlertTaken."""
    row = _held(tx, alert_id, actor)
    _not_about(row, actor)
    if row.state == "taken":
        raise AlertTaken()
    _set(tx, alert_id, state="taken", holder_id=actor.person_id)
    target = audit.Target("alert", alert_id, actor.agency_id)
    audit.record(tx, "alert.take", target, actor=actor, context=context, detail={"kind": row.kind})


def hand_on(tx: Tx, alert_id: UUID, to: UUID | None, *, actor: Principal, context: Context) -> None:
    """Give it to an officer of the agency, by their membership; oneself, to take it over from somebody.

    Also the person whom it is about can be named, who can do nothing but hand it on again: a refusal here would say
    whose pseudonym it is. Raises NotPermitted, NoSuchAlert, AlertClosed, NotAnOfficer.
    """
    row = _held(tx, alert_id, actor)
    known = {officer.membership_id: officer for officer in officers.listing(tx, actor.agency_id)}
    receiver = known.get(to)
    if receiver is None or receiver.person_id == row.holder_id:
        raise NotAnOfficer(errors={"to": [NotAnOfficer().message]})
    _set(tx, alert_id, state="taken", holder_id=receiver.person_id)
    target = audit.Target("person", receiver.subject_id, actor.agency_id)
    audit.record(tx, "alert.hand_on", target, actor=actor, context=context, detail={"kind": row.kind})
    if receiver.person_id != actor.person_id:
        notices.post(tx, receiver.person_id, "alert.handed_on", path=f"/record/alerts/{alert_id}")


def close(tx: Tx, alert_id: UUID, finding: str, note: str, *, actor: Principal, context: Context) -> None:
    """Say what was found. What one officer has taken, another does not close.

    Raises NotPermitted, NoSuchAlert, AlertAboutYou, AlertClosed, AlertTaken, BadFinding.
    """
    row = _held(tx, alert_id, actor)
    _not_about(row, actor)
    if row.state == "taken" and row.holder_id != actor.person_id:
        raise AlertTaken()
    _check(finding, note)
    _set(
        tx, alert_id, state="closed", holder_id=actor.person_id, finding=finding, note=note or None,
        closed_at=clock.now(tx),
    )  # fmt: skip
    target = audit.Target("alert", alert_id, actor.agency_id)
    audit.record(
        tx, "alert.close", target, actor=actor, context=context, detail={"kind": row.kind, "finding": finding}
    )


def to_be_handled(tx: Tx, alert_id: UUID, actor: Principal) -> None:
    """That this officer may handle this alert, which nobody else changes until COMMIT.

    Raises NotPermitted, NoSuchAlert, AlertAboutYou, AlertClosed.
    """
    _not_about(_held(tx, alert_id, actor), actor)


def _held(tx: Tx, alert_id: UUID, actor: Principal) -> Any:
    """The alert, which nobody else changes until COMMIT, if it is one of the actor's agency and is not closed."""
    people.still_may(tx, actor, Permission.OVERSEE)
    keeping.hold(tx)
    mine = (Alert.id == alert_id, Alert.agency_id == actor.agency_id)
    row = tx.one_or_none(select(Alert.kind, Alert.state, Alert.holder_id, Alert.subject_id).where(*mine))
    if row is None:
        raise NoSuchAlert()
    if row.state == "closed":
        raise AlertClosed()
    return row


def _not_about(row: Any, actor: Principal) -> None:
    if row.subject_id == actor.subject_id:
        raise AlertAboutYou()


def _set(tx: Tx, alert_id: UUID, **changed: Any) -> None:
    tx.execute(update(Alert).where(Alert.id == alert_id).values(**changed))


def _check(finding: str, note: str) -> None:
    """Raise BadFinding with the fields that are wrong."""
    faults: Mapping[str, bool] = {"finding": finding not in FINDINGS, "note": len(note) > LONGEST_NOTE}
    wrong = {name: [BadFinding().message] for name, is_wrong in faults.items() if is_wrong}
    if wrong:
        raise BadFinding(errors=wrong)

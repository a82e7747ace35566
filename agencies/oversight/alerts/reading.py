"""Entries out of the record, as the rules of alerts read them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import case, null, select

from agencies.oversight.alerts.detecting import Seen
from agencies.oversight.alerts.kinds import REFUSED, SIGN_IN
from marketplace.foundation.db import Query, Tx
from security.log.models import AuditEntry


def seen(tx: Tx, acts: Iterable[str], *wanted: Any) -> list[Seen]:
    """The entries of these acts that fulfil what is `wanted`, in the order of their numbers."""
    rows: Sequence[Any] = tx.all(
        _chosen().where(AuditEntry.act.in_(sorted(acts)), *wanted).order_by(AuditEntry.number)
    )
    return [_seen(*row) for row in rows if not _asks_to_confirm(row)]


def _asks_to_confirm(row: Any) -> bool:
    """Being asked to sign in again is on the record as a refusal, and nothing that anybody should look at."""
    return row.act == REFUSED and (row.detail or {}).get("error") == "NeedsStepUp"


def _chosen() -> Query:
    """Details only where a rule asks for them: most of the work of reading entries would be theirs."""
    asked = case((AuditEntry.act.in_((SIGN_IN, REFUSED)), AuditEntry.detail), else_=null())
    return select(
        AuditEntry.number, AuditEntry.at, AuditEntry.act, AuditEntry.subject_id, AuditEntry.agency_id,
        AuditEntry.object_agency_id, AuditEntry.session, AuditEntry.device_id, AuditEntry.zone, AuditEntry.level,
        asked.label("detail"),
    )  # fmt: skip


def _seen(
    number: int,
    at: Any,
    act: str,
    subject_id: Any,
    agency_id: Any,
    object_agency_id: Any,
    session: str | None,
    device_id: str | None,
    zone: str | None,
    level: int | None,
    detail: Any,
) -> Seen:
    return Seen(
        number=number,
        at=at,
        act=act,
        who=str(subject_id or device_id or ""),
        subject_id=subject_id,
        agencies=frozenset({agency_id, object_agency_id} - {None}),
        agency_id=agency_id,
        session=session,
        zone=zone,
        level=level,
        new_device=act == SIGN_IN and bool((detail or {}).get("new_device")),
    )


def about_the_record(tx: Tx, acts: Iterable[str], begin: int, end: int) -> Sequence[Any]:
    """Rows of what happened to the record itself: number, at, act, zone, object_id, detail."""
    chosen = select(
        AuditEntry.number,
        AuditEntry.at,
        AuditEntry.act,
        AuditEntry.zone,
        AuditEntry.object_id,
        AuditEntry.detail,
    )
    mine = (AuditEntry.act.in_(sorted(acts)), AuditEntry.number >= begin, AuditEntry.number < end)
    return tx.all(chosen.where(*mine).order_by(AuditEntry.number))

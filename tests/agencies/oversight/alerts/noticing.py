"""Entries as the sequencer writes them, at chosen times, and what is found when the job looks at them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update

from agencies.oversight.alerts import looking
from agencies.oversight.models import Alert
from marketplace.foundation.db import Tx, transaction
from security.labels import Level
from security.log import audit, sequencer
from security.log.models import AuditPending
from security.principal import Principal
from tests.builders import AT_WORK, found

NOON = datetime(2026, 5, 5, 12, tzinfo=UTC)
"""A Tuesday in working hours: 14:00 in Brussels."""
ITEM = UUID(int=7)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def happened(
    act: str,
    actor: Principal | None,
    *minutes: float,
    of: UUID | None = None,
    session: str | None = "session-1",
    level: Level | None = None,
    device_id: str | None = None,
    target: audit.Target | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    """An act at so many minutes after noon, each with its number; `of` is the agency whose data it was done to.

    What was pending before gets its number too.
    """
    context = replace(AT_WORK, session=session, device_id=device_id)
    with transaction() as tx:
        for minute in minutes:
            audit.record(
                tx, act, target or audit.Target("microtask", ITEM, of, level=level), actor=actor, context=context,
                detail=detail,
            )  # fmt: skip
            tx.execute(update(AuditPending).values(at=at(minute)))
            sequencer.sequence(tx)


def looked(limit: int = looking.BATCH) -> Sequence[Any]:
    """Look at everything new, and return every alert there is, oldest first."""
    more = True
    while more:
        with transaction() as tx:
            more = looking.look(tx, limit)
    return alerts()


def alerts() -> Sequence[Any]:
    return found(select(Alert.__table__).order_by(Alert.raised_at, Alert.first))


def every(count: int, first: float = 0.0, apart: float = 0.1) -> Iterable[float]:
    """So many moments, in minutes."""
    return [first + apart * number for number in range(count)]


def put(tx: Tx, table: Any, **values: Any) -> None:
    tx.execute(insert(table), values)

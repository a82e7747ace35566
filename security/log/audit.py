"""No record, no act: every access writes one row in the transaction of the act itself."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Insert, bindparam, func, insert

from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from security.canonical import is_plain
from security.labels import Level
from security.log.acts import ACTS
from security.log.models import AuditPending
from security.principal import Context, Principal

DONE, REFUSED, FAILED = "done", "refused", "failed"


@dataclass(frozen=True, slots=True)
class Target:
    """What an act was done to. Never content: a kind, an id, whose it is, how it is labelled."""

    kind: str
    id: str | UUID | None = None
    agency_id: UUID | None = None
    campaign_id: UUID | None = None
    level: Level | None = None
    rules: str | None = None
    """The digest of the access rules by which the act was decided (64 hex digits), where some were."""


def followed(person: UUID | None, otherwise: Target) -> Target:
    """The person that a reading follows, where it follows one: it stands on that person's own page."""
    return otherwise if person is None else Target("person", person, otherwise.agency_id)


def record(
    tx: Tx,
    act: str,
    target: Target | None = None,
    *,
    actor: Principal | None,
    context: Context,
    outcome: str = DONE,
    purpose: str | None = None,
    reference: str | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    """Put one act on the record. `detail` holds codes and counts only (str, int, bool, lists of them); else ValueError:
    what cannot be written in canonical form would stop the numbering of everything after it.

    `reference` is the word that a refused person was given to quote.
    """
    if detail is not None and not is_plain(detail):
        raise ValueError(f"the detail of {act} holds more than codes and counts")
    target = target or Target("none")
    facts: dict[str, Any] = {
        "act": act,
        "outcome": outcome,
        "subject_id": actor.subject_id if actor else None,
        "agency_id": actor.agency_id if actor else None,
        "object_kind": target.kind,
        "object_id": str(target.id) if target.id is not None else None,
        "object_agency_id": target.agency_id,
        "campaign_id": target.campaign_id,
        "level": int(target.level) if target.level is not None else None,
        "purpose": purpose or ACTS[act].purpose,
        "channel": context.channel,
        "zone": context.zone.value,
        "device": context.device,
        "acr": context.acr,
        "session": context.session,
        "device_id": context.device_id,
        "rules": target.rules,
        "reference": reference,
        "detail": detail,
    }
    if tx.dialect != "postgresql":
        facts["at"] = clock.now(tx)
    tx.execute(_statement(tx.dialect), facts)


@cache
def _statement(dialect: str) -> Insert:
    """The INSERT of every act, made once: making a statement takes longer than running it."""
    columns: dict[str, Any] = {
        column.name: bindparam(column.name, type_=column.type)
        for column in AuditPending.__table__.c
        if column.name != "id"
    }
    if dialect == "postgresql":
        columns["at"] = func.now()
    return insert(AuditPending).values(columns).inline()

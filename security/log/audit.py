"""No record, no act: every access writes one row in the transaction of the act itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from marketplace.foundation import clock
from marketplace.foundation.db import Tx
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
    rules: str | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    """Put one act on the record. `detail` holds codes and counts only (str, int, bool, lists of them).

    `reference` is the word that a refused person was given to quote; `rules` the digest of the access rules by which it
    was decided (64 hex digits).
    """
    target = target or Target("none")
    row = insert(AuditPending).values(
        {
            "at": clock.at(tx),
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
            "rules": rules,
            "reference": reference,
            "detail": detail,
        }
    )
    tx.execute(row.inline())

"""The rules by which alerts arise in an agency: what it set, and for the rest the kinds' own values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from agencies import people
from agencies.oversight.alerts import values
from agencies.oversight.alerts.errors import NoSuchRule
from agencies.oversight.alerts.kinds import OF_PEOPLE, defaults
from agencies.oversight.models import AlertRule
from marketplace.foundation import clock
from marketplace.foundation.db import Tx, insert
from security.log import audit
from security.permissions import Permission
from security.principal import Context, Principal


@dataclass(frozen=True, slots=True)
class Rule:
    """How one kind of alert arises in an agency. `changed_at` is empty where the kind's own values hold."""

    on: bool
    values: Mapping[str, Any]
    changed_at: datetime | None = None


def in_force(db: Tx, agency_ids: Iterable[UUID]) -> dict[tuple[UUID, str], Rule]:
    """The rule of every adjustable kind in each of these agencies."""
    wanted = set(agency_ids)
    found = {(agency, kind): Rule(True, defaults(kind)) for agency in wanted for kind in OF_PEOPLE}
    mine = (AlertRule.agency_id.in_(wanted), AlertRule.kind.in_(OF_PEOPLE))
    for row in db.all(select(AlertRule.__table__).where(*mine)):
        found[row.agency_id, row.kind] = Rule(row.is_on, defaults(row.kind) | row.given, row.changed_at)
    return found


def set_rule(
    tx: Tx, kind: str, *, on: bool, given: Mapping[str, Sequence[str]], actor: Principal, context: Context
) -> None:
    """Set how a kind of alert arises in the actor's agency, or switch it off. `given` as `values.read` takes it.

    A rule that is switched off keeps its values. Raises NotPermitted, NoSuchRule, BadAlertRule.
    """
    people.still_may(tx, actor, Permission.OVERSEE)
    if kind not in OF_PEOPLE:
        raise NoSuchRule()
    wanted = values.read(kind, given)
    changed = {"is_on": on, "given": wanted, "changed_by": actor.person_id, "changed_at": clock.now(tx)}
    row = insert(tx, AlertRule).values({"agency_id": actor.agency_id, "kind": kind} | changed)
    tx.execute(row.on_conflict_do_update(index_elements=["agency_id", "kind"], set_=changed))
    target = audit.Target("alert_rule", kind, actor.agency_id)
    audit.record(
        tx, "alert_rule.set", target, actor=actor, context=context, detail={"on": on, "values": wanted}
    )

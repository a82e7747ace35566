"""In which month the record last shows that a role or a clearance was used. Never how often, never for what.

The act of a role is one that this role is enough for. Where several roles are enough, it shows for each of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from marketplace.foundation.db import Tx
from security.labels import Level
from security.log import audit
from security.log.models import AuditEntry
from security.principal import Role

_RESULTS = ("result.view", "result.list", "key.release")
_RECORD = ("log.read", "log.export", "incident.open", "incident.note", "incident.report", "incident.close")
_SKILLS = ("skill.view", "skill.confirm", "skill.withdraw")
_REVIEWS = ("review.open", "review.decide", "review.close")

ACTS_OF: Mapping[Role, tuple[str, ...]] = {
    Role.CONTRIBUTOR: ("claim.take", "claim.extend", "claim.release", "payload.view", "contribution.submit"),
    Role.TASK_OWNER: (
        "campaign.post", "campaign.add", "campaign.keep", "campaign.shred", "result.export", "need_to_know.give",
        "need_to_know.end", *_RESULTS,
    ),
    Role.APPRAISER: _RESULTS,
    Role.SECURITY_OFFICER: (
        "clearance.give", "clearance.withdraw", "need_to_know.give", "need_to_know.end", "look_up.ask",
        "look_up.grant", "look_up.decline", "look_up.read", "summary.read", "device_key.list", *_RECORD, *_REVIEWS,
    ),
    Role.OPERATOR: ("job.retry",),
    Role.AGENCY_ADMIN: (
        "role.grant", "role.review", "person.invite", "person.uninvite", "agency.set", "agreement.propose",
        "agreement.sign", "agreement.withdraw", "provider.suspend", "sharing.end", "unit.change", "unit.place",
        "rules.draft", "rules.sign", "move.approve", "move.decline", "partner.renew", "scim_credential.make",
        "scim_credential.end", "scim_group.give", "handling.set", "agency_key.add", "agency_key.end",
        "device_key.revoke_all", *_SKILLS, *_REVIEWS,
    ),
    Role.LINE_MANAGER: _SKILLS,
    Role.MARKETPLACE_OFFICER: ("summary.read", *_RECORD),
    Role.DATA_PROTECTION: (
        "look_up.ask", "look_up.grant", "look_up.decline", "look_up.read", "data_request.answer",
        "data_request.read", "summary.read",
    ),
    Role.WORKS_COUNCIL: ("number.approve", "number.withdraw"),
}  # fmt: skip


def roles(db: Tx, agency_id: UUID) -> dict[tuple[UUID, Role], str]:
    """The month ("2026-11") of the newest act by subject and role; who is not in it has none on the record."""
    acts = {act for each in ACTS_OF.values() for act in each}
    newest = func.max(AuditEntry.at).label("at")
    chosen = select(AuditEntry.subject_id, AuditEntry.act, newest).where(
        AuditEntry.agency_id == agency_id, AuditEntry.act.in_(sorted(acts)), *_OF_SOMEBODY
    )
    found: dict[tuple[UUID, Role], str] = {}
    for row in db.all(chosen.group_by(AuditEntry.subject_id, AuditEntry.act)):
        for role in (role for role, of_role in ACTS_OF.items() if row.act in of_role):
            _keep(found, (row.subject_id, role), row.at)
    return found


def clearances(db: Tx, agency_id: UUID) -> dict[tuple[UUID, Level], str]:
    """The same by subject and level: the newest act on something of that level or a higher one."""
    newest = func.max(AuditEntry.at).label("at")
    chosen = select(AuditEntry.subject_id, AuditEntry.level, newest).where(
        AuditEntry.agency_id == agency_id, AuditEntry.level > int(Level.PUBLIC), *_OF_SOMEBODY
    )
    found: dict[tuple[UUID, Level], str] = {}
    for row in db.all(chosen.group_by(AuditEntry.subject_id, AuditEntry.level)):
        for level in (level for level in Level if Level.PUBLIC < level <= row.level):
            _keep(found, (row.subject_id, level), row.at)
    return found


def _keep(found: dict[Any, str], key: tuple[UUID, Role | Level], at: datetime) -> None:
    month = at.astimezone(UTC).strftime("%Y-%m")
    found[key] = max(found.get(key, ""), month)


_OF_SOMEBODY = (AuditEntry.subject_id.is_not(None), AuditEntry.outcome == audit.DONE)

"""The stages of a campaign and the acts that lead from one to the next. Pure.

Stages move by these acts, and to the end by shredding. A campaign that is not published yet, or never was, is known to
the people of its own agency who prepare, open and oversee work, and to nobody else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from security import duties
from security.decision import Decision, Reason
from security.principal import Principal, Role


class Stage(StrEnum):
    """Where a campaign is in its life."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    DISCARDED = "discarded"
    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"
    CANCELLED = "cancelled"


PREPARED = frozenset({Stage.DRAFT, Stage.SUBMITTED})
"""Before it is opened."""
UNPUBLISHED = PREPARED | {Stage.DISCARDED}
"""Never opened."""
OVER = frozenset({Stage.DISCARDED, Stage.CLOSED, Stage.CANCELLED})
"""No act leads on from here."""
PREPARING = frozenset({Role.TASK_OWNER, Role.APPRAISER, Role.AGENCY_ADMIN, Role.SECURITY_OFFICER})
"""Who may know of a campaign of their own agency that is not published."""
APPROVER = Role.AGENCY_ADMIN
"""Who opens what others of the agency have posted."""


@dataclass(frozen=True, slots=True)
class Act:
    """From which stages it leads to which, whose it is, and whether it takes a sentence for the other side."""

    come_from: frozenset[Stage]
    to: Stage
    by: Role
    remark: bool = False


ACTS: Mapping[str, Act] = {
    "submit": Act(frozenset({Stage.DRAFT}), Stage.SUBMITTED, Role.TASK_OWNER),
    "withdraw": Act(frozenset({Stage.SUBMITTED}), Stage.DRAFT, Role.TASK_OWNER),
    "approve": Act(frozenset({Stage.SUBMITTED}), Stage.OPEN, APPROVER),
    "send_back": Act(frozenset({Stage.SUBMITTED}), Stage.DRAFT, APPROVER, remark=True),
    "discard": Act(PREPARED, Stage.DISCARDED, Role.TASK_OWNER),
    "pause": Act(frozenset({Stage.OPEN}), Stage.PAUSED, Role.TASK_OWNER),
    "resume": Act(frozenset({Stage.PAUSED}), Stage.OPEN, Role.TASK_OWNER),
    "close": Act(frozenset({Stage.OPEN, Stage.PAUSED}), Stage.CLOSED, Role.TASK_OWNER),
    "cancel": Act(frozenset({Stage.OPEN, Stage.PAUSED}), Stage.CANCELLED, Role.TASK_OWNER),
}


def decide(name: str, principal: Principal, agency_id: UUID, owner_id: UUID) -> Decision:
    """Whether the person may do this act to a campaign of that agency and owner, in whatever stage it is.

    Task owners of its agency move it on; its approver, an administrator of the agency, opens it, and nobody their own.
    """
    act = ACTS[name]
    failed: list[Reason] = []
    if principal.agency_id != agency_id or act.by not in principal.roles:
        failed.append(Reason("role", {"role": act.by}, "ask_colleague"))
    if act.by is APPROVER:
        failed += duties.not_oneself(principal.person_id, owner_id).failed
    return Decision(tuple(failed))


def offered(stage: Stage, principal: Principal, agency_id: UUID, owner_id: UUID) -> list[str]:
    """The acts that this person may do now, in the order of a campaign's life."""
    return [
        name
        for name, act in ACTS.items()
        if stage in act.come_from and decide(name, principal, agency_id, owner_id).allowed
    ]


def is_insider(agency_id: UUID, roles: Collection[Role], campaign_agency_id: UUID) -> bool:
    """Whether somebody of this agency with these roles may know of a campaign that is not published."""
    return agency_id == campaign_agency_id and not PREPARING.isdisjoint(roles)

"""Who may know of a campaign, who may work on it, who may read its results: pure rules that return reasons.

What a person may not know looks like what does not exist (`may_know`); what they may know but not do says which
rule and what would help (`may_claim`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from security.decision import ALLOWED, Decision, all_of, refused
from security.labels import Level, dominates
from security.permissions import Permission, may
from security.principal import Context, Principal, Role


@dataclass(frozen=True, slots=True)
class Terms:
    """What a campaign asks of people."""

    campaign_id: UUID
    agency_id: UUID
    owner_id: UUID
    level: Level
    compartments: frozenset[str]
    audience: frozenset[str] | None
    """Slugs of the agencies whose people may take part; None for all."""
    skills: Sequence[str]
    open: bool


@dataclass(frozen=True, slots=True)
class Asking:
    """One person, in one situation, asking to work on one campaign."""

    principal: Principal
    context: Context
    terms: Terms


def may_know(principal: Principal, terms: Terms) -> bool:
    """Whether the campaign exists for this person: cleared for it, and in its audience or its agency."""
    cleared = dominates(principal.clearance, principal.compartments, terms.level, terms.compartments)
    own = principal.agency_id == terms.agency_id
    return cleared and (own or terms.audience is None or principal.agency_slug in terms.audience)


def may_claim(principal: Principal, context: Context, terms: Terms) -> Decision:
    """Whether the person may claim items; every rule that fails is named."""
    return _ALL_RULES(Asking(principal, context, terms))


def may_read_results(principal: Principal, terms: Terms) -> Decision:
    """The campaign's agency reads its results: task owners and appraisers, cleared for the label."""
    own = principal.agency_id == terms.agency_id
    cleared = dominates(principal.clearance, principal.compartments, terms.level, terms.compartments)
    if own and cleared and may(principal, Permission.READ_RESULTS):
        return ALLOWED
    return refused("results_of_agency", remedy="ask_owner")


def may_export_results(principal: Principal, terms: Terms) -> Decision:
    """Exporting is for task owners of the campaign's agency."""
    owner = (
        ALLOWED
        if may(principal, Permission.EXPORT_RESULTS)
        else refused("role", "ask_owner", role=Role.TASK_OWNER)
    )
    return may_read_results(principal, terms) & owner


def _is_open(asking: Asking) -> Decision:
    return ALLOWED if asking.terms.open else refused("closed", remedy="find_other_work")


def _is_contributor(asking: Asking) -> Decision:
    if may(asking.principal, Permission.CLAIM_MICROTASK):
        return ALLOWED
    return refused("role", remedy="ask_administrator", role=Role.CONTRIBUTOR)


def _clearance_dominates(asking: Asking) -> Decision:
    who, terms = asking.principal, asking.terms
    if dominates(who.clearance, who.compartments, terms.level, terms.compartments):
        return ALLOWED
    return refused("clearance", remedy="ask_security_officer", level=terms.level.label_key)


def _in_audience(asking: Asking) -> Decision:
    audience = asking.terms.audience
    if audience is None or asking.principal.agency_slug in audience:
        return ALLOWED
    return refused("agency_audience", remedy="ask_owner")


def _has_skills(asking: Asking) -> Decision:
    missing = [skill for skill in asking.terms.skills if skill not in asking.principal.skills]
    return ALLOWED if not missing else refused("skill", remedy="add_skill", skills=",".join(missing))


def _is_not_owner(asking: Asking) -> Decision:
    # An answer to one's own question is no independent answer.
    if asking.principal.person_id != asking.terms.owner_id:
        return ALLOWED
    return refused("own_campaign", remedy="find_other_work")


_ALL_RULES = all_of(_is_open, _is_contributor, _clearance_dominates, _in_audience, _has_skills, _is_not_owner)

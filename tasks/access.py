"""The one place that decides about work: who may know a campaign, claim, open an item, read and export results.

The marketplace's own rules, those of the agency that owns the work and those of the agency whose member asks must all
hold. What a person may not know looks like what does not exist; what they may know but not do says which rule and what
would help. `access_sql` makes the WHERE of lists from the same rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from security.access import facts
from security.access.attributes import LEVELS, Value
from security.access.baseline import BASELINE
from security.access.rules import RuleSet
from security.decision import ALLOWED, Decision, Reason, refused
from security.labels import Level
from security.principal import Context, Principal, Role
from tasks import stages


@dataclass(frozen=True, slots=True)
class Terms:
    """What rules look at in a campaign. `shared_up_to` and `granted` hold for one asking person."""

    campaign_id: UUID
    agency_id: UUID
    agency_slug: str
    owner_id: UUID
    level: Level
    compartments: frozenset[str]
    audience: frozenset[str] | None
    """Slugs of the agencies whose people may take part; None for all."""
    skills: Sequence[str]
    open: bool
    published: bool = True
    """Whether it was opened; before, only those of its own agency who prepare work know of it."""
    need_to_know: bool = False
    shared_up_to: Level | None = None
    """The highest level that the asking agency shares in; its own work: all levels. None: nothing."""
    granted: bool = False
    """Whether the asking person was let in and that has not ended."""


@dataclass(frozen=True, slots=True)
class Policies:
    """The rules of agencies that apply beside the marketplace's own. `now`: for rules about the age of a sign-in."""

    sets: tuple[RuleSet, ...] = ()
    now: datetime | None = None

    @property
    def digest(self) -> str:
        """What the security record says of the rules by which something was decided, in hex.

        SHA-256 over the digests of the marketplace's own rules and of these, in the order in which they are asked.
        """
        return sha256(b"".join([BASELINE.digest, *(each.digest for each in self.sets)])).hexdigest()


def decide(action: str, principal: Principal, context: Context, terms: Terms, policies: Policies) -> Decision:
    """Whether the person may, in this situation; every rule that fails is named."""
    if not terms.published and not stages.is_insider(principal.agency_id, principal.roles, terms.agency_id):
        return refused("unpublished", remedy="find_other_work")
    about = facts_of(principal, context, policies.now, terms)
    failed = [_told(reason, principal, terms) for reason in BASELINE.refusals(action, about)]
    for rules in policies.sets:
        failed += rules.refusals(action, about)
    return Decision(tuple(failed)) if failed else ALLOWED


def facts_of(
    principal: Principal, context: Context, now: datetime | None, terms: Terms
) -> dict[str, Value | None]:
    """Everything that rules may know of one person asking for one campaign."""
    known = facts.of_principal(principal)
    known |= facts.of_context(context, now)
    known |= facts_of_terms(terms)
    return known


def facts_of_terms(terms: Terms) -> Mapping[str, Value | None]:
    """What rules may know of a campaign."""
    return {
        "resource.agency": terms.agency_slug,
        "resource.owner": terms.owner_id,
        "resource.level": LEVELS[terms.level],
        "resource.compartments": terms.compartments,
        "resource.skills": frozenset(terms.skills),
        "resource.audience": terms.audience or frozenset(),
        "resource.open_to_all": terms.audience is None,
        "resource.open": terms.open,
        "resource.shared_up_to": "none" if terms.shared_up_to is None else LEVELS[terms.shared_up_to],
        "resource.need_to_know": terms.need_to_know,
        "resource.granted": terms.granted,
    }


def _told(reason: Reason, principal: Principal, terms: Terms) -> Reason:
    """The reason with the facts that its sentence needs."""
    tell = _FACTS_TOLD.get((reason.code, reason.remedy))
    return reason if tell is None else Reason(reason.code, tell(principal, terms), reason.remedy)


def _missing_skills(principal: Principal, terms: Terms) -> dict[str, str]:
    return {"skills": ",".join(skill for skill in terms.skills if skill not in principal.skills)}


_FACTS_TOLD: Mapping[tuple[str, str | None], Callable[[Principal, Terms], dict[str, str]]] = {
    ("clearance", "ask_security_officer"): lambda _, terms: {"level": terms.level.label_key},
    ("skill", "add_skill"): _missing_skills,
    ("role", "ask_administrator"): lambda _, __: {"role": Role.CONTRIBUTOR},
    ("role", "ask_owner"): lambda _, __: {"role": Role.TASK_OWNER},
}
"""What a refusal tells beside its code. Never a compartment: its name alone can say too much."""

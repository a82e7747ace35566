"""Which agencies' rules apply: those of the person's agency and those of the agency whose work it is.

Rules that cannot be verified refuse: the person's own with RulesUnreadable, so that they learn why; those of another
agency by hiding its work.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import select

from agencies import rules
from agencies.models import Agency
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from security.access.expression import Always
from security.access.rule import Rule
from security.access.rules import RuleSet
from security.principal import Principal
from tasks.access import Policies

AGE_OF_SIGN_IN = "context.minutes_since_sign_in"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Everywhere:
    """The rules that apply to lists: the person's own agency's, and each other agency's to its own work."""

    own: RuleSet
    of_owners: Mapping[UUID, RuleSet]
    now: datetime | None

    def at(self, agency_id: UUID) -> Policies:
        """What applies to the work of one agency."""
        theirs = self.of_owners.get(agency_id)
        return Policies((self.own,) if theirs is None else (self.own, theirs), self.now)


def applying(db: Tx, principal: Principal, agency_id: UUID, rules_version: int) -> Policies:
    """What applies when this person asks for work of this agency. Raises RulesUnreadable."""
    sets = [rules.current(db, principal.agency_id, principal.rules_version)]
    if agency_id != principal.agency_id:
        sets.append(_of_owner(db, agency_id, rules_version))
    return Policies(tuple(sets), _moment(db, sets))


def everywhere(db: Tx, principal: Principal) -> Everywhere:
    """What applies when this person asks for a list. Raises RulesUnreadable."""
    own = rules.current(db, principal.agency_id, principal.rules_version)
    others = db.all(select(Agency.id, Agency.rules_version).where(Agency.id != principal.agency_id))
    found = {row.id: _of_owner(db, row.id, row.rules_version) for row in others}
    of_owners = {agency_id: made for agency_id, made in found.items() if made.rules}
    return Everywhere(own, of_owners, _moment(db, [own, *of_owners.values()]))


def _of_owner(db: Tx, agency_id: UUID, number: int) -> RuleSet:
    try:
        return rules.current(db, agency_id, number)
    except rules.RulesUnreadable:
        log.error("rules.unreadable", agency_id=str(agency_id), number=number)
        return CLOSED


def _moment(db: Tx, sets: Iterable[RuleSet]) -> datetime | None:
    """The time, where a rule asks for the age of a sign-in: nobody else pays for reading it."""
    return clock.now(db) if any(AGE_OF_SIGN_IN in each.names() for each in sets) else None


CLOSED = RuleSet(
    "",
    (
        Rule(
            id="unreadable",
            does=("know",),
            when=Always(True),
            must=Always(False),
            reason={"en": "The rules of the agency cannot be verified."},
            remedy="ask_administrator",
            code="rules_unreadable",
        ),
    ),
)
"""Stands for rules that cannot be verified: nothing may be known, so nothing may be done."""

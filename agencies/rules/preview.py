"""What a draft would change, before anybody signs it: the smallest case gained or lost, and how many people it moves.

Counts go through the one door for numbers: they need the works council's approval, show no group below k, and show no
change that is made up of fewer than k people.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Literal
from uuid import UUID

from agencies import people
from agencies.models import Membership
from agencies.numbers import register
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from security.access import facts, lattice
from security.access.attributes import ATTRIBUTES, Facts, Value
from security.access.baseline import BASELINE
from security.access.rule import ACTIONS, Rule
from security.access.rules import RuleSet

QUESTION = "rules_preview"
"""The row of the register of numbers that these counts are made under."""
MOST_CASES = 200_000
"""Beyond so many cases a page would take too long; the change is then better signed in parts."""

Case = Mapping[str, Value | None]


@dataclass(frozen=True, slots=True)
class Change:
    """The smallest case in which an action is gained or lost; `case` None: there are too many cases to look through."""

    action: str
    case: Case | None
    way: Literal["gained", "lost"] | None


@dataclass(frozen=True, slots=True)
class Reach:
    """How many of the agency's own people may do something, before and after; None: fewer than `k`.

    `moved` is False where fewer than `k` people, or nobody, would be moved: then both numbers are the same.
    """

    before: int | None
    after: int | None
    moved: bool
    k: int


def changes(old: RuleSet, new: RuleSet) -> list[Change]:
    """For each action about which the two differ, the smallest case of it. What only reads otherwise is no change."""
    before, after = _logic(old), _logic(new)
    found = []
    for action in ACTIONS:
        if before.asked(action) == after.asked(action):
            continue
        if _cases(before, after, action) > MOST_CASES:
            found.append(Change(action, None, None))
            continue
        difference = lattice.smallest_difference(before, after, action)
        if difference is not None:
            found.append(Change(action, *difference))
    return found


def _logic(rules: RuleSet) -> RuleSet:
    """The rules without their words, in one order: equal where they decide alike rule by rule."""
    bare = [replace(rule, reason={}, remedy="", examples=()) for rule in rules.rules]
    return RuleSet(rules.agency, tuple(sorted(bare, key=lambda rule: rule.id)))


def _cases(old: RuleSet, new: RuleSet, action: str) -> int:
    """How many cases there are over everything that the rules about an action speak of."""
    asked: Sequence[Rule] = (*old.asked(action), *new.asked(action))
    named = lattice.named_by(asked)
    attributes = [ATTRIBUTES[name] for name in old.names(action) | new.names(action)]
    return prod(len(lattice.values(each, named.get(each.of, ()))) for each in attributes)


class OwnPeople:
    """The people of one agency, as rules see them: alike ones are one row with a count."""

    def __init__(self, db: Tx, agency_id: UUID) -> None:
        rows = db.all(people.acting(clock.at(db)).where(Membership.agency_id == agency_id))
        alike = Counter(_key(facts.of_principal(people.principal_from(row))) for row in rows)
        self._rows = [(dict(key), count) for key, count in alike.items()]
        self._k = register.approved(db, agency_id).get(QUESTION)
        self._db, self._agency_id = db, agency_id

    @property
    def k(self) -> int | None:
        """The smallest group that may be counted; None where the works council has not agreed."""
        return self._k

    def reach(self, old: RuleSet, new: RuleSet, action: str, circumstances: Facts, thing: Facts) -> Reach:
        """How many may do this to that, in these circumstances. Raises NumberNotApproved."""
        before = after = moved = 0
        for about, count in self._rows:
            case = {**about, **circumstances, **thing}
            ever = BASELINE.allows(action, case)
            was, will = ever and old.allows(action, case), ever and new.allows(action, case)
            before, after, moved = before + was * count, after + will * count, moved + (was != will) * count
        shown = register.guarded(self._db, self._agency_id, QUESTION, before)
        k = self._k or 0
        if moved < k:
            # That somebody was moved is itself a number about few.
            return Reach(shown, shown, False, k)
        return Reach(shown, register.guarded(self._db, self._agency_id, QUESTION, after), True, k)


def _key(about: Mapping[str, Value | None]) -> frozenset[tuple[str, Value | None]]:
    return frozenset((name, value) for name, value in about.items() if name != "principal.person")


def a_task(agency: str, level: str) -> dict[str, Value | None]:
    """A task of the agency that stands open to everybody, as rules see it."""
    return {
        "resource.agency": agency,
        "resource.level": level,
        "resource.compartments": frozenset(),
        "resource.skills": frozenset(),
        "resource.audience": frozenset(),
        "resource.open_to_all": True,
        "resource.open": True,
        "resource.shared_up_to": "restricted",
        "resource.need_to_know": False,
        "resource.granted": False,
        "resource.owner": "somebody",
    }


def circumstances(zone: str, device: str, factor: str, minutes: int | None) -> dict[str, Value | None]:
    """Somebody at work in a browser, in these circumstances."""
    return {
        "context.zone": zone,
        "context.device": device,
        "context.factor": factor,
        "context.minutes_since_sign_in": minutes,
        "context.channel": "web",
        "principal.person": "anybody",
    }

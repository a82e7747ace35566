"""The rules of one agency: every one that is asked about an action must hold; a further rule can only take away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Self

from security.access import documents, expression
from security.access.attributes import Facts
from security.access.compiling import Truth
from security.access.rule import ACTIONS, Rule, conditions
from security.canonical import canonical_bytes
from security.decision import ALLOWED, Decision, Reason

_Compiled = tuple[Truth | None, Truth, Rule, Reason]
"""A rule's `when` (None: always) and `must`, the rule, and why it says no."""


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules of one agency, in the order in which their reasons are told."""

    agency: str
    rules: tuple[Rule, ...]
    _asked: Mapping[str, Sequence[_Compiled]] = field(init=False, repr=False, compare=False)
    _digest: list[bytes] = field(init=False, repr=False, compare=False, default_factory=list)

    def __post_init__(self) -> None:
        compiled = [(*conditions(rule), rule, rule.refusal(self.agency)) for rule in self.rules]
        asked = {action: [each for each in compiled if each[2].is_asked(action)] for action in ACTIONS}
        object.__setattr__(self, "_asked", asked)

    @classmethod
    def parse(cls, data: Any, *, own_codes: bool = False) -> Self:
        """Read and check rules from JSON. Raises InvalidRules with every rule that is wrong and where.

        `own_codes`: the marketplace's own rules name codes that its pages translate; those of agencies may not.
        """
        return cls(*documents.read(data, own_codes=own_codes))

    def json(self) -> dict[str, Any]:
        """The JSON that `parse` reads as these rules."""
        return documents.written(self.agency, self.rules)

    @property
    def digest(self) -> bytes:
        """SHA-256 over the rules in canonical form (RFC 8785): what an agency signs of them."""
        if not self._digest:
            self._digest.append(sha256(canonical_bytes(self.json())).digest())
        return self._digest[0]

    def decide(self, action: str, facts: Facts) -> Decision:
        """Whether the action is allowed; every rule that does not hold is a reason."""
        failed = self.refusals(action, facts)
        return Decision(tuple(failed)) if failed else ALLOWED

    def refusals(self, action: str, facts: Facts) -> list[Reason]:
        """Why not: one reason per rule that does not hold."""
        return [reason for _, reason in self._failed(action, facts)]

    def allows(self, action: str, facts: Facts) -> bool:
        """`decide(…).allowed`, sooner: the first rule that fails is enough."""
        return all(
            must(facts) is True or (when is not None and when(facts) is False)
            for when, must, _, _ in self._asked[action]
        )

    def failing(self, action: str, facts: Facts) -> tuple[Rule, ...]:
        """The rules that do not hold."""
        return tuple(rule for rule, _ in self._failed(action, facts))

    def _failed(self, action: str, facts: Facts) -> list[tuple[Rule, Reason]]:
        return [
            (rule, reason)
            for when, must, rule, reason in self._asked[action]
            if must(facts) is not True and (when is None or when(facts) is not False)
        ]

    def asked(self, action: str) -> tuple[Rule, ...]:
        """The rules that are asked about an action."""
        return tuple(rule for _, _, rule, _ in self._asked[action])

    def names(self, action: str | None = None) -> frozenset[str]:
        """The attributes that the rules (about one action) speak of."""
        rules = self.rules if action is None else self.asked(action)
        return frozenset().union(
            *(expression.names(rule.when) | expression.names(rule.must) for rule in rules)
        )

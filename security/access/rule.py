"""One rule: *when* this is so, that *must* be so. With an id, a reason, a remedy and its own examples.

A condition that cannot be known applies, a demand that cannot be known fails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from security.access.attributes import Facts, Value
from security.access.compiling import Truth, closure
from security.access.expression import Always, Expr
from security.decision import Reason

ASKED: Mapping[str, frozenset[str]] = {
    "know": frozenset({"know"}),
    "claim": frozenset({"know", "claim"}),
    "open": frozenset({"know", "open"}),
    "results": frozenset({"know", "results"}),
    "export": frozenset({"know", "results", "export"}),
}
"""The actions, and the rules about which actions each of them asks: nobody does what they may not know."""

ACTIONS = tuple(ASKED)


@dataclass(frozen=True, slots=True)
class Example:
    """A case, whether the rule lets it pass, and why. What the case leaves out is not known."""

    case: Mapping[str, Value]
    allowed: bool
    why: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `reason` is a sentence by language; `code` names the marketplace's own rules in all languages."""

    id: str
    does: tuple[str, ...]
    when: Expr
    must: Expr
    reason: Mapping[str, str]
    remedy: str
    examples: tuple[Example, ...] = ()
    code: str | None = None

    def is_asked(self, action: str) -> bool:
        return not ASKED[action].isdisjoint(self.does)

    def refusal(self, agency: str) -> Reason:
        """Why this rule says no."""
        if self.code is not None:
            return Reason(self.code, {}, self.remedy)
        texts = {f"text_{language}": text for language, text in self.reason.items()}
        return Reason("agency_rule", {"agency": agency, "rule": self.id, **texts}, self.remedy)


def holding(rule: Rule) -> Callable[[Facts], bool]:
    """The function that tells whether a rule holds for facts."""
    when, must = conditions(rule)
    return lambda facts: must(facts) is True or (when is not None and when(facts) is False)


def conditions(rule: Rule) -> tuple[Truth | None, Truth]:
    """A rule's `when` (None: always) and `must`, compiled."""
    return None if rule.when == Always(True) else closure(rule.when), closure(rule.must)

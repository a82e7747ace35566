"""A rule's own examples: what its author says about a case must be what the rule says."""

from __future__ import annotations

from dataclasses import dataclass

from security.access.rules import Example, Rule, RuleSet, holding


@dataclass(frozen=True, slots=True)
class Failure:
    """The example `number` (from 0) of `rule` says otherwise than the rule."""

    rule: str
    number: int
    example: Example
    allowed: bool
    """What the rule says."""


def run(rules: RuleSet) -> list[Failure]:
    """Every example that its rule disagrees with. Only the rule itself is asked, not its neighbours."""
    return [failure for rule in rules.rules for failure in of_rule(rule)]


def of_rule(rule: Rule) -> list[Failure]:
    """The examples of one rule that it disagrees with."""
    holds = holding(rule)
    answers = [holds(example.case) for example in rule.examples]
    return [
        Failure(rule.id, number, example, answer)
        for number, (example, answer) in enumerate(zip(rule.examples, answers, strict=True))
        if answer is not example.allowed
    ]

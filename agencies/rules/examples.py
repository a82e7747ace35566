"""Whether a draft says what its author means: each rule's own examples, and examples to begin with. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from security.access import lattice
from security.access.attributes import ATTRIBUTES, Value
from security.access.expression import Always
from security.access.rule import Example, Rule, holding
from security.access.rules import RuleSet

MOST_TRIED = 20_000
"""Cases that are looked through for suggestions; rules of people are found among the first few."""


@dataclass(frozen=True, slots=True)
class Checked:
    """An example and whether the rule says the same. `number` counts within the rule, from 0."""

    rule_id: str
    number: int
    example: Example
    agrees: bool

    @property
    def place(self) -> str:
        return f"{self.rule_id}.examples[{self.number}]"


def checked(rules: RuleSet) -> list[Checked]:
    """Every example of every rule."""
    return [each for rule in rules.rules for each in of_rule(rule)]


def of_rule(rule: Rule) -> list[Checked]:
    """The examples of one rule. Only the rule itself is asked, not its neighbours."""
    holds = holding(rule)
    return [
        Checked(rule.id, number, example, holds(example.case) is example.allowed)
        for number, example in enumerate(rule.examples)
    ]


def faults(rules: RuleSet) -> dict[str, list[str]]:
    """What keeps these rules from being signed, by place: examples that disagree, and rules without examples.

    A rule needs one case that may and one that may not: without both, nothing was tried.
    """
    found = {each.place: [_SAYS[not each.example.allowed]] for each in checked(rules) if not each.agrees}
    for rule in rules.rules:
        shown = {example.allowed for example in rule.examples}
        missing = [sentence for allowed, sentence in _MISSING.items() if allowed not in shown]
        if missing:
            found[f"{rule.id}.examples"] = missing
    return found


_SAYS = {True: "The rule allows this.", False: "The rule does not allow this."}
_MISSING = {
    True: "Add an example of what may be done.",
    False: "Add an example of what may not be done.",
}


def suggested(rule: Rule, allowed: bool) -> Mapping[str, Value] | None:
    """A plain case that the rule lets pass, or not, to begin with; None where there is none to be found.

    A case that the rule applies to is better than one that it does not ask about.
    """
    holds, spared = holding(rule), holding(_only_when(rule))
    second: Mapping[str, Value | None] | None = None
    for case in _first(RuleSet("", (rule,)).names(), [rule]):
        if holds(case) is not allowed:
            continue
        if not spared(case):
            return _known(case)
        second = second or case
    return None if second is None else _known(second)


def _known(case: Mapping[str, Value | None]) -> dict[str, Value]:
    return {name: value for name, value in case.items() if value is not None}


def _only_when(rule: Rule) -> Rule:
    """A rule that holds exactly where this one does not apply."""
    return Rule("when", rule.does, rule.when, Always(False), {}, rule.remedy)


def _first(
    names: Sequence[str] | frozenset[str], rules: Sequence[Rule]
) -> Iterator[Mapping[str, Value | None]]:
    for at, case in enumerate(lattice.cases(names, named=lattice.named_by(rules))):
        if at >= MOST_TRIED:
            return
        if all(value is not None or not ATTRIBUTES[name].evidence for name, value in case.items()):
            yield case

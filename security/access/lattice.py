"""Every case there is: the finite lattice over the attributes that rules speak of.

Of an attribute with endlessly many values only those matter that rules can tell apart: the values they name, what lies
just beside a number, and one that nobody names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import combinations, product
from math import prod
from typing import Literal

from security.access import expression
from security.access.attributes import ATTRIBUTES, Attribute, Facts, Kind, Value
from security.access.errors import TooManyCases
from security.access.expression import Ref, Test
from security.access.rule import Rule
from security.access.rules import RuleSet

MOST_CASES, MOST_CHECKED = 200_000, 20_000
SOME, OTHER = "some", "another"
"""Stand for words that no rule names; two, so that two attributes can be alike or not."""

Named = Mapping[str, frozenset[str | int]]


def cases(
    attributes: Iterable[str], *, named: Named | None = None, unknown: bool = False
) -> Iterator[dict[str, Value | None]]:
    """Every combination of the values that matter. `named`: the values that rules name, by vocabulary.

    `unknown`: every attribute may also be missing; otherwise only evidence may.
    """
    names = sorted(attributes)
    choices = [
        values(ATTRIBUTES[name], (named or {}).get(ATTRIBUTES[name].of, ()), unknown) for name in names
    ]
    for chosen in product(*choices):
        yield dict(zip(names, chosen, strict=True))


def named_by(rules: Iterable[Rule]) -> Named:
    """The values that rules name, by vocabulary."""
    found: dict[str, set[str | int]] = {}
    for rule in rules:
        for test in (*expression.tests(rule.when), *expression.tests(rule.must)):
            found.setdefault(test.attribute.of, set()).update(_values_in(test))
    return {of: frozenset(words) for of, words in found.items()}


def _values_in(test: Test) -> tuple[str | int, ...]:
    if isinstance(test.against, Ref):
        return () if test.attribute.words or test.attribute.kind is Kind.NUMBER else (SOME,)
    return test.against if isinstance(test.against, tuple) else (test.against,)


def values(
    attribute: Attribute, named: Iterable[str | int] = (), unknown: bool = False
) -> Sequence[Value | None]:
    """The values of one attribute that matter, the ordinary one first."""
    known: list[Value | None]
    if attribute.kind is Kind.FLAG:
        known = [False, True]
    elif attribute.kind is Kind.ORDERED:
        known = list(reversed(attribute.words)) if attribute.of != "level" else list(attribute.words)
    elif attribute.kind is Kind.NUMBER:
        numbers = {int(number) for number in named}
        known = [*sorted({0} | {near for number in numbers for near in (number, number + 1)})]
    elif attribute.kind is Kind.WORDS:
        known = list(_subsets(sorted(str(word) for word in named) or [OTHER]))
    else:
        words = {str(word) for word in named} & set(attribute.words or named)
        known = [*sorted(words), OTHER] if not attribute.words else list(attribute.words)
    return [*known, None] if unknown or attribute.evidence else known


def _subsets(words: Sequence[str]) -> Iterator[frozenset[str]]:
    """None, each, and all of the words; every combination where there are three at most."""
    sizes = range(len(words) + 1) if len(words) <= 3 else (0, 1, len(words))
    for size in sizes:
        yield from (frozenset(chosen) for chosen in combinations(words, size))


def smallest_difference(
    old: RuleSet, new: RuleSet, action: str
) -> tuple[dict[str, Value | None], Literal["gained", "lost"]] | None:
    """The smallest case in which two versions differ about an action, and what a person gains or loses by `new`.

    Smallest: the fewest attributes away from the ordinary (no partner, nothing shared, in the office, just signed
    in); what does not matter to the difference is left out. None: the versions never differ. Raises TooManyCases.
    """
    if old.asked(action) == new.asked(action):
        return None
    asked = (*old.asked(action), *new.asked(action))
    named = named_by(asked)
    names = sorted(old.names(action) | new.names(action))
    choices = {name: values(ATTRIBUTES[name], named.get(ATTRIBUTES[name].of, ())) for name in names}
    for case in _nearest_first(choices):
        before, after = old.allows(action, case), new.allows(action, case)
        if before is not after:
            return _needed(case, choices, _alike(old, new, action, case)), "gained" if after else "lost"
    return None


def _alike(old: RuleSet, new: RuleSet, action: str, case: Facts) -> Callable[[Facts], bool]:
    """Whether the versions say of other facts what they say of this case."""
    before, after = old.allows(action, case), new.allows(action, case)
    return lambda facts: old.allows(action, facts) is before and new.allows(action, facts) is after


def _nearest_first(choices: Mapping[str, Sequence[Value | None]]) -> Iterator[dict[str, Value | None]]:
    """Every case, those first that differ least from the ordinary one."""
    ordinary = {name: values[0] for name, values in choices.items()}
    seen = 0
    for count in range(len(choices) + 1):
        for chosen in combinations(choices, count):
            for other in product(*(choices[name][1:] for name in chosen)):
                seen += 1
                if seen > MOST_CASES:
                    raise TooManyCases()
                yield ordinary | dict(zip(chosen, other, strict=True))


def _needed(
    case: dict[str, Value | None],
    choices: Mapping[str, Sequence[Value | None]],
    still: Callable[[Facts], bool],
) -> dict[str, Value | None]:
    """The part of the case that matters: whatever the values of the rest, the versions differ in the same way."""
    free: list[str] = []
    for name in choices:
        rest = [*free, name]
        if prod(len(choices[each]) for each in rest) > MOST_CHECKED:
            continue
        others = product(*(choices[each] for each in rest))
        if all(still(case | dict(zip(rest, chosen, strict=True))) for chosen in others):
            free = rest
    return {name: value for name, value in case.items() if name not in free}

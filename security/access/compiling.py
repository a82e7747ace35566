"""A tree of conditions as a Python function of three answers (Kleene): True, False, None where it cannot be known."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, assert_never

from security.access.attributes import ATTRIBUTES, Facts, Kind
from security.access.expression import AllOf, Always, AnyOf, Expr, Not, Ref, Test

Truth = Callable[[Facts], bool | None]


def closure(expr: Expr) -> Truth:
    """The function that answers `expr` for facts."""
    match expr:
        case Always(value):
            return lambda facts: value
        case Not(part):
            return _not(closure(part))
        case AllOf(parts):
            return _joined([closure(part) for part in parts], decisive=False)
        case AnyOf(parts):
            return _joined([closure(part) for part in parts], decisive=True)
        case Test(verb, name, Ref(other)):
            return _between(verb, name, other)
        case Test():
            return _about(expr)
        case never:
            assert_never(never)


def _not(part: Truth) -> Truth:
    def answer(facts: Facts) -> bool | None:
        found = part(facts)
        return None if found is None else not found

    return answer


def _joined(parts: list[Truth], *, decisive: bool) -> Truth:
    """All of the parts (`decisive` False) or any of them (True): the decisive answer ends the search."""

    def answer(facts: Facts) -> bool | None:
        known: bool | None = not decisive
        for part in parts:
            found = part(facts)
            if found is decisive:
                return decisive
            if found is None:
                known = None
        return known

    return answer


def _about(test: Test) -> Truth:
    """One attribute against constants; wherever it can be, the answer is one look-up in a set made beforehand."""
    name, against = test.name, test.against
    if test.verb == "is":
        return _equal(name, against)
    if test.verb == "has":
        return _containing(name, against)
    if test.verb == "has_all":
        assert isinstance(against, tuple)
        return _asked(name, frozenset(against).issubset)
    if test.attribute.kind is Kind.NUMBER and test.verb != "one_of":
        ordering = _ORDERINGS[test.verb]
        return _asked(name, lambda value: bool(ordering(value, against)))
    return _among(name, _meeting(test))


def _equal(name: str, against: Any) -> Truth:
    def answer(facts: Facts) -> bool | None:
        value = facts.get(name)
        return None if value is None else value == against

    return answer


def _containing(name: str, word: Any) -> Truth:
    def answer(facts: Facts) -> bool | None:
        words: Any = facts.get(name)
        return None if words is None else word in words

    return answer


def _asked(name: str, condition: Callable[[Any], bool]) -> Truth:
    def answer(facts: Facts) -> bool | None:
        value = facts.get(name)
        return None if value is None else condition(value)

    return answer


def _among(name: str, meeting: frozenset[Any]) -> Truth:
    def answer(facts: Facts) -> bool | None:
        value = facts.get(name)
        return None if value is None else value in meeting

    return answer


def _meeting(test: Test) -> frozenset[Any]:
    """The values that meet a question about one of several, or about the order of words."""
    if isinstance(test.against, tuple):
        return frozenset(test.against)
    ordering, ranks = _ORDERINGS[test.verb], test.attribute.ranks
    bound = ranks[str(test.against)]
    return frozenset(word for word in ranks if ordering(ranks[word], bound))


def _between(verb: str, name: str, other: str) -> Truth:
    """One attribute against another of the same vocabulary."""
    attribute = ATTRIBUTES[name]
    if verb in _ORDERINGS and attribute.kind is Kind.ORDERED:
        return _ranked(_ORDERINGS[verb], attribute.ranks, name, other)
    condition = _BETWEEN[verb]

    def answer(facts: Facts) -> bool | None:
        value, against = facts.get(name), facts.get(other)
        return None if value is None or against is None else condition(value, against)

    return answer


def _ranked(ordering: Callable[[Any, Any], bool], ranks: Mapping[str, int], name: str, other: str) -> Truth:
    def answer(facts: Facts) -> bool | None:
        value, against = facts.get(name), facts.get(other)
        if value is None or against is None:
            return None
        return ordering(ranks[value], ranks[against])  # type: ignore[index] # words of an ordered vocabulary

    return answer


_ORDERINGS: Mapping[str, Callable[[Any, Any], bool]] = {"at_least": operator.ge, "at_most": operator.le}

_BETWEEN: Mapping[str, Callable[[Any, Any], bool]] = {
    **_ORDERINGS,
    "is": operator.eq,
    "has": operator.contains,
    "has_all": operator.ge,  # of frozensets: is a superset of
}

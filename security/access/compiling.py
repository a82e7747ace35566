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
            return _between(_BETWEEN[verb](name), name, other)
        case Test():
            return _about(_condition(expr), expr.name)
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


def _about(condition: Callable[[Any], bool], name: str) -> Truth:
    def answer(facts: Facts) -> bool | None:
        value = facts.get(name)
        return None if value is None else condition(value)

    return answer


def _between(condition: Callable[[Any, Any], bool], name: str, other: str) -> Truth:
    def answer(facts: Facts) -> bool | None:
        value, against = facts.get(name), facts.get(other)
        return None if value is None or against is None else condition(value, against)

    return answer


def _condition(test: Test) -> Callable[[Any], bool]:
    """What the value must meet, as one look-up wherever the answer can be worked out beforehand."""
    against: Any = test.against
    match test.verb:
        case "is":
            return lambda value: bool(value == against)
        case "one_of":
            return frozenset(against).__contains__
        case "has":
            return lambda value: against in value
        case "has_all":
            return frozenset(against).issubset
    ordering = _ORDERINGS[test.verb]
    if test.attribute.kind is Kind.NUMBER:
        return lambda value: bool(ordering(value, against))
    ranks = test.attribute.ranks
    return frozenset(word for word in ranks if ordering(ranks[word], ranks[against])).__contains__


def _compared(ordering: Callable[[Any, Any], bool]) -> Callable[[str], Callable[[Any, Any], bool]]:
    def of(name: str) -> Callable[[Any, Any], bool]:
        attribute = ATTRIBUTES[name]
        if attribute.kind is Kind.NUMBER:
            return ordering
        ranks = attribute.ranks
        return lambda value, against: ordering(ranks[value], ranks[against])

    return of


_ORDERINGS: Mapping[str, Callable[[Any, Any], bool]] = {"at_least": operator.ge, "at_most": operator.le}

_BETWEEN: Mapping[str, Callable[[str], Callable[[Any, Any], bool]]] = {
    "is": lambda name: operator.eq,
    "at_least": _compared(operator.ge),
    "at_most": _compared(operator.le),
    "has": lambda name: operator.contains,
    "has_all": lambda name: operator.ge,  # of frozensets: is a superset of
}

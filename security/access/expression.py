"""What a rule says, as a tree read from JSON and checked against the attributes.

    EXPR = true | false | {"all": [EXPR…]} | {"any": [EXPR…]} | {"not": EXPR}
         | {"is": [ATTR, V]}          | {"one_of": [ATTR, [V…]]}
         | {"at_least": [ATTR, V]}    | {"at_most": [ATTR, V]}
         | {"has": [SET, V]}          | {"has_all": [SET, [V…]]}

A V, and the list of `has_all`, may also be {"attr": ATTR}: another attribute of the same vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from security.access.attributes import ATTRIBUTES, Attribute, Kind
from security.access.errors import InvalidRules

DEEPEST, MOST_PARTS, LONGEST_WORD, LARGEST_NUMBER = 8, 40, 60, 525_600


@dataclass(frozen=True, slots=True)
class Always:
    """Holds always, or never."""

    value: bool


@dataclass(frozen=True, slots=True)
class AllOf:
    parts: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: Expr


@dataclass(frozen=True, slots=True)
class Ref:
    """The value of another attribute."""

    name: str


@dataclass(frozen=True, slots=True)
class Test:
    """One question about one attribute: `verb` is a key of `VERBS`."""

    verb: str
    name: str
    against: str | int | bool | tuple[str | int, ...] | Ref

    @property
    def attribute(self) -> Attribute:
        return ATTRIBUTES[self.name]


Expr = Always | AllOf | AnyOf | Not | Test

_SINGLE = frozenset({Kind.ORDERED, Kind.NUMBER, Kind.FLAG, Kind.WORD, Kind.ID})

VERBS: Mapping[str, frozenset[Kind]] = {
    "is": _SINGLE,
    "one_of": frozenset({Kind.ORDERED, Kind.NUMBER, Kind.WORD}),
    "at_least": frozenset({Kind.ORDERED, Kind.NUMBER}),
    "at_most": frozenset({Kind.ORDERED, Kind.NUMBER}),
    "has": frozenset({Kind.WORDS}),
    "has_all": frozenset({Kind.WORDS}),
}
"""The questions, and the kinds of attribute that each may be asked of."""


def parse(data: Any, place: str = "expression") -> Expr:
    """The tree. Raises InvalidRules with the place of the first thing that is wrong."""
    return _parse(data, place, 0)


def to_json(expr: Expr) -> Any:
    """The JSON that `parse` reads as this tree."""
    match expr:
        case Always(value):
            return value
        case AllOf(parts):
            return {"all": [to_json(part) for part in parts]}
        case AnyOf(parts):
            return {"any": [to_json(part) for part in parts]}
        case Not(part):
            return {"not": to_json(part)}
        case Test(verb, name, Ref(other)):
            return {verb: [name, {"attr": other}]}
        case Test(verb, name, against):
            return {verb: [name, list(against) if isinstance(against, tuple) else against]}


def tests(expr: Expr) -> Iterator[Test]:
    """Every question in the tree."""
    match expr:
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from tests(part)
        case Not(part):
            yield from tests(part)
        case Test():
            yield expr


def names(expr: Expr) -> frozenset[str]:
    """The attributes that the tree speaks of."""
    return frozenset(name for test in tests(expr) for name in _names(test))


def _names(test: Test) -> Iterator[str]:
    yield test.name
    if isinstance(test.against, Ref):
        yield test.against.name


def _parse(data: Any, place: str, depth: int) -> Expr:
    if isinstance(data, bool):
        return Always(data)
    if not isinstance(data, dict) or len(data) != 1:
        raise _wrong(place, "This must be true, false, or an object with one key.")
    if depth >= DEEPEST:
        raise _wrong(place, f"Conditions may stand {DEEPEST} deep in each other, no deeper.")
    ((word, content),) = data.items()
    here = f"{place}.{word}"
    if word in ("all", "any"):
        parts = tuple(
            _parse(part, f"{here}[{at}]", depth + 1) for at, part in enumerate(_list(content, here))
        )
        return AllOf(parts) if word == "all" else AnyOf(parts)
    if word == "not":
        return Not(_parse(content, here, depth + 1))
    if word in VERBS:
        return _test(word, content, here)
    raise _wrong(place, f"There is no condition called “{str(word)[:LONGEST_WORD]}”.")


def _test(verb: str, content: Any, place: str) -> Test:
    if not isinstance(content, list) or len(content) != 2:
        raise _wrong(place, "This must be a list of an attribute and a value.")
    name, value = content
    attribute = ATTRIBUTES.get(name) if isinstance(name, str) else None
    if attribute is None:
        raise _wrong(place, f"There is no attribute called “{str(name)[:LONGEST_WORD]}”.")
    if attribute.kind not in VERBS[verb]:
        raise _wrong(place, f"“{verb}” cannot be asked of {name}.")
    if isinstance(value, dict):
        return Test(verb, attribute.name, _ref(verb, attribute, value, place))
    if verb in ("one_of", "has_all"):
        values = tuple(
            _value(attribute, each, f"{place}[{at}]") for at, each in enumerate(_list(value, place))
        )
        return Test(verb, attribute.name, values)
    return Test(verb, attribute.name, _value(attribute, value, place))


def _ref(verb: str, attribute: Attribute, value: Mapping[str, Any], place: str) -> Ref:
    other = ATTRIBUTES.get(str(value.get("attr"))) if set(value) == {"attr"} else None
    if other is None:
        raise _wrong(place, "An object here must be {“attr”: the name of an attribute}.")
    wanted = {"has": Kind.WORD, "has_all": Kind.WORDS}.get(verb, attribute.kind)
    if verb == "one_of" or other.kind is not wanted or other.of != attribute.of:
        raise _wrong(place, f"{attribute.name} and {other.name} cannot be compared like this.")
    return Ref(other.name)


def _value(attribute: Attribute, value: Any, place: str) -> Any:
    if attribute.kind is Kind.FLAG:
        right = isinstance(value, bool)
    elif attribute.kind is Kind.NUMBER:
        right = type(value) is int and 0 <= value <= LARGEST_NUMBER
    elif attribute.kind is Kind.ID:
        # A signed rule that names a person would be a record about them that nobody can erase.
        right = False
    elif attribute.words:
        right = isinstance(value, str) and value in attribute.words
    else:
        right = isinstance(value, str) and 0 < len(value) <= LONGEST_WORD and value.isprintable()
    if not right:
        raise _wrong(place, f"This value does not fit {attribute.name}. {_values_in_words(attribute)}")
    return value


def _values_in_words(attribute: Attribute) -> str:
    if attribute.kind is Kind.FLAG:
        return "Use true or false."
    if attribute.kind is Kind.NUMBER:
        return f"Use a whole number from 0 to {LARGEST_NUMBER}."
    if attribute.kind is Kind.ID:
        return "It can be compared with another attribute only."
    return f"Use one of: {', '.join(attribute.words)}." if attribute.words else "Use a short word."


def _list(content: Any, place: str) -> Sequence[Any]:
    if not isinstance(content, list) or not 1 <= len(content) <= MOST_PARTS:
        raise _wrong(place, f"This must be a list of 1 to {MOST_PARTS}.")
    return content


def _wrong(place: str, sentence: str) -> InvalidRules:
    return InvalidRules(errors={place: [sentence]})

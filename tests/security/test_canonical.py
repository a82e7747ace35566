"""Canonical JSON: the examples of RFC 8785, its order and escapes, and everything we refuse."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from security.canonical import (
    DEEPEST_NESTING,
    LARGEST_INTEGER,
    NotCanonical,
    canonical_bytes,
    is_plain,
    plain_bytes,
)
from security.labels import Level
from security.principal import Role

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = st.none() | st.booleans() | st.integers(-LARGEST_INTEGER, LARGEST_INTEGER) | TEXT
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=20)


def test_names_are_ordered_by_utf16_code_units() -> None:
    """The sorting example of RFC 8785, section 3.2.3."""
    names = {
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\U0001f600": "Emoji: Grinning Face",
        "\u0080": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis",
    }
    assert [*json.loads(canonical_bytes(names))] == [
        "\r",
        "1",
        "\u0080",
        "\u00f6",
        "\u20ac",
        "\U0001f600",
        "\ufb33",
    ]


def test_text_is_escaped_as_the_rfc_spells_it() -> None:
    """The string of RFC 8785, section 3.2.2, and the control characters around it."""
    assert canonical_bytes('\u20ac$\x0f\nA\'B"\\\\"/') == (b'"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"')
    assert canonical_bytes("\b\t\n\f\r\x00\x1f\x7f") == b'"\\b\\t\\n\\f\\r\\u0000\\u001f\x7f"'


def test_there_is_no_space_between_things() -> None:
    assert canonical_bytes({"b": [1, None, True], "a": {}}) == b'{"a":{},"b":[1,null,true]}'


def test_enumerations_are_written_as_what_they_stand_for() -> None:
    assert canonical_bytes([Level.SENSITIVE, (False,)]) == b"[2,[false]]"


def test_largest_integers_pass() -> None:
    assert canonical_bytes([2**53 - 1, -(2**53) + 1]) == b"[9007199254740991,-9007199254740991]"


@given(VALUES)
def test_what_is_plain_is_written_the_same_at_once(value: object) -> None:
    assert not is_plain(value) or plain_bytes(value) == canonical_bytes(value)


@pytest.mark.parametrize("value", [1.5, {"ä": 1}, 2**53, "\ud800", [[1.5]], {1: 2}, {"a": {1.0}}])
def test_what_the_library_might_write_otherwise_is_not_plain(value: object) -> None:
    assert not is_plain(value)


@pytest.mark.parametrize("value", [Level.SENSITIVE, [Role.CONTRIBUTOR], (True, None)])
def test_enumerations_are_plain_and_written_as_what_they_stand_for(value: object) -> None:
    assert is_plain(value)
    assert plain_bytes(value) == canonical_bytes(value)


def test_what_lies_too_deep_is_not_plain() -> None:
    deep: list[object] = []
    for _ in range(DEEPEST_NESTING):
        deep = [deep]
    assert not is_plain(deep)


@given(VALUES)
def test_reading_back_gives_the_same_value(value: object) -> None:
    assert json.loads(canonical_bytes(value)) == value


@given(st.dictionaries(TEXT, SCALARS))
def test_order_of_insertion_does_not_matter(members: dict[str, object]) -> None:
    assert canonical_bytes(members) == canonical_bytes(dict(reversed(members.items())))


def nested(depth: int) -> list[object]:
    value: list[object] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "reason", "path"),
    [
        ({"a": [1, 0.5]}, "float", "$.a[1]"),
        (float("nan"), "float", "$"),
        (2**53, "integer_too_large", "$"),
        (-(2**53), "integer_too_large", "$"),
        ({"x": "\ud800"}, "surrogate", "$.x"),
        ({"\udc00": 1}, "surrogate", "$"),
        ({1: 2}, "key_not_text", "$"),
        (b"bytes", "unknown_type", "$"),
        ({1, 2}, "unknown_type", "$"),
    ],
)
def test_what_has_no_single_form_is_refused(value: object, reason: str, path: str) -> None:
    with pytest.raises(NotCanonical) as refusal:
        canonical_bytes(value)
    assert refusal.value.facts == {"reason": reason, "path": path}


def test_a_value_that_holds_itself_is_refused() -> None:
    circle: list[object] = []
    circle.append(circle)
    with pytest.raises(NotCanonical) as refusal:
        canonical_bytes(circle)
    assert refusal.value.facts["reason"] == "too_deep"
    assert canonical_bytes(nested(DEEPEST_NESTING)).startswith(b"[[")

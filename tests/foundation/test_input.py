"""What may come in: each class of bad JSON and of bad fields is refused with a sentence."""

import json
import time
import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError, fields

from marketplace.foundation.input import (
    MOST_DEPTH,
    BadFields,
    BadJson,
    Flag,
    Input,
    Text,
    Whole,
    clean,
    load_json,
)


class Person(Input):
    """A schema with one field of each strict kind."""

    name = Text(10)
    age = Whole(0, 150)
    remark = Text(5, may_be_empty=True)
    tags = fields.List(fields.String())
    yes = Flag()


BAD_JSON = {
    "not JSON": b"{",
    "nothing": b"",
    "a comment": b'{"a": 1} // why',
    "a duplicate key": b'{"a": 1, "a": 2}',
    "a duplicate key inside": b'{"x": {"a": 1, "a": 2}}',
    "a duplicate key spelled with an escape": b'{"a": 1, "\\u0061": 2}',
    "NaN": b'{"a": NaN}',
    "Infinity": b"[Infinity]",
    "minus Infinity": b"[-Infinity]",
    "a number beyond every double": b"[1e400]",
    "a number with very many digits": b"[" + b"9" * 5000 + b"]",
    "Latin-1": '{"a": "é"}'.encode("latin-1"),
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "too deep": b"[" * (MOST_DEPTH + 1) + b"]" * (MOST_DEPTH + 1),
    "far too deep": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 40 + b"1" + b"}" * 40,
    "a raw line break in a text": b'["a\nb"]',
    "two values": b"1 2",
    "single quotes": b"{'a': 1}",
    "a comma too many": b'{"a": 1,}',
    "a number of 21 digits": b"[123456789012345678901]",
}


@pytest.mark.parametrize("body", BAD_JSON.values(), ids=BAD_JSON.keys())
def test_bad_json_is_refused(body: bytes) -> None:
    with pytest.raises(BadJson):
        load_json(body)


def test_another_charset_is_refused() -> None:
    with pytest.raises(BadJson, match="UTF-8"):
        load_json(b"{}", "iso-8859-1")


def test_brackets_in_a_text_are_no_depth() -> None:
    assert load_json(b'["' + b"[{" * 100 + b'"]') == ["[{" * 100]


def test_brackets_after_an_escaped_quote_are_still_text() -> None:
    assert load_json(json.dumps(['"' + "[" * 50]).encode()) == ['"' + "[" * 50]


def test_the_greatest_depth_is_accepted() -> None:
    assert load_json(b"[" * MOST_DEPTH + b"]" * MOST_DEPTH)


@pytest.mark.parametrize("hostile", ['"' + '\\"' * 500_000, '"' * 1_000_000, '{"a":"' + "x" * 5_000_000])
def test_a_string_without_an_end_is_read_once(hostile: str) -> None:
    begun = time.process_time()
    with pytest.raises(BadJson):
        load_json(hostile.encode())
    assert time.process_time() - begun < 5  # reading it again at each quotation mark would take hours


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(deadline=None, max_examples=100)
@given(_json)
def test_every_ordinary_value_comes_through_unchanged(value: Any) -> None:
    assert load_json(json.dumps(value).encode()) == value


class TestFields:
    def refused(self, **given: Any) -> Any:
        with pytest.raises(ValidationError) as error:
            Person().load(given)
        return error.value.messages

    def test_unknown_fields_are_refused_by_name(self) -> None:
        assert "shoe_size" in self.refused(shoe_size=44)

    @pytest.mark.parametrize("value", [True, "7", 7.0, 7.5, None, [7]])
    def test_a_whole_number_is_nothing_else(self, value: Any) -> None:
        assert "age" in self.refused(age=value)

    @pytest.mark.parametrize("value", [-1, 151, 10**30])
    def test_a_whole_number_keeps_its_range(self, value: int) -> None:
        assert "age" in self.refused(age=value)

    @pytest.mark.parametrize("value", ["", "   ", "\n\t", "x" * 11, 5, None])
    def test_a_text_has_a_length_and_is_not_blank(self, value: Any) -> None:
        assert "name" in self.refused(name=value)

    def test_a_text_without_a_least_may_be_blank(self) -> None:
        assert Person().load({"remark": " "}) == {"remark": " "}

    @pytest.mark.parametrize("letter", ["\x00", "\ud800"])
    def test_what_no_database_keeps_is_refused(self, letter: str) -> None:
        assert self.refused(name=f"a{letter}")

    @pytest.mark.parametrize("letter", ["\x00", "\ud800"])
    def test_what_no_database_keeps_is_refused_inside_lists(self, letter: str) -> None:
        assert self.refused(tags=["fine", letter])

    @pytest.mark.parametrize("value", [1, 0, "true", None])
    def test_a_flag_is_true_or_false(self, value: Any) -> None:
        assert "yes" in self.refused(yes=value)

    def test_two_names_that_are_the_same_letters_are_refused(self) -> None:
        with pytest.raises(ValidationError):
            Person().load({"\u00e9": 1, "e\u0301": 2})

    def test_texts_are_normalised_before_they_are_measured(self) -> None:
        decomposed = unicodedata.normalize("NFD", "ü" * 10)
        assert Person().load({"name": decomposed}) == {"name": "ü" * 10}


class TestClean:
    def test_gives_the_composed_form(self) -> None:
        assert clean("u\u0308") == "ü"

    @pytest.mark.parametrize("letter", ["\x00", "\udc80"])
    def test_refuses_what_no_database_keeps_and_says_where(self, letter: str) -> None:
        with pytest.raises(BadFields) as refused:
            clean(letter, at="note")
        assert "note" in refused.value.facts["errors"]

"""Strict JSON and strict fields: each kind of bad input that frameworks let through, refused."""

from __future__ import annotations

import time
from typing import Any

import pytest
from marshmallow import ValidationError

from marketplace.foundation.input import BadFields, BadJson, Flag, Input, Text, Whole, clean, load_json


class Sample(Input):
    count = Whole(0, 10)
    text = Text(20)
    yes = Flag()


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": 1, "a": 2}',
        b'{"a": {"b": 1, "b": 1}}',
        b"[NaN]",
        b"[Infinity]",
        b"[-Infinity]",
        b"[1e400]",
        b"[123456789012345678901]",
        b"[" * 33 + b"]" * 33,
        b'{"a":' * 33 + b"1" + b"}" * 33,
        b'"\xe9"',
        b'\xef\xbb\xbf{"a": 1}',
        b"{'a': 1}",
        b'{"a": 1,}',
        b'{"a": 1} {}',
        b'"a\nb"',
        b"",
    ],
)
def test_json_that_cannot_be_read_safely_is_refused(body: bytes) -> None:
    with pytest.raises(BadJson):
        load_json(body)


def test_other_charsets_are_refused_by_name() -> None:
    with pytest.raises(BadJson, match="UTF-8"):
        load_json(b"{}", "latin-1")


def test_brackets_inside_strings_are_no_depth() -> None:
    assert load_json(b'["' + b"[" * 100 + b'\\"' + b"{" * 100 + b'"]') == ["[" * 100 + '"' + "{" * 100]
    assert load_json(b"[" * 32 + b"]" * 32)


@pytest.mark.parametrize("hostile", ['"' + '\\"' * 500_000, '"' * 1_000_000, '{"a":"' + "x" * 5_000_000])
def test_a_string_without_an_end_is_read_once(hostile: str) -> None:
    begun = time.process_time()
    with pytest.raises(BadJson):
        load_json(hostile.encode())
    assert time.process_time() - begun < 5


@pytest.mark.parametrize(
    "data",
    [
        {"count": True},
        {"count": "1"},
        {"count": 1.0},
        {"count": 11},
        {"text": "   "},
        {"text": "x" * 21},
        {"text": "a\x00b"},
        {"text": "\ud800"},
        {"text": 1},
        {"yes": 1},
        {"yes": "true"},
        {"unknown": 1},
        {"\u00e9": 1, "e\u0301": 2},
    ],
)
def test_fields_that_are_nearly_right_are_refused(data: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Sample().load(data)


def test_text_is_kept_in_normal_form() -> None:
    assert Sample().load({"text": "e\u0301"}) == {"text": "\u00e9"}
    assert clean("e\u0301") == "\u00e9"
    with pytest.raises(BadFields):
        clean("\udc80")

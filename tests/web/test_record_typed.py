"""The record's free field: what was typed is known by its form."""

from __future__ import annotations

import pytest

from marketplace.web.record_typed import recognise

ITEM = "5e6f7a8b-0c1d-4e2f-8a3b-4c5d6e7f8091"


@pytest.mark.parametrize(
    ("typed", "word", "value"),
    [
        ("heron-42", "pseudonym", "heron-42"),
        (" Kestrel-1907 ", "pseudonym", "kestrel-1907"),
        ("d-0123456789abcdef", "device", "d-0123456789abcdef"),
        ("r-7k2m-4q", "reference", "R-7K2M-4Q"),
        ("0123456789abcdef", "session", "0123456789abcdef"),
        (ITEM.replace("-", "").upper(), "session", ITEM.replace("-", "")),
        (ITEM, "object", ITEM),
        (ITEM.upper(), "object", ITEM),
        (ITEM[:8], "object", ITEM[:8]),
        (ITEM[:13], "object", ITEM[:13]),
    ],
)
def test_a_word_of_the_record_is_recognised(typed: str, word: str, value: str) -> None:
    assert recognise(typed) == (word, value)


@pytest.mark.parametrize(
    "typed", ["", "zeppelin", "Maja Lindqvist", "heron", "42", ITEM[:7], ITEM + "0", "R-7K2M", "'--"]
)
def test_nothing_else_is(typed: str) -> None:
    assert recognise(typed) is None

"""What a search leaves on the record: codes and ids, and nothing else that somebody typed."""

from __future__ import annotations

import pytest

from security.log.filtering import Filters

ITEM, SESSION = "5e6f7a8b-0c1d-4e2f-8a3b-4c5d6e7f8091", "5e6f7a8b0c1d4e2f8a3b4c5d6e7f8091"


@pytest.mark.parametrize(
    ("word", "typed"),
    [
        ("object_id", ITEM),
        ("object_id", ITEM[:8]),
        ("object_id", ITEM[:13]),
        ("session", SESSION),
        ("reference", "R-7K2M-4Q"),
    ],
)
def test_what_has_a_known_form_is_written(word: str, typed: str) -> None:
    assert Filters(**{word: typed}).used() == {word: typed}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("word", "typed"),
    [
        ("object_id", "maja lindqvist"),
        ("object_id", ITEM[:7]),
        ("object_id", f"{ITEM}0"),
        ("object_id", "--------"),
        ("object_id", f"{ITEM[:8]} maja"),
        ("object_id", f"{ITEM[:8]}\n"),
        ("session", "maja lindqvist"),
        ("session", SESSION[:16]),
        ("reference", "MAJA LINDQVIST"),
        ("reference", "R-7K2M-4QX"),
    ],
)
def test_of_anything_else_only_that_it_was_asked(word: str, typed: str) -> None:
    assert Filters(**{word: typed}).used() == {word: "other"}  # type: ignore[arg-type]


def test_an_id_in_capitals_is_written_as_the_record_has_it() -> None:
    assert Filters(object_id=ITEM.upper()).used() == {"object_id": ITEM}

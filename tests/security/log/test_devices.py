"""A device is new to somebody whose others are known; before that there is nothing to compare it with."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine

from marketplace.foundation.db import reading, transaction
from security.log import audit, devices, sequencer
from security.principal import Principal
from tests.builders import AT_WORK, a_person

HOME, OTHER = "d-0123456789abcdef", "d-fedcba9876543210"


@pytest.fixture
def person(database: Engine) -> Principal:
    return a_person("north")


def acted(person: Principal, device_id: str | None, *, numbered: bool = False) -> None:
    with transaction() as tx:
        seen = replace(AT_WORK, device_id=device_id)
        audit.record(tx, "claim.take", None, actor=person, context=seen)
        if numbered:
            sequencer.sequence(tx)


def is_new(person: Principal, device_id: str | None) -> bool:
    with reading() as db:
        return devices.is_new(db, person.subject_id, device_id)


def test_the_first_sign_in_ever_is_on_no_new_device(person: Principal) -> None:
    assert not is_new(person, HOME)
    assert not is_new(person, None)


def test_entries_from_before_devices_were_told_apart_make_none_new(person: Principal) -> None:
    acted(person, None, numbered=True)
    acted(person, None)
    assert not is_new(person, HOME)


@pytest.mark.parametrize("numbered", [False, True])
def test_another_than_the_known_one_is_new(person: Principal, numbered: bool) -> None:
    acted(person, HOME, numbered=numbered)
    assert is_new(person, OTHER)
    assert not is_new(person, HOME)


def test_one_that_cannot_be_told_is_new_to_whoever_has_a_known_one(person: Principal) -> None:
    acted(person, HOME)
    assert is_new(person, None)


def test_what_a_colleague_used_says_nothing(person: Principal) -> None:
    acted(a_person("north"), HOME)
    assert not is_new(person, OTHER)

"""A rotation that was cut short is taken up: no second key is made, and the first is on the record."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, select

from agencies import kept_secrets, signing
from agencies.keys import LASTING, KeyringFile
from marketplace.foundation.db import reading, transaction
from security.log import sequencer
from security.log.models import AuditEntry, AuditPending
from security.principal import Context, Principal
from tasks import rotation
from tests.agencies.agreeing import an_administrator
from tests.builders import found
from tests.tasks.test_rewrapping import stored

CLI = Context("cli")


@pytest.fixture
def north(database: Engine) -> Principal:
    return an_administrator("north")


def renewals() -> list[Any]:
    """Object and detail of every entry that a key was made by a rotation, pending or numbered."""
    rows = [
        *found(select(AuditEntry.__table__).where(AuditEntry.act == "keys.renew")),
        *found(select(AuditPending.__table__).where(AuditPending.act == "keys.renew")),
    ]
    return [(row.object_id, row.detail) for row in rows]


def a_secret(person: Principal) -> None:
    """Something small that lies under the agency's lasting key."""
    with transaction() as tx:
        signing.sign(tx, person.agency_id, "test", {})


class TestLastingKeys:
    def test_go_on_with_the_key_that_was_made(self, north: Principal, keys: KeyringFile) -> None:
        a_secret(north)
        began = rotation.begin(keys, "north", LASTING, CLI)
        again = rotation.begin(keys, "north", LASTING, CLI)
        assert (began.made, again.made) == (True, False)
        assert again.to == began.to == keys.current("north", LASTING)
        with transaction() as tx:
            assert rotation.move_secrets(tx, keys, again) == (1, 0)
        with reading() as db:
            assert kept_secrets.hanging(db) == {began.to: 1}

    def test_that_are_moved_are_followed_by_another(self, north: Principal, keys: KeyringFile) -> None:
        a_secret(north)
        began = rotation.begin(keys, "north", LASTING, CLI)
        with transaction() as tx:
            rotation.move_secrets(tx, keys, began)
        assert rotation.begin(keys, "north", LASTING, CLI).to != began.to


class TestKilledBeforeItWasOnTheRecord:
    def test_the_next_run_puts_it_there(self, north: Principal, keys: KeyringFile) -> None:
        stored(keys.current("north", 2031), 3)
        new = keys.renew("north", 2031)
        part = rotation.begin(keys, "north", 2031, CLI)
        assert (part.to, part.made) == (new, False)
        assert renewals() == [(new, {"slots": 3})]

    @pytest.mark.parametrize("numbered", [False, True])
    def test_once(self, north: Principal, keys: KeyringFile, numbered: bool) -> None:
        stored(keys.current("north", 2031), 3)
        keys.renew("north", 2031)
        rotation.begin(keys, "north", 2031, CLI)
        if numbered:
            with transaction() as tx:
                sequencer.sequence(tx)
        rotation.begin(keys, "north", 2031, CLI)
        assert len(renewals()) == 1

    def test_also_where_nothing_was_to_be_moved(self, north: Principal, keys: KeyringFile) -> None:
        keys.current("north", 2031)
        lost = keys.renew("north", 2031)
        part = rotation.begin(keys, "north", 2031, CLI)
        assert part.made
        assert [key for key, _ in renewals()] == [lost, part.to]

    def test_a_key_that_no_rotation_made_is_not_said_to_be_one(
        self, north: Principal, keys: KeyringFile
    ) -> None:
        first = keys.current("north", 2031)
        part = rotation.begin(keys, "north", 2031, CLI)
        assert [key for key, _ in renewals()] == [part.to]
        assert part.to != first

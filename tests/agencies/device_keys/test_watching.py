"""An agency watches the keys of its people: everything that happened to them, and nothing that says whose they are."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import Engine, select, update

from agencies import device_keys
from agencies.device_keys import Happened
from agencies.device_models import DeviceKey
from marketplace.foundation.db import transaction
from security import key_transparency
from security.log.entries import commitment, named
from security.log.models import AuditEntry, AuditPending, LogSubject
from security.log.sequencer import sequence
from security.principal import Principal, Role
from tests.builders import AT_WORK, a_person, changed, found, one
from tests.device_keys import a_device, issuer_key


@pytest.fixture
def officer(database: Engine) -> Principal:
    return a_person("north", roles=(Role.SECURITY_OFFICER,))


def numbered() -> None:
    with transaction() as tx:
        sequence(tx)


def since(officer: Principal, number: int = 0, **given: Any) -> tuple[list[Happened], int]:
    with transaction() as tx:
        return device_keys.since(tx, number, actor=officer, context=AT_WORK, **given)


def readings() -> int:
    return sum(row.act == "device_key.list" for row in found(select(AuditPending.act)))


def test_a_new_key_is_seen_with_its_entry(officer: Principal) -> None:
    person = a_person("north")
    device = a_device(person)
    numbered()
    with transaction() as tx:
        (seen,) = device_keys.of_agency(tx, actor=officer, context=AT_WORK)
    salt = one(select(LogSubject.salt).where(LogSubject.id == person.subject_id))
    assert (seen.thumbprint, seen.nonce, seen.live) == (device.thumbprint, device.offered.nonce, True)
    assert seen.entry == one(select(AuditEntry.number).where(AuditEntry.act == "device_key.enrol"))
    assert seen.issuer_key == issuer_key().thumbprint()
    body = json.loads(one(select(AuditEntry.body).where(AuditEntry.act == "device_key.enrol")))
    assert seen.holder == named(salt, person.subject_id) == body["resource"]["uid"]
    assert commitment(salt, person.subject_id) not in str(seen)
    assert person.name not in str(seen)


def test_a_key_without_a_number_yet_is_seen_too(officer: Principal) -> None:
    a_device(a_person("north"))
    with transaction() as tx:
        (seen,) = device_keys.of_agency(tx, actor=officer, context=AT_WORK)
    assert seen.entry is None


def test_a_row_that_nothing_vouches_for_is_seen_as_that(officer: Principal) -> None:
    """Somebody wrote it into the database: the page that would show it must not fail because of it."""
    a_device(a_person("north"))
    changed(update(DeviceKey).values(issuer_key={"kty": "none"}))
    with transaction() as tx:
        (seen,) = device_keys.of_agency(tx, actor=officer, context=AT_WORK)
    assert seen.issuer_key is None


def test_what_happened_comes_in_the_order_of_the_record_and_once(officer: Principal) -> None:
    person = a_person("north")
    first = a_device(person)
    numbered()
    happened, following = since(officer)
    assert [(each.event, each.device.thumbprint) for each in happened] == [("enrolled", first.thumbprint)]
    second = a_device(person)
    with transaction() as tx:
        assert first.id is not None
        device_keys.revoke(tx, first.id, actor=person, context=AT_WORK)
    numbered()
    happened, last = since(officer, following)
    assert [(each.event, each.device.thumbprint) for each in happened] == [
        ("enrolled", second.thumbprint),
        ("revoked", first.thumbprint),
    ]
    assert since(officer, last)[0] == []
    assert last > happened[-1].number


def test_it_comes_in_pieces_that_meet(officer: Principal) -> None:
    devices = [a_device(a_person("north")) for _ in range(5)]
    numbered()
    seen, number = [], 0
    for _ in range(3):
        happened, number = since(officer, number, limit=2)
        seen += [each.device.thumbprint for each in happened]
    assert seen == [each.thumbprint for each in devices]


def test_another_agencys_keys_are_not_seen(officer: Principal) -> None:
    a_device(a_person("south"))
    numbered()
    assert since(officer)[0] == []
    with transaction() as tx:
        assert device_keys.of_agency(tx, actor=officer, context=AT_WORK) == []


def test_reading_is_on_the_record_unless_there_was_nothing(officer: Principal) -> None:
    since(officer)
    assert readings() == 0
    a_device(a_person("north"))
    numbered()
    since(officer)
    assert readings() == 1
    with transaction() as tx:
        device_keys.of_agency(tx, actor=officer, context=AT_WORK)
    assert readings() == 2


def test_the_act_is_the_one_that_evidence_is_checked_for() -> None:
    assert key_transparency.ACT == "device_key.enrol"

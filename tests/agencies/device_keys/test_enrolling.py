"""Setting up a device: once, in the session that began it, for the key that the token speaks of."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, select, update

from agencies import device_keys, leaving
from agencies.device_keys import offering
from agencies.device_keys.errors import (
    BadDeviceKey,
    BadDeviceName,
    CannotVouch,
    DeviceKeyKnown,
    EnrolmentOver,
    NoPlaceLeft,
    TokenNamesPerson,
)
from agencies.device_models import DeviceEnrolment, DeviceKey
from agencies.errors import NotAMember
from agencies.models import Membership, Notice
from agencies.people_errors import NoLongerAMember
from marketplace.foundation.db import transaction
from marketplace.foundation.errors import DomainError
from security.log.entries import commitment, named
from security.log.models import AuditEntry, AuditPending, LogSubject
from security.log.sequencer import sequence
from security.principal import JOB, Principal
from tests.builders import AT_WORK, a_person, an_agency, changed, found, one
from tests.device_keys import Device, a_device, a_proof, issuer_key, new_device
from tests.together import losers, together, winners


def begun(person: Principal, device: Device, session: str = "session-1") -> UUID:
    with transaction() as tx:
        return device_keys.begin(tx, device.offered, actor=person, session=session)


def completed(person: Principal, began: UUID, proof: Any, session: str = "session-1") -> UUID:
    with transaction() as tx:
        here = replace(AT_WORK, session=session)
        return device_keys.complete(tx, began, proof, actor=person, context=here)


def refused(person: Principal, began: UUID, proof: Any, kind: type[DomainError]) -> None:
    with pytest.raises(kind):
        completed(person, began, proof)
    assert found(select(DeviceKey.id)) == []


def entries(act: str) -> list[Any]:
    return [row for row in found(select(AuditPending.__table__).order_by(AuditPending.id)) if row.act == act]


class TestDevice:
    def test_is_there_once_the_token_came_back(self, database: Engine) -> None:
        person = a_person()
        device = a_device(person, name="Laptop at home")
        with transaction() as tx:
            (live,) = device_keys.live_of(tx, person.person_id)
            assert device_keys.one(tx, device.thumbprint) == live
            assert device_keys.of_person(tx, person.person_id, device.thumbprint) == live
        assert (live.name, live.kind, live.agency_id) == ("Laptop at home", "browser", person.agency_id)
        assert (live.encryption_key, live.signing_key) == (device.offered.encryption, device.offered.signing)

    def test_is_nobody_elses(self, database: Engine) -> None:
        device, other = a_device(a_person("north")), a_person("north")
        with transaction() as tx:
            assert device_keys.live_of(tx, other.person_id) == []
            assert device_keys.of_person(tx, other.person_id, device.thumbprint) is None

    def test_is_on_the_record_by_thumbprint_and_hash_of_the_token(self, database: Engine) -> None:
        person, device = a_person(), new_device()
        proof = a_proof(person, device)
        completed(person, begun(person, device), proof)
        (entry,) = entries("device_key.enrol")
        token = hashlib.sha256(proof.id_token.encode()).hexdigest()
        assert entry.detail == {"thumbprint": device.thumbprint, "token": token}
        assert (entry.object_kind, entry.object_id) == ("person", str(person.subject_id))
        assert entry.object_agency_id == person.agency_id

    def test_its_entry_tells_nothing_about_what_its_person_does(self, database: Engine) -> None:
        """Whoever seals to it is shown entry and token; the token says who somebody is at their agency."""
        person = a_person()
        a_device(person)
        with transaction() as tx:
            sequence(tx)
        salt = one(select(LogSubject.salt).where(LogSubject.id == person.subject_id))
        body = json.loads(one(select(AuditEntry.body).where(AuditEntry.act == "device_key.enrol")))
        assert body["resource"]["uid"] == named(salt, person.subject_id)
        assert commitment(salt, person.subject_id) not in json.dumps(body)
        assert "session" not in body["authentication"]
        assert "uid" not in body["device"]

    def test_its_person_is_told(self, database: Engine) -> None:
        person = a_person()
        a_device(person, name="Laptop")
        (notice,) = found(select(Notice.kind, Notice.args, Notice.path, Notice.person_id))
        assert notice == ("device_key.enrolled", {"device": "Laptop"}, "/device-keys", person.person_id)

    def test_keeps_what_others_verify_it_by(self, database: Engine) -> None:
        person, device = a_person(), new_device()
        proof = a_proof(person, device)
        completed(person, begun(person, device), proof)
        (row,) = found(select(DeviceKey.__table__))
        assert bytes(row.id_token).decode() == proof.id_token
        assert (row.issuer, row.client_id, row.salt) == (proof.issuer, "marketplace", device.offered.salt)
        assert row.issuer_key == issuer_key().as_dict(private=False)


class TestPlaces:
    def test_are_five(self, database: Engine) -> None:
        person = a_person()
        for _ in range(5):
            a_device(person)
        with pytest.raises(NoPlaceLeft) as refusal:
            begun(person, new_device())
        assert "Remove one" in refusal.value.message

    def test_that_were_taken_meanwhile_are_not_given_twice(self, database: Engine) -> None:
        person, last = a_person(), new_device()
        for _ in range(4):
            a_device(person)
        waiting = begun(person, last)
        a_device(person)
        with pytest.raises(NoPlaceLeft):
            completed(person, waiting, a_proof(person, last))

    def test_are_given_once_where_two_come_back_at_a_time(self, database: Engine) -> None:
        person, devices = a_person(), [new_device() for _ in range(3)]
        for _ in range(4):
            a_device(person)
        ways = [(begun(person, each), a_proof(person, each)) for each in devices]
        outcomes = together(*(partial(completed, person, *way) for way in ways))
        assert len(winners(outcomes)) == 1
        assert set(losers(outcomes)) == {NoPlaceLeft}

    def test_are_free_again_once_a_device_was_removed(self, database: Engine) -> None:
        person = a_person()
        devices = [a_device(person) for _ in range(5)]
        with transaction() as tx:
            device_keys.revoke(tx, devices[2].id, actor=person, context=AT_WORK)  # type: ignore[arg-type]
        a_device(person)
        assert sorted(row.place for row in found(select(DeviceKey.place).where(DeviceKey.revoked_at.is_(None)))) == [
            1, 2, 3, 4, 5,
        ]  # fmt: skip


class TestKey:
    def test_is_set_up_once(self, database: Engine) -> None:
        person = a_person("north")
        device = a_device(person)
        for somebody in (person, a_person("north")):
            with pytest.raises(DeviceKeyKnown):
                begun(somebody, device)

    def test_never_comes_back_once_it_was_removed(self, database: Engine) -> None:
        person = a_person()
        device = a_device(person)
        with transaction() as tx:
            device_keys.revoke(tx, device.id, actor=person, context=AT_WORK)  # type: ignore[arg-type]
        with pytest.raises(DeviceKeyKnown):
            begun(person, device)

    def test_of_two_at_a_time_one_is_set_up(self, database: Engine) -> None:
        device, people = new_device(), [a_person("north"), a_person("north")]
        ways = [(each, begun(each, device), a_proof(each, device)) for each in people]
        outcomes = together(*(partial(completed, *way) for way in ways))
        assert (len(winners(outcomes)), losers(outcomes)) == (1, [DeviceKeyKnown])


class TestToken:
    @pytest.mark.parametrize(
        ("claims", "error"),
        [
            ({"nonce": "of-another-key"}, EnrolmentOver),
            ({"nonce": ...}, EnrolmentOver),
            ({"iss": "https://other.example"}, EnrolmentOver),
            ({"aud": "another-client"}, EnrolmentOver),
            ({"sub": ...}, EnrolmentOver),
            ({"name": "Lena"}, TokenNamesPerson),
            ({"email": "lena@north.example"}, TokenNamesPerson),
            ({"preferred_username": "lena"}, TokenNamesPerson),
        ],
    )
    def test_that_does_not_vouch_for_this_key_sets_up_nothing(
        self, database: Engine, claims: dict[str, Any], error: type[DomainError]
    ) -> None:
        person, device = a_person(), new_device()
        refused(person, begun(person, device), a_proof(person, device, **claims), error)

    def test_with_a_name_under_a_claim_of_the_agencys_own_is_refused_without_its_value(
        self, database: Engine
    ) -> None:
        person, device = a_person(), new_device()
        proof = replace(a_proof(person, device, full="Lena"), claim_names=frozenset({"full"}))
        with pytest.raises(TokenNamesPerson) as refusal:
            completed(person, begun(person, device), proof)
        assert refusal.value.facts == {"claims": ["full"]}

    def test_of_another_key_is_refused(self, database: Engine) -> None:
        person, device, other = a_person(), new_device(), new_device()
        began = begun(person, device)
        refused(person, began, a_proof(person, other), EnrolmentOver)
        refused(person, began, replace(a_proof(person, other), nonce=device.offered.nonce), EnrolmentOver)

    def test_that_nobody_else_can_check_is_refused(self, database: Engine) -> None:
        person, device = a_person(), new_device()
        public = dict(issuer_key("another").as_dict(private=False)) | {"kid": "1"}
        proof = replace(a_proof(person, device), issuer_key=public)
        refused(person, begun(person, device), proof, CannotVouch)


class TestEnrolment:
    def test_works_once(self, database: Engine) -> None:
        person, device = a_person(), new_device()
        began = begun(person, device)
        completed(person, began, a_proof(person, device))
        with pytest.raises(EnrolmentOver):
            completed(person, began, a_proof(person, device))

    def test_belongs_to_its_session_and_person(self, database: Engine) -> None:
        person, device = a_person("north"), new_device()
        began, other = begun(person, device), a_person("north")
        with pytest.raises(EnrolmentOver):
            completed(person, began, a_proof(person, device), session="session-2")
        refused(other, began, a_proof(other, device), EnrolmentOver)
        refused(person, uuid4(), a_proof(person, device), EnrolmentOver)
        completed(person, began, a_proof(person, device))

    def test_is_over_after_a_quarter_of_an_hour(self, database: Engine) -> None:
        person, device = a_person(), new_device()
        began = begun(person, device)
        changed(update(DeviceEnrolment).values(over_at=datetime(2020, 1, 1, tzinfo=UTC)))
        refused(person, began, a_proof(person, device), EnrolmentOver)

    def test_that_nobody_came_back_for_is_forgotten(self, database: Engine) -> None:
        person = a_person()
        begun(person, new_device())
        began = begun(person, new_device())
        changed(
            update(DeviceEnrolment)
            .where(DeviceEnrolment.id == began)
            .values(over_at=datetime(2020, 1, 1, tzinfo=UTC))
        )
        with transaction() as tx:
            assert device_keys.forget_over(tx) == 1
        assert len(found(select(DeviceEnrolment.id))) == 1

    def test_of_somebody_who_left_meanwhile_ends(self, database: Engine) -> None:
        person, device = a_person(), new_device()
        began = begun(person, device)
        with transaction() as tx:
            leaving.end_membership(tx, person.membership_id, actor=None, context=JOB, reason="scim")
        assert found(select(DeviceEnrolment.id)) == []
        with pytest.raises((EnrolmentOver, NoLongerAMember)):
            completed(person, began, a_proof(person, device))

    def test_by_the_provider_of_an_agency_that_the_person_left_is_refused(self, database: Engine) -> None:
        person, device = a_person(), new_device()
        proof = replace(a_proof(person, device), agency_id=an_agency())
        assert one(select(Membership.agency_id)) != proof.agency_id
        refused(person, begun(person, device), proof, NotAMember)


class TestOffer:
    def test_is_read_from_the_line_that_a_program_prints(self) -> None:
        offered = new_device().offered
        line = offering.line_of(offered.encryption, offered.signing, offered.salt)
        assert offering.read("browser", "  Firefox\ton Linux ", line + "\n") == offered

    @pytest.mark.parametrize(
        "change",
        [
            {"salt": "short"},
            {"salt": 1},
            {"encryption": ...},
            {"signing": None},
            {"more": 1},
            {"thumbprint": "A" * 43},
            {"encryption": {"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"}},
        ],
    )
    def test_that_is_something_else_is_refused(self, change: dict[str, Any]) -> None:
        offered = new_device().offered
        whole = json.loads(offering.line_of(offered.encryption, offered.signing, offered.salt)) | change
        line = json.dumps({name: value for name, value in whole.items() if value is not ...})
        with pytest.raises(BadDeviceKey):
            offering.read("browser", "Laptop", line)

    def test_with_a_private_half_is_refused(self) -> None:
        offered = new_device().offered
        line = json.loads(offering.line_of(offered.encryption, offered.signing, offered.salt))
        line["encryption"]["d"] = line["encryption"]["x"]
        with pytest.raises(BadDeviceKey):
            offering.read("browser", "Laptop", json.dumps(line))

    @pytest.mark.parametrize("line", ["", "[]", "{", '{"salt":"a","salt":"b"}', "x" * 20_000, "\ud800"])
    def test_that_is_no_line_is_refused(self, line: str) -> None:
        with pytest.raises(BadDeviceKey):
            offering.read("browser", "Laptop", line)

    @pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\u202eb", "a\x00b"])
    def test_needs_a_name(self, name: str) -> None:
        offered = new_device().offered
        with pytest.raises(BadDeviceName):
            offering.read(
                "browser", name, offering.line_of(offered.encryption, offered.signing, offered.salt)
            )

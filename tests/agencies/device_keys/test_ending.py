"""Devices get other names and are taken out of use: by whom, what is told, and what never comes back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, select, update

from agencies import device_keys, directory, enrolment, leaving, providers
from agencies.device_keys.errors import BadDeviceName, NoSuchDeviceKey
from agencies.device_models import DeviceKey
from agencies.errors import NotPermitted
from agencies.models import IdentityProvider, Membership, Notice
from agencies.oversight import erasure
from agencies.people_errors import NoSuchPerson, OwnAffair
from marketplace.foundation.db import Tx, transaction
from marketplace.foundation.errors import DomainError
from security.log.models import AuditPending
from security.principal import JOB, Principal, Role
from tests.builders import AT_WORK, a_person, changed, found, one
from tests.device_keys import Device, a_device


def as_(actor: Principal) -> dict[str, Any]:
    return {"actor": actor, "context": AT_WORK}


def an_officer(agency: str) -> Principal:
    return a_person(agency, roles=(Role.SECURITY_OFFICER,))


def an_admin(agency: str) -> Principal:
    return a_person(agency, roles=(Role.AGENCY_ADMIN,))


def live(person: Principal) -> list[str]:
    with transaction() as tx:
        return [each.name for each in device_keys.live_of(tx, person.person_id)]


def entries(act: str) -> list[Any]:
    return [row for row in found(select(AuditPending.__table__).order_by(AuditPending.id)) if row.act == act]


def told(person: Principal) -> list[str]:
    mine = Notice.person_id == person.person_id
    return [row.kind for row in found(select(Notice.kind).where(mine).order_by(Notice.place))]


def row_id(device: Device) -> UUID:
    assert device.id is not None
    return device.id


def done(act: Callable[[Tx], Any]) -> Any:
    with transaction() as tx:
        return act(tx)


class TestName:
    def test_can_be_changed_by_its_person(self, database: Engine) -> None:
        person = a_person()
        device = a_device(person, name="Laptop")
        done(lambda tx: device_keys.rename(tx, row_id(device), " Laptop  at home ", **as_(person)))
        assert live(person) == ["Laptop at home"]
        (entry,) = entries("device_key.rename")
        assert (entry.subject_id, entry.object_id, entry.detail) == (person.subject_id, str(device.id), None)

    def test_of_somebody_elses_device_is_not_there(self, database: Engine) -> None:
        device, other = a_device(a_person("north")), a_person("north")
        for name in (row_id(device), uuid4()):
            with pytest.raises(NoSuchDeviceKey):
                done(lambda tx, name=name: device_keys.rename(tx, name, "Mine", **as_(other)))

    def test_must_be_one(self, database: Engine) -> None:
        person = a_person()
        device = a_device(person)
        with pytest.raises(BadDeviceName):
            done(lambda tx: device_keys.rename(tx, row_id(device), " ", **as_(person)))


class TestRemoving:
    def test_ends_it_at_once_and_keeps_it_in_the_list(self, database: Engine) -> None:
        person = a_person()
        device = a_device(person, name="Old laptop")
        done(lambda tx: device_keys.revoke(tx, row_id(device), **as_(person)))
        assert live(person) == []
        (row,) = done(lambda tx: device_keys.listing(tx, person.person_id))
        assert (row.name, row.live, row.revoked_at is None) == ("Old laptop", False, False)
        assert told(person) == ["device_key.enrolled", "device_key.revoked"]
        (entry,) = entries("device_key.revoke")
        assert (entry.subject_id, entry.detail) == (person.subject_id, {"by": "person"})

    def test_leaves_the_key_there_for_what_it_signed(self, database: Engine) -> None:
        person = a_person()
        device = a_device(person)
        done(lambda tx: device_keys.revoke(tx, row_id(device), **as_(person)))
        with pytest.raises(NoSuchDeviceKey):
            done(lambda tx: device_keys.one(tx, device.thumbprint))
        kept = done(lambda tx: device_keys.one(tx, device.thumbprint, ended=True))
        assert kept.signing_key == device.offered.signing

    def test_of_somebody_elses_or_twice_is_not_there(self, database: Engine) -> None:
        person, other = a_person("north"), a_person("north")
        device = a_device(person)
        with pytest.raises(NoSuchDeviceKey):
            done(lambda tx: device_keys.revoke(tx, row_id(device), **as_(other)))
        done(lambda tx: device_keys.revoke(tx, row_id(device), **as_(person)))
        with pytest.raises(NoSuchDeviceKey):
            done(lambda tx: device_keys.revoke(tx, row_id(device), **as_(person)))


class TestOfficer:
    def test_removes_a_device_by_its_thumbprint(self, database: Engine) -> None:
        person, officer = a_person("north"), an_officer("north")
        device = a_device(person)
        done(lambda tx: device_keys.revoke_seen(tx, device.thumbprint, **as_(officer)))
        assert live(person) == []
        assert told(person)[-1] == "device_key.revoked"
        (entry,) = entries("device_key.revoke")
        assert (entry.subject_id, entry.detail) == (officer.subject_id, {"by": "officer"})

    @pytest.mark.parametrize(
        ("agency", "role", "error"),
        [
            ("south", Role.SECURITY_OFFICER, NoSuchDeviceKey),
            ("north", Role.AGENCY_ADMIN, NotPermitted),
            ("north", Role.CONTRIBUTOR, NotPermitted),
        ],
    )
    def test_is_of_the_agency_that_vouched(
        self, database: Engine, agency: str, role: Role, error: type[DomainError]
    ) -> None:
        person = a_person("north")
        device, actor = a_device(person), a_person(agency, roles=(role,))
        with pytest.raises(error):
            done(lambda tx: device_keys.revoke_seen(tx, device.thumbprint, **as_(actor)))
        assert len(live(person)) == 1


class TestAdministrator:
    def test_removes_every_device_of_a_person_and_is_not_told_which(self, database: Engine) -> None:
        person, admin = a_person("north"), an_admin("north")
        a_device(person), a_device(person)
        ended = done(lambda tx: device_keys.revoke_of_person(tx, person.membership_id, **as_(admin)))
        assert (ended, live(person)) == (2, [])
        (entry,) = entries("device_key.revoke_all")
        assert (entry.object_kind, entry.object_id, entry.detail) == ("person", str(person.subject_id), None)
        assert [row.detail for row in entries("device_key.revoke")] == [{"by": "agency"}] * 2

    def test_is_of_that_agency_and_somebody_else(self, database: Engine) -> None:
        person, admin = a_person("north"), an_admin("north")
        for who, actor, error in (
            (person, an_admin("south"), NoSuchPerson),
            (person, an_officer("north"), NotPermitted),
            (admin, admin, OwnAffair),
        ):
            a_device(who)
            with pytest.raises(error):
                done(
                    lambda tx, who=who, actor=actor: device_keys.revoke_of_person(
                        tx, who.membership_id, **as_(actor)
                    )
                )


class TestLeaving:
    def test_ends_the_devices_that_the_agency_vouched_for(self, database: Engine) -> None:
        person = a_person()
        a_device(person)
        done(
            lambda tx: leaving.end_membership(
                tx, person.membership_id, actor=None, context=JOB, reason="scim"
            )
        )
        assert live(person) == []
        (row,) = found(select(DeviceKey.revoked_at, DeviceKey.revoked_by))
        assert row.revoked_at is not None
        assert row.revoked_by == person.person_id
        assert [entry.detail for entry in entries("device_key.revoke")] == [{"by": "agency"}]

    def test_counts_from_the_last_day_on_and_not_from_when_it_was_noticed(self, database: Engine) -> None:
        person = a_person()
        device = a_device(person)
        changed(update(Membership).values(until=datetime(2020, 1, 1, tzinfo=UTC)))
        assert live(person) == []
        with pytest.raises(NoSuchDeviceKey):
            done(lambda tx: device_keys.one(tx, device.thumbprint))

    def test_and_being_erased_leaves_nothing_that_ties_somebody_to_an_entry(self, database: Engine) -> None:
        person, protection = a_person("north"), a_person("north", roles=(Role.DATA_PROTECTION,))
        device = a_device(person, name="Lena’s laptop")
        done(
            lambda tx: leaving.end_membership(
                tx, person.membership_id, actor=None, context=JOB, reason="left"
            )
        )
        done(lambda tx: erasure.erase_from_record(tx, person.person_id, **as_(protection)))
        (row,) = found(select(DeviceKey.__table__))
        assert device.thumbprint not in str(row)
        assert device.offered.salt not in str(row)
        assert (row.name, bytes(row.id_token), row.issuer_key) == ("", b"", {})
        officer = an_officer("north")
        assert done(lambda tx: device_keys.of_agency(tx, **as_(officer))) == []


class TestSuspendedSignIn:
    def test_rests_every_device_it_vouched_for(self, database: Engine) -> None:
        admin = an_admin("north")
        person = a_person("north", identity=("https://north.example", "lena"))
        with transaction() as tx:
            providers.add(
                tx, "north", issuer="https://north.example", client_id="marketplace", client_secret="x" * 32
            )
        device = a_device(person)
        assert live(person) == ["Firefox on Linux"]
        done(lambda tx: enrolment.suspend(tx, **as_(admin)))
        assert live(person) == []
        with pytest.raises(NoSuchDeviceKey):
            done(lambda tx: device_keys.one(tx, device.thumbprint))
        changed(update(IdentityProvider).values(status="active"))
        assert live(person) == ["Firefox on Linux"]


def test_an_agency_that_nobody_suspended_changes_nothing(database: Engine) -> None:
    person = a_person("north")
    a_device(person)
    assert one(select(IdentityProvider.issuer)) is None
    with transaction() as tx:
        assert "north" in directory.slugs(tx)
    assert len(live(person)) == 1

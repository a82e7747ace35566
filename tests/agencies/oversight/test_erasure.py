"""Erasing somebody from the record: the entries and the tree stay, the person is in none of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, delete, select

from agencies import leaving, people_list
from agencies.errors import NotPermitted
from agencies.models import Person
from agencies.oversight import erasure, requests, searches, views
from agencies.oversight.erasure import StillAMember
from agencies.oversight.models import DataRequest, LookUp, LookUpPerson
from agencies.people_errors import NoSuchPerson
from marketplace.foundation.db import reading, transaction
from security import notes, verifier
from security.log import checking, checkpoints, own, queries, sequencer
from security.log.entries import commitment, named
from security.log.filtering import NOBODY, Filters
from security.log.models import AuditEntry, AuditPending, LogSubject
from security.principal import JOB, Principal, Role
from tests.agencies.oversight.looking_up import a_second, asked, granted, pseudonym_of, put_off, read, told
from tests.agencies.people_at_work import a_secondment, an_admin
from tests.builders import AT_WORK, a_person, changed, found, one, rolled_back

LOG = notes.signer("market.example/log", notes.LOG, bytes(range(32)))


@pytest.fixture
def maja(database: Engine) -> Principal:
    return a_person("north", name="Maja Okonkwo")


@pytest.fixture
def dora(maja: Principal) -> Principal:
    return a_second()


def left(person: Principal) -> None:
    with transaction() as tx:
        leaving.end_membership(tx, person.membership_id, actor=None, context=JOB, reason="agency")


def erased(person: Principal, by: Principal) -> None:
    with transaction() as tx:
        erasure.erase_from_record(tx, person.person_id, actor=by, context=AT_WORK)


def signed() -> None:
    with transaction() as tx:
        sequencer.sequence(tx)
        checkpoints.sign(tx, LOG)


def living() -> set[UUID]:
    """The places on the record that somebody has."""
    return {row.subject_id for row in found(select(Person.subject_id))}


def bodies() -> list[bytes]:
    return [bytes(row.body) for row in found(select(AuditEntry.body).order_by(AuditEntry.number))]


def test_no_body_can_be_matched_to_them_and_every_body_stays(maja: Principal, dora: Principal) -> None:
    admin = an_admin("north")
    with transaction() as tx:
        people_list.view(tx, maja.membership_id, actor=admin, context=AT_WORK)
        people_list.view(tx, admin.membership_id, actor=maja, context=AT_WORK)
    left(maja)
    signed()
    before = bodies()
    salt = one(select(LogSubject.salt).where(LogSubject.id == maja.subject_id))
    known = {speak(bytes(salt), maja.subject_id) for speak in (commitment, named)}
    assert all(any(each in body.decode() for body in before) for each in known)
    erased(maja, dora)
    signed()
    assert bodies()[: len(before)] == before
    kept = found(select(LogSubject.id, LogSubject.salt))
    assert maja.subject_id not in [row.id for row in kept]
    assert {row.salt is None for row in kept if row.id not in living()} == {True}
    assert not known & {
        speak(bytes(row.salt), row.id)
        for row in kept
        if row.salt is not None
        for speak in (commitment, named)
    }


def test_the_person_has_a_place_of_their_own_that_nothing_points_to(maja: Principal, dora: Principal) -> None:
    left(maja)
    signed()
    erased(maja, dora)
    new = one(select(Person.subject_id).where(Person.id == maja.person_id))
    assert new != maja.subject_id
    with reading() as db:
        assert own.about(db, new, maja.agency_id) == []


def test_the_tree_still_verifies_and_an_entry_can_still_be_proved(maja: Principal, dora: Principal) -> None:
    left(maja)
    erased(maja, dora)
    signed()
    with reading() as db:
        assert list(checking.faults(db, datetime.now(UTC) - timedelta(days=1))) == []
        rows = db.all(select(AuditEntry.__table__).where(AuditEntry.object_id == str(maja.subject_id)))
        made = json.loads(json.dumps(own.prove(db, rows)))
    assert [row.act for row in rows] == ["person.join", "person.leave"]
    said = " ".join(verifier.verify(made, verifier.Key(str(LOG.verifier)), [], 0))
    assert said.count("(1 to read, 0 as hashes)") == 2


def test_the_entries_stay_listed_without_a_pseudonym(maja: Principal, dora: Principal) -> None:
    officer = a_person("north", roles=(Role.SECURITY_OFFICER,))
    left(maja)
    signed()
    name = pseudonym_of(maja)
    erased(maja, dora)
    with transaction() as tx:
        rows = queries.entries(tx, Filters(), actor=officer, context=AT_WORK)["rows"]
    [joined] = [row for row in rows if row["act"] == "person.leave"]
    assert joined["object_pseudonym"] is None
    assert name not in str(rows)


def test_what_is_written_about_it_names_neither_the_old_place_nor_the_new(
    maja: Principal, dora: Principal
) -> None:
    officer = a_person("north", roles=(Role.SECURITY_OFFICER,))
    read(granted(asked(officer, maja, **put_off(20)), dora), officer)
    left(maja)
    changed(delete(AuditPending))
    erased(maja, dora)
    new = one(select(Person.subject_id).where(Person.id == maja.person_id))
    rows = found(select(AuditPending.__table__).order_by(AuditPending.id))
    assert [(row.act, row.object_kind, row.object_id) for row in rows] == [
        ("person.tell", "agency", str(maja.agency_id)),
        ("subject.erase", "agency", str(maja.agency_id)),
    ]
    assert len(told(maja)) == 1
    for row in rows:
        assert not {str(maja.subject_id), str(new)} & {str(value) for value in row}


def test_the_old_pseudonym_is_kept_from_everybody_else_and_finds_nobody(
    maja: Principal, dora: Principal
) -> None:
    officer, name = a_person("north", roles=(Role.SECURITY_OFFICER,)), pseudonym_of(maja)
    with transaction() as tx:
        views.save(tx, "Case 17", {"pseudonym": name}, actor=officer, context=AT_WORK)
    left(maja)
    signed()
    erased(maja, dora)
    [kept] = found(select(LogSubject.__table__).where(LogSubject.pseudonym == name))
    assert kept.salt is None
    assert kept.id != maja.subject_id
    assert found(select(Person.id).where(Person.subject_id == kept.id)) == []
    with transaction() as tx:
        [view] = views.listing(tx, officer)
        asked_for = searches.parse(tx, view.filters).filters
        assert asked_for.subject_id == NOBODY
        assert queries.entries(tx, asked_for, actor=officer, context=AT_WORK)["rows"] == []


def test_look_ups_and_requests_do_not_tie_them_to_the_old_one(maja: Principal, dora: Principal) -> None:
    officer, other = a_person("north", roles=(Role.SECURITY_OFFICER,)), a_person("north", name="Maja Other")
    with transaction() as tx:
        requests.ask(tx, actor=maja, context=AT_WORK)
    asked(officer, maja)
    read(granted(asked(officer, "Maja", **put_off(20)), dora), officer)
    left(maja)
    erased(maja, dora)
    assert {row.wanted for row in found(select(LookUp.wanted))} == {""}
    assert [row.person_id for row in found(select(LookUpPerson.person_id))] == [other.person_id]
    assert found(select(DataRequest.id)) == []
    assert (len(told(maja)), len(told(other))) == (1, 0)


def test_nobody_is_erased_who_is_with_an_agency(maja: Principal, dora: Principal) -> None:
    with pytest.raises(StillAMember):
        erased(maja, dora)


def test_nobody_is_erased_who_is_with_another_agency(maja: Principal, dora: Principal) -> None:
    guest = a_person("south")
    hat = a_secondment(guest, "north")
    with transaction() as tx:
        leaving.end_membership(tx, hat, actor=None, context=JOB, reason="agency")
    with pytest.raises(NoSuchPerson):
        erased(guest, dora)


def test_only_data_protection_of_the_last_agency_erases(maja: Principal, dora: Principal) -> None:
    left(maja)
    with pytest.raises(NoSuchPerson):
        erased(maja, a_second("south"))
    for role in set(Role) - {Role.DATA_PROTECTION}:
        with pytest.raises(NotPermitted):
            erased(maja, a_person("north", roles=(role,)))


def test_what_did_not_happen_erases_nothing(maja: Principal, dora: Principal) -> None:
    left(maja)
    before: Any = one(select(Person.subject_id).where(Person.id == maja.person_id))
    rolled_back(lambda tx: erasure.erase_from_record(tx, maja.person_id, actor=dora, context=AT_WORK))
    assert one(select(Person.subject_id).where(Person.id == maja.person_id)) == before
    assert one(select(LogSubject.id).where(LogSubject.id == before)) == before

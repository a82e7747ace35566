"""Asking who has seen data about oneself, and data protection's answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select

from agencies import leaving, people_list
from agencies.errors import NotPermitted
from agencies.models import Notice
from agencies.oversight import requests
from agencies.oversight.requests import AlreadyAnswered, AlreadyAsked, Answer, NoSuchRequest
from marketplace.foundation.db import reading, transaction
from security.log import audit, sequencer
from security.log.models import AuditPending
from security.principal import JOB, Principal, Role
from tests.agencies.oversight.looking_up import a_second, asked, granted, over_by_now, put_off, read
from tests.agencies.people_at_work import an_admin
from tests.builders import AT_WORK, a_person, found
from tests.together import losers, together


@pytest.fixture
def maja(database: Engine) -> Principal:
    return a_person("north", name="Maja Okonkwo")


@pytest.fixture
def dora(maja: Principal) -> Principal:
    return a_second(name="Dora Datenschutz")


def wrote(person: Principal) -> UUID:
    with transaction() as tx:
        return requests.ask(tx, actor=person, context=AT_WORK)


def answer_of(request: UUID, by: Principal) -> Answer:
    with transaction() as tx:
        sequencer.sequence(tx)
    with transaction() as tx:
        return requests.read(tx, request, form="page", actor=by, context=AT_WORK)


def listed(by: Principal) -> Sequence[Any]:
    with transaction() as tx:
        return requests.listing(tx, actor=by, context=AT_WORK)


def sent(request: UUID, by: Principal) -> None:
    with transaction() as tx:
        requests.answer(tx, request, actor=by, context=AT_WORK)


def looked_at(person: Principal, by: Principal) -> None:
    with transaction() as tx:
        people_list.view(tx, person.membership_id, actor=by, context=AT_WORK)


def on_record(act: str) -> list[str | None]:
    return [row.object_id for row in found(select(AuditPending.object_id).where(AuditPending.act == act))]


def test_the_answer_has_what_others_did_and_nothing_of_their_own(maja: Principal, dora: Principal) -> None:
    admin = an_admin("north")
    looked_at(maja, admin)
    looked_at(dora, admin)
    looked_at(maja, maja)
    answer = answer_of(wrote(maja), dora)
    assert (answer.name, answer.member) == ("Maja Okonkwo", True)
    assert [row.act for row in answer.entries] == ["person.view", "person.join"]


def test_it_covers_what_concerns_the_agency_that_answers(maja: Principal, dora: Principal) -> None:
    stranger = a_person("south")
    theirs = audit.Target("person", maja.subject_id, stranger.agency_id)
    with transaction() as tx:  # as where the person is a member of another agency too
        audit.record(tx, "person.view", theirs, actor=stranger, context=AT_WORK)
    assert [row.act for row in answer_of(wrote(maja), dora).entries] == ["person.join"]


def test_reading_the_list_is_one_entry(maja: Principal, dora: Principal) -> None:
    wrote(maja)
    listed(dora)
    assert on_record("data_request.list") == [str(dora.agency_id)]


def test_each_opening_is_an_entry_about_the_person(maja: Principal, dora: Principal) -> None:
    request = wrote(maja)
    answer_of(request, dora)
    assert on_record("data_request.read") == [str(maja.subject_id)]
    assert answer_of(request, dora).entries[0].act == "data_request.read"


def test_a_deferral_holds_in_the_answer_too(maja: Principal, dora: Principal) -> None:
    officer = a_person("north", roles=(Role.SECURITY_OFFICER,))
    read(granted(asked(officer, maja, **put_off(9)), dora), officer)
    request = wrote(maja)
    assert "look_up.read" not in [row.act for row in answer_of(request, dora).entries]
    read(granted(asked(officer, maja), dora), officer)
    assert "look_up.read" in [row.act for row in answer_of(request, dora).entries]


def test_there_is_one_open_request_of_a_person(maja: Principal, dora: Principal) -> None:
    assert losers(together(*[lambda: wrote(maja)] * 4)) == [AlreadyAsked] * 3
    [row] = listed(dora)
    with reading() as db:
        assert requests.own_open(db, maja) is not None
    sent(row.id, dora)
    with reading() as db:
        assert requests.own_open(db, maja) is None
    wrote(maja)


def test_sending_it_is_told_once_and_on_the_record(maja: Principal, dora: Principal) -> None:
    request = wrote(maja)
    sent(request, dora)
    with pytest.raises(AlreadyAnswered):
        sent(request, dora)
    mine = select(Notice.kind).where(Notice.person_id == maja.person_id)
    assert [row.kind for row in found(mine)] == ["data_request.answered"]
    assert on_record("data_request.answer") == [str(maja.subject_id)]
    assert on_record("data_request.ask") == [str(maja.subject_id)]


def test_only_data_protection_of_the_agency_answers(maja: Principal) -> None:
    request = wrote(maja)
    for role in set(Role) - {Role.DATA_PROTECTION}:
        with pytest.raises(NotPermitted):
            answer_of(request, a_person("north", roles=(role,)))
    stranger = a_second("south")
    for act in (answer_of, sent):
        with pytest.raises(NoSuchRequest):
            act(request, stranger)
    assert listed(stranger) == []


class TestLetters:
    def test_a_look_up_leads_to_the_answer_of_somebody_who_left(
        self, maja: Principal, dora: Principal
    ) -> None:
        with transaction() as tx:
            leaving.end_membership(tx, maja.membership_id, actor=None, context=JOB, reason="agency")
        look_up = granted(asked(dora, "Okonkwo", purpose="data_request"), a_second())
        [opened] = read(look_up, dora)
        request = self.on_behalf(look_up, opened.person_id, dora)
        answer = answer_of(request, dora)
        assert (answer.name, answer.member) == ("Maja Okonkwo", False)
        assert self.on_behalf(look_up, opened.person_id, dora) == request

    def test_it_leads_nowhere_for_other_purposes_people_and_askers(
        self, maja: Principal, dora: Principal
    ) -> None:
        other = a_person("north", name="Somebody Else")
        fits = granted(asked(dora, maja, purpose="data_request"), a_second())
        wrong = granted(asked(dora, maja, purpose="court"), a_second())
        with pytest.raises(NoSuchRequest):  # not read yet
            self.on_behalf(fits, maja.person_id, dora)
        for look_up in (fits, wrong):
            read(look_up, dora)
        for look_up, person, actor in (
            (wrong, maja, dora), (fits, other, dora), (fits, maja, a_second()),
        ):  # fmt: skip
            with pytest.raises(NoSuchRequest):
                self.on_behalf(look_up, person.person_id, actor)
        over_by_now(fits)
        with pytest.raises(NoSuchRequest):
            self.on_behalf(fits, maja.person_id, dora)

    @staticmethod
    def on_behalf(look_up: UUID, person_id: UUID, actor: Principal) -> UUID:
        with transaction() as tx:
            return requests.on_behalf(tx, look_up, person_id, actor=actor, context=AT_WORK)

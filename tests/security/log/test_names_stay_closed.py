"""Nothing that an officer reads, searches, exports or proves ties a name that they know to a pseudonym."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, select

from agencies import leaving
from agencies.oversight import searches
from marketplace.edge import record_csv
from marketplace.foundation.db import transaction
from security.log import audit, queries, sequencer
from security.log.acts import ACTS, BY_PSEUDONYM, CLOSED
from security.log.entries import commitment, named
from security.log.models import AuditEntry, LogSubject
from security.principal import Principal
from tests.agencies.oversight.looking_up import pseudonym_of
from tests.agencies.people_at_work import a_session, an_admin, an_officer
from tests.builders import AT_WORK, a_person, one


@pytest.fixture
def officer(database: Engine) -> Principal:
    return an_officer("north")


@pytest.fixture
def maja(officer: Principal) -> Principal:
    return a_person("north", name="Maja Okonkwo")


def did(act: str, target: audit.Target, by: Principal) -> None:
    with transaction() as tx:
        audit.record(tx, act, target, actor=by, context=AT_WORK)
        sequencer.sequence(tx)


def done_to(person: Principal, act: str, by: Principal) -> None:
    did(act, audit.Target("person", person.subject_id, person.agency_id), by)


def shown_to(officer: Principal, **words: str) -> list[dict[str, Any]]:
    with transaction() as tx:
        asked = searches.parse(tx, words).filters
        rows: list[dict[str, Any]] = queries.entries(tx, asked, actor=officer, context=AT_WORK)["rows"]
        return rows


def newest_body() -> dict[str, Any]:
    body: dict[str, Any] = json.loads(
        one(select(AuditEntry.body).order_by(AuditEntry.number.desc()).limit(1))
    )
    return body


def test_whom_somebody_chose_by_name_has_no_pseudonym_in_the_list(
    officer: Principal, maja: Principal
) -> None:
    admin, by_name = an_admin("north"), sorted(set(ACTS) - BY_PSEUDONYM)
    with transaction() as tx:
        for act in by_name:
            target = audit.Target("person", maja.subject_id, maja.agency_id)
            audit.record(tx, act, target, actor=admin, context=AT_WORK)
        sequencer.sequence(tx)
    for act in by_name:
        row = shown_to(officer, act=act)[0]
        assert row["object_kind"] == "person", act
        assert (row["object_id"], row["object_pseudonym"]) == (None, None), act


@pytest.mark.parametrize("act", sorted(BY_PSEUDONYM))
def test_whom_somebody_followed_by_their_pseudonym_is_called_by_it(
    officer: Principal, maja: Principal, act: str
) -> None:
    done_to(maja, act, officer)
    assert shown_to(officer, act=act)[0]["object_pseudonym"] == pseudonym_of(maja)


def test_a_search_for_a_pseudonym_finds_nothing_that_was_done_by_name(
    officer: Principal, maja: Principal
) -> None:
    done_to(maja, "clearance.give", an_admin("north"))
    done_to(maja, "log.read", officer)
    assert [row["act"] for row in shown_to(officer, person=pseudonym_of(maja))] == ["log.read"]


def test_an_export_says_no_more_than_the_list(officer: Principal, maja: Principal) -> None:
    done_to(maja, "clearance.give", an_admin("north"))
    with transaction() as tx:
        asked = searches.parse(tx, {"act": "clearance.give"}).filters
        text = record_csv.record_csv(tx, asked, actor=officer, context=AT_WORK)
    assert "clearance.give" in text
    assert pseudonym_of(maja) not in text
    assert str(maja.subject_id) not in text


class TestBodies:
    """What exports and proofs hold, entry by entry."""

    def test_speak_of_somebody_by_name_and_of_an_actor_by_two_commitments(
        self, officer: Principal, maja: Principal
    ) -> None:
        salt = bytes(one(select(LogSubject.salt).where(LogSubject.id == maja.subject_id)))
        done_to(maja, "clearance.give", maja)
        told = newest_body()
        assert told["actor"]["user"]["uid"] == commitment(salt, maja.subject_id)
        assert told["resource"]["uid"] == named(salt, maja.subject_id)
        assert commitment(salt, maja.subject_id) != named(salt, maja.subject_id)

    def test_speak_of_somebody_who_was_followed_as_of_an_actor(
        self, officer: Principal, maja: Principal
    ) -> None:
        salt = bytes(one(select(LogSubject.salt).where(LogSubject.id == maja.subject_id)))
        done_to(maja, "log.read", officer)
        assert newest_body()["resource"]["uid"] == commitment(salt, maja.subject_id)

    @pytest.mark.parametrize("kind", sorted(CLOSED))
    def test_hold_no_id_beside_which_a_page_names_who_acted(self, officer: Principal, kind: str) -> None:
        thing = uuid4()
        did("look_up.ask", audit.Target(kind, thing, officer.agency_id), officer)
        first = newest_body()
        assert str(thing) not in json.dumps(first)
        did("look_up.view", audit.Target(kind, thing, officer.agency_id), officer)
        assert newest_body()["resource"]["uid"] == first["resource"]["uid"]

    def test_keep_the_id_where_nobody_acted(self, officer: Principal) -> None:
        thing = uuid4()
        with transaction() as tx:
            target = audit.Target("alert", thing, officer.agency_id)
            audit.record(tx, "alert.raise", target, actor=None, context=AT_WORK)
            sequencer.sequence(tx)
        assert newest_body()["resource"]["uid"] == str(thing)

    def test_hold_no_session_where_nobody_acted(self, officer: Principal) -> None:
        with transaction() as tx:
            target = audit.Target("session", uuid4().hex, officer.agency_id)
            audit.record(tx, "session.end", target, actor=None, context=AT_WORK)
            sequencer.sequence(tx)
        assert "uid" not in newest_body()["resource"]


class TestEndingSomebodysSessions:
    """An administrator ends the sessions of a person whom they chose by name."""

    def test_tells_nobody_which_sessions_and_so_whose_acts(self, officer: Principal, maja: Principal) -> None:
        admin = an_admin("north")
        _, reference = a_session(maja)
        with transaction() as tx:
            seen = replace(AT_WORK, session=reference)
            audit.record(tx, "claim.take", None, actor=maja, context=seen)
            leaving.end_sessions(tx, maja.membership_id, actor=admin, context=AT_WORK)
            sequencer.sequence(tx)
        [ended] = shown_to(officer, act="session.end")
        assert reference not in str(ended)
        assert shown_to(officer, object=reference) == []
        assert reference not in one(select(AuditEntry.body).where(AuditEntry.act == "session.end")).decode()
        assert [row["act"] for row in shown_to(officer, session=reference)] == ["claim.take"]


class TestIdsOfPagesThatNameColleagues:
    @pytest.mark.parametrize("kind", sorted(CLOSED))
    def test_are_not_in_the_list_and_find_nothing(self, officer: Principal, kind: str) -> None:
        thing = uuid4()
        did("look_up.ask", audit.Target(kind, thing, officer.agency_id), officer)
        [row] = shown_to(officer, act="look_up.ask")
        assert (row["object_kind"], row["object_id"]) == (kind, None)
        assert shown_to(officer, object=str(thing)) == []
        assert shown_to(officer, object=str(thing)[:8]) == []

    def test_are_those_of_people_too(self, officer: Principal, maja: Principal) -> None:
        done_to(maja, "log.read", officer)
        assert shown_to(officer, object=str(maja.subject_id)) == []

    def test_another_thing_is_found_by_its_id(self, officer: Principal) -> None:
        thing = UUID("5e6f7a8b-0c1d-4e2f-8a3b-4c5d6e7f8091")
        did("payload.view", audit.Target("microtask", thing, officer.agency_id), officer)
        for typed in (str(thing), str(thing)[:8], str(thing).upper(), str(thing)[:8].upper()):
            assert [row["object_id"] for row in shown_to(officer, object=typed)] == [str(thing)]

    def test_an_id_with_capitals_is_found(self, officer: Principal) -> None:
        did("payload.view", audit.Target("microtask", "Batch-2026-A", officer.agency_id), officer)
        assert [row["object_id"] for row in shown_to(officer, object="Batch-2026-A")] == ["Batch-2026-A"]

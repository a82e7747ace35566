"""The sequencer: numbers without gaps, leaf hashes over canonical bodies, whoever runs it how often."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, update

from agencies.models import Person
from marketplace.foundation.db import transaction
from security.log import audit, sequencer
from security.log.entries import body, commitment
from security.log.models import AuditEntry, AuditHead, AuditPending, LogSubject
from security.principal import Principal
from tests.builders import (
    AT_WORK,
    a_campaign,
    a_claim,
    a_person,
    an_answer,
    an_owner,
    changed,
    found,
    one,
    opened,
    rolled_back,
)
from tests.together import losers, together


def acts(count: int, actor: Principal | None = None) -> None:
    with transaction() as tx:
        for number in range(count):
            audit.record(tx, "log.read", audit.Target("log", number), actor=actor, context=AT_WORK)


def numbered(limit: int = 500) -> int:
    with transaction() as tx:
        return sequencer.sequence(tx, limit)


def entries() -> list[Any]:
    return list(found(select(AuditEntry.__table__).order_by(AuditEntry.number)))


class TestNumbers:
    def test_begin_at_nothing_and_have_no_gaps(self, database: Engine) -> None:
        acts(5)
        numbered()
        assert [row.number for row in entries()] == [0, 1, 2, 3, 4]

    def test_go_on_from_batch_to_batch(self, database: Engine) -> None:
        acts(5)
        assert [numbered(2), numbered(2), numbered(2), numbered(2)] == [2, 2, 1, 0]
        assert [row.number for row in entries()] == [0, 1, 2, 3, 4]

    def test_have_no_gaps_where_transactions_were_rolled_back(self, database: Engine) -> None:
        acts(1)
        rolled_back(lambda tx: audit.record(tx, "log.read", actor=None, context=AT_WORK))
        acts(1)
        numbered()
        assert [row.number for row in entries()] == [0, 1]

    def test_the_head_says_how_many_there_are(self, database: Engine) -> None:
        acts(3)
        numbered()
        assert one(select(AuditHead.size)) == 3

    def test_nothing_pending_is_left(self, database: Engine) -> None:
        acts(3)
        numbered()
        assert found(select(AuditPending.id)) == []

    def test_several_sequencers_number_together_without_gaps_or_doubles(self, database: Engine) -> None:
        acts(40)
        outcomes = together(*[lambda: numbered(7)] * 6)
        assert losers(outcomes) == []
        while numbered(7):
            pass
        assert [row.number for row in entries()] == list(range(40))

    def test_acts_recorded_meanwhile_are_numbered_too(self, database: Engine) -> None:
        together(*[lambda: acts(5), lambda: numbered(3)] * 4)
        while numbered():
            pass
        assert [row.number for row in entries()] == list(range(20))


class TestLeaves:
    def test_are_hashes_of_the_body_as_the_standard_says(self, database: Engine) -> None:
        acts(3)
        numbered()
        assert all(bytes(row.leaf) == hashlib.sha256(b"\x00" + bytes(row.body)).digest() for row in entries())

    def test_the_body_says_what_the_columns_say(self, database: Engine) -> None:
        acts(1, a_person())
        numbered()
        row = entries()[-1]
        told = json.loads(bytes(row.body))
        assert (told["activity_name"], told["status"], told["resource"]["uid"]) == (
            row.act,
            row.outcome,
            row.object_id,
        )
        assert told["time"] == int(row.at.timestamp() * 1000)

    def test_the_body_is_canonical(self, database: Engine) -> None:
        acts(1, a_person())
        numbered()
        told = bytes(entries()[-1].body)
        assert (
            json.dumps(json.loads(told), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
            == told
        )

    def test_the_actor_is_a_commitment(self, database: Engine) -> None:
        person = a_person()
        salt = bytes(one(select(LogSubject.salt)))
        acts(1, person)
        numbered()
        told = json.loads(bytes(entries()[-1].body))
        assert told["actor"]["user"]["uid"] == commitment(salt, person.subject_id)


class TestErasure:
    def test_erasing_the_salt_changes_no_entry(self, database: Engine) -> None:
        person = a_person()
        acts(1, person)
        numbered()
        before = [(bytes(row.body), bytes(row.leaf)) for row in entries()]
        changed(update(LogSubject).values(salt=None))
        assert [(bytes(row.body), bytes(row.leaf)) for row in entries()] == before

    def test_without_the_salt_nobody_can_be_committed_to_again(self, database: Engine) -> None:
        person = a_person()
        changed(update(LogSubject).values(salt=None))
        acts(1, person)
        numbered()
        assert "user" not in json.loads(bytes(entries()[-1].body))["actor"]

    def test_two_people_with_the_same_acts_have_commitments_that_say_nothing(self) -> None:
        subject = UUID(int=7)
        assert commitment(b"a" * 32, subject) != commitment(b"b" * 32, subject)


class TestContent:
    """Entries hold no name, no address, no content, whatever was done."""

    @pytest.fixture
    def told(self, database: Engine) -> str:
        owner = an_owner("north", name="Ottilie Owner")
        person = a_person("south", name="Petra Person")
        campaign = a_campaign(owner, csv="entry\nthe canary entry\n", redundancy=1, level="sensitive")
        claim = a_claim(campaign, person)
        opened(claim, person)
        an_answer(claim, person, "bat", note="the canary note")
        while numbered():
            pass
        rows = [tuple(row) for row in entries()]
        return " ".join([str(rows), *(bytes(row.body).decode() for row in entries())])

    @pytest.mark.parametrize(
        "what",
        ["Ottilie", "Petra", "@agency.example", "canary", "bat", "127.0.0.1", "https://issuer.example"],
    )
    def test_is_not_there(self, told: str, what: str) -> None:
        assert what not in told

    def test_the_persons_own_id_is_not_there(self, told: str, database: Engine) -> None:
        assert not [row.id for row in found(select(Person.id)) if str(row.id) in told or row.id.hex in told]


def test_the_address_of_a_request_reaches_no_column(database: Engine) -> None:
    assert not {"address", "ip", "name", "email"} & set(AuditEntry.__table__.c.keys())


def test_a_body_without_an_actor_says_only_what_is_known() -> None:
    facts = dict.fromkeys(AuditPending.__table__.c.keys())
    facts |= {
        "act": "log.read", "at": datetime(2026, 1, 1, tzinfo=UTC), "outcome": "done", "object_kind": "log",
        "channel": "web", "zone": "public", "device": "unknown",
    }  # fmt: skip
    assert json.loads(body(facts, {}))["actor"] == {}

"""Sensitive content lies sealed, opens for its own row only, and is nowhere else."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, text, update

from agencies.keys import KeyringFile, bound
from marketplace.foundation.db import transaction
from marketplace.foundation.errors import DomainError
from security.log import sequencer
from security.principal import Principal
from tasks import results
from tasks.errors import KeyUnavailable
from tasks.models import Contribution, Microtask, Payload, PayloadSlot, Result
from tests import on_device
from tests.builders import (
    AT_WORK,
    a_campaign,
    a_claim,
    a_contribution,
    a_form,
    a_person,
    an_answer,
    an_owner,
    changed,
    found,
    one,
    opened,
    settled,
)

CANARIES = {
    "item": "kingfisher over the northern runway 7731",
    "note": "seen from the tower by canary 8842",
    "answer": "canaryoption9953",
}


def result_of(campaign: UUID, item: UUID, owner: Principal) -> dict[str, Any]:
    """A sealed result as its owner reads it on a device of theirs."""
    device = on_device.device_of(owner)
    with transaction() as tx:
        found = results.open_result(
            tx, campaign, item, actor=owner, context=AT_WORK, device=device.thumbprint
        )
    assert isinstance(found, results.SealedResult)
    return {
        "item": on_device.part_on(device, found.item),
        "value": on_device.part_on(device, found.value)["kind"],
        "trace": [on_device.part_on(device, step.answer) for step in found.trace],
    }


def a_sensitive_campaign(owner: Principal | None = None, **given: Any) -> UUID:
    return a_campaign(owner, **{"items": 1, "redundancy": 1, "level": "sensitive"} | given)


def words(query: str) -> str:
    """All that a query gives. (The text of a row itself is shortened.)"""
    return "\n".join(str(value) for row in found(text(query)) for value in row)


def everything_stored(engine: Engine) -> bytes:
    """Every byte of the database: SQLite's files with the log beside them, or every row of every table."""
    if engine.dialect.name == "sqlite":
        path = Path(str(engine.url.database))
        return b"".join(file.read_bytes() for file in sorted(path.parent.glob(path.name + "*")))
    names = [
        row.name for row in found(text("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"))
    ]
    rows = [words(f'SELECT t::text FROM "{name}" t') for name in names]
    # A bytea is shown in hex: what lies in it in plain would be seen there too.
    unpacked = [
        bytes.fromhex(row.value)
        for row in found(
            text(
                "SELECT encode(body, 'hex') AS value FROM payload UNION ALL SELECT encode(body, 'hex') FROM audit_entry"
            )
        )
    ]
    return "\n".join(rows).encode() + b"\n".join(unpacked)


@pytest.fixture
def stored(database: Engine) -> bytes:
    """The database after a sensitive item was posted, opened, answered with a note, settled, read and logged."""
    owner, person = an_owner(), a_person()
    form = a_form()
    form["questions"][0]["options"].append({"value": CANARIES["answer"], "label": "The canary"})
    campaign = a_sensitive_campaign(owner, csv=f"entry\n{CANARIES['item']}\n", form=form)
    claim = a_claim(campaign, person)
    opened(claim, person)
    an_answer(claim, person, CANARIES["answer"], note=CANARIES["note"])
    settled(campaign)
    result_of(campaign, one(select(Microtask.id)), owner)
    with transaction() as tx:
        sequencer.sequence(tx)
    return everything_stored(database)


class TestAtRest:
    @pytest.mark.parametrize("what", ["item", "note"])
    def test_what_was_sealed_is_nowhere_in_the_database(self, stored: bytes, what: str) -> None:
        assert CANARIES[what].encode() not in stored

    def test_the_chosen_option_stands_in_the_form_and_nowhere_else(
        self, stored: bytes, database: Engine
    ) -> None:
        """The options are the campaign's question, which everybody cleared for it may read; the choice is not."""
        form = words("SELECT form FROM campaign").count(CANARIES["answer"])
        tables = (
            "contribution",
            "result",
            "claim",
            "participation",
            "job",
            "audit_pending",
            "audit_entry",
            "notice",
        )
        for table in tables:
            assert CANARIES["answer"] not in words(f"SELECT * FROM {table}")
        assert form == 1, "the search finds what lies open"

    def test_an_ordinary_campaign_is_found_by_the_same_search(self, database: Engine) -> None:
        """The search would see what lies open."""
        a_campaign(csv=f"entry\n{CANARIES['item']}\n")
        assert CANARIES["item"].encode() in everything_stored(database)

    def test_the_rows_refer_to_payloads_only(self, stored: bytes) -> None:
        for column in (Microtask.content, Contribution.answer, Result.value):
            assert one(select(column)) is None


class TestOpening:
    def test_the_holder_reads_the_item(self, database: Engine) -> None:
        person = a_person()
        assert opened(a_claim(a_sensitive_campaign(), person), person) == {"entry": "Entry 1"}

    def test_the_owner_reads_answer_note_and_result(self, database: Engine) -> None:
        owner = an_owner()
        campaign = a_sensitive_campaign(owner)
        a_contribution(campaign, a_person(), "bat", note="Small.")
        settled(campaign)
        result = result_of(campaign, one(select(Microtask.id)), owner)
        assert (result["value"], result["trace"]) == ("bat", [{"kind": "bat", "note": "Small."}])

    def test_without_its_slot_it_stays_closed(self, database: Engine) -> None:
        person = a_person()
        claim = a_claim(a_sensitive_campaign(), person)
        changed(update(PayloadSlot).values(kind="recovery"))
        with pytest.raises(KeyUnavailable):
            opened(claim, person)

    def test_with_another_installations_keyring_it_stays_closed(
        self, database: Engine, tmp_path: Path
    ) -> None:
        person = a_person()
        claim = a_claim(a_sensitive_campaign(), person)
        bound.bind(KeyringFile(tmp_path / "other" / "keyring.json"))
        with pytest.raises(DomainError):
            opened(claim, person)

    def test_a_changed_byte_is_refused(self, database: Engine) -> None:
        person = a_person()
        claim = a_claim(a_sensitive_campaign(), person)
        body = bytes(one(select(Payload.body)))
        changed(update(Payload).values(body=body[:-1] + bytes([body[-1] ^ 1])))
        with pytest.raises(DomainError):
            opened(claim, person)


class TestSwapped:
    """Whoever can write rows still cannot make one payload pass for another."""

    def test_the_payload_of_another_item_is_refused(self, database: Engine) -> None:
        campaign, person = a_sensitive_campaign(items=2), a_person()
        claim = a_claim(campaign, person)
        first, second = found(select(Microtask.id, Microtask.payload_id).order_by(Microtask.number))
        changed(update(Microtask).where(Microtask.id == first.id).values(payload_id=second.payload_id))
        with pytest.raises(DomainError):
            opened(claim, person)

    def test_body_and_slot_moved_together_are_refused(self, database: Engine) -> None:
        campaign, person = a_sensitive_campaign(items=2), a_person()
        claim = a_claim(campaign, person)
        first, second = found(
            select(Microtask.payload_id, Payload.header, Payload.body, PayloadSlot.wrapped)
            .join(Payload, Payload.id == Microtask.payload_id)
            .join(PayloadSlot, PayloadSlot.payload_id == Payload.id)
            .order_by(Microtask.number)
        )
        here = Payload.id == first.payload_id
        changed(update(Payload).where(here).values(header=second.header, body=second.body))
        changed(
            update(PayloadSlot)
            .where(PayloadSlot.payload_id == first.payload_id)
            .values(wrapped=second.wrapped)
        )
        with pytest.raises(DomainError):
            opened(claim, person)

    def test_an_answer_does_not_pass_for_a_result(self, database: Engine) -> None:
        owner = an_owner()
        campaign = a_sensitive_campaign(owner)
        a_contribution(campaign, a_person(), "bat")
        settled(campaign)
        changed(update(Result).values(payload_id=one(select(Contribution.payload_id))))
        with pytest.raises(DomainError):
            result_of(campaign, one(select(Microtask.id)), owner)

    def test_one_persons_answer_does_not_pass_for_anothers(self, database: Engine) -> None:
        owner = an_owner()
        campaign = a_sensitive_campaign(owner, redundancy=2)
        for value in ("bat", "bird"):
            a_contribution(campaign, a_person(), value)
        settled(campaign)
        first, second = found(select(Contribution.id, Contribution.payload_id))
        changed(update(Contribution).where(Contribution.id == first.id).values(payload_id=second.payload_id))
        with pytest.raises(DomainError):
            result_of(campaign, one(select(Microtask.id)), owner)

    def test_a_refused_payload_shows_nothing_of_itself(self, database: Engine) -> None:
        person = a_person()
        campaign = a_sensitive_campaign(csv=f"entry\n{CANARIES['item']}\nother\n")
        claim = a_claim(campaign, person)
        first, second = found(select(Microtask.id, Microtask.payload_id).order_by(Microtask.number))
        changed(update(Microtask).where(Microtask.id == first.id).values(payload_id=second.payload_id))
        with pytest.raises(DomainError) as refused:
            opened(claim, person)
        assert "other" not in f"{refused.value!r} {refused.value.facts}"

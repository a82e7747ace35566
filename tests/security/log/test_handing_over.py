"""What a search found can be handed over with its proof, and an authority checks it without us."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, delete

from marketplace.foundation.db import transaction
from security import notes, verifier
from security.log import audit, checkpoints, handing_over, sequencer
from security.log.filtering import Filters
from security.log.handing_over import NEAR, TooManyToHandOver, runs
from security.log.models import AuditPending
from security.principal import Principal, Role
from tests.builders import AT_WORK, a_person, changed, found

LOG = notes.signer("market.example/log", notes.LOG, bytes(range(32)))
ABOUT = ("incident", UUID(int=7))


@pytest.fixture
def officer(database: Engine) -> Principal:
    officer = a_person("north", roles=(Role.SECURITY_OFFICER,))
    changed(delete(AuditPending))
    return officer


def entered(actor: Principal, acts: list[str]) -> None:
    with transaction() as tx:
        for act in acts:
            audit.record(tx, act, None, actor=actor, context=AT_WORK)
        sequencer.sequence(tx, 20_000)
        checkpoints.sign(tx, LOG)


def proved(officer: Principal, asked: Filters) -> dict[str, Any]:
    with transaction() as tx:
        made = handing_over.prove(tx, asked, about=ABOUT, actor=officer, context=AT_WORK)
    sent: dict[str, Any] = json.loads(json.dumps(made))
    return sent


def checked(proof: dict[str, Any]) -> str:
    return " ".join(verifier.verify(proof, verifier.Key(str(LOG.verifier)), [], 0))


def read(proof: dict[str, Any]) -> list[int]:
    """The numbers of the entries that the proof shows."""
    return [
        part["first"] + at
        for part in proof["parts"]
        for at, each in enumerate(part["entries"])
        if isinstance(each, str)
    ]


def test_every_entry_that_was_found_is_shown_and_holds(officer: Principal) -> None:
    acts = ["claim.take"] * 400
    for number in (3, 5, 90, 200, 390):
        acts[number] = "payload.view"
    entered(officer, acts)
    proof = proved(officer, Filters(act="payload.view"))
    assert read(proof) == [3, 5, 90, 200, 390]
    assert len(proof["parts"]) == 4
    assert "Entries 3 to 5: on the record" in checked(proof)


def test_a_proof_that_was_touched_does_not_hold(officer: Principal) -> None:
    entered(officer, ["claim.take", "payload.view"])
    proof = proved(officer, Filters(act="payload.view"))
    entry = proof["parts"][0]["entries"][0]
    proof["parts"][0]["entries"][0] = entry.replace("payload.view", "payload.viev")
    with pytest.raises(verifier.Wrong):
        checked(proof)


def test_what_concerns_others_only_is_not_shown(officer: Principal) -> None:
    other = a_person("south")
    changed(delete(AuditPending))
    entered(officer, ["claim.take"])
    entered(other, ["claim.take"])
    entered(officer, ["claim.take"])
    proof = proved(officer, Filters())
    assert read(proof) == [0, 2]
    assert checked(proof)


def test_nothing_found_is_a_proof_of_nothing(officer: Principal) -> None:
    entered(officer, ["claim.take"])
    assert proved(officer, Filters(act="payload.view"))["parts"] == []


def test_more_than_a_file_holds_is_not_taken(officer: Principal) -> None:
    entered(officer, ["claim.take"] * (handing_over.MOST + 1))
    with pytest.raises(TooManyToHandOver):
        proved(officer, Filters())
    assert len(read(proved(officer, Filters(last=handing_over.MOST - 1)))) == handing_over.MOST


def test_it_is_on_the_record_as_taken_along(officer: Principal) -> None:
    entered(officer, ["claim.take"] * 3)
    proved(officer, Filters())
    [row] = found(AuditPending.__table__.select())
    assert (row.act, row.object_kind, row.object_id) == ("log.export", "incident", str(ABOUT[1]))
    assert row.detail == {"entries": 3, "first": 0, "last": 2}


def test_near_numbers_share_a_part() -> None:
    assert runs([]) == []
    assert runs([4]) == [(4, 4)]
    assert runs([0, 1, 2, 2 + NEAR, 3 + 2 * NEAR]) == [(0, 2 + NEAR), (3 + 2 * NEAR, 3 + 2 * NEAR)]

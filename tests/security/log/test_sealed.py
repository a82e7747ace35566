"""What can be said of the record: who stands behind the checkpoint that is shown, how far, and who contradicts."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import Engine, func, insert, select, update

from agencies.models import Agency
from marketplace.foundation import clock
from marketplace.foundation.db import reading, transaction
from security import notes
from security.log import checkpoints, sealed
from security.log.models import AuditWitness
from security.log.sealed import LATE, Seal, State
from security.notes import Signer
from tests.builders import a_person, changed, one
from tests.security.log.test_checkpoints import sign, some_entries

NORTH = notes.signer("north.example/witness", notes.WITNESS, bytes([1] * 32))
SOUTH = notes.signer("south.example/witness", notes.WITNESS, bytes([2] * 32))


def agency(slug: str) -> UUID:
    a_person(slug)
    return UUID(str(one(select(Agency.id).where(Agency.slug == slug))))


def register(witness: Signer, agency_id: UUID) -> None:
    changed(insert(AuditWitness).values(name=witness.name, key=str(witness.verifier), agency_id=agency_id))


def cosign(*signers: Signer, ago: timedelta = timedelta()) -> None:
    with transaction() as tx:
        signed = checkpoints.latest(tx)
        assert signed is not None
        moment = int((clock.now(tx) - ago).timestamp())
        lines = "".join(each.sign(signed.note.text, moment).text for each in signers)
        checkpoints.cosign(tx, signed.checkpoint.size, lines)


def seal() -> Seal:
    with reading() as db:
        return sealed.seal(db)


def test_before_the_first_signature_nothing_is_said(database: Engine) -> None:
    some_entries(2)
    assert (seal().state, seal().size) == (State.UNSIGNED, 0)


def test_without_witnesses_only_the_marketplace_says_so(database: Engine) -> None:
    some_entries(2)
    sign()
    found = seal()
    assert (found.state, found.size, found.followers) == (State.UNWITNESSED, 2, ())
    assert found.age < timedelta(minutes=5)


def test_a_witness_that_has_not_answered_stands_behind_nothing(database: Engine) -> None:
    some_entries(2)
    sign()
    register(NORTH, agency("north"))
    found = seal()
    assert (found.state, found.cosigned, len(found.followers)) == (State.UNWITNESSED, 0, 1)


def test_sealed_is_what_witnesses_cosigned(database: Engine) -> None:
    some_entries(3)
    sign()
    register(NORTH, agency("north"))
    register(SOUTH, agency("south"))
    cosign(NORTH, SOUTH)
    found = seal()
    assert (found.state, found.size, found.newer) == (State.SEALED, 3, 0)
    assert (found.cosigned, len(found.followers)) == (2, 2)


def test_two_witnesses_of_one_agency_are_one_agency(database: Engine) -> None:
    some_entries(3)
    sign()
    north = agency("north")
    register(NORTH, north)
    register(SOUTH, north)
    cosign(NORTH)
    found = seal()
    assert (found.cosigned, [each.agency_id for each in found.followers]) == (1, [north])


def test_the_checkpoint_that_two_saw_is_shown_before_a_newer_one_that_one_saw(database: Engine) -> None:
    register(NORTH, agency("north"))
    register(SOUTH, agency("south"))
    some_entries(3)
    first = sign()
    cosign(NORTH, SOUTH)
    some_entries(2)
    sign()
    cosign(NORTH)
    found = seal()
    assert (found.state, found.size, found.newer, found.cosigned) == (State.SEALED, first, 2, 2)


def test_newer_entries_without_a_seal_for_long_are_behind(database: Engine) -> None:
    register(NORTH, agency("north"))
    some_entries(3)
    first = sign()
    cosign(NORTH, ago=LATE + timedelta(seconds=2))
    assert seal().state is State.SEALED
    some_entries(2)
    sign()
    found = seal()
    assert (found.state, found.size, found.newer) == (State.BEHIND, first, 2)
    assert found.age >= LATE


def test_a_witness_whose_clock_is_ahead_cosigned_now(database: Engine) -> None:
    register(NORTH, agency("north"))
    some_entries(1)
    sign()
    cosign(NORTH, ago=-timedelta(hours=1))
    assert seal().age == timedelta()


def test_one_contradiction_is_worse_than_all_cosignatures(database: Engine) -> None:
    register(NORTH, agency("north"))
    register(SOUTH, agency("south"))
    some_entries(3)
    sign()
    cosign(NORTH, SOUTH)
    refused = {"refused": 409, "refused_at": func.now()}
    changed(update(AuditWitness).where(AuditWitness.name == SOUTH.name).values(refused))
    found = seal()
    assert found.state is State.CONTRADICTED
    assert {each.names: each.contradicts for each in found.followers} == {
        (NORTH.name,): False,
        (SOUTH.name,): True,
    }

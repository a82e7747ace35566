"""Proofs that an auditor checks offline, with a program that shares no code with ours."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, delete, insert

from marketplace.foundation.db import transaction
from security import notes, verifier
from security.log import audit, checkpoints, proving, sequencer
from security.log.models import AuditEntry, AuditPending, AuditWitness
from security.log.proving import NotSignedYet, TooManyEntries
from security.principal import Principal, Role
from tests.builders import AT_WORK, a_person, changed, found

LOG = notes.signer("market.example/log", notes.LOG, bytes(range(32)))
WITNESSES = [notes.signer(f"{name}.example/witness", notes.WITNESS, bytes([number] * 32)) for number, name in
             enumerate(("north", "south"))]  # fmt: skip
KEYS = [verifier.Key(str(each.verifier)) for each in WITNESSES]
NOW = 1_800_000_000


def grow(actor: Principal, count: int) -> None:
    with transaction() as tx:
        for number in range(count):
            audit.record(
                tx, "claim.take", audit.Target("claim", number, actor.agency_id), actor=actor, context=AT_WORK
            )
        sequencer.sequence(tx, 10_000)
    with transaction() as tx:
        size = checkpoints.sign(tx, LOG)
        assert size is not None
        text = checkpoints.latest(tx).note.text  # type: ignore[union-attr]
        checkpoints.cosign(tx, size, "".join(each.sign(text, NOW).text for each in WITNESSES))


@pytest.fixture
def officer(database: Engine) -> Principal:
    """An officer, whose agency has 300 entries between 40 of another one, signed and cosigned."""
    officer, other = a_person("north", roles=(Role.SECURITY_OFFICER,)), a_person("south")
    changed(delete(AuditPending))
    for each in WITNESSES:
        changed(insert(AuditWitness).values(name=each.name, key=str(each.verifier)))
    for actor, count in ((officer, 100), (other, 40), (officer, 200)):
        grow(actor, count)
    return officer


def proof(actor: Principal, first: int, count: int, **given: Any) -> dict[str, Any]:
    with transaction() as tx:
        made = proving.prove(tx, first, count, **given, actor=actor, context=AT_WORK)
    return json.loads(json.dumps(made))  # type: ignore[no-any-return]


def checked(made: dict[str, Any], quorum: int = 2, log: notes.Signer = LOG) -> str:
    return " ".join(verifier.verify(made, verifier.Key(str(log.verifier)), KEYS, quorum))


@pytest.mark.parametrize(("first", "count"), [(0, 1), (0, 340), (95, 10), (339, 1), (255, 2), (120, 30)])
def test_what_is_on_the_record_can_be_proved(officer: Principal, first: int, count: int) -> None:
    said = checked(proof(officer, first, count))
    assert "north.example/witness cosigned" in said
    assert "340 entries" in said


def test_entries_of_other_agencies_are_hashes(officer: Principal) -> None:
    entries = proof(officer, 98, 4)["parts"][0]["entries"]
    assert [isinstance(each, str) for each in entries] == [True, True, False, False]
    assert json.loads(entries[0])["activity_name"] == "claim.take"


def test_entries_that_expired_are_hashes_and_the_proof_holds(officer: Principal) -> None:
    changed(delete(AuditEntry).where(AuditEntry.number < 50))
    made = proof(officer, 40, 20)
    assert "(10 to read, 10 as hashes)" in checked(made)


def test_the_record_continues_an_earlier_one(officer: Principal) -> None:
    assert "Nothing of its first 140 entries was changed" in checked(proof(officer, 5, 1, since=140))


def test_making_a_proof_is_a_reading_of_the_record(officer: Principal) -> None:
    proof(officer, 5, 3)
    [row] = found(AuditPending.__table__.select())
    assert (row.act, row.detail) == ("log.read", {"first": 5, "count": 3})


def test_what_is_not_signed_yet_is_not_proved(officer: Principal) -> None:
    with pytest.raises(NotSignedYet):
        proof(officer, 340, 1)
    with pytest.raises(NotSignedYet):
        proof(officer, 0, 1, since=77)
    with pytest.raises(TooManyEntries):
        proof(officer, 0, proving.MOST + 1)


@pytest.mark.parametrize("tamper", [
    lambda made: made["parts"][0]["entries"].__setitem__(1, made["parts"][0]["entries"][1].replace("take", "lose")),
    lambda made: made["parts"][0]["entries"].pop(), lambda made: made["parts"][0]["entries"].reverse(),
    lambda made: made["parts"][0]["entries"].append(made["parts"][0]["entries"][0]),
    lambda made: made["parts"][0].update(first=12), lambda made: made["parts"][0]["around"].pop(),
    lambda made: made["parts"][0]["around"].append("00" * 32), lambda made: made["parts"][0].update(first=10**9),
    lambda made: made.update(checkpoint=made["checkpoint"].replace("\n340\n", "\n341\n")),
    lambda made: made.update(checkpoint=made["checkpoint"].replace("market", "maket")),
    lambda made: made["earlier"]["proof"].pop(), lambda made: made["earlier"].update(checkpoint=made["checkpoint"]),
    lambda made: made["earlier"]["proof"].reverse(), lambda made: made.update(format="other"),
])  # fmt: skip
def test_what_was_touched_does_not_hold(officer: Principal, tmp_path: Path, tamper: Any) -> None:
    made = proof(officer, 10, 20, since=140)
    assert run(tmp_path, made) == 0
    tamper(made)
    assert run(tmp_path, made) in (1, 2)


def test_another_log_key_or_too_few_witnesses_do_not_do(officer: Principal) -> None:
    made = proof(officer, 0, 1)
    with pytest.raises(verifier.Wrong, match="not signed by the log"):
        checked(made, log=notes.signer(LOG.name, notes.LOG, bytes(32)))
    with pytest.raises(verifier.Wrong, match="2 of your witnesses"):
        checked(made, quorum=3)


def test_the_logs_own_key_is_no_witness(officer: Principal) -> None:
    key = verifier.Key(str(LOG.verifier))
    with pytest.raises(verifier.Wrong, match="given for a witness"):
        verifier.verify(proof(officer, 0, 1), key, [key], 1)
    with pytest.raises(verifier.Wrong, match="given for a witness"):
        verifier.verify(proof(officer, 0, 1), KEYS[0], KEYS, 1)


def test_without_a_witness_it_says_so(officer: Principal) -> None:
    said = verifier.verify(proof(officer, 0, 1), verifier.Key(str(LOG.verifier)), [], 0)
    assert any("No witness was asked for" in each for each in said)


@pytest.mark.parametrize("line", ["abc", "", "a+b", "a+b+c", "market.example/log+00000000+AAAA", "ü+ü+ü"])
def test_what_is_no_key_is_said_to_be_none(line: str) -> None:
    with pytest.raises(verifier.Wrong, match="not a key"):
        verifier.Key(line)


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"format": "marketplace-record-proof-1"}'])
def test_what_is_no_proof_is_said_to_be_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "proof.json"
    path.write_text(text)
    assert verifier.main([str(path), "--log", str(LOG.verifier)]) == 2


def test_the_verifier_needs_nothing_of_ours_and_is_short(tmp_path: Path) -> None:
    source = Path(verifier.__file__).read_text()
    roots = {
        name.partition(".")[0]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in (
            [node.module or ""] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names]
        )
    }
    assert roots - set(sys.stdlib_module_names) == {"cryptography"}
    assert len(source.splitlines()) < 230


def run(folder: Path, made: dict[str, Any]) -> int:
    path = folder / "proof.json"
    path.write_text(json.dumps(made))
    keys = [part for each in WITNESSES for part in ("--witness", str(each.verifier))]
    return verifier.main([str(path), "--log", str(LOG.verifier), *keys])

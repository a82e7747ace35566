"""The log signs what it stores, once per size; witnesses' lines are kept where they hold."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, update

from marketplace.foundation import clock
from marketplace.foundation.db import reading, transaction
from security import merkle, merkle_proofs, notes
from security.log import audit, checkpoints, log_key, sequencer, tree
from security.log.checkpoints import LogKeyChanged
from security.log.models import AuditCheckpoint, AuditEntry, AuditWitness
from security.notes import BadKey, BadNote
from tests.builders import AT_WORK, changed, found

LOG = notes.signer("market.example/log", notes.LOG, bytes(range(32)))
ANOTHER = notes.signer("market.example/log", notes.LOG, bytes(32))
WITNESS = notes.signer("north.example/witness", notes.WITNESS, bytes(range(1, 33)))
STRANGER = notes.signer("nobody.example/witness", notes.WITNESS, bytes(range(2, 34)))
NOW = 1_800_000_000


def some_entries(count: int) -> None:
    with transaction() as tx:
        for _ in range(count):
            audit.record(tx, "claim.take", actor=None, context=AT_WORK)
    with transaction() as tx:
        sequencer.sequence(tx)


def sign(signer: notes.Signer = LOG) -> int | None:
    with transaction() as tx:
        return checkpoints.sign(tx, signer)


def latest(witnesses: int = 0) -> checkpoints.Signed:
    with reading() as db:
        signed = checkpoints.latest(db, witnesses=witnesses)
    assert signed is not None
    return signed


def register(witness: notes.Signer = WITNESS) -> None:
    changed(insert(AuditWitness).values(name=witness.name, key=str(witness.verifier)))


def cosign(size: int, *lines: notes.Line) -> list[str]:
    with transaction() as tx:
        return checkpoints.cosign(tx, size, "".join(line.text for line in lines))


def test_the_signed_root_is_that_of_the_entries(database: Engine) -> None:
    for count in (3, 0, 300, 7):
        some_entries(count)
    sign()
    entries = found(AuditEntry.__table__.select().order_by(AuditEntry.number))
    head = latest().checkpoint
    assert (head.size, head.root) == (310, merkle.root([merkle.leaf_hash(row.body) for row in entries]))
    assert notes.verified(latest().note, [LOG.verifier]) == {LOG.verifier: 0}


def test_any_entry_can_be_proved_from_what_is_stored(database: Engine) -> None:
    some_entries(300)
    sign()
    head = latest().checkpoint
    with reading() as db:
        path = merkle_proofs.inclusion(255, 300, tree.subtrees(db))
    row = found(AuditEntry.__table__.select().where(AuditEntry.number == 255))[0]
    assert merkle_proofs.included(merkle.leaf_hash(row.body), 255, 300, path, head.root)


def test_nothing_new_is_signed_again_after_a_minute_only(database: Engine) -> None:
    some_entries(2)
    assert (sign(), sign()) == (2, None)
    with transaction() as tx:
        past = clock.now(tx) - checkpoints.IDLE - timedelta(seconds=1)
    changed(update(AuditCheckpoint).values(signed_at=past))
    assert sign() == 2
    assert latest().signed_at > past


def test_an_empty_record_has_a_checkpoint_too(database: Engine) -> None:
    assert sign() == 0
    assert latest().checkpoint.root == merkle.EMPTY_ROOT


def test_another_key_signs_nothing(database: Engine) -> None:
    sign()
    some_entries(1)
    with pytest.raises(LogKeyChanged):
        sign(ANOTHER)
    assert latest().checkpoint.size == 0


def test_a_cosignature_is_kept_and_served_with_the_checkpoint(database: Engine) -> None:
    some_entries(5)
    sign()
    register()
    assert cosign(5, WITNESS.sign(latest().note.text, NOW)) == [WITNESS.name]
    assert notes.verified(latest().note, [WITNESS.verifier]) == {WITNESS.verifier: NOW}
    assert int(latest().witnessed[WITNESS.name].timestamp()) == NOW
    row = found(AuditWitness.__table__.select())[0]
    assert row.size == 5


def test_a_later_cosignature_takes_the_place_of_an_earlier_one(database: Engine) -> None:
    sign()
    register()
    for moment in (NOW, NOW + 60):
        cosign(0, WITNESS.sign(latest().note.text, moment))
    assert [int(each.timestamp()) for each in latest().witnessed.values()] == [NOW + 60]


def test_lines_of_strangers_and_of_other_sizes_are_left_aside(database: Engine) -> None:
    sign()
    register()
    text = latest().note.text
    assert cosign(0, STRANGER.sign(text, NOW)) == []
    assert cosign(7, WITNESS.sign(text, NOW)) == []
    assert latest().witnessed == {}


def test_a_bad_line_of_a_known_witness_is_refused(database: Engine) -> None:
    sign()
    register()
    with pytest.raises(BadNote):
        cosign(0, WITNESS.sign("another text\n", NOW))


def test_the_newest_checkpoint_that_enough_witnesses_saw(database: Engine) -> None:
    register()
    register(STRANGER)
    some_entries(1)
    sign()
    cosign(1, WITNESS.sign(latest().note.text, NOW), STRANGER.sign(latest().note.text, NOW))
    some_entries(1)
    sign()
    cosign(2, WITNESS.sign(latest().note.text, NOW))
    assert [latest(witnesses).checkpoint.size for witnesses in (0, 1, 2)] == [2, 2, 1]


class TestKeyFile:
    def test_it_is_made_once_and_for_its_owner_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "keys" / "record.key"
        made = log_key.ensure(path, "market.example/log")
        again = log_key.ensure(path, "moved.example/log")
        assert str(again.verifier) == str(made.verifier)
        assert path.stat().st_mode & 0o777 == 0o600
        assert [each.name for each in path.parent.iterdir()] == ["record.key"]

    @pytest.mark.parametrize("text", ["", "PRIVATE+KEY+a+00+AAAA", "nonsense", log_key.line(LOG)[:-6]])
    def test_what_is_no_key_is_refused(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "record.key"
        path.write_text(text)
        with pytest.raises(BadKey):
            log_key.read(path)

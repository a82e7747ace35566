"""Signed notes, checkpoints and cosignatures, with an example of the reference implementation."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from security import checkpoint, notes
from security.merkle import EMPTY_ROOT
from security.notes import BadKey, BadNote

# From the documentation of golang.org/x/mod/sumdb/note.
VERIFIER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
LINE = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
NOTE = f"{TEXT}\n{LINE}"

LOG = notes.signer("market.example/log", notes.LOG, bytes(range(32)))
WITNESS = notes.signer("witness.example/w1", notes.WITNESS, bytes(range(1, 33)))
HEAD = checkpoint.Checkpoint("market.example/log", 0, EMPTY_ROOT)


def signed(*lines: notes.Line) -> notes.Note:
    return notes.Note(HEAD.text, lines)


def test_the_reference_example_verifies_and_is_written_alike() -> None:
    note, key = notes.parse(NOTE), notes.parse_verifier(VERIFIER)
    assert notes.verified(note, [key]) == {key: 0}
    assert (str(note), str(key)) == (NOTE, VERIFIER)


def test_a_witness_vouches_for_a_time() -> None:
    note = notes.parse(str(signed(LOG.sign(HEAD.text), WITNESS.sign(HEAD.text, 1_700_000_000))))
    assert notes.verified(note, [LOG.verifier, WITNESS.verifier]) == {
        LOG.verifier: 0,
        WITNESS.verifier: 1_700_000_000,
    }


def test_the_signature_of_a_log_is_no_cosignature() -> None:
    as_witness = notes.signer(LOG.name, notes.WITNESS, bytes(range(32)))
    forged = notes.Line(LOG.name, as_witness.verifier.key_id, bytes(8) + LOG.sign(HEAD.text).value)
    with pytest.raises(BadNote):
        notes.verified(signed(forged), [as_witness.verifier])


def test_unknown_keys_are_left_aside() -> None:
    assert notes.verified(signed(LOG.sign(HEAD.text)), [WITNESS.verifier]) == {}
    namesake = notes.signer(LOG.name, notes.LOG, bytes(32))
    assert notes.verified(signed(LOG.sign(HEAD.text)), [namesake.verifier]) == {}


def test_one_bad_signature_of_a_known_key_spoils_the_note() -> None:
    bad = notes.Line(LOG.name, LOG.verifier.key_id, bytes(64))
    with pytest.raises(BadNote):
        notes.verified(signed(LOG.sign(HEAD.text), bad), [LOG.verifier])


def test_a_signature_of_the_reserved_kind_is_carried_along() -> None:
    later = notes.Line("witness.example/later", b"\x01\x02\x03\x04", bytes(2428))
    note = notes.parse(str(signed(LOG.sign(HEAD.text), later)))
    assert note.lines[1] == later
    assert notes.verified(note, [LOG.verifier]) == {LOG.verifier: 0}


@pytest.mark.parametrize(
    "text",
    ["", "\n", "text\n", "text\n\n", f"{TEXT}{LINE}", f"\n\n{LINE}", NOTE[:-1], NOTE + "\n", NOTE.replace("— ", "- "),
     NOTE.replace("PeterNeumann", "Peter Neumann"), NOTE.replace("x08g", "x0!g"), NOTE.replace("think", "th\x00nk"),
     f"{TEXT}\n— a AAAAAA==\n", NOTE + LINE * 40, NOTE.replace("think", "think" * 20_000)],
)  # fmt: skip
def test_what_is_no_note_is_refused(text: str) -> None:
    with pytest.raises(BadNote):
        notes.parse(text)


@pytest.mark.parametrize(
    "text",
    ["", "name", "name+c74f20a3", VERIFIER.replace("c7", "c8"), VERIFIER.replace("Peter", "Pater"), VERIFIER[:-4],
     VERIFIER.replace("PeterNeumann", ""), VERIFIER.replace("+AR", "+Ah"), "a b+00+AAAA", VERIFIER + "!"],
)  # fmt: skip
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(BadKey):
        notes.parse_verifier(text)


@pytest.mark.parametrize("name", ["", "two words", "a+b", "a\u2003b"])
def test_a_name_that_cannot_stand_in_a_note_is_refused(name: str) -> None:
    with pytest.raises(BadKey):
        notes.signer(name, notes.LOG, bytes(32))


@given(st.text(max_size=200))
def test_no_text_upsets_the_reader(text: str) -> None:
    with suppress(BadNote):
        assert str(notes.parse(text)) == text


class TestCheckpoint:
    @given(st.integers(0, 10**15), st.binary(min_size=32, max_size=32))
    def test_it_is_read_as_it_was_written(self, size: int, root: bytes) -> None:
        made = checkpoint.Checkpoint("market.example/log", size, root)
        assert checkpoint.parse(made.text) == made

    @pytest.mark.parametrize(
        "text",
        ["", "a\n1\n", "a\n01\nAAAA\n", "a\n-1\nAAAA\n", "\n1\n" + "A" * 43 + "=\n", "a\n1\nAAAA\n",
         HEAD.text + "more\n", HEAD.text[:-1], HEAD.text.replace("\n0\n", "\n٣\n"), HEAD.text.replace("=", "")],
    )  # fmt: skip
    def test_anything_else_is_refused(self, text: str) -> None:
        with pytest.raises(BadNote):
            checkpoint.parse(text)

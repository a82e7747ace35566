"""A witness cosigns honest growth and nothing else."""

from __future__ import annotations

import pytest

from security import checkpoint, merkle_proofs, notes, tiles, witnessing
from security.checkpoint import Checkpoint
from security.merkle import leaf_hash
from security.notes import BadNote
from security.witnessing import Seen

ORIGIN = "market.example/log"
LOG = notes.signer(ORIGIN, notes.LOG, bytes(range(32)))
THIEF = notes.signer(ORIGIN, notes.LOG, bytes(range(7, 39)))


class Log:
    """A log of numbered leaves; `salt` makes another history from leaf `forked_at` on."""

    def __init__(self, size: int, *, forked_at: int = 10**9) -> None:
        leaves = [
            leaf_hash(f"{number}{'!' if number >= forked_at else ''}".encode()) for number in range(size)
        ]
        stored = tiles.grown(0, {}, leaves)
        self.subtree = tiles.subtrees(lambda level, number: stored[level, number])
        self.head = Checkpoint(ORIGIN, size, merkle_proofs.root_of(size, self.subtree))

    def seen(self) -> Seen:
        return Seen(self.head.size, self.head.root)

    def asks(
        self, old: int, *, proof_from: int | None = None, signer: notes.Signer = LOG
    ) -> witnessing.Request:
        since = old if proof_from is None else proof_from
        proof = merkle_proofs.consistency(min(since, self.head.size), self.head.size, self.subtree)
        note = notes.Note(self.head.text, (signer.sign(self.head.text),))
        return witnessing.parse_request(witnessing.request_text(old, proof, str(note)))


def status(asked: witnessing.Request, seen: Seen) -> int:
    refusal = witnessing.judge(asked, [LOG.verifier], seen)
    return 200 if refusal is None else refusal.status


@pytest.mark.parametrize(("old", "size"), [(0, 0), (0, 5), (1, 2), (5, 5), (5, 6), (8, 300), (300, 700)])
def test_honest_growth_is_cosigned(old: int, size: int) -> None:
    assert status(Log(size).asks(old), Log(old).seen()) == 200


def test_the_first_checkpoint_is_taken_as_it_is() -> None:
    assert status(Log(700).asks(0), Seen()) == 200


@pytest.mark.parametrize("forked_at", [0, 3, 299])
def test_a_history_that_was_rewritten_is_refused(forked_at: int) -> None:
    assert status(Log(700, forked_at=forked_at).asks(300), Log(300).seen()) == 422


def test_a_history_that_was_cut_short_is_refused() -> None:
    assert status(Log(200).asks(200), Log(300).seen()) == 409
    assert status(Log(200).asks(300), Log(300).seen()) == 400


def test_two_trees_of_one_size_are_refused() -> None:
    assert status(Log(300, forked_at=5).asks(300), Log(300).seen()) == 409


def test_who_asks_from_another_size_is_told_the_right_one() -> None:
    refusal = witnessing.judge(Log(700).asks(200), [LOG.verifier], Log(300).seen())
    assert refusal is not None
    assert (refusal.status, refusal.size) == (409, 300)


def test_an_old_checkpoint_played_again_is_refused() -> None:
    assert status(Log(100).asks(50), Log(300).seen()) == 409


def test_another_key_is_refused() -> None:
    assert status(Log(5).asks(0, signer=THIEF), Seen()) == 403


def test_an_unknown_log_is_refused() -> None:
    assert witnessing.judge(Log(5).asks(0), [], Seen()) == witnessing.Refusal(
        404, "This log is not known here."
    )


def test_a_proof_of_something_else_is_refused() -> None:
    assert status(Log(700).asks(300, proof_from=299), Log(300).seen()) == 422


@pytest.mark.parametrize("spoil", [
    lambda text: text.replace("old ", "new "), lambda text: text.replace("old 5", "old 05"),
    lambda text: text.replace("old 5", "old -5"), lambda text: text.replace("old 5", "old ٥"),
    lambda text: text.replace("old 5", "old " + "5" * 5000), lambda text: text.replace("\n\n", "\n", 1), lambda text: text.replace("old 5\n", "old 5\nAAAA\n"),
    lambda text: text.replace("old 5\n", "old 5\n" + "A" * 43 + "=\n" * 64), lambda text: text[: len(text) // 2],
    lambda text: text.replace("old 5\n", "old 5\n" + ("A" * 43 + "=\n") * 64), lambda _: "",
])  # fmt: skip
def test_what_is_no_request_is_refused(spoil: object) -> None:
    log = Log(9)
    note = notes.Note(log.head.text, (LOG.sign(log.head.text),))
    text = witnessing.request_text(5, merkle_proofs.consistency(5, 9, log.subtree), str(note))
    assert witnessing.parse_request(text).checkpoint == checkpoint.parse(log.head.text)
    with pytest.raises(BadNote):
        witnessing.parse_request(spoil(text))  # type: ignore[operator]

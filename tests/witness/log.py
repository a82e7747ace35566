"""A log of numbered leaves, kept in memory: what a witness is shown in tests."""

from __future__ import annotations

from security import merkle_proofs, notes, tiles, witnessing
from security.checkpoint import Checkpoint
from security.merkle import leaf_hash

ORIGIN = "market.example/log"
LOG = notes.signer(ORIGIN, notes.LOG, bytes(range(32)))


class Log:
    """`forked_at` makes another history from that leaf on."""

    def __init__(self, size: int, *, forked_at: int = 10**9) -> None:
        leaves = [
            leaf_hash(f"{number}{'!' if number >= forked_at else ''}".encode()) for number in range(size)
        ]
        stored = tiles.grown(0, {}, leaves)
        self.subtree = tiles.subtrees(lambda level, number: stored[level, number])
        self.head = Checkpoint(ORIGIN, size, merkle_proofs.root_of(size, self.subtree))

    def request(self, old: int, *, proof_from: int | None = None, signer: notes.Signer = LOG) -> str:
        """The body that this log sends; `proof_from` makes it prove something else than it says."""
        since = old if proof_from is None else proof_from
        proof = merkle_proofs.consistency(min(since, self.head.size), self.head.size, self.subtree)
        note = notes.Note(self.head.text, (signer.sign(self.head.text),))
        return witnessing.request_text(old, proof, str(note))

"""Proofs that entries are on the record: what `security/verifier.py` checks offline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from marketplace.foundation.db import Tx
from marketplace.foundation.errors import InvalidInput, NotFound
from security import merkle_proofs
from security.log import bundles, checkpoints, tree, witnesses
from security.log.checkpoints import Signed
from security.merkle import HASH_BYTES
from security.merkle_proofs import Subtree
from security.principal import Context, Principal
from security.verifier import FORMAT

MOST = 100_000
"""Entries in one proof."""


_READ_AT_ONCE = 500
"""Parts of a proof whose tiles are read in one statement; the others' are read one by one."""


class NotSignedYet(NotFound):
    """The record has no signed entry of this number yet. A new one is signed within a second."""


class TooManyEntries(InvalidInput):
    """One proof speaks of at most 100,000 entries."""


def prove(
    tx: Tx, first: int, count: int, *, since: int | None = None, actor: Principal, context: Context
) -> dict[str, Any]:
    """The proof of `count` entries from `first` on, as far as they concern the reader; on the record as a reading.

    `since` is the size of an earlier checkpoint that the record continues. Raises NotSignedYet, TooManyEntries.
    """
    if not 1 <= count <= MOST:
        raise TooManyEntries()
    signed = newest(tx, first + count)
    entries = bundles.entries(tx, first, count, actor=actor, context=context)
    proof = document(tx, signed, [(first, entries)])
    if since is not None:
        proof["earlier"] = _earlier(tx, since, signed)
    return proof


def newest(db: Tx, size: int) -> Signed:
    """The newest checkpoint over at least `size` entries that enough witnesses saw, else the newest at all.

    Raises NotSignedYet.
    """
    for wanted in (witnesses.WANTED, 0):
        signed = checkpoints.latest(db, witnesses=wanted)
        if signed is not None and signed.checkpoint.size >= size:
            return signed
    raise NotSignedYet()


def document(db: Tx, signed: Signed, parts: Sequence[tuple[int, list[bytes]]]) -> dict[str, Any]:
    """The proof as JSON values, from runs of entries (first number, bodies or leaf hashes)."""
    size = signed.checkpoint.size
    subtree = tree.subtrees(db, size - 1, *(first for first, _ in parts[:_READ_AT_ONCE]))
    return {
        "format": FORMAT,
        "checkpoint": str(signed.note),
        "parts": [
            {
                "first": first,
                "entries": [_shown(each) for each in entries],
                "around": [each.hex() for each in around(size, first, len(entries), subtree)],
            }
            for first, entries in parts
        ],
    }


def around(size: int, first: int, count: int, subtree: Subtree) -> Iterator[bytes]:
    """The hashes of everything outside of `count` leaves from `first` on, in the order of a walk from the root."""

    def outside(begin: int, end: int) -> Iterator[bytes]:
        if end <= first or begin >= first + count:
            yield merkle_proofs.over(begin, end, subtree)
        elif end - begin > 1:
            middle = begin + merkle_proofs.split(end - begin)
            yield from outside(begin, middle)
            yield from outside(middle, end)

    return outside(0, size)


def _earlier(db: Tx, since: int, signed: Signed) -> dict[str, Any]:
    old = checkpoints.at(db, since)
    if old is None or since > signed.checkpoint.size:
        raise NotSignedYet()
    size = signed.checkpoint.size
    path = merkle_proofs.consistency(since, size, tree.subtrees(db, since, size - 1))
    return {"checkpoint": str(old.note), "proof": [each.hex() for each in path]}


def _shown(entry: bytes) -> str | dict[str, str]:
    return {"leaf": entry.hex()} if len(entry) == HASH_BYTES else entry.decode()

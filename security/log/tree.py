"""The stored tree: tiles in the database, grown by the sequencer, read by whoever proves something."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, tuple_

from marketplace.foundation.db import Tx, insert
from security import tiles
from security.log.models import AuditHead, AuditTile
from security.merkle_proofs import Subtree

_LEVELS = 5
"""Levels of tiles of a tree with up to 2**40 leaves."""


def size(db: Tx) -> int:
    """How many entries have a number."""
    return int(db.scalar(select(AuditHead.size).where(AuditHead.id == 1)))


def grow(tx: Tx, size: int, leaves: Sequence[bytes]) -> None:
    """Add leaf hashes to a tree of `size` leaves. The caller holds the head's lock."""
    edge = [(tile.level, tile.number) for tile in tiles.edge(size)]
    begun = select(AuditTile.level, AuditTile.hashes)
    begun = begun.where(tuple_(AuditTile.level, AuditTile.number).in_(edge))
    edges = {row.level: bytes(row.hashes) for row in tx.all(begun)}
    rows = [
        {"level": level, "number": number, "hashes": hashes}
        for (level, number), hashes in tiles.grown(size, edges, list(leaves)).items()
    ]
    if rows:
        written = insert(tx, AuditTile)
        written = written.on_conflict_do_update(
            index_elements=["level", "number"], set_={"hashes": written.excluded.hashes}
        )
        tx.execute(written, rows)


def hashes(db: Tx, level: int, number: int) -> bytes:
    """The hashes of one tile as it is now; nothing where the tree does not reach."""
    found = db.scalar(select(AuditTile.hashes).where(AuditTile.level == level, AuditTile.number == number))
    return b"" if found is None else bytes(found)


def subtrees(db: Tx, *leaves: int) -> Subtree:
    """Answers the hashes of complete subtrees, a tile per read.

    The tiles on the ways from these `leaves` to the root are read at once: whoever proves something about them, up to
    the tree's last leaf, asks the database once.
    """
    ways = {(level, leaf >> tiles.HEIGHT * (level + 1)) for leaf in leaves for level in range(_LEVELS)}
    chosen = select(AuditTile.level, AuditTile.number, AuditTile.hashes)
    on_them = tuple_(AuditTile.level, AuditTile.number).in_(sorted(ways))
    known = (
        {(row.level, row.number): bytes(row.hashes) for row in db.all(chosen.where(on_them))} if ways else {}
    )

    def tile(level: int, number: int) -> bytes:
        return known.get((level, number)) or hashes(db, level, number)

    return tiles.subtrees(tile)

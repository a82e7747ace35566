"""What the log shows of itself: key, checkpoint, hash tiles, and entries for whom they concern."""

from __future__ import annotations

from flask import Response

from marketplace.edge.acting import current_context, current_principal
from marketplace.foundation.db import reading, transaction
from marketplace.proofs.door import FOR_EVER, missing, plain, proofs
from security import tiles
from security.log import bundles, checkpoints, tree
from security.merkle import HASH_BYTES
from security.tiles import Tile


@proofs.get("/key")
def key() -> Response:
    """The log's verifier key, in one line (C2SP signed-note)."""
    with reading() as db:
        found = checkpoints.key(db)
    return missing() if found is None else plain(f"{found}\n")


@proofs.get("/checkpoint")
def checkpoint() -> Response:
    """The newest checkpoint, with the cosignatures it has by now."""
    with reading() as db:
        found = checkpoints.latest(db)
    return missing() if found is None else plain(str(found.note))


@proofs.get("/tile/<int:level>/<path:place>")
def tile(level: int, place: str) -> Response:
    """A tile of hashes, as far as a checkpoint speaks of it."""
    wanted = tiles.parse_path(f"{level}/{place}")
    with reading() as db:
        if wanted is None or not _is_signed(checkpoints.latest(db), wanted):
            return missing()
        hashes = tree.hashes(db, level, wanted.number)[: wanted.width * HASH_BYTES]
    return _bytes(hashes, FOR_EVER)


@proofs.get("/tile/entries/<path:place>")
def bundle(place: str) -> Response:
    """A bundle of entries; the hash stands where an entry does not concern the reader, or has expired.

    A hash has 32 bytes and no entry is as short, so that one is told from the other.
    """
    wanted = tiles.parse_path(f"entries/{place}")
    with transaction() as tx:
        if wanted is None or not _is_signed(checkpoints.latest(tx), wanted):
            return missing()
        entries = bundles.entries(
            tx,
            wanted.number * tiles.WIDTH,
            wanted.width,
            actor=current_principal(),
            context=current_context(),
        )
    # Two officers get two answers, and an entry may expire: nobody in between may keep this one.
    return _bytes(tiles.bundle(entries), "private, no-store")


def _is_signed(newest: checkpoints.Signed | None, wanted: Tile) -> bool:
    size = 0 if newest is None else newest.checkpoint.size
    return tiles.width_at(size, wanted.level or 0, wanted.number) >= wanted.width


def _bytes(content: bytes, keeping: str) -> Response:
    answer = Response(content, content_type="application/octet-stream")
    answer.headers["Cache-Control"] = keeping
    return answer

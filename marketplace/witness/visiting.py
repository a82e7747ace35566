"""The witness that is not asked: it visits the log once, checks how it grew, and leaves its cosignature there."""

from __future__ import annotations

import time
from pathlib import Path

from marketplace.foundation import outbound
from marketplace.foundation.errors import Unavailable
from marketplace.foundation.outbound import Answer, Reach
from marketplace.witness import state
from marketplace.witness.state import Cosigned
from security import checkpoint, merkle_proofs, notes, tiles, witnessing
from security.merkle import HASH_BYTES
from security.witnessing import Refusal, Seen

TEXT, BYTES = ("text/plain",), ("application/octet-stream",)


class LogUnreadable(Unavailable):
    """The log does not show what its checkpoint speaks of. Nothing was cosigned."""


def visit(path: Path, log: str, reach: Reach) -> Cosigned | Refusal:
    """Cosign the newest checkpoint of the log at address `log`, if it continues the last one; leave the line there.

    Raises OutboundFailed, LogUnreadable, BadNote.
    """
    log = log.rstrip("/")
    found = _asked("GET", f"{log}/checkpoint", reach, TEXT)
    note = notes.parse(found.body.decode("utf-8", "replace"))
    head = checkpoint.parse(note.text)
    watched = state.read(path).logs.get(head.origin)
    seen = Seen() if watched is None else watched.seen
    proof = _proof(log, seen.size, head.size, reach) if seen.size <= head.size else []
    answer = state.answer(
        path, witnessing.request_text(min(seen.size, head.size), proof, str(note)), int(time.time())
    )
    if isinstance(answer, Cosigned):
        _asked("POST", f"{log}/cosignatures/{answer.size}", reach, TEXT, answer.line.encode())
    return answer


def _proof(log: str, old: int, size: int, reach: Reach) -> list[bytes]:
    def tile(level: int, number: int) -> bytes:
        wanted = tiles.Tile(level, number, tiles.width_at(size, level, number))
        hashes = _asked("GET", f"{log}/tile/{wanted.path}", reach, BYTES).body
        if len(hashes) != wanted.width * HASH_BYTES:
            raise LogUnreadable()
        return hashes

    return merkle_proofs.consistency(old, size, tiles.subtrees(tile))


def _asked(method: str, url: str, reach: Reach, kinds: tuple[str, ...], body: bytes | None = None) -> Answer:
    headers = {} if body is None else {"Content-Type": "text/plain; charset=utf-8"}
    found = outbound.fetch(method, url, reach, headers=headers, body=body, kinds=kinds)
    if found.status != 200:
        raise LogUnreadable(status=found.status)
    return found

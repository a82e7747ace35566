"""Two gigabytes are sealed into a file and opened from it, in a memory that does not grow with them.

Afterwards the file is cut, changed and put together anew: each time the reader must say no, and must have given out no
more than the chunks before the place.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import sys
import tempfile
import tracemalloc
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import UUID

from security.labels import Level
from security.sealing import Header, Protection, Purpose, errors, new_dek, seal_stream, unseal_stream
from security.sealing.envelope import PREAMBLE_BYTES, TAG_BYTES
from security.sealing.sizes import CHUNK_BYTES, size_class

PIECE_BYTES = 1 << 20
BLOCK_BYTES = CHUNK_BYTES + TAG_BYTES
MOST_TRACED = 8 << 20
MOST_GROWTH = 32 << 20
"""Bytes that Python may hold at any one time, and by which the process may grow, however long the content is."""

HEADER = Header(
    purpose=Purpose.TASK, microtask=UUID(int=1), agency="harbour", level=Level.RESTRICTED, campaign=UUID(int=2),
    protection=Protection.END_TO_END, content_type="application/octet-stream",
)  # fmt: skip


@dataclass
class Counts:
    """What was done; everything from `wrong` on must be nothing, and memory below its bounds."""

    bytes: int
    sealed_bytes: int = 0
    traced_bytes: int = 0
    grown_bytes: int = 0
    refused: int = 0
    wrong: int = 0
    taken: int = 0
    too_much: int = 0

    @property
    def ok(self) -> bool:
        nothing = not any((self.wrong, self.taken, self.too_much))
        return nothing and self.traced_bytes <= MOST_TRACED and self.grown_bytes <= MOST_GROWTH


def streamed(size: int, folder: Path) -> Counts:
    """Seal and open `size` bytes, a multiple of a piece, by way of a file; then open what must not be taken."""
    counts, dek, file = Counts(size), new_dek(), folder / "sealed"
    before = _peak()
    tracemalloc.start()
    try:
        written, read = hashlib.sha256(), hashlib.sha256()
        with file.open("wb") as out:
            for chunk in seal_stream(HEADER, _content(size, written), dek):
                out.write(chunk)
        for chunk in unseal_stream(HEADER, _pieces(file), dek):
            read.update(chunk)
        _, counts.traced_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    counts.grown_bytes = _peak() - before
    counts.sealed_bytes = file.stat().st_size
    expected = PREAMBLE_BYTES + size_class(size) // CHUNK_BYTES * BLOCK_BYTES
    counts.wrong += (written.digest() != read.digest()) + (counts.sealed_bytes != expected)
    _damage(file, dek, counts)
    return counts


def _damage(file: Path, dek: bytes, counts: Counts) -> None:
    """Each damage from the end towards the beginning, so that every one meets a file that is whole up to its place."""
    last = (counts.sealed_bytes - PREAMBLE_BYTES) // BLOCK_BYTES - 1
    os.truncate(file, PREAMBLE_BYTES + last * BLOCK_BYTES)
    _refused(file, dek, counts, errors.Truncated, last - 1)
    _change(file, PREAMBLE_BYTES + (last // 2) * BLOCK_BYTES + 77)
    _refused(file, dek, counts, errors.ChunkRefused, last // 2)
    _exchange(file, last // 4, last // 4 + 1)
    _refused(file, dek, counts, errors.ChunkRefused, last // 4)
    _change(file, PREAMBLE_BYTES - 1)
    _refused(file, dek, counts, errors.HeaderMismatch, 0)


def _refused(file: Path, dek: bytes, counts: Counts, error: type[errors.SealingError], chunks: int) -> None:
    """Count a file that is taken, an error of another kind, and content given out beyond the good chunks before."""
    given = 0
    try:
        for chunk in unseal_stream(HEADER, _pieces(file), dek):
            given += len(chunk)
    except errors.SealingError as refusal:
        counts.refused += 1
        counts.wrong += type(refusal) is not error
    else:
        counts.taken += 1
    counts.too_much += max(0, given - chunks * CHUNK_BYTES)


def _content(size: int, written: hashlib._Hash) -> Iterator[bytes]:
    """So many bytes in pieces that all differ."""
    rest = bytes(PIECE_BYTES - 8)
    for number in range(size // PIECE_BYTES):
        piece = number.to_bytes(8, "big") + rest
        written.update(piece)
        yield piece


def _pieces(file: Path) -> Iterator[bytes]:
    """The file in pieces that no chunk ends with."""
    with file.open("rb") as source:
        while piece := source.read(1_000_003):
            yield piece


def _change(file: Path, place: int) -> None:
    with file.open("r+b") as target:
        target.seek(place)
        byte = target.read(1)
        target.seek(place)
        target.write(bytes([byte[0] ^ 1]))


def _exchange(file: Path, one: int, other: int) -> None:
    with file.open("r+b") as target:
        blocks = []
        for number in (one, other):
            target.seek(PREAMBLE_BYTES + number * BLOCK_BYTES)
            blocks.append(target.read(BLOCK_BYTES))
        for number, block in zip((other, one), blocks, strict=True):
            target.seek(PREAMBLE_BYTES + number * BLOCK_BYTES)
            target.write(block)


def _peak() -> int:
    """The most memory this process has held so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> int:
    """Print one JSON line; the exit status is 0 where everything came back, was refused, and took little memory."""
    size = (256 << 20) if "--short" in sys.argv[1:] else (2 << 30)
    with tempfile.TemporaryDirectory() as folder:
        counts = streamed(size, Path(folder))
    print(json.dumps({"name": "sealing.stream", "ok": counts.ok, **asdict(counts)}), flush=True)
    return 0 if counts.ok else 1


if __name__ == "__main__":
    sys.exit(main())

"""The tree as tiles (C2SP tlog-tiles): 256 hashes of one height each, and the addresses they are served at.

Tile `n` of level `l` holds the hashes of the complete subtrees over 256**l leaves from n·256 on. The last tile of a
level may be partial. The stored tiles are also the sequencer's frontier: the partial ones are all that it adds to.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from security.merkle import HASH_BYTES, node_hash
from security.merkle_proofs import Subtree

HEIGHT, WIDTH = 8, 256
_PATH = re.compile(r"(0|[1-9][0-9]?|entries)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")
HIGHEST_LEVEL = 63
LONGEST_ENTRY = 0xFFFF


@dataclass(frozen=True, slots=True)
class Tile:
    """The address of a tile; `level` is None for a bundle of entries."""

    level: int | None
    number: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """As it stands behind "tile/" in the address."""
        digits = f"{self.number:03d}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        threes = [digits[at : at + 3] for at in range(0, len(digits), 3)]
        index = "/".join([*(f"x{each}" for each in threes[:-1]), threes[-1]])
        partial = f".p/{self.width}" if self.width < WIDTH else ""
        return f"{'entries' if self.level is None else self.level}/{index}{partial}"


def parse_path(path: str) -> Tile | None:
    """The tile that an address names; None where it names none. Each tile has one address only."""
    found = _PATH.fullmatch(path)
    if found is None:
        return None
    level = None if found[1] == "entries" else int(found[1])
    number, width = int(found[2].replace("/", "").replace("x", "")), int(found[3] or WIDTH)
    tile = Tile(level, number, width)
    return tile if (level or 0) <= HIGHEST_LEVEL and width <= WIDTH and tile.path == path else None


def width_at(size: int, level: int, number: int) -> int:
    """How many hashes tile `number` of `level` has in a tree of `size` leaves; 0 where there is none."""
    return max(0, min(WIDTH, (size >> HEIGHT * level) - number * WIDTH))


def edge(size: int) -> Iterator[Tile]:
    """The tiles that a further leaf may change: the partial one of each level, from the leaves up."""
    level = 0
    while size >> HEIGHT * level:
        across = size >> HEIGHT * level
        if across % WIDTH:
            yield Tile(level, across // WIDTH, across % WIDTH)
        level += 1


def hash_in(hashes: bytes, level: int, index: int) -> bytes:
    """The hash of the subtree over 2**level of the tile's own hashes, from index·2**level on (level 0 to 8)."""
    first, last = (index << level) * HASH_BYTES, (index + 1 << level) * HASH_BYTES
    row = [hashes[at : at + HASH_BYTES] for at in range(first, last, HASH_BYTES)]
    if len(row) != 1 << level or len(row[-1]) != HASH_BYTES:
        raise ValueError("the tile does not reach as far")
    while len(row) > 1:
        row = [node_hash(row[at], row[at + 1]) for at in range(0, len(row), 2)]
    return row[0]


def subtrees(tile: Callable[[int, int], bytes]) -> Subtree:
    """Answers subtree hashes out of tiles; `tile` is handed (level, number) and is asked once for each."""
    kept: dict[tuple[int, int], bytes] = {}

    def subtree(level: int, index: int) -> bytes:
        row, inner = divmod(level, HEIGHT)
        number, place = divmod(index << inner, WIDTH)
        if (row, number) not in kept:
            kept[row, number] = tile(row, number)
        return hash_in(kept[row, number], inner, place >> inner)

    return subtree


def grown(size: int, edges: dict[int, bytes], leaves: list[bytes]) -> dict[tuple[int, int], bytes]:
    """The tiles that change when `leaves` (leaf hashes) are added to a tree of `size` leaves.

    `edges` holds the hashes of the partial tile of each level that has one. Returns hashes by (level, number).
    """
    changed: dict[tuple[int, int], bytes] = {}
    level, across, added = 0, size, b"".join(leaves)
    while added:
        number, begun = across // WIDTH, edges.get(level, b"")
        if len(begun) != across % WIDTH * HASH_BYTES or len(added) % HASH_BYTES:
            raise ValueError("the edge does not belong to this size")
        hashes, above = begun + added, b""
        for at in range(0, len(hashes), WIDTH * HASH_BYTES):
            row = hashes[at : at + WIDTH * HASH_BYTES]
            changed[level, number] = row
            if len(row) == WIDTH * HASH_BYTES:
                above += hash_in(row, HEIGHT, 0)
            number += 1
        level, across, added = level + 1, across // WIDTH, above
    return changed


def bundle(entries: list[bytes]) -> bytes:
    """Entries as they are served: each behind its length in two bytes, big-endian."""
    return b"".join(len(each).to_bytes(2, "big") + each for each in entries)


def entries_in(served: bytes) -> list[bytes]:
    """The entries of a bundle. Raises ValueError where it is cut short."""
    found, at = [], 0
    while at < len(served):
        length = int.from_bytes(served[at : at + 2], "big")
        entry = served[at + 2 : at + 2 + length]
        if at + 2 > len(served) or len(entry) != length:
            raise ValueError("the bundle is cut short")
        found.append(entry)
        at += 2 + length
    return found

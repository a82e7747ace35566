"""Proofs over the Merkle tree (RFC 9162, sections 2.1.3 and 2.1.4): made from subtree hashes, checked from nothing.

A maker is handed `subtree`, which answers the hash over the 2**level leaves from index·2**level on, for complete
subtrees only; it asks for about 2·log2(size) of them. A checker needs the proof and the two hashes it connects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from security.merkle import EMPTY_ROOT, node_hash

Subtree = Callable[[int, int], bytes]
"""(level, index) → hash of the complete subtree over leaves index·2**level … (index+1)·2**level - 1."""


def root_of(size: int, subtree: Subtree) -> bytes:
    """The root over the first `size` leaves."""
    return over(0, size, subtree) if size else EMPTY_ROOT


def inclusion(number: int, size: int, subtree: Subtree) -> list[bytes]:
    """The path that proves leaf `number` in the tree over `size` leaves (2.1.3.1). Raises ValueError outside of it."""
    if not 0 <= number < size:
        raise ValueError("the leaf is not in this tree")
    path: list[bytes] = []
    first, last = 0, size
    while last - first > 1:
        middle = first + split(last - first)
        if number < middle:
            path.append(over(middle, last, subtree))
            last = middle
        else:
            path.append(over(first, middle, subtree))
            first = middle
    return path[::-1]


def consistency(old: int, size: int, subtree: Subtree) -> list[bytes]:
    """The proof that the tree over `size` leaves begins with the one over `old` (2.1.4.1); empty for 0 and for equal.

    Raises ValueError where `old` is larger.
    """
    if not 0 <= old <= size:
        raise ValueError("a tree is consistent with smaller ones only")
    if old in (0, size):
        return []
    path: list[bytes] = []
    first, last = 0, size
    while last != old:
        middle = first + split(last - first)
        if old <= middle:
            path.append(over(middle, last, subtree))
            last = middle
        else:
            path.append(over(first, middle, subtree))
            first = middle
    if first:
        path.append(over(first, last, subtree))
    return path[::-1]


def included(leaf: bytes, number: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether `path` connects the leaf with the root (2.1.3.2)."""
    if not 0 <= number < size:
        return False
    place, last, head = number, size - 1, leaf
    for each in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            head = node_hash(each, head)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            head = node_hash(head, each)
        place, last = place >> 1, last >> 1
    return last == 0 and head == root


def consistent(old: int, old_root: bytes, size: int, root: bytes, path: Sequence[bytes]) -> bool:
    """Whether `path` shows that the larger tree begins with the smaller one (2.1.4.2).

    A tree of nothing is the beginning of every tree and has no proof.
    """
    if not 0 <= old <= size:
        return False
    if old == size:
        return not path and old_root == root
    if old == 0:
        return not path and old_root == EMPTY_ROOT
    hashes = iter([old_root, *path] if old & (old - 1) == 0 else path)
    head = next(hashes, None)
    if head is None:
        return False
    return _climbs(old - 1, size - 1, head, hashes, old_root, root)


def _climbs(
    place: int, last: int, head: bytes, hashes: Iterator[bytes], old_root: bytes, root: bytes
) -> bool:
    while place & 1:
        place, last = place >> 1, last >> 1
    old_head = new_head = head
    for each in hashes:
        if last == 0:
            return False
        if place & 1 or place == last:
            old_head, new_head = node_hash(each, old_head), node_hash(each, new_head)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            new_head = node_hash(new_head, each)
        place, last = place >> 1, last >> 1
    return last == 0 and old_head == old_root and new_head == root


def over(first: int, last: int, subtree: Subtree) -> bytes:
    """The hash over leaves `first` … `last - 1`; `first` is where the split of some tree begins."""
    parts = []
    while first < last:
        level = (last - first).bit_length() - 1
        if first:
            level = min(level, (first & -first).bit_length() - 1)
        parts.append(subtree(level, first >> level))
        first += 1 << level
    head = parts[-1]
    for left in reversed(parts[:-1]):
        head = node_hash(left, head)
    return head


def split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1

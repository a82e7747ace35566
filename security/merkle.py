"""The Merkle tree of RFC 9162, section 2.1: leaf hash, node hash and the root over a list of leaf hashes."""

import hashlib
from collections.abc import Sequence

HASH_BYTES = 32

EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one log entry. The leading 0x00 keeps an entry from ever passing for an inner node."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node over its two children's hashes."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaf_hashes: Sequence[bytes]) -> bytes:
    """The tree head over `leaf_hashes`, in order of their numbers. An empty tree has the hash of nothing.

    Holds one hash per complete subtree, so that a long list costs no recursion and no copies.
    Raises ValueError where something in the list is not a SHA-256 hash.
    """
    complete: list[tuple[int, bytes]] = []
    for each in leaf_hashes:
        if len(each) != HASH_BYTES:
            raise ValueError("a leaf hash has 32 bytes")
        size, subtree = 1, each
        while complete and complete[-1][0] == size:
            _, left = complete.pop()
            size, subtree = size * 2, node_hash(left, subtree)
        complete.append((size, subtree))
    return _joined([subtree for _, subtree in complete])


def _joined(subtrees: list[bytes]) -> bytes:
    """One hash over complete subtrees of falling size, joined from the right as the RFC splits them."""
    if not subtrees:
        return EMPTY_ROOT
    head = subtrees[-1]
    for left in reversed(subtrees[:-1]):
        head = node_hash(left, head)
    return head

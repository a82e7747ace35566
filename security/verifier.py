#!/usr/bin/env python3
"""Check a proof of the security record, offline. This file needs nothing but Python and `cryptography`.

    python verifier.py PROOF.json --log KEY --witness KEY --witness KEY

What is checked, in this order:

1. The checkpoint (three lines: name of the log, number of entries, root of the tree over them) is signed by the log,
   and cosigned by as many witnesses as you ask for. The keys come from you, never from the proof.
2. Every entry of the proof, at its number, is in the tree with that root. An entry is its bytes; where you may not
   read one, or it has expired, its hash stands in its place.
3. Where the proof brings an earlier checkpoint: it is signed too, and the tree continues it.

The tree is that of RFC 9162, section 2.1; signatures are Ed25519 (RFC 8032) in C2SP signed notes; witnesses sign a
time and the text ("cosignature/v1").
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMAT = "marketplace-record-proof-1"
LOG, WITNESS = 1, 4


class Wrong(Exception):
    """The proof does not hold; the message says why."""


# ---- the tree


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_over(size: int, first: int, leaves: list[bytes], around: Iterator[bytes]) -> bytes:
    """The root over `size` leaves, of which we have `leaves` from `first` on; `around` has hashes for all the rest.

    The tree is walked from the root: what lies outside of our leaves is taken as a whole from `around`.
    """

    def over(begin: int, end: int) -> bytes:
        if end <= first or begin >= first + len(leaves):
            return next(around)
        if end - begin == 1:
            return leaves[begin - first]
        middle = begin + (1 << (end - begin - 1).bit_length() - 1)
        return node_hash(over(begin, middle), over(middle, end))

    return over(0, size)


def continues(old: int, old_root: bytes, size: int, root: bytes, proof: list[bytes]) -> bool:
    """RFC 9162, 2.1.4.2: whether the tree over `size` leaves begins with the one over `old`."""
    if old == size or old == 0:
        return not proof and (old_root == root if old == size else old_root == hashlib.sha256(b"").digest())
    if old > size:
        return False
    hashes = list(proof) if old & (old - 1) else [old_root, *proof]
    if not hashes:
        return False
    place, last = old - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    before = after = hashes[0]
    for each in hashes[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            before, after = node_hash(each, before), node_hash(each, after)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            after = node_hash(after, each)
        place, last = place >> 1, last >> 1
    return last == 0 and before == old_root and after == root


# ---- signed checkpoints


class Key:
    """A public key in one line: name+hash+key, as logs and witnesses print theirs."""

    def __init__(self, line: str) -> None:
        self.name, _, rest = line.strip().partition("+")
        known, _, encoded = rest.partition("+")
        try:
            material = b64decode(encoded)
        except ValueError:
            material = b""
        self.id = hashlib.sha256(self.name.encode() + b"\n" + material).digest()[:4]
        if len(material) != 33 or self.id.hex() != known:
            raise Wrong(f"This is not a key: {line}")
        self.kind, self.public = material[0], material[1:]

    def signed(self, note: str) -> datetime | None:
        """When this key signed the note (a log does not say when: 1970), or None where it did not."""
        text, _, lines = note.rpartition("\n\n")
        text += "\n"
        for line in lines.splitlines():
            _, name, value = line.split(" ")
            signature = b64decode(value)
            if (name, signature[:4]) != (self.name, self.id):
                continue
            moment, message, signature = 0, text, signature[4:]
            if self.kind == WITNESS:
                moment, signature = int.from_bytes(signature[:8], "big"), signature[8:]
                message = f"cosignature/v1\ntime {moment}\n{text}"
            try:
                Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message.encode())
            except InvalidSignature:
                raise Wrong(f"The signature of {self.name} is not right.") from None
            return datetime.fromtimestamp(moment, UTC)
        return None


def checkpoint(
    note: str, log: Key, witnesses: list[Key], quorum: int
) -> tuple[int, bytes, dict[str, datetime]]:
    """Size, root and who cosigned when, of a checkpoint that is signed as asked. Raises Wrong."""
    if log.kind != LOG or any(key.kind != WITNESS for key in witnesses):
        raise Wrong("A log's key was given for a witness, or the other way round.")
    if log.signed(note) is None:
        raise Wrong("The checkpoint is not signed by the log's key.")
    origin, size, root = note.split("\n")[:3]
    if origin != log.name:
        raise Wrong("The checkpoint is of another log.")
    found = {key.name: key.signed(note) for key in witnesses}
    cosigned = {name: moment for name, moment in found.items() if moment is not None}
    if len(cosigned) < quorum:
        raise Wrong(f"{len(cosigned)} of your witnesses cosigned the checkpoint; you asked for {quorum}.")
    return int(size), b64decode(root), cosigned


# ---- the proof


def verify(proof: dict[str, Any], log: Key, witnesses: list[Key], quorum: int) -> list[str]:
    """Sentences about what holds. Raises Wrong with the first thing that does not."""
    if proof["format"] != FORMAT:
        raise Wrong("This is not a proof of a security record.")
    size, root, cosigned = checkpoint(proof["checkpoint"], log, witnesses, quorum)
    said = [f"{log.name} signed that it has {size} entries."]
    said += [f"{name} cosigned that at {moment:%Y-%m-%d %H:%M:%S} UTC." for name, moment in cosigned.items()]
    if not witnesses:
        said.append("No witness was asked for: whoever has the log's key could have written another record.")
    for part in proof["parts"]:
        said.append(_part(part, size, root))
    if "earlier" in proof:
        old, old_root, _ = checkpoint(proof["earlier"]["checkpoint"], log, witnesses, 0)
        if not continues(
            old, old_root, size, root, [bytes.fromhex(each) for each in proof["earlier"]["proof"]]
        ):
            raise Wrong(f"The record does not continue the earlier one with {old} entries.")
        said.append(f"Nothing of its first {old} entries was changed, taken out or put in since.")
    return said


def _part(part: dict[str, Any], size: int, root: bytes) -> str:
    first, entries = part["first"], part["entries"]
    leaves = [
        leaf_hash(each.encode()) if isinstance(each, str) else bytes.fromhex(each["leaf"]) for each in entries
    ]
    around = iter([bytes.fromhex(each) for each in part["around"]])
    if not leaves or first < 0 or first + len(leaves) > size:
        raise Wrong("The proof speaks of entries that the checkpoint does not have.")
    if root_over(size, first, leaves, around) != root or next(around, None) is not None:
        raise Wrong(f"The entries from number {first} on are not those that were signed.")
    readable = sum(isinstance(each, str) for each in entries)
    place = f"Entry {first}" if len(entries) == 1 else f"Entries {first} to {first + len(entries) - 1}"
    return f"{place}: on the record as they are shown here ({readable} to read, {len(entries) - readable} as hashes)."


def main(arguments: list[str] | None = None) -> int:
    """The program. Returns 0 where everything holds, 1 where something does not, 2 where it cannot tell."""
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    options.add_argument("proof", type=Path)
    options.add_argument(
        "--log", required=True, help="the log's key; you have it from elsewhere than the proof"
    )
    options.add_argument("--witness", action="append", default=[], help="the key of a witness that you trust")
    options.add_argument(
        "--quorum", type=int, help="how many of them must have cosigned; all, if you say nothing"
    )
    chosen = options.parse_args(arguments)
    try:
        witnesses = [Key(each) for each in chosen.witness]
        quorum = len(witnesses) if chosen.quorum is None else chosen.quorum
        said = verify(
            json.loads(chosen.proof.read_text(encoding="utf-8")), Key(chosen.log), witnesses, quorum
        )
    except Wrong as wrong:
        print(f"DOES NOT HOLD: {wrong}", file=sys.stderr)  # noqa: T201  (a program of its own)
        return 1
    except (
        OSError,
        ValueError,
        KeyError,
        IndexError,
        TypeError,
        AttributeError,
        StopIteration,
        RuntimeError,
    ) as error:
        print(f"CANNOT BE READ as a proof ({type(error).__name__}).", file=sys.stderr)  # noqa: T201  (a program of its own)
        return 2
    print("\n".join([*said, "HOLDS."]))  # noqa: T201  (a program of its own)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What a witness does with a checkpoint (C2SP tlog-witness), pure: a request and what it saw last → an answer.

Whoever calls this stores the new size and root before the answer leaves, in one step with the comparison.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Sequence
from dataclasses import dataclass

from security import checkpoint, merkle_proofs, notes
from security.checkpoint import Checkpoint
from security.merkle import EMPTY_ROOT, HASH_BYTES
from security.notes import BadNote, Note, Verifier

LONGEST_PROOF = 63


@dataclass(frozen=True, slots=True)
class Request:
    """A checkpoint, the size that the log believes the witness saw last, and the proof from there on."""

    old: int
    proof: tuple[bytes, ...]
    note: Note
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class Seen:
    """The last checkpoint that was cosigned; nothing yet is the empty tree."""

    size: int = 0
    root: bytes = EMPTY_ROOT


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing is cosigned: the protocol's HTTP status, a sentence, and the size to begin from where that helps."""

    status: int
    why: str
    size: int | None = None


def request_text(old: int, proof: Sequence[bytes], note: str) -> str:
    """The body that a log sends."""
    return f"old {old}\n" + "".join(b64encode(each).decode() + "\n" for each in proof) + "\n" + note


def parse_request(body: str) -> Request:
    """Take a request apart. Raises BadNote."""
    head, blank, signed = body.partition("\n\n")
    first, *rest = head.split("\n")
    word, _, old = first.partition(" ")
    if not blank or word != "old" or len(rest) > LONGEST_PROOF or not _is_size(old):
        raise BadNote()
    note = notes.parse(signed)
    return Request(int(old), tuple(_hash(each) for each in rest), note, checkpoint.parse(note.text))


def judge(asked: Request, logs: Sequence[Verifier], seen: Seen) -> Refusal | None:
    """None where the checkpoint may be cosigned. `logs` are the trusted keys; a key's name is its log's origin."""
    new = asked.checkpoint
    trusted = [key for key in logs if key.name == new.origin]
    if not trusted:
        return Refusal(404, "This log is not known here.")
    if not _is_signed(asked.note, trusted):
        return Refusal(403, "The checkpoint is not signed by the log's key.")
    if asked.old > new.size:
        return Refusal(400, "The old size is larger than the checkpoint.")
    if asked.old != seen.size:
        return Refusal(409, "Another size was cosigned last.", seen.size)
    if new.size == seen.size and new.root != seen.root:
        return Refusal(409, "The log shows another tree of the size that was cosigned last.", seen.size)
    if not merkle_proofs.consistent(asked.old, seen.root, new.size, new.root, asked.proof):
        return Refusal(422, "The checkpoint does not continue the one that was cosigned last.")
    return None


def _is_signed(note: Note, keys: Sequence[Verifier]) -> bool:
    try:
        return bool(notes.verified(note, keys))
    except BadNote:
        return False


def _is_size(text: str) -> bool:
    return len(text) <= 16 and text.isascii() and text.isdigit() and str(int(text)) == text


def _hash(line: str) -> bytes:
    try:
        value = b64decode(line, validate=True)
    except (NotBase64, ValueError):
        raise BadNote() from None
    if len(value) != HASH_BYTES:
        raise BadNote()
    return value

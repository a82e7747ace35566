"""Signed notes (C2SP signed-note): a text, a blank line, and signatures by named keys.

A key's kind says what it signs: `LOG` the text itself, `WITNESS` a time and the text (C2SP tlog-cosignature, v1).
Both are Ed25519 (RFC 8032). The byte of the post-quantum kind, ML-DSA-44, is reserved: its lines are carried along and
verified by nobody yet.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from marketplace.foundation.errors import InvalidInput

LOG, WITNESS, ML_DSA_44 = 0x01, 0x04, 0x06
MOST_SIGNATURES = 32
LARGEST_NOTE = 64 * 1024
_NAME = re.compile(r"[^\s+]+")
_SIGNATURE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")


class BadNote(InvalidInput):
    """This is not a signed note."""


class BadKey(InvalidInput):
    """This is not a key for signed notes. It looks like name+hash+key, in one line."""


@dataclass(frozen=True, slots=True)
class Line:
    """One signature of a note: who signed by which key, and the bytes."""

    name: str
    key_id: bytes
    value: bytes

    @property
    def text(self) -> str:
        """The line as it stands in the note, with its end."""
        return f"— {self.name} {b64encode(self.key_id + self.value).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text and its signatures, none of them verified."""

    text: str
    lines: tuple[Line, ...]

    def __str__(self) -> str:
        return self.text + "\n" + "".join(line.text for line in self.lines)


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key that is trusted under a name for one kind of signature."""

    name: str
    kind: int
    public: bytes

    @property
    def key_id(self) -> bytes:
        material = self.name.encode() + b"\n" + bytes([self.kind]) + self.public
        return hashlib.sha256(material).digest()[:4]

    def __str__(self) -> str:
        """The verifier key in one line: name, key id and key, joined by plus signs."""
        return f"{self.name}+{self.key_id.hex()}+{b64encode(bytes([self.kind]) + self.public).decode()}"

    def signed_at(self, text: str, line: Line) -> int | None:
        """Whether this key made the line for the text: the time of a cosignature (seconds since 1970), 0 for a log's
        signature, None where it did not."""
        if (line.name, line.key_id) != (self.name, self.key_id):
            return None
        moment, signature, message = 0, line.value, text.encode()
        if self.kind == WITNESS:
            moment, signature = int.from_bytes(line.value[:8], "big"), line.value[8:]
            message = _cosigned(text, moment)
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            return None
        return moment


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key with its name and kind."""

    name: str
    kind: int
    private: Ed25519PrivateKey

    @property
    def verifier(self) -> Verifier:
        return Verifier(self.name, self.kind, self.private.public_key().public_bytes_raw())

    def sign(self, text: str, moment: int = 0) -> Line:
        """Sign a text; `moment` (seconds since 1970) is what a witness vouches for."""
        if self.kind == WITNESS:
            value = moment.to_bytes(8, "big") + self.private.sign(_cosigned(text, moment))
        else:
            value = self.private.sign(text.encode())
        return Line(self.name, self.verifier.key_id, value)


def signer(name: str, kind: int, seed: bytes) -> Signer:
    """A signer from the 32 bytes of an Ed25519 private key. Raises BadKey where the name cannot stand in a note."""
    if not _NAME.fullmatch(name):
        raise BadKey()
    return Signer(name, kind, Ed25519PrivateKey.from_private_bytes(seed))


def parse(note: str) -> Note:
    """Take a note apart. Raises BadNote; verifies nothing."""
    if len(note) > LARGEST_NOTE or any(ord(each) < 0x20 and each != "\n" for each in note):
        raise BadNote()
    text, blank, signatures = note.rpartition("\n\n")
    if not blank or not text or not signatures.endswith("\n"):
        raise BadNote()
    return Note(text + "\n", parse_lines(signatures))


def parse_lines(signatures: str) -> tuple[Line, ...]:
    """Signature lines as a witness returns them. Raises BadNote."""
    rows = signatures.removesuffix("\n").split("\n")
    if not signatures.endswith("\n") or len(rows) > MOST_SIGNATURES:
        raise BadNote()
    return tuple(_line(row) for row in rows)


def verified(note: Note, keys: Iterable[Verifier]) -> dict[Verifier, int]:
    """Which of the keys signed the note, with the time of each (see `Verifier.signed_at`).

    Raises BadNote where a line names one of the keys and is not by it: such a note is not to be trusted at all.
    """
    found: dict[Verifier, int] = {}
    for key in keys:
        for line in note.lines:
            if (line.name, line.key_id) != (key.name, key.key_id):
                continue
            moment = key.signed_at(note.text, line)
            if moment is None:
                raise BadNote()
            found[key] = moment
    return found


def parse_verifier(text: str) -> Verifier:
    """A verifier key from its line. Raises BadKey."""
    name, _, rest = text.strip().partition("+")
    key_id, _, encoded = rest.partition("+")
    try:
        material = b64decode(encoded, validate=True)
    except (NotBase64, ValueError):
        raise BadKey() from None
    if not _NAME.fullmatch(name) or len(material) != 33 or material[0] not in (LOG, WITNESS):
        raise BadKey()
    key = Verifier(name, material[0], material[1:])
    if key.key_id.hex() != key_id:
        raise BadKey()
    return key


def _line(row: str) -> Line:
    found = _SIGNATURE.fullmatch(row)
    try:
        value = b64decode(found[2], validate=True) if found else b""
    except (NotBase64, ValueError):
        value = b""
    if found is None or len(value) <= 4:
        raise BadNote()
    return Line(found[1], value[:4], value[4:])


def _cosigned(text: str, moment: int) -> bytes:
    return f"cosignature/v1\ntime {moment}\n{text}".encode()

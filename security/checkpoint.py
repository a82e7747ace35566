"""Checkpoints (C2SP tlog-checkpoint): what a log says its tree is, as the text of a signed note."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass

from security.merkle import HASH_BYTES
from security.notes import BadNote

_SIZE = re.compile(r"0|[1-9][0-9]{0,15}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The log's name, how many entries it has, and the root over them."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


def parse(text: str) -> Checkpoint:
    """Read the text of a note as a checkpoint. Raises BadNote; lines behind the third are refused.

    The specification allows such lines and advises against them: nobody could audit what they say.
    """
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not lines[0] or not _SIZE.fullmatch(lines[1]):
        raise BadNote()
    try:
        root = b64decode(lines[2], validate=True)
    except (NotBase64, ValueError):
        raise BadNote() from None
    if len(root) != HASH_BYTES:
        raise BadNote()
    return Checkpoint(lines[0], int(lines[1]), root)

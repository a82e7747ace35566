"""What a witness keeps: its key, the logs it trusts, and the last checkpoint of each that it cosigned.

Everything lies in one file (mode 0600). Comparing with it and storing what is new happen under one lock, and what is
new is on the disk before the cosignature leaves: a crash between the two costs a repetition, never a contradiction.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from marketplace.foundation.errors import Conflict, Unavailable
from security import notes, witnessing
from security.log import log_key
from security.notes import BadNote, Signer, Verifier
from security.witnessing import Refusal, Seen

FORMAT = "marketplace-witness-1"


class BadState(Unavailable):
    """This is not the file of a witness, or it is damaged.

    Never begin with an empty one under the same key: the witness would cosign a log that was rewritten.
    """


class StateExists(Conflict):
    """There is a file of that name already. A witness keeps its file for as long as it keeps its name."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A log that the witness follows: its key, and what was cosigned last."""

    key: Verifier
    seen: Seen


@dataclass(frozen=True, slots=True)
class Witness:
    """The whole of a witness's file."""

    signer: Signer
    logs: Mapping[str, Watched]


@dataclass(frozen=True, slots=True)
class Cosigned:
    """The signature line for a checkpoint, with its end, and the checkpoint's size."""

    line: str
    size: int


def make(path: Path, name: str) -> Witness:
    """A new witness with a key of its own. Raises StateExists, BadKey for a name that cannot stand in a note."""
    made = Witness(notes.signer(name, notes.WITNESS, secrets.token_bytes(32)), {})
    if path.exists():
        raise StateExists()
    with _locked(path):
        _write(path, made)
    return made


def follow(path: Path, log: Verifier) -> Witness:
    """Follow a log from its beginning; one that is followed already stays as it is. Another key for it is BadState."""
    with _locked(path):
        witness = read(path)
        known = witness.logs.get(log.name)
        if known is not None and known.key != log:
            raise BadState()
        if known is None:
            witness = replace(witness, logs={**witness.logs, log.name: Watched(log, Seen())})
            _write(path, witness)
    return witness


def answer(path: Path, body: str, moment: int) -> Cosigned | Refusal:
    """Judge a request, store its checkpoint, and cosign it as of `moment` (seconds since 1970), in one step."""
    try:
        asked = witnessing.parse_request(body)
    except BadNote:
        return Refusal(400, "This is not a request for a cosignature.")
    origin, text = asked.checkpoint.origin, asked.note.text
    with _locked(path):
        witness = read(path)
        watched = witness.logs.get(origin)
        seen = Seen() if watched is None else watched.seen
        refusal = witnessing.judge(asked, [each.key for each in witness.logs.values()], seen)
        if refusal is not None:
            return refusal
        new = Seen(asked.checkpoint.size, asked.checkpoint.root)
        if new != seen:
            _write(
                path, replace(witness, logs={**witness.logs, origin: replace(witness.logs[origin], seen=new)})
            )
    return Cosigned(witness.signer.sign(text, moment).text, new.size)


def read(path: Path) -> Witness:
    """The witness as its file has it. Raises BadState."""
    try:
        kept = json.loads(path.read_text())
        if kept["format"] != FORMAT:
            raise BadState()
        return Witness(
            log_key.parse(kept["key"]), {name: _watched(each) for name, each in kept["logs"].items()}
        )
    except (KeyError, TypeError, ValueError, AttributeError, notes.BadKey, OSError):
        raise BadState() from None


def _watched(kept: Mapping[str, Any]) -> Watched:
    return Watched(
        notes.parse_verifier(kept["key"]), Seen(int(kept["size"]), b64decode(kept["root"], validate=True))
    )


def _write(path: Path, witness: Witness) -> None:
    kept = {
        "format": FORMAT,
        "key": log_key.line(witness.signer).strip(),
        "logs": {
            name: {"key": str(each.key), "size": each.seen.size, "root": b64encode(each.seen.root).decode()}
            for name, each in witness.logs.items()
        },
    }
    whole = path.with_name(f".{path.name}.new")
    with os.fdopen(os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(kept, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    os.replace(whole, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # else a power cut could bring the old file back after the cosignature left
    finally:
        os.close(folder)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path.with_name(f".{path.name}.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

"""The key by which the log signs its checkpoints: one file, read by the clock and by nobody else.

One line as C2SP writes private note keys: PRIVATE+KEY+name+hash+base64(kind ‖ seed). The name is the log's origin; it
is fixed when the key is made, so that a new public address does not make another log.
"""

from __future__ import annotations

import os
import secrets
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from pathlib import Path

from security import notes
from security.notes import BadKey, Signer

_HEAD = "PRIVATE+KEY+"


def ensure(path: Path, origin: str) -> Signer:
    """The log's signer; the file is made (mode 0600) where there is none yet. Raises BadKey."""
    if not path.exists():
        _make(path, origin)
    return read(path)


def read(path: Path) -> Signer:
    """Read a key file. Raises BadKey where it is none, FileNotFoundError where it is missing."""
    return parse(path.read_text())


def parse(text: str) -> Signer:
    """Read the line of a private key. Raises BadKey."""
    text = text.strip()
    name, _, rest = text.removeprefix(_HEAD).partition("+")
    key_id, _, encoded = rest.partition("+")
    try:
        material = b64decode(encoded, validate=True)
    except (NotBase64, ValueError):
        raise BadKey() from None
    if not text.startswith(_HEAD) or len(material) != 33 or material[0] not in (notes.LOG, notes.WITNESS):
        raise BadKey()
    signer = notes.signer(name, material[0], material[1:])
    if signer.verifier.key_id.hex() != key_id:
        raise BadKey()
    return signer


def line(signer: Signer) -> str:
    """The line that `read` reads."""
    material = bytes([signer.kind]) + signer.private.private_bytes_raw()
    return f"{_HEAD}{signer.name}+{signer.verifier.key_id.hex()}+{b64encode(material).decode()}\n"


def _make(path: Path, origin: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = line(notes.signer(origin, notes.LOG, secrets.token_bytes(32)))
    whole = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(made)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(whole, path)  # of two that make one at the same time, the first one's stays
    except FileExistsError:
        pass
    finally:
        whole.unlink()

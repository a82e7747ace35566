"""Sealed payloads: what the format costs beside the bare primitives, measured in turns in the same process.

Payloads are measured beside AES-256-GCM over blocks of 64 KiB, as streams, which is how large ones travel. Slots for
devices are measured beside the least that any slot of their kind needs: an ephemeral key, its public half in bytes,
the agreement, the key derivation and the key wrap. Rotating keys and opening in a browser have files of their own.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
import time
from collections.abc import Callable, Iterable, Iterator
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from security.labels import Level
from security.sealing import (
    Header,
    Protection,
    Purpose,
    SlotPurpose,
    device_slots,
    keys,
    seal_stream,
    thumbprints,
    unseal_stream,
)
from tests.bench._lines import is_short, tell

PIECE = os.urandom(1 << 20)
PIECES = 64
BLOCK = 64 * 1024
SLOTS_AT_ONCE = 100

DEK, HASH = os.urandom(32), os.urandom(32)
HEADER = Header(
    purpose=Purpose.TASK, microtask=UUID(int=1), agency="harbour", level=Level.RESTRICTED, campaign=UUID(int=2),
    protection=Protection.SERVER, content_type="application/octet-stream",
)  # fmt: skip
DEVICE, SIGNING = keys.new_private(), keys.new_private()
JWK = keys.public_jwk(DEVICE)
THUMBPRINT = thumbprints.device(JWK, keys.public_jwk(SIGNING))
ENDS = 2_000_000_000

PARTS = ("tests.bench.sealing_rotation", "tests.bench.sealing_browser")

Act = Callable[[], object]


def main() -> None:
    rounds = 40 if is_short() else 200
    _payloads(rounds)
    _slots(4 * rounds)
    for part in PARTS:
        if importlib.util.find_spec(part):
            importlib.import_module(part).main()


def _payloads(rounds: int) -> None:
    """Megabytes per second of one core."""
    pieces, megabytes = [PIECE] * PIECES, PIECES * len(PIECE) / 1e6
    sealed, raw_sealed = b"".join(seal_stream(HEADER, pieces, DEK)), list(_raw_sealed(pieces))
    arriving = [sealed[start : start + len(PIECE)] for start in range(0, len(sealed), len(PIECE))]
    turns: list[tuple[str, Act, str, Act]] = [
        (
            "sealing.seal", lambda: _drained(seal_stream(HEADER, pieces, DEK)),
            "sealing.raw-aes-256-gcm", lambda: _drained(_raw_sealed(pieces)),
        ),
        (
            "sealing.open", lambda: _drained(unseal_stream(HEADER, arriving, DEK)),
            "sealing.raw-aes-256-gcm-open", lambda: _drained(_raw_opened(raw_sealed)),
        ),
    ]  # fmt: skip
    for name, ours, peer_name, peer in turns:
        _compared((name, ours), (peer_name, peer), megabytes, "MB/s", rounds)


def _slots(rounds: int) -> None:
    """Slots per second of one core."""

    def ours() -> None:
        for _ in range(SLOTS_AT_ONCE):
            device_slots.wrap(DEK, HASH, SlotPurpose.DEVICE, THUMBPRINT, JWK, ENDS)

    def bare() -> None:
        for _ in range(SLOTS_AT_ONCE):
            _bare_slot(recipient)

    recipient = DEVICE.public_key()
    _compared(
        ("sealing.device-slots", ours), ("sealing.ecdh-key-wrap", bare), SLOTS_AT_ONCE, "slots/s", rounds
    )


def _bare_slot(recipient: ec.EllipticCurvePublicKey) -> bytes:
    """What nobody can leave out who wraps a key for a P-256 key."""
    ephemeral = ec.generate_private_key(ec.SECP256R1())
    point = ephemeral.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    agreed = hashlib.sha256(b"\x00\x00\x00\x01" + ephemeral.exchange(ec.ECDH(), recipient)).digest()
    return point + aes_key_wrap(agreed, DEK)


def _compared(ours: tuple[str, Act], peer: tuple[str, Act], each: float, unit: str, rounds: int) -> None:
    """Tell both rates, of the best turn each. They take turns, since the machine is not equally busy all the time.

    Whatever else it does takes caches away, and only ever slows.
    """
    best_peer = best_ours = float("inf")
    for _ in range(rounds):
        best_peer, best_ours = min(best_peer, _seconds(peer[1])), min(best_ours, _seconds(ours[1]))
    tell(peer[0], each / best_peer, unit, rounds)
    tell(ours[0], each / best_ours, unit, rounds, ratio=best_peer / best_ours, to=peer[0])


def _seconds(act: Act) -> float:
    began = time.process_time()
    act()
    return time.process_time() - began


def _raw_sealed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """AES-256-GCM over blocks: a number for a nonce, and nothing that says where the end is."""
    cipher, number = AESGCM(DEK), 0
    for piece in pieces:
        view = memoryview(piece)
        for start in range(0, len(view), BLOCK):
            yield cipher.encrypt(number.to_bytes(12, "big"), view[start : start + BLOCK], HASH)
            number += 1


def _raw_opened(blocks: Iterable[bytes]) -> Iterator[bytes]:
    cipher = AESGCM(DEK)
    for number, block in enumerate(blocks):
        yield cipher.decrypt(number.to_bytes(12, "big"), block, HASH)


def _drained(chunks: Iterator[bytes]) -> None:
    for _ in chunks:
        pass


if __name__ == "__main__":
    main()

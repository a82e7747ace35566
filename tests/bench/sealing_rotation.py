"""Rotating keys: slots a second on each database, beside a bare loop of AES-GCM and beside what is asked for.

The bare loop opens each slot with one key and closes it with the other, with nothing read, bound anew or written.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from agencies.keys import KeyringFile, bound
from agencies.keys.kek_slots import bound_to
from marketplace.foundation import db
from marketplace.foundation.db import transaction
from marketplace.foundation.ids import new_id
from security.labels import Level
from security.sealing import Header, Purpose
from tasks import rewrapping
from tasks.models import Payload, PayloadSlot
from tests.bench._databases import on_postgresql, on_sqlite
from tests.bench._lines import is_short, tell

WANTED = 1_000_000 / 45
"""Slots a second with which a million take well under a minute."""
AT_ONCE = 20_000


def main() -> None:
    slots = 100_000 if is_short() else 1_000_000
    bare = _bare(min(slots, 200_000))
    tell("rotation.bare", bare, "slots/s", min(slots, 200_000))
    with tempfile.TemporaryDirectory() as folder:
        with on_sqlite(Path(folder)):
            _rotated("sqlite", slots, bare)
        with on_postgresql(Path(folder)):
            _rotated("postgresql", slots, bare)


def _bare(slots: int) -> float:
    """Slots a second of nothing but AES-256-GCM: one core's limit."""
    old, new, aad = AESGCM(os.urandom(32)), AESGCM(os.urandom(32)), os.urandom(150)
    nonce = os.urandom(12)
    sealed = [old.encrypt(nonce, os.urandom(32), aad) for _ in range(slots)]
    began = time.perf_counter()
    for each in sealed:
        new.encrypt(os.urandom(12), old.decrypt(nonce, each, aad), aad)
    return slots / (time.perf_counter() - began)


def _rotated(database: str, slots: int, bare: float) -> None:
    keys = bound.provider()
    assert isinstance(keys, KeyringFile)
    old = keys.current("north", 2031)
    for begin in range(0, slots, AT_ONCE):
        _stored(keys, old, min(AT_ONCE, slots - begin))
    if database == "postgresql":
        with db.engine().execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.exec_driver_sql("VACUUM ANALYZE payload, payload_slot")
    new = keys.renew("north", 2031)
    began = time.perf_counter()
    moved = sum(step.moved for step in rewrapping.move(keys, old, new))
    rate = moved / (time.perf_counter() - began)
    assert moved == slots
    tell(f"rotation.{database}", rate, "slots/s", slots, ratio=rate / WANTED, to="a million in 45 s")
    tell(f"rotation.{database}", rate, "slots/s", slots, ratio=rate / bare, to="rotation.bare")


def _stored(keys: KeyringFile, key_id: str, count: int) -> None:
    """Payloads of short items with their slots."""
    aad, payloads = bound_to(key_id), []
    headers = [
        Header(purpose=Purpose.TASK, microtask=new_id(), agency="north", level=Level.SENSITIVE)
        for _ in range(count)
    ]
    wrapped = keys.wrap_all(key_id, [(os.urandom(32), aad(header.hash)) for header in headers])
    body = os.urandom(3 + 1 + 7 + 32 + 256 + 16)
    payloads = [{"id": new_id(), "header": header.to_bytes(), "body": body} for header in headers]
    with transaction() as tx:
        db.insert_many(tx, Payload, payloads)
        db.insert_many(tx, PayloadSlot, _slots(payloads, key_id, wrapped))


def _slots(
    payloads: Sequence[dict[str, object]], key_id: str, wrapped: Sequence[bytes]
) -> list[dict[str, object]]:
    return [
        {"payload_id": payload["id"], "kind": "kek", "key_id": key_id, "wrapped": slot}
        for payload, slot in zip(payloads, wrapped, strict=True)
    ]


if __name__ == "__main__":
    main()

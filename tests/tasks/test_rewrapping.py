"""Moving slots to a newer key: every payload opens before, between and after; what does not open stays as it is."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine, delete, insert, select, update

from agencies.keys import KeyringFile, KeyTrouble, VaultTransit, bound, kek_slots
from agencies.keys.kek_slots import KekSlot, bound_to
from marketplace.foundation.db import reading, transaction
from marketplace.foundation.ids import new_id
from security.sealing import SlotPurpose, new_dek, slot_aad
from tasks import rewrapping
from tasks.models import Payload, PayloadSlot
from tests.agencies.keys import transit
from tests.builders import changed, found


def stored(key_id: str, count: int) -> dict[UUID, bytes]:
    """Payloads with a slot under this key: their data keys by id."""
    provider = bound.provider()
    deks = {new_id(): new_dek() for _ in range(count)}
    if not deks:
        return deks
    headers = {payload_id: os.urandom(40) for payload_id in deks}
    with transaction() as tx:
        tx.execute(insert(Payload), [{"id": i, "header": headers[i], "body": b"sealed"} for i in deks])
        slots = [
            {
                "payload_id": payload_id,
                "kind": "kek",
                "key_id": key_id,
                "wrapped": provider.wrap(
                    key_id, dek, slot_aad(hashed(headers[payload_id]), SlotPurpose.KEK, key_id)
                ),
            }
            for payload_id, dek in deks.items()
        ]
        tx.execute(insert(PayloadSlot), slots)
    return deks


def hashed(header: bytes) -> bytes:
    return hashlib.sha256(header).digest()


def opened() -> dict[UUID, bytes]:
    """The data key of every payload, through its slot."""
    chosen = select(Payload.id, Payload.header, PayloadSlot.key_id, PayloadSlot.wrapped).join(PayloadSlot)
    return {
        row.id: kek_slots.open_slot(
            bound.provider(), KekSlot(row.key_id, bytes(row.wrapped)), hashed(row.header)
        )
        for row in found(chosen.where(PayloadSlot.kind == "kek"))
    }


def moved(from_id: str, to: str, at_once: int = 7) -> tuple[int, Sequence[UUID]]:
    steps = list(rewrapping.move(bound.provider(), from_id, to, at_once))
    return sum(step.moved for step in steps), [each for step in steps for each in step.refused]


def under() -> dict[str, int]:
    with reading() as db:
        return rewrapping.hanging(db)


def test_what_is_bound_for_many_is_what_is_bound_for_one() -> None:
    for key_id in ("harbour.2031.0a1b2c3d", "a.9999.6b02f5811395"):
        header_hash = os.urandom(32)
        assert bound_to(key_id)(header_hash) == slot_aad(header_hash, SlotPurpose.KEK, key_id)
    with pytest.raises(ValueError, match="32 bytes"):
        bound_to("k")(b"short")


@pytest.mark.parametrize("count", [0, 1, 6, 7, 8, 40])
def test_every_slot_moves_and_every_payload_opens(database: Engine, keys: KeyringFile, count: int) -> None:
    old = keys.current("north", 2031)
    deks = stored(old, count)
    new = keys.renew("north", 2031)
    assert moved(old, new) == (count, [])
    assert under() == ({new: count} if count else {})
    assert opened() == deks


def test_without_the_older_key_they_open_still(database: Engine, keys: KeyringFile) -> None:
    old = keys.current("north", 2031)
    deks = stored(old, 10)
    moved(old, keys.renew("north", 2031))
    keys.destroy(old)
    assert opened() == deks


def test_other_keys_and_other_kinds_of_slots_are_not_touched(database: Engine, keys: KeyringFile) -> None:
    old, other = keys.current("north", 2031), keys.current("north", 2032)
    mine, theirs = stored(old, 3), stored(other, 3)
    device = {
        "payload_id": next(iter(mine)),
        "kind": "device",
        "key_id": old,
        "wrapped": b"a slot of a device",
    }
    with transaction() as tx:
        tx.execute(insert(PayloadSlot), device)
    new = keys.renew("north", 2031)
    assert moved(old, new) == (3, [])
    assert under() == {new: 3, other: 3}
    [kept] = found(select(PayloadSlot.wrapped).where(PayloadSlot.kind == "device"))
    assert bytes(kept.wrapped) == b"a slot of a device"
    assert opened() == mine | theirs


def test_what_does_not_open_is_named_and_left_as_it_is(database: Engine, keys: KeyringFile) -> None:
    old = keys.current("north", 2031)
    deks = stored(old, 20)
    broken = sorted(deks)[3]
    changed(update(PayloadSlot).where(PayloadSlot.payload_id == broken).values(wrapped=bytes(61)))
    relabelled = sorted(deks)[15]
    changed(update(Payload).where(Payload.id == relabelled).values(header=b"another header"))
    new = keys.renew("north", 2031)
    assert moved(old, new) == (18, [broken, relabelled])
    assert under() == {old: 2, new: 18}
    [kept] = found(select(PayloadSlot.wrapped).where(PayloadSlot.payload_id == broken))
    assert bytes(kept.wrapped) == bytes(61)
    assert moved(old, new) == (0, [broken, relabelled])


def test_a_run_that_was_cut_short_leaves_everything_open_and_is_taken_up(
    database: Engine, keys: KeyringFile
) -> None:
    old = keys.current("north", 2031)
    deks = stored(old, 30)
    new = keys.renew("north", 2031)
    steps = rewrapping.move(keys, old, new, 7)
    next(steps)
    steps.close()
    assert set(under()) == {old, new}
    assert opened() == deks
    before = under()[new]
    assert moved(old, new) == (30 - before, [])
    assert opened() == deks


def test_two_runs_beside_each_other_move_every_slot_once(database: Engine, keys: KeyringFile) -> None:
    old = keys.current("north", 2031)
    deks = stored(old, 60)
    new = keys.renew("north", 2031)
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda _: moved(old, new, 5)[0], range(2)))
    assert sum(done) == 60
    assert under() == {new: 60}
    assert opened() == deks


def test_a_slot_that_goes_meanwhile_does_not_come_back(database: Engine, keys: KeyringFile) -> None:
    old = keys.current("north", 2031)
    stored(old, 5)
    new = keys.renew("north", 2031)
    with reading() as db:
        slots = rewrapping.batch(db, old, None, 10)
    wrapped, _ = rewrapping.rewrapped(keys, slots, old, new)
    changed(delete(PayloadSlot).where(PayloadSlot.payload_id == slots[2].payload_id))
    with transaction() as tx:
        assert rewrapping.write(tx, wrapped, old, new) == 4
    assert under() == {new: 4}


def test_a_key_service_gets_slots_by_the_thousand(database: Engine, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.touch(mode=0o600)
    token.write_text(transit.TOKEN, encoding="ascii")
    with transit.served() as service:
        provider = VaultTransit(service.address, token)
        bound.bind(provider)
        old = provider.current("north", 2031)
        deks = stored(old, 20)
        new = provider.renew("north", 2031)
        service.seen.clear()
        assert moved(old, new, 100) == (20, [])
        assert len(service.seen) == 2
        assert opened() == deks


def test_a_keeper_that_goes_away_stops_it_where_it_is(database: Engine, keys: KeyringFile) -> None:
    old = keys.current("north", 2031)
    deks = stored(old, 20)
    new = keys.renew("north", 2031)
    steps = rewrapping.move(keys, old, new, 7)
    next(steps)
    ring = next(Path(str(keys._path)).parent.glob("keyring.json"))
    ring.chmod(0o644)
    with pytest.raises(KeyTrouble):
        list(steps)
    ring.chmod(0o600)
    assert opened() == deks

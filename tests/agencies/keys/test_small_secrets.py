"""Small secrets: stored in the form they always had where a slot has 61 bytes, and bound to what they are for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from agencies.keys import LASTING, KeyringFile, VaultTransit, small_secrets
from security.sealing import new_dek
from security.sealing.errors import SlotRefused


@pytest.fixture
def keyring(tmp_path: Path) -> KeyringFile:
    return KeyringFile(tmp_path / "keyring.json")


def test_what_was_stored_before_opens(keyring: KeyringFile) -> None:
    key_id, dek, nonce = keyring.current("harbour", 2026), new_dek(), os.urandom(12)
    slot = keyring.wrap(key_id, dek, b"b")
    stored = slot + nonce + AESGCM(dek).encrypt(nonce, b"s3cret", b"b")
    assert small_secrets.reveal(keyring, key_id, stored, b"b") == "s3cret"
    assert len(small_secrets.conceal(keyring, key_id, "s3cret", b"b")) == len(stored)


def test_a_slot_of_another_size_is_measured(vault: VaultTransit) -> None:
    key_id, sealed = small_secrets.concealed(vault, "harbour", "s3cret", b"b")
    assert sealed[0] == small_secrets.MEASURED
    assert small_secrets.reveal(vault, key_id, sealed, b"b") == "s3cret"


def test_they_hang_on_a_key_of_no_retention_year(keyring: KeyringFile) -> None:
    key_id, _ = small_secrets.concealed(keyring, "harbour", "s3cret", b"b")
    assert {each.id: each.year for each in keyring.listing()} == {key_id: LASTING}


def test_moving_leaves_the_ciphertext_as_it_is(keyring: KeyringFile) -> None:
    key_id, sealed = small_secrets.concealed(keyring, "harbour", "s3cret", b"b")
    newer = keyring.renew("harbour", LASTING)
    moved = small_secrets.moved(keyring, key_id, newer, sealed, b"b")
    assert moved != sealed
    assert small_secrets.without_slot(moved) == small_secrets.without_slot(sealed)


@pytest.mark.parametrize("damage", [b"", b"\x01", b"\x02", b"\x02\xff\xff", b"\x02\x00\x00", b"\x01" * 61])
def test_what_is_no_sealed_secret_stays_closed(keyring: KeyringFile, damage: bytes) -> None:
    with pytest.raises(SlotRefused):
        small_secrets.reveal(keyring, keyring.current("harbour", LASTING), damage, b"b")

"""The vectors in `tests/vectors/sealing.json`, computed here a second time with nothing but AES-GCM and SHA-256.

Nothing of `security.sealing` takes part in the second computation, so that a slip in ours shows. The file is for
other programs too: whoever writes the format elsewhere tries it on the same vectors.
"""

import hashlib
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from security.labels import Level
from security.sealing import Header, Purpose, SlotPurpose, envelope, slot_aad, unseal, unwrap_kek

VECTORS: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "sealing.json").read_text(encoding="utf-8")
)
ENVELOPES = [pytest.param(each, id=each["name"]) for each in VECTORS["envelopes"]]
SLOTS = [pytest.param(each, id=each["name"]) for each in VECTORS["slots"]]


def content_of(vector: dict[str, Any]) -> bytes:
    return bytes.fromhex(vector["content"]["hex"]) * int(vector["content"]["times"])


def computed_envelope(vector: dict[str, Any]) -> bytes:
    """The sealed form, straight from the words of `docs/sealing.md`."""
    content = content_of(vector)
    size = 256
    while size <= len(content):
        size = size * 2 if size < 65536 else size + 65536
    padded = content + b"\x80" + b"\x00" * (size - len(content) - 1)
    prefix, header_hash = (
        bytes.fromhex(vector["nonce_prefix"]),
        hashlib.sha256(vector["header"].encode()).digest(),
    )
    sealed = b"\x4d\x53\x50\x01" + prefix + header_hash
    count = (size + 65535) // 65536
    for number in range(count):
        last = b"\x01" if number == count - 1 else b"\x00"
        nonce = prefix + number.to_bytes(4, "big") + last
        chunk = padded[number * 65536 : (number + 1) * 65536]
        sealed += AESGCM(bytes.fromhex(vector["dek"])).encrypt(nonce, chunk, header_hash)
    return sealed


def computed_slot(vector: dict[str, Any]) -> bytes:
    """The slot, straight from the words of `docs/sealing.md`."""
    aad = f'{{"header":"{vector["header_hash"]}","key":"{vector["key_id"]}","purpose":"kek","version":1}}'
    assert aad == vector["aad"]
    nonce = bytes.fromhex(vector["nonce"])
    wrapped = AESGCM(bytes.fromhex(vector["kek"])).encrypt(nonce, bytes.fromhex(vector["dek"]), aad.encode())
    return b"\x01" + nonce + wrapped


def header_of(vector: dict[str, Any]) -> Header:
    """The vector's header built from its members, not read from its bytes."""
    fields = json.loads(vector["header"])
    return Header(
        purpose=Purpose(fields["purpose"]), microtask=UUID(fields["microtask"]), agency=fields["agency"],
        level=Level.parse(fields["level"]), compartments=frozenset(fields["compartments"]),
        payload_version=fields["payload_version"], content_type=fields["content_type"],
        contribution=UUID(fields["contribution"]) if fields["contribution"] else None,
    )  # fmt: skip


@pytest.mark.parametrize("vector", ENVELOPES)
class TestEnvelopes:
    def test_file_says_what_the_second_computation_says(self, vector: dict[str, Any]) -> None:
        sealed = computed_envelope(vector)
        assert hashlib.sha256(sealed).hexdigest() == vector["sealed_sha256"]
        assert vector["sealed"] in (None, sealed.hex())

    def test_ours_opens_it(self, vector: dict[str, Any]) -> None:
        header = Header.from_bytes(vector["header"].encode())
        opened = unseal(header, computed_envelope(vector), bytes.fromhex(vector["dek"]))
        assert opened == content_of(vector)

    def test_ours_writes_the_same(self, vector: dict[str, Any]) -> None:
        pieces = envelope._sealed(
            header_of(vector),
            [content_of(vector)],
            bytes.fromhex(vector["dek"]),
            bytes.fromhex(vector["nonce_prefix"]),
        )
        assert b"".join(pieces) == computed_envelope(vector)

    def test_header_is_written_as_in_the_file(self, vector: dict[str, Any]) -> None:
        header = header_of(vector)
        assert header.to_bytes().decode() == vector["header"]
        assert header.hash.hex() == vector["header_hash"]


@pytest.mark.parametrize("vector", SLOTS)
class TestSlots:
    def test_file_says_what_the_second_computation_says(self, vector: dict[str, Any]) -> None:
        assert computed_slot(vector).hex() == vector["slot"]

    def test_ours_opens_it(self, vector: dict[str, Any]) -> None:
        slot, kek = bytes.fromhex(vector["slot"]), bytes.fromhex(vector["kek"])
        dek = unwrap_kek(slot, kek, bytes.fromhex(vector["header_hash"]), vector["key_id"])
        assert dek.hex() == vector["dek"]

    def test_ours_is_bound_to_the_same(self, vector: dict[str, Any]) -> None:
        aad = slot_aad(bytes.fromhex(vector["header_hash"]), SlotPurpose.KEK, vector["key_id"])
        assert aad.decode() == vector["aad"]


def test_the_file_covers_what_it_is_for() -> None:
    """Also, an empty list would pass by skipping."""
    headers = [json.loads(vector["header"]) for vector in VECTORS["envelopes"]]
    assert {header["purpose"] for header in headers} == set(Purpose)
    assert max(len(content_of(vector)) for vector in VECTORS["envelopes"]) > 2 * 65536
    assert len(VECTORS["slots"]) > 1

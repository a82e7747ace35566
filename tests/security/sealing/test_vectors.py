"""The vectors in `tests/vectors/sealing.json`, computed here a second time with the bare primitives, and by joserfc.

Nothing of `security.sealing` takes part in the second computation, so that a slip in ours shows. The file is for
other programs too: whoever writes the format elsewhere tries it on the same vectors.
"""

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, mlkem, x25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap
from joserfc import jwe
from joserfc.jwk import ECKey

from security.labels import Level
from security.sealing import (
    Header,
    Protection,
    Purpose,
    SealingError,
    SlotPurpose,
    device_slots,
    envelope,
    keys,
    recovery,
    signatures,
    slot_aad,
    thumbprints,
    unseal,
    unwrap_kek,
)
from tests.vectors import make_sealing

VECTORS: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "sealing.json").read_text(encoding="utf-8")
)
KEYS = {each["name"]: each for each in VECTORS["keys"]}


def each_of(kind: str) -> pytest.MarkDecorator:
    """A test for every vector of a kind. An empty list would pass by skipping."""
    assert VECTORS[kind]
    return pytest.mark.parametrize(
        "vector", [pytest.param(v, id=v.get("name", "one")) for v in VECTORS[kind]]
    )


def from_base64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def to_base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def number(text: str) -> int:
    return int.from_bytes(from_base64(text), "big")


def private_of(jwk: dict[str, str]) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(number(jwk["d"]), ec.SECP256R1())


def public_of(jwk: dict[str, str]) -> ec.EllipticCurvePublicKey:
    return ec.EllipticCurvePublicNumbers(number(jwk["x"]), number(jwk["y"]), ec.SECP256R1()).public_key()


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
        purpose=Purpose(fields["purpose"]),
        microtask=UUID(fields["microtask"]) if fields["microtask"] else None, agency=fields["agency"],
        level=Level.parse(fields["level"]), compartments=frozenset(fields["compartments"]),
        payload_version=fields["payload_version"], content_type=fields["content_type"],
        contribution=UUID(fields["contribution"]) if fields["contribution"] else None,
        campaign=UUID(fields["campaign"]) if "campaign" in fields else None,
        protection=Protection(fields["protection"]) if "protection" in fields else None,
    )  # fmt: skip


@each_of("envelopes")
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


@each_of("slots")
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


@each_of("keys")
class TestKeys:
    def test_both_halves_belong_together(self, vector: dict[str, Any]) -> None:
        assert private_of(vector["private"]).public_key() == public_of(vector["public"])

    def test_ours_reads_and_writes_them(self, vector: dict[str, Any]) -> None:
        private = keys.read_private(vector["private"])
        assert keys.private_jwk(private) == vector["private"]
        assert (
            keys.public_jwk(private)
            == keys.public_jwk(keys.read_public(vector["public"]))
            == vector["public"]
        )

    def test_thumbprint_is_that_of_a_library(self, vector: dict[str, Any]) -> None:
        assert ECKey.import_key(vector["public"]).thumbprint() == vector["thumbprint"]
        assert thumbprints.of(vector["public"]) == vector["thumbprint"]


@each_of("devices")
class TestDevices:
    def test_thumbprint_is_the_hash_of_both_keys(self, vector: dict[str, Any]) -> None:
        one, other = (KEYS[vector[half]]["public"] for half in ("encryption", "signing"))
        written = "".join(
            (
                f'{{"encryption":{{"crv":"P-256","kty":"EC","x":"{one["x"]}","y":"{one["y"]}"}},',
                f'"signing":{{"crv":"P-256","kty":"EC","x":"{other["x"]}","y":"{other["y"]}"}}}}',
            )
        )
        assert written == vector["canonical"]
        assert to_base64(hashlib.sha256(written.encode()).digest()) == vector["thumbprint"]

    def test_ours_says_the_same(self, vector: dict[str, Any]) -> None:
        one, other = (KEYS[vector[half]]["public"] for half in ("encryption", "signing"))
        assert thumbprints.device(one, other) == vector["thumbprint"]


@each_of("enrolments")
def test_enrolment_nonce(vector: dict[str, str]) -> None:
    bound = hashlib.sha256((vector["thumbprint"] + vector["salt"]).encode("ascii")).digest()
    assert vector["nonce"] == to_base64(bound)
    assert thumbprints.enrolment_nonce(vector["thumbprint"], vector["salt"]) == vector["nonce"]


@each_of("jwe_slots")
class TestJweSlots:
    def test_second_computation_opens_it(self, vector: dict[str, Any]) -> None:
        """Straight from the words of `docs/sealing.md`, with a Concat KDF that is not ours."""
        protected, *rest = vector["slot"].split(".")
        encrypted_key, nonce, ciphertext, tag = map(from_base64, rest)
        assert from_base64(protected).decode() == vector["protected"]
        header = json.loads(vector["protected"])
        apv = hashlib.sha256(vector["bound_to"].encode()).digest()
        assert header["apv"] == to_base64(apv)
        expiry = "null" if vector["expires"] is None else vector["expires"]
        assert vector["bound_to"] == (
            f'{{"expiry":{expiry},"header":"{vector["header_hash"]}","key":"{vector["kid"]}",'
            f'"purpose":"{vector["purpose"]}","version":1}}'
        )
        assert header.get("exp") == vector["expires"]
        info = b"\0\0\0\x0eECDH-ES+A256KW" + b"\0\0\0\0" + b"\0\0\0\x20" + apv + b"\0\0\x01\0"
        secret = private_of(KEYS[vector["key"]]["private"]).exchange(ec.ECDH(), public_of(header["epk"]))
        agreed = ConcatKDFHash(hashes.SHA256(), 32, info).derive(secret)
        content_key = aes_key_unwrap(agreed, encrypted_key)
        assert content_key.hex() == vector["content_key"]
        opened = AESGCM(content_key).decrypt(nonce, ciphertext + tag, protected.encode())
        assert opened.hex() == vector["dek"]

    def test_joserfc_opens_it(self, vector: dict[str, Any]) -> None:
        registry = jwe.JWERegistry(algorithms=["ECDH-ES+A256KW", "A256GCM"], strict_check_header=False)
        key = ECKey.import_key(KEYS[vector["key"]]["private"])
        opened = jwe.decrypt_compact(vector["slot"], key, registry=registry)
        assert opened.plaintext is not None
        assert opened.plaintext.hex() == vector["dek"]

    def test_ours_opens_it(self, vector: dict[str, Any]) -> None:
        opened = device_slots.unwrap(
            vector["slot"].encode(), bytes.fromhex(vector["header_hash"]), SlotPurpose(vector["purpose"]),
            vector["kid"], keys.read_private(KEYS[vector["key"]]["private"]), vector["now"],
        )  # fmt: skip
        assert opened.hex() == vector["dek"]
        assert device_slots.expiry(vector["slot"].encode()) == vector["expires"]

    def test_it_opens_the_payload_it_names(self, vector: dict[str, Any]) -> None:
        payload = next(each for each in VECTORS["envelopes"] if each["name"] == vector["payload"])
        assert (payload["dek"], payload["header_hash"]) == (vector["dek"], vector["header_hash"])


@each_of("recovery_slots")
class TestRecoverySlots:
    def test_second_computation_opens_it(self, vector: dict[str, Any]) -> None:
        """HPKE by hand: RFC 9180, sections 4.1 and 5.1; for suite 2 the combiner of draft-ietf-hpke-pq (X-Wing)."""
        slot = bytes.fromhex(vector["slot"])
        assert slot[:2] == bytes([1, vector["suite"]])
        assert vector["info"] == (
            f'{{"header":"{vector["header_hash"]}","key":"{vector["key_id"]}","purpose":"recovery","version":1}}'
        )
        agree, kem_id = {1: (agreed_by_curve, 0x0010), 2: (agreed_by_both, 0x647A)}[vector["suite"]]
        enc, sealed = slot[2:-48], slot[-48:]
        shared = agree(bytes.fromhex(vector["private"]), bytes.fromhex(vector["public"]), enc)
        key, nonce = scheduled(kem_id, shared, vector["info"].encode())
        assert AESGCM(key).decrypt(nonce, sealed, b"").hex() == vector["dek"]

    def test_key_id_is_the_hash_of_suite_and_key(self, vector: dict[str, Any]) -> None:
        named = hashlib.sha256(bytes([vector["suite"]]) + bytes.fromhex(vector["public"])).digest()
        assert vector["key_id"] == to_base64(named)

    def test_ours_opens_it(self, vector: dict[str, Any]) -> None:
        private = recovery.PrivateKey(recovery.Suite(vector["suite"]), bytes.fromhex(vector["private"]))
        assert private.public.data.hex() == vector["public"]
        assert private.public.key_id == vector["key_id"]
        header_hash = bytes.fromhex(vector["header_hash"])
        opened = recovery.unwrap(bytes.fromhex(vector["slot"]), header_hash, vector["key_id"], private)
        assert opened.hex() == vector["dek"]


def extracted(suite: bytes, label: bytes, secret: bytes) -> bytes:
    return hmac.digest(b"", b"HPKE-v1" + suite + label + secret, "sha256")


def expanded(suite: bytes, key: bytes, label: bytes, info: bytes, length: int) -> bytes:
    """One round is enough for 32 bytes and fewer (RFC 5869, section 2.3)."""
    labelled = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    return hmac.digest(key, labelled + b"\x01", "sha256")[:length]


def agreed_by_curve(private: bytes, public: bytes, enc: bytes) -> bytes:
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), enc)
    secret = ec.derive_private_key(int.from_bytes(private, "big"), ec.SECP256R1()).exchange(ec.ECDH(), theirs)
    suite = b"KEM\x00\x10"
    return expanded(suite, extracted(suite, b"eae_prk", secret), b"shared_secret", enc + public, 32)


def agreed_by_both(seed: bytes, public: bytes, enc: bytes) -> bytes:
    halves = hashlib.shake_256(seed).digest(96)
    by_lattice = mlkem.MLKEM768PrivateKey.from_seed_bytes(halves[:64]).decapsulate(enc[:1088])
    ours = x25519.X25519PrivateKey.from_private_bytes(halves[64:])
    by_curve = ours.exchange(x25519.X25519PublicKey.from_public_bytes(enc[1088:]))
    label = bytes.fromhex("5c2e2f2f5e5c")
    return hashlib.sha3_256(by_lattice + by_curve + enc[1088:] + public[1184:] + label).digest()


def scheduled(kem_id: int, shared: bytes, info: bytes) -> tuple[bytes, bytes]:
    """Key and nonce of the first message, base mode, HKDF-SHA256 and AES-256-GCM."""
    suite = b"HPKE" + kem_id.to_bytes(2, "big") + b"\x00\x01\x00\x02"
    context = b"\x00" + extracted(suite, b"psk_id_hash", b"") + extracted(suite, b"info_hash", info)
    secret = hmac.digest(shared, b"HPKE-v1" + suite + b"secret", "sha256")
    return expanded(suite, secret, b"key", context, 32), expanded(suite, secret, b"base_nonce", context, 12)


@each_of("signatures")
class TestSignatures:
    def test_second_computation_believes_it(self, vector: dict[str, Any]) -> None:
        message = (
            b"marketplace-sealing-1\0"
            + bytes.fromhex(vector["header_hash"])
            + bytes.fromhex(vector["envelope_sha256"])
            + from_base64(vector["campaign_key"] or "")
        )
        assert message.hex() == vector["signed"]
        signature = bytes.fromhex(vector["signature"])
        r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
        public = public_of(KEYS[vector["key"]]["public"])
        public.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))

    def test_ours_believes_it(self, vector: dict[str, Any]) -> None:
        signatures.verify(
            bytes.fromhex(vector["header_hash"]), bytes.fromhex(vector["envelope_sha256"]),
            bytes.fromhex(vector["signature"]), KEYS[vector["key"]]["public"], vector["campaign_key"],
        )  # fmt: skip


class TestRefusals:
    """What must not be taken: each by the error that the file names, and by no other."""

    @each_of("refused_envelopes")
    def test_envelopes(self, vector: dict[str, Any]) -> None:
        header = Header.from_bytes(vector["header"].encode())
        with pytest.raises(SealingError) as refusal:
            unseal(header, bytes.fromhex(vector["sealed"]), bytes.fromhex(vector["dek"]))
        assert type(refusal.value).__name__ == vector["error"]

    @each_of("refused_headers")
    def test_headers(self, vector: dict[str, Any]) -> None:
        with pytest.raises(SealingError) as refusal:
            Header.from_bytes(vector["header"].encode())
        assert type(refusal.value).__name__ == vector["error"]

    @each_of("refused_jwe_slots")
    def test_jwe_slots(self, vector: dict[str, Any]) -> None:
        private = keys.read_private(KEYS[vector["key"]]["private"])
        with pytest.raises(SealingError) as refusal:
            device_slots.unwrap(
                vector["slot"].encode(), bytes.fromhex(vector["header_hash"]), SlotPurpose(vector["purpose"]),
                vector["kid"], private, vector["now"],
            )  # fmt: skip
        assert type(refusal.value).__name__ == vector["error"]

    @each_of("refused_keys")
    def test_keys(self, vector: dict[str, Any]) -> None:
        with pytest.raises(SealingError) as refusal:
            keys.parse_public(vector["jwk"].encode())
        assert type(refusal.value).__name__ == vector["error"]

    @each_of("refused_signatures")
    def test_signatures(self, vector: dict[str, Any]) -> None:
        with pytest.raises(SealingError) as refusal:
            signatures.verify(
                bytes.fromhex(vector["header_hash"]), bytes.fromhex(vector["envelope_sha256"]),
                bytes.fromhex(vector["signature"]), KEYS[vector["key"]]["public"], vector["campaign_key"],
            )  # fmt: skip
        assert type(refusal.value).__name__ == vector["error"]


def test_a_lax_reader_would_open_what_ours_refuses() -> None:
    """Otherwise the refused slots would show nothing: their secret parts are right, only what they say is not."""
    vector = next(each for each in VECTORS["refused_jwe_slots"] if each["name"] == "crit")
    protected, encrypted_key, nonce, ciphertext, tag = vector["slot"].split(".")
    header = json.loads(from_base64(protected))
    info = b"\0\0\0\x0eECDH-ES+A256KW" + bytes(7) + b"\x20" + from_base64(header["apv"]) + b"\0\0\x01\0"
    secret = private_of(KEYS[vector["key"]]["private"]).exchange(ec.ECDH(), public_of(header["epk"]))
    agreed = ConcatKDFHash(hashes.SHA256(), 32, info).derive(secret)
    content_key = aes_key_unwrap(agreed, from_base64(encrypted_key))
    sealed = from_base64(ciphertext) + from_base64(tag)
    assert len(AESGCM(content_key).decrypt(from_base64(nonce), sealed, protected.encode())) == 32


def test_the_program_that_writes_the_file_writes_it_again() -> None:
    path = Path(__file__).parents[2] / "vectors" / "sealing.json"
    assert make_sealing.written(make_sealing.made()) == path.read_text(encoding="utf-8")


def test_the_file_covers_what_it_is_for() -> None:
    headers = [json.loads(vector["header"]) for vector in VECTORS["envelopes"]]
    assert {header["purpose"] for header in headers} == set(Purpose)
    assert {header.get("protection") for header in headers} == {None, *Protection}
    assert max(len(content_of(vector)) for vector in VECTORS["envelopes"]) > 2 * 65536
    assert len(VECTORS["slots"]) > 1
    assert {vector["purpose"] for vector in VECTORS["jwe_slots"]} == set(device_slots.PURPOSES)
    assert {vector["suite"] for vector in VECTORS["recovery_slots"]} == set(recovery.Suite)

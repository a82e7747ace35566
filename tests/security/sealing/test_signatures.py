"""Signatures: by one key, over one header and one envelope, and by nobody over anything else."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from security.sealing import keys, signatures, thumbprints
from security.sealing.errors import KeyRefused, SignatureRefused

PRIVATE = keys.new_private()
PUBLIC = keys.public_jwk(PRIVATE)
HASH, DIGEST = hashlib.sha256(b"header").digest(), hashlib.sha256(b"envelope").digest()


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_round_trip(header_hash: bytes, digest: bytes) -> None:
    signature = signatures.sign(header_hash, digest, PRIVATE)
    assert len(signature) == 64
    signatures.verify(header_hash, digest, signature, PUBLIC)


def test_any_flipped_bit_is_refused() -> None:
    """Of the signature, of the header's hash and of the envelope's."""
    good = (HASH, DIGEST, signatures.sign(HASH, DIGEST, PRIVATE))
    for place, whole in enumerate(good):
        for bit in range(len(whole) * 8):
            changed = bytearray(whole)
            changed[bit // 8] ^= 1 << bit % 8
            header_hash, digest, signature = (
                bytes(changed) if n == place else each for n, each in enumerate(good)
            )
            with pytest.raises(SignatureRefused):
                signatures.verify(header_hash, digest, signature, PUBLIC)


CAMPAIGN_KEY = thumbprints.of(keys.public_jwk(keys.new_private()))


def test_what_is_sealed_to_a_campaigns_key_is_signed_for_that_key_alone() -> None:
    """Nobody exchanges the key that answers go to, and nobody takes it away or adds one."""
    signature = signatures.sign(HASH, DIGEST, PRIVATE, CAMPAIGN_KEY)
    signatures.verify(HASH, DIGEST, signature, PUBLIC, CAMPAIGN_KEY)
    for other in (thumbprints.of(PUBLIC), None):
        with pytest.raises(SignatureRefused):
            signatures.verify(HASH, DIGEST, signature, PUBLIC, other)
    with pytest.raises(SignatureRefused):
        signatures.verify(HASH, DIGEST, signatures.sign(HASH, DIGEST, PRIVATE), PUBLIC, CAMPAIGN_KEY)


@pytest.mark.parametrize(
    "key",
    ["", "A" * 42, "A" * 42 + "B", CAMPAIGN_KEY + "A"],
    ids=["empty", "short", "other spelling", "long"],
)
def test_a_key_id_is_one_spelling_of_32_bytes(key: str) -> None:
    with pytest.raises(KeyRefused):
        signatures.sign(HASH, DIGEST, PRIVATE, key)


def test_another_key_did_not_sign() -> None:
    signature = signatures.sign(HASH, DIGEST, PRIVATE)
    with pytest.raises(SignatureRefused):
        signatures.verify(HASH, DIGEST, signature, keys.public_jwk(keys.new_private()))


def test_header_and_envelope_are_not_exchanged() -> None:
    with pytest.raises(SignatureRefused):
        signatures.verify(DIGEST, HASH, signatures.sign(HASH, DIGEST, PRIVATE), PUBLIC)


@given(st.binary(max_size=80))
def test_other_bytes_are_refused(signature: bytes) -> None:
    with pytest.raises(SignatureRefused):
        signatures.verify(HASH, DIGEST, signature, PUBLIC)


def test_numbers_have_32_bytes_each() -> None:
    """With a zero more before either, they would be the same numbers under another spelling."""
    signature = signatures.sign(HASH, DIGEST, PRIVATE)
    for longer in (b"\x00" + signature, signature[:32] + b"\x00" + signature[32:]):
        with pytest.raises(SignatureRefused):
            signatures.verify(HASH, DIGEST, longer, PUBLIC)


def test_what_is_no_key_verifies_nothing() -> None:
    with pytest.raises(KeyRefused):
        signatures.verify(HASH, DIGEST, signatures.sign(HASH, DIGEST, PRIVATE), PUBLIC | {"y": PUBLIC["x"]})


def test_other_lengths_are_a_fault_of_ours() -> None:
    for header_hash, digest in ((b"short", DIGEST), (HASH, b"short")):
        with pytest.raises(ValueError, match="32 bytes"):
            signatures.sign(header_hash, digest, PRIVATE)

"""Arbitrary and mutated bytes for everything that reads: what comes out is a SealingError, and never a part of it.

Mutations start from what is valid, since bytes thrown at random rarely get past the first check.
"""

import json
from collections.abc import Callable
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from security.canonical import canonical_bytes
from security.labels import Level
from security.sealing import (
    Header,
    Protection,
    Purpose,
    SealingError,
    SlotPurpose,
    base64url,
    device_slots,
    keys,
    recovery,
    seal,
    thumbprints,
    unseal,
    unwrap_kek,
    wrap_kek,
)

DEK = bytes(range(32))
HEADER = Header(
    purpose=Purpose.ANSWER, microtask=UUID(int=1), agency="harbour", level=Level.RESTRICTED, campaign=UUID(int=2),
    contribution=UUID(int=3), protection=Protection.END_TO_END, compartments=frozenset({"ports"}),
)  # fmt: skip
PRIVATE, SIGNING = keys.new_private(), keys.new_private()
JWK = keys.public_jwk(PRIVATE)
DEVICE = thumbprints.device(JWK, keys.public_jwk(SIGNING))
NOW = 1_950_000_000
OFFLINE = {suite: recovery.new_private(suite) for suite in recovery.Suite}

Reader = Callable[[bytes], object]

READERS: dict[str, tuple[Reader, bytes]] = {
    "envelope": (lambda data: unseal(HEADER, data, DEK), seal(HEADER, b"content", DEK)),
    "envelope of two chunks": (lambda data: unseal(HEADER, data, DEK), seal(HEADER, bytes(70_000), DEK)),
    "header": (Header.from_bytes, HEADER.to_bytes()),
    "kek slot": (
        lambda data: unwrap_kek(data, DEK, HEADER.hash, "harbour.2031.0a1b2c3d"),
        wrap_kek(DEK, DEK, HEADER.hash, "harbour.2031.0a1b2c3d"),
    ),
    "device slot": (
        lambda data: device_slots.unwrap(data, HEADER.hash, SlotPurpose.DEVICE, DEVICE, PRIVATE, NOW),
        device_slots.wrap(DEK, HEADER.hash, SlotPurpose.DEVICE, DEVICE, JWK, NOW + 60),
    ),
    "end of a device slot": (
        device_slots.expiry,
        device_slots.wrap(DEK, HEADER.hash, SlotPurpose.DEVICE, DEVICE, JWK, NOW + 60),
    ),
    "public key": (keys.parse_public, canonical_bytes(JWK)),
    "private key": (keys.parse_private, keys.private_bytes(PRIVATE)),
    **{
        f"recovery slot {suite.name}": (
            lambda data, key=key: recovery.unwrap(data, HEADER.hash, key.public.key_id, key),
            recovery.wrap(DEK, HEADER.hash, key.public.key_id, key.public),
        )
        for suite, key in OFFLINE.items()
    },
    **{
        f"recovery key {suite.name}": (
            lambda data, suite=suite: recovery.PublicKey(suite, data),
            key.public.data,
        )
        for suite, key in OFFLINE.items()
    },
}
EVERY_READER = pytest.mark.parametrize(
    ("read", "good"), [pytest.param(*each, id=name) for name, each in READERS.items()]
)


def answer(read: Reader, data: bytes) -> object:
    """What the reader makes of it; None where it refuses. Any other error is a failure of the test."""
    try:
        return read(data)
    except SealingError:
        return None


@st.composite
def mutations(draw: st.DrawFn, whole: bytes) -> bytes:
    """`whole` with pieces changed, cut out, doubled, moved or put in."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        start, end = sorted(draw(st.tuples(*[st.integers(0, len(data))] * 2)))
        piece = draw(
            st.sampled_from(
                [b"", bytes(data[start:end]) * 2, bytes(data[end : end + 8]), b"\x00", b'"', b"=", b"."]
            )
            | st.binary(max_size=16)
        )
        data[start : end if draw(st.booleans()) else start + len(piece)] = piece
    return bytes(data)


@EVERY_READER
class TestEveryReader:
    @given(data=st.binary(max_size=1300))
    def test_arbitrary_bytes_are_refused_or_read_and_nothing_else(
        self, read: Reader, good: bytes, data: bytes
    ) -> None:
        answer(read, data)

    @given(data=st.data())
    def test_mutations_are_refused_or_read_and_nothing_else(
        self, read: Reader, good: bytes, data: st.DataObject
    ) -> None:
        answer(read, data.draw(mutations(good)))

    def test_deep_and_long_nonsense_is_refused(self, read: Reader, good: bytes) -> None:
        for data in (
            b"[" * 100_000, b'{"a":' * 20_000, b"9" * 10_000, b'{"exp":' + b"9" * 10_000 + b"}", b'"\\ud800"',
            b'{"\\ud800":1}', b"NaN", b"\xef\xbb\xbf{}", "é".encode("utf-16"), bytes(200_000),
        ):  # fmt: skip
            assert answer(read, data) is None

    def test_the_good_one_is_read(self, read: Reader, good: bytes) -> None:
        """Otherwise nothing above would show anything."""
        assert answer(read, good) is not None


@pytest.mark.parametrize("name", ["header", "end of a device slot", "public key", "private key"])
@given(data=st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8,
))  # fmt: skip
def test_any_json_is_refused_or_read_and_nothing_else(name: str, data: object) -> None:
    answer(READERS[name][0], json.dumps(data).encode())


SEALED = ["envelope", "envelope of two chunks", "kek slot", "device slot"]
SEALED += [name for name in READERS if name.startswith("recovery slot")]


@pytest.mark.parametrize("name", SEALED)
@settings(max_examples=150)
@given(data=st.data())
def test_a_mutation_of_what_is_sealed_never_opens(name: str, data: st.DataObject) -> None:
    read, good = READERS[name]
    changed = data.draw(mutations(good))
    if changed != good:
        assert answer(read, changed) is None


@pytest.mark.parametrize("name", ["header", "public key", "private key"])
@settings(max_examples=150)
@given(data=st.data())
def test_what_is_read_is_what_is_written(name: str, data: st.DataObject) -> None:
    """No two spellings of one header; no public or private key that comes out differently than it went in."""
    read, good = READERS[name]
    changed = data.draw(mutations(good))
    found = answer(read, changed)
    if isinstance(found, Header):
        assert found.to_bytes() == changed
    elif isinstance(found, dict):
        assert found == json.loads(changed)
    elif found is not None:
        assert keys.private_jwk(found) == json.loads(changed)  # type: ignore[arg-type]


@settings(max_examples=150)
@given(changes=st.dictionaries(
    st.sampled_from(["alg", "apv", "enc", "epk", "exp", "kid", "purpose", "zip", "crit", "b64", "apu", "typ", "p2c"]),
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=50) | st.just({}) | st.just(dict(JWK))
    | st.sampled_from(["none", "dir", "ECDH-ES", "A128GCM", "campaign", DEVICE]),
    min_size=1,
))  # fmt: skip
def test_no_other_header_of_a_device_slot_opens(changes: dict[str, object]) -> None:
    read, good = READERS["device slot"]
    protected, *rest = good.split(b".")
    members = json.loads(base64url.decoded(protected.decode()))
    changed = json.dumps(members | changes, separators=(",", ":"), sort_keys=True).encode()
    if json.loads(changed) != members:
        assert answer(read, b".".join((base64url.encoded_bytes(changed), *rest))) is None


@given(st.binary(max_size=200))
def test_base64url_comes_back(data: bytes) -> None:
    assert base64url.decoded(base64url.encoded(data)) == data


@given(st.text(max_size=60) | st.text("ABab01-_+/=", max_size=60))
def test_base64url_has_one_spelling(text: str) -> None:
    try:
        data = base64url.decoded(text)
    except ValueError:
        return
    assert base64url.encoded(data) == text

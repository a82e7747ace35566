"""Slots for P-256 keys: each opens for one payload, one purpose, one key and until one moment."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwe
from joserfc.jwk import ECKey

from security.sealing import SealingError, SlotPurpose, base64url, device_slots, keys, thumbprints
from security.sealing.errors import KeyRefused, SlotExpired, SlotRefused

HASH, OTHER_HASH = b"\xaa" * 32, b"\xbb" * 32
# The same in every process: their names stand in the names of tests.
PRIVATE, SIGNING, STRANGER = (ec.derive_private_key(number, keys.CURVE) for number in (7001, 7002, 7003))
PUBLIC = keys.public_jwk(PRIVATE)
DEVICE = thumbprints.device(PUBLIC, keys.public_jwk(SIGNING))
ITSELF = thumbprints.of(PUBLIC)
NOW, LATER = 1_950_000_000, 1_950_003_600
DEK = bytes(range(32))
PLACES = [(SlotPurpose.DEVICE, DEVICE), (SlotPurpose.CAMPAIGN, ITSELF), (SlotPurpose.PROCESSING, ITSELF)]


def slot(purpose: SlotPurpose = SlotPurpose.DEVICE, kid: str = DEVICE, expires: int | None = LATER) -> bytes:
    return device_slots.wrap(DEK, HASH, purpose, kid, PUBLIC, expires)


def opened(data: bytes, now: int = NOW) -> bytes:
    return device_slots.unwrap(data, HASH, SlotPurpose.DEVICE, DEVICE, PRIVATE, now)


@pytest.mark.parametrize(("purpose", "kid"), PLACES)
@pytest.mark.parametrize("expires", [None, LATER])
def test_round_trip(purpose: SlotPurpose, kid: str, expires: int | None) -> None:
    data = slot(purpose, kid, expires)
    assert device_slots.unwrap(data, HASH, purpose, kid, PRIVATE, NOW) == DEK
    assert device_slots.expiry(data) == expires


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32), st.integers(1, 2**53 - 1))
def test_any_key_for_any_payload_until_any_moment(dek: bytes, header_hash: bytes, expires: int) -> None:
    data = device_slots.wrap(dek, header_hash, SlotPurpose.DEVICE, DEVICE, PUBLIC, expires)
    opened = device_slots.unwrap(data, header_hash, SlotPurpose.DEVICE, DEVICE, PRIVATE, expires - 1)
    assert opened == dek
    assert len(data) < device_slots.LARGEST_SLOT


def test_joserfc_opens_ours() -> None:
    registry = jwe.JWERegistry(algorithms=["ECDH-ES+A256KW", "A256GCM"], strict_check_header=False)
    key = ECKey.import_key(keys.private_jwk(PRIVATE))
    assert jwe.decrypt_compact(slot(), key, registry=registry).plaintext == DEK


def test_same_key_never_looks_the_same() -> None:
    first, second = slot().split(b"."), slot().split(b".")
    assert all(one != other for one, other in zip(first, second, strict=True))


def test_any_flipped_bit_is_refused() -> None:
    """Every bit of every part, the spare ones of base64 too."""
    data = slot()
    for position in range(len(data) * 8):
        changed = bytearray(data)
        changed[position // 8] ^= 1 << position % 8
        with pytest.raises(SealingError):
            opened(bytes(changed))


def test_every_cut_is_refused() -> None:
    data = slot()
    for length in range(len(data)):
        with pytest.raises(SlotRefused):
            opened(data[:length])


@pytest.mark.parametrize(("purpose", "kid"), PLACES[1:])
def test_slot_for_another_purpose_stays_closed(purpose: SlotPurpose, kid: str) -> None:
    with pytest.raises(SlotRefused):
        device_slots.unwrap(slot(purpose, kid), HASH, SlotPurpose.DEVICE, kid, PRIVATE, NOW)


def test_slot_moved_elsewhere_stays_closed() -> None:
    for header_hash, kid, private in (
        (OTHER_HASH, DEVICE, PRIVATE), (HASH, ITSELF, PRIVATE), (HASH, DEVICE, STRANGER), (HASH, DEVICE, SIGNING),
    ):  # fmt: skip
        with pytest.raises(SlotRefused) as refusal:
            device_slots.unwrap(slot(), header_hash, SlotPurpose.DEVICE, kid, private, NOW)
        assert refusal.value.facts == {"key_id": kid}


def test_slot_is_over_at_its_end_and_not_before() -> None:
    assert opened(slot(), LATER - 1) == DEK
    for now in (LATER, LATER + 1):
        with pytest.raises(SlotExpired) as refusal:
            opened(slot(), now)
        assert refusal.value.facts == {"key_id": DEVICE, "expired": LATER}


@pytest.mark.parametrize("end", [b"0", b"-5", b"true", b"null", b'"later"', b"[]", b"1950003600.0"])
def test_ends_that_are_none(end: bytes) -> None:
    protected, *rest = slot().split(b".")
    header = base64url.decoded(protected.decode()).replace(str(LATER).encode(), end)
    with pytest.raises(SlotRefused):
        device_slots.expiry(b".".join((base64url.encoded_bytes(header), *rest)))


def test_slot_without_an_end_does_not_end() -> None:
    assert opened(slot(expires=None), 2**53) == DEK


def test_slot_of_a_campaign_is_filed_under_the_key_it_is_for() -> None:
    for purpose in (SlotPurpose.CAMPAIGN, SlotPurpose.PROCESSING):
        with pytest.raises(KeyRefused):
            slot(purpose, DEVICE)


@pytest.mark.parametrize(
    "kid", ["", "harbour.2031.0a1b2c3d", DEVICE + "A", DEVICE[:-1], DEVICE[:-1] + "B", '"' * 43]
)
def test_key_ids_are_thumbprints(kid: str) -> None:
    with pytest.raises(KeyRefused):
        slot(kid=kid)
    with pytest.raises(KeyRefused):
        device_slots.unwrap(slot(), HASH, SlotPurpose.DEVICE, kid, PRIVATE, NOW)


def test_other_lengths_purposes_and_ends_are_a_fault_of_ours() -> None:
    for dek, header_hash, purpose, expires in (
        (bytes(16), HASH, SlotPurpose.DEVICE, None), (DEK, b"short", SlotPurpose.DEVICE, None),
        (DEK, HASH, SlotPurpose.KEK, None), (DEK, HASH, SlotPurpose.RECOVERY, None),
        (DEK, HASH, SlotPurpose.DEVICE, 0), (DEK, HASH, SlotPurpose.DEVICE, 2**53),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r"32 bytes|purpose|seconds"):
            device_slots.wrap(dek, header_hash, purpose, ITSELF, PUBLIC, expires)


class TestWithoutTheKey:
    """Whoever stores a slot cannot open it and can still refuse one that does not belong."""

    def test_a_slot_that_belongs_passes(self) -> None:
        device_slots.check_bound(slot(SlotPurpose.CAMPAIGN, ITSELF, None), HASH, SlotPurpose.CAMPAIGN, ITSELF)
        device_slots.check_bound(slot(), HASH, SlotPurpose.DEVICE, DEVICE, expires=LATER)

    @pytest.mark.parametrize(("made", "wanted"), [(LATER, None), (LATER, LATER + 1), (None, LATER)])
    def test_a_slot_with_another_end_is_refused(self, made: int | None, wanted: int | None) -> None:
        with pytest.raises(SlotRefused):
            device_slots.check_bound(slot(expires=made), HASH, SlotPurpose.DEVICE, DEVICE, expires=wanted)

    @pytest.mark.parametrize(("header_hash", "purpose", "kid", "expires"), [
        (OTHER_HASH, SlotPurpose.CAMPAIGN, ITSELF, None), (HASH, SlotPurpose.PROCESSING, ITSELF, None),
        (HASH, SlotPurpose.CAMPAIGN, DEVICE, None), (HASH, SlotPurpose.CAMPAIGN, ITSELF, LATER),
    ])  # fmt: skip
    def test_a_slot_of_another_place_or_with_an_end_is_refused(
        self, header_hash: bytes, purpose: SlotPurpose, kid: str, expires: int | None
    ) -> None:
        data = slot(SlotPurpose.CAMPAIGN, ITSELF, expires)
        with pytest.raises(SlotRefused):
            device_slots.check_bound(data, header_hash, purpose, kid)

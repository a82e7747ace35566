"""Slots for an agency's offline key, in both suites."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from security.sealing import SealingError, new_dek, recovery
from security.sealing.errors import AlgorithmRefused, KeyRefused, SlotRefused, UnknownVersion
from security.sealing.recovery import Suite

HASH, OTHER_HASH = b"\xaa" * 32, b"\xbb" * 32
PRIVATE = {suite: recovery.new_private(suite) for suite in Suite}
PUBLIC = {suite: private.public for suite, private in PRIVATE.items()}
EVERY_SUITE = pytest.mark.parametrize("suite", Suite)


def slot(suite: Suite, dek: bytes = bytes(32)) -> bytes:
    return recovery.wrap(dek, HASH, PUBLIC[suite].key_id, PUBLIC[suite])


def opened(suite: Suite, data: bytes) -> bytes:
    return recovery.unwrap(data, HASH, PUBLIC[suite].key_id, PRIVATE[suite])


@EVERY_SUITE
class TestEverySuite:
    def test_round_trip(self, suite: Suite) -> None:
        dek = new_dek()
        data = slot(suite, dek)
        assert opened(suite, data) == dek
        assert len(data) == {Suite.P256: 115, Suite.HYBRID: 1170}[suite]

    def test_private_key_comes_back_from_its_bytes(self, suite: Suite) -> None:
        again = recovery.PrivateKey(suite, PRIVATE[suite].secret)
        assert again.public == PUBLIC[suite]
        assert recovery.unwrap(slot(suite), HASH, PUBLIC[suite].key_id, again) == bytes(32)

    def test_private_key_is_not_shown(self, suite: Suite) -> None:
        assert repr(PRIVATE[suite].secret)[2:20] not in repr(PRIVATE[suite])

    def test_same_key_never_looks_the_same(self, suite: Suite) -> None:
        assert slot(suite) != slot(suite)

    def test_slot_moved_elsewhere_stays_closed(self, suite: Suite) -> None:
        data, name = slot(suite), PUBLIC[suite].key_id
        for header_hash, key_id, private in (
            (OTHER_HASH, name, PRIVATE[suite]), (HASH, "another", PRIVATE[suite]),
            (HASH, name, recovery.new_private(suite)),
        ):  # fmt: skip
            with pytest.raises(SlotRefused):
                recovery.unwrap(data, header_hash, key_id, private)

    def test_flipped_bits_are_refused(self, suite: Suite) -> None:
        """Every bit of the shorter slot; of the longer one each byte's, in turn."""
        data = slot(suite)
        for position in range(0, len(data) * 8, 1 if suite is Suite.P256 else 9):
            changed = bytearray(data)
            changed[position // 8] ^= 1 << position % 8
            with pytest.raises(SealingError):
                opened(suite, bytes(changed))

    def test_every_other_length_is_refused(self, suite: Suite) -> None:
        data = slot(suite)
        for other in (b"", data[:1], data[:2], data[:60], data[:-1], data + b"\x00"):
            with pytest.raises(SlotRefused):
                opened(suite, other)

    def test_unknown_version_is_named(self, suite: Suite) -> None:
        with pytest.raises(UnknownVersion) as refusal:
            opened(suite, b"\x02" + slot(suite)[1:])
        assert refusal.value.facts == {"version": 2}

    def test_suite_is_the_keys_and_not_what_a_slot_says(self, suite: Suite) -> None:
        for said in {0, 1, 2, 3, 255} - {suite.value}:
            with pytest.raises(AlgorithmRefused):
                opened(suite, bytes([1, said]) + slot(suite)[2:])

    @given(data=st.binary(max_size=1300))
    def test_other_bytes_are_refused(self, suite: Suite, data: bytes) -> None:
        for start in (b"", bytes([1, suite])):
            with pytest.raises(SealingError):
                opened(suite, start + data)

    @pytest.mark.parametrize("length", [0, 31, 33, 64, 65, 1216])
    def test_other_lengths_are_no_key(self, suite: Suite, length: int) -> None:
        with pytest.raises(KeyRefused):
            recovery.PrivateKey(suite, bytes(length))
        if length != len(PUBLIC[suite].data):
            with pytest.raises(KeyRefused):
                recovery.PublicKey(suite, bytes(length))

    def test_other_key_lengths_are_a_fault_of_ours(self, suite: Suite) -> None:
        with pytest.raises(ValueError, match="32 bytes"):
            slot(suite, bytes(16))


@EVERY_SUITE
class TestWithoutTheKey:
    """Whoever stores a slot cannot open it and can still refuse what is none for this key."""

    def test_a_slot_in_form_passes(self, suite: Suite) -> None:
        recovery.check_form(slot(suite), PUBLIC[suite])

    def test_what_is_none_is_refused_by_its_name(self, suite: Suite) -> None:
        data = slot(suite)
        for other, error in (
            (b"", SlotRefused), (data[:-1], SlotRefused), (data + b"x", SlotRefused),
            (b"\x02" + data[1:], UnknownVersion), (bytes([1, 3 - suite]) + data[2:], AlgorithmRefused),
        ):  # fmt: skip
            with pytest.raises(error):
                recovery.check_form(other, PUBLIC[suite])


@pytest.mark.parametrize("data", [bytes(65), b"\x04" + bytes(64), b"\x04" + b"\xff" * 64])
def test_points_that_are_none(data: bytes) -> None:
    with pytest.raises(KeyRefused):
        recovery.PublicKey(Suite.P256, data)


@pytest.mark.parametrize("half", [bytes(32), b"\x01" + bytes(31)])
def test_points_of_small_order_agree_on_nothing(half: bytes) -> None:
    with pytest.raises(KeyRefused):
        recovery.PublicKey(Suite.HYBRID, PUBLIC[Suite.HYBRID].data[:-32] + half)


def test_lattice_halves_that_are_none() -> None:
    with pytest.raises(KeyRefused):
        recovery.PublicKey(Suite.HYBRID, b"\xff" * 1184 + PUBLIC[Suite.HYBRID].data[-32:])


@pytest.mark.parametrize("secret", [bytes(32), b"\xff" * 32])
def test_scalars_that_are_none(secret: bytes) -> None:
    with pytest.raises(KeyRefused):
        recovery.PrivateKey(Suite.P256, secret)


def test_key_id_tells_suites_apart() -> None:
    assert PUBLIC[Suite.P256].key_id != PUBLIC[Suite.HYBRID].key_id
    assert {len(public.key_id) for public in PUBLIC.values()} == {43}


def test_both_suites_are_offered_here_the_strongest_first() -> None:
    assert recovery.offered() == (Suite.HYBRID, Suite.P256)

"""What every keeper of keys promises, tried on each: a file, a token, a service."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Barrier

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agencies.keys import LASTING, KeyProvider, UnknownKey, small_secrets
from agencies.keys.kek_slots import KekSlot, make, open_slot
from security.sealing import SlotPurpose, new_dek, slot_aad
from security.sealing.errors import SlotRefused

HASH = bytes(range(32))
_numbers = count(1)


@pytest.fixture
def agency() -> str:
    """An agency of this test's own: a token keeps its keys from one test to the next."""
    return f"harbour-{next(_numbers)}"


def ids(keeper: KeyProvider, agency: str) -> list[str]:
    return [each.id for each in keeper.listing() if each.agency == agency]


def test_what_is_wrapped_opens(keeper: KeyProvider, agency: str) -> None:
    dek = new_dek()
    slot = make(keeper, agency, 2031, dek, HASH)
    assert open_slot(keeper, slot, HASH) == dek
    assert dek not in slot.wrapped


def test_agencies_and_years_have_their_own(keeper: KeyProvider, agency: str) -> None:
    made = {keeper.current(slug, year) for slug in (agency, f"{agency}-2") for year in (2030, 2031, LASTING)}
    assert len(made) == 6
    assert made == {
        keeper.current(slug, year) for slug in (agency, f"{agency}-2") for year in (2030, 2031, LASTING)
    }


def test_a_slot_of_another_payload_stays_closed(keeper: KeyProvider, agency: str) -> None:
    slot = make(keeper, agency, 2031, new_dek(), HASH)
    with pytest.raises(SlotRefused):
        open_slot(keeper, slot, bytes(32))


def test_a_slot_filed_under_another_key_stays_closed(keeper: KeyProvider, agency: str) -> None:
    slot = make(keeper, agency, 2031, new_dek(), HASH)
    other = keeper.current(agency, 2032)
    with pytest.raises(SlotRefused):
        open_slot(keeper, KekSlot(other, slot.wrapped), HASH)
    with pytest.raises(SlotRefused):
        keeper.unwrap(other, slot.wrapped, slot_aad(HASH, SlotPurpose.KEK, slot.key_id))


@pytest.mark.parametrize(
    "damage", [b"", b"\x00", b"\xff" * 61, b"vault:v1:", b"vault:v9:AAAA", b"\x02" + b"a" * 60]
)
def test_what_is_no_slot_stays_closed(keeper: KeyProvider, agency: str, damage: bytes) -> None:
    key_id = keeper.current(agency, 2031)
    with pytest.raises(SlotRefused):
        keeper.unwrap(key_id, damage, b"aad")


@given(place=st.integers(0, 2**16), bit=st.integers(0, 7))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_changed_bit_closes_a_slot(keeper: KeyProvider, place: int, bit: int) -> None:
    key_id = keeper.current("bits", 2031)
    dek = new_dek()
    wrapped = bytearray(keeper.wrap(key_id, dek, b"aad"))
    wrapped[place % len(wrapped)] ^= 1 << bit
    try:
        opened = keeper.unwrap(key_id, bytes(wrapped), b"aad")
    except SlotRefused:
        return
    assert opened == dek, "a padding bit of base64 text may be anything, and the key is the same"


def test_many_at_once_keep_their_order_and_tell_which_stay_closed(keeper: KeyProvider, agency: str) -> None:
    key_id = keeper.current(agency, 2031)
    deks = [new_dek() for _ in range(5)]
    slots = keeper.wrap_all(key_id, [(dek, f"{number}".encode()) for number, dek in enumerate(deks)])
    asked = [(slot, f"{number}".encode()) for number, slot in enumerate(slots)]
    asked[2] = (slots[2], b"another")
    asked[3] = (b"\xff\x00", b"3")
    assert keeper.unwrap_all(key_id, asked) == [deks[0], deks[1], None, None, deks[4]]
    assert keeper.unwrap_all(key_id, [(b"\xff", b"")]) == [None]
    assert keeper.wrap_all(key_id, []) == keeper.unwrap_all(key_id, []) == []


def test_a_key_that_never_was_is_named(keeper: KeyProvider, agency: str) -> None:
    for key_id in (f"{agency}.2031.00000000abcd", "another program's key"):
        for act in (keeper.wrap, keeper.unwrap):
            with pytest.raises(UnknownKey) as refusal:
                act(key_id, b"vault:v1:" + bytes(32), b"aad")
            assert refusal.value.facts == {"key_id": key_id}


def test_a_renewed_key_is_current_and_the_older_one_opens(keeper: KeyProvider, agency: str) -> None:
    old = make(keeper, agency, 2031, dek := new_dek(), HASH)
    newer = [keeper.renew(agency, 2031) for _ in range(3)]
    assert keeper.current(agency, 2031) == newer[-1]
    assert ids(keeper, agency) == [old.key_id, *newer]
    assert open_slot(keeper, old, HASH) == dek
    assert make(keeper, agency, 2031, dek, HASH).key_id == newer[-1]


def test_the_first_key_may_come_by_renewing(keeper: KeyProvider, agency: str) -> None:
    assert keeper.renew(agency, 2031) == keeper.current(agency, 2031)


def test_the_listing_tells_all_but_the_key(keeper: KeyProvider, agency: str) -> None:
    first, second = keeper.current(agency, 2030), keeper.current(agency, 2031)
    third = keeper.renew(agency, 2031)
    told = [each for each in keeper.listing() if each.agency == agency]
    assert [(each.id, each.year, each.current) for each in told] == [
        (first, 2030, True),
        (second, 2031, False),
        (third, 2031, True),
    ]
    assert all(each.created.utcoffset() is not None for each in told)
    assert told[1].created < told[2].created


def test_a_destroyed_key_opens_nothing_and_is_never_chosen(keeper: KeyProvider, agency: str) -> None:
    slot = make(keeper, agency, 2031, new_dek(), HASH)
    other = make(keeper, agency, 2032, kept := new_dek(), HASH)
    keeper.destroy(slot.key_id)
    for act in (keeper.wrap, keeper.unwrap):
        with pytest.raises(UnknownKey):
            act(slot.key_id, slot.wrapped[:32] if act == keeper.wrap else slot.wrapped, b"aad")
    assert slot.key_id not in ids(keeper, agency)
    assert keeper.current(agency, 2031) != slot.key_id
    assert open_slot(keeper, other, HASH) == kept


def test_a_key_that_outlives_a_younger_one_is_chosen_again(keeper: KeyProvider, agency: str) -> None:
    older = keeper.current(agency, 2031)
    keeper.destroy(keeper.renew(agency, 2031))
    assert keeper.current(agency, 2031) == older


def test_destroying_is_safe_to_repeat(keeper: KeyProvider, agency: str) -> None:
    key_id = keeper.current(agency, 2031)
    for _ in range(2):
        keeper.destroy(key_id)
    keeper.destroy(f"{agency}.1999.never")
    assert ids(keeper, agency) == []


@pytest.mark.parametrize(("slug", "year"), [("", 2031), ("a/b", 2031), ("Harbour", 2031), ("harbour", 3)])
def test_impossible_agencies_and_years_are_refused(keeper: KeyProvider, slug: str, year: int) -> None:
    for act in (keeper.current, keeper.renew):
        with pytest.raises(ValueError, match="no agency and year"):
            act(slug, year)


def test_threads_agree_on_one_key_and_open_what_others_wrapped(keeper: KeyProvider, agency: str) -> None:
    ready = Barrier(8)

    def work(number: int) -> tuple[KekSlot, bytes]:
        ready.wait()
        dek = bytes([number]) * 32
        return make(keeper, agency, 2031, dek, HASH), dek

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(work, range(8)))
        assert len({slot.key_id for slot, _ in made}) == 1
        opened = list(pool.map(lambda each: open_slot(keeper, each[0], HASH), made))
    assert opened == [dek for _, dek in made]


def test_small_secrets_open_whatever_the_size_of_a_slot(keeper: KeyProvider, agency: str) -> None:
    key_id = keeper.current(agency, LASTING)
    sealed = small_secrets.conceal(keeper, key_id, "s3cret – ünïcode", b"binding")
    assert small_secrets.reveal(keeper, key_id, sealed, b"binding") == "s3cret – ünïcode"
    with pytest.raises(SlotRefused):
        small_secrets.reveal(keeper, key_id, sealed, b"another")
    newer = keeper.renew(agency, LASTING)
    moved = small_secrets.moved(keeper, key_id, newer, sealed, b"binding")
    keeper.destroy(key_id)
    assert small_secrets.reveal(keeper, newer, moved, b"binding") == "s3cret – ünïcode"


def test_no_keeper_shows_a_secret(keeper: KeyProvider, agency: str) -> None:
    keeper.current(agency, 2031)
    shown = f"{keeper!r} {keeper.listing()!r}"
    assert "a-pin" not in shown
    assert "hvs." not in shown

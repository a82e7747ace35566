"""The keyring file: made on first need, closed to others, whole at any moment, silent about its keys."""

import base64
import json
import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from agencies.keys import (
    KeyProvider,
    KeyringFile,
    KeyringNotWritable,
    KeyringTooOpen,
    KeyringUnreadable,
    UnknownKey,
)
from agencies.keys.kek_slots import KekSlot, make, open_slot
from security.sealing import new_dek
from security.sealing.errors import SlotRefused

HASH = bytes(32)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "secrets" / "keyring.json"


@pytest.fixture
def keyring(path: Path) -> KeyringFile:
    return KeyringFile(path)


def current_in_another_process(path: str) -> str:
    return KeyringFile(path).current("harbour", 2031)


class TestCurrent:
    def test_first_need_makes_a_key_and_later_ones_find_it(self, path: Path) -> None:
        made = KeyringFile(path).current("harbour", 2031)
        assert made.startswith("harbour.2031.")
        assert KeyringFile(path).current("harbour", 2031) == made

    def test_agencies_and_years_have_their_own(self, keyring: KeyringFile, path: Path) -> None:
        ids = {keyring.current(slug, year) for slug in ("harbour", "forest") for year in (2030, 2031)}
        secrets = {each["secret"] for each in json.loads(path.read_bytes())["keys"].values()}
        assert len(ids) == len(secrets) == 4

    def test_a_later_key_is_preferred_and_the_earlier_opens(self, keyring: KeyringFile, path: Path) -> None:
        old = make(keyring, "harbour", 2031, dek := new_dek(), HASH)
        content = json.loads(path.read_bytes())
        content["keys"]["harbour.2031.new"] = {
            "agency": "harbour",
            "year": 2031,
            "created": "2099-01-01T00:00:00+00:00",
            "secret": base64.b64encode(bytes(range(32))).decode(),
        }
        replace(path, content)
        assert keyring.current("harbour", 2031) == "harbour.2031.new"
        assert open_slot(keyring, old, HASH) == dek

    @pytest.mark.parametrize(("slug", "year"), [("", 2031), ("a/b", 2031), ("Harbour", 2031), ("harbour", 3)])
    def test_impossible_agency_or_year_is_refused(self, keyring: KeyringFile, slug: str, year: int) -> None:
        with pytest.raises(ValueError, match="no agency and year"):
            keyring.current(slug, year)

    def test_threads_agree_on_one_key(self, keyring: KeyringFile) -> None:
        together = threading.Barrier(8)

        def ask(_: int) -> str:
            together.wait()
            return keyring.current("harbour", 2031)

        with ThreadPoolExecutor(8) as pool:
            assert len(set(pool.map(ask, range(8)))) == 1

    def test_processes_agree_on_one_key(self, path: Path) -> None:
        with get_context("spawn").Pool(3) as pool:
            assert len(set(pool.map(current_in_another_process, [str(path)] * 6, chunksize=1))) == 1


class TestSlots:
    def test_round_trip(self, keyring: KeyringFile) -> None:
        dek = new_dek()
        slot = make(keyring, "harbour", 2031, dek, HASH)
        assert open_slot(keyring, slot, HASH) == dek
        assert dek not in slot.wrapped

    def test_slot_of_another_payload_stays_closed(self, keyring: KeyringFile) -> None:
        slot = make(keyring, "harbour", 2031, new_dek(), HASH)
        with pytest.raises(SlotRefused):
            open_slot(keyring, slot, b"\x01" * 32)

    def test_slot_filed_under_another_key_stays_closed(self, keyring: KeyringFile) -> None:
        slot = make(keyring, "harbour", 2031, new_dek(), HASH)
        with pytest.raises(SlotRefused):
            open_slot(keyring, KekSlot(keyring.current("harbour", 2032), slot.wrapped), HASH)

    def test_destroyed_key_is_named(self, keyring: KeyringFile, path: Path) -> None:
        slot = make(keyring, "harbour", 2031, new_dek(), HASH)
        replace(path, {"format": "marketplace-keyring-1", "keys": {}})
        with pytest.raises(UnknownKey) as refusal:
            open_slot(keyring, slot, HASH)
        assert refusal.value.facts == {"key_id": slot.key_id}

    def test_key_made_by_another_process_is_found(self, path: Path) -> None:
        one, other = KeyringFile(path), KeyringFile(path)
        one.current("forest", 2031)
        slot = make(other, "harbour", 2031, dek := new_dek(), HASH)
        assert open_slot(one, slot, HASH) == dek

    def test_a_keyring_file_is_a_key_provider(self, keyring: KeyringFile) -> None:
        provider: KeyProvider = keyring
        assert provider.current("harbour", 2031)


class TestFile:
    def test_nobody_else_may_read_it(self, keyring: KeyringFile, path: Path) -> None:
        keyring.current("harbour", 2031)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666, 0o610])
    def test_looser_modes_are_refused(self, keyring: KeyringFile, path: Path, mode: int) -> None:
        key_id = keyring.current("harbour", 2031)
        path.chmod(mode)
        attempts = (lambda: keyring.current("harbour", 2031), lambda: keyring.wrap(key_id, new_dek(), b""))
        for attempt in attempts:
            with pytest.raises(KeyringTooOpen, match="set its mode to 0600") as refusal:
                attempt()
            assert refusal.value.facts["mode"] == f"{mode:04o}"

    def test_nothing_is_left_beside_it(self, keyring: KeyringFile, path: Path) -> None:
        keyring.current("harbour", 2031)
        keyring.current("forest", 2031)
        assert sorted(each.name for each in path.parent.iterdir()) == ["keyring.json", "keyring.json.lock"]

    def test_a_failing_disk_leaves_the_old_file(
        self, keyring: KeyringFile, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        keyring.current("harbour", 2031)
        before = path.read_bytes()

        def full(_: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(KeyringNotWritable) as refusal:
            keyring.current("forest", 2031)
        assert refusal.value.facts["problem"] == "No space left on device"
        assert path.read_bytes() == before
        assert sorted(each.name for each in path.parent.iterdir()) == ["keyring.json", "keyring.json.lock"]

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"{",
            b"[]",
            b"null",
            b"{}",
            b'{"format":"other","keys":{}}',
            b"\xff",
            b'{"format":"marketplace-keyring-1","keys":{"k":{"agency":"a","year":2031,"created":"x","secret":"c2hvcnQ="}}}',
        ],
    )
    def test_damage_is_told_from_absence(self, keyring: KeyringFile, path: Path, content: bytes) -> None:
        path.parent.mkdir()
        path.touch(mode=0o600)
        path.write_bytes(content)
        with pytest.raises(KeyringUnreadable):
            keyring.current("harbour", 2031)
        assert path.read_bytes() == content

    def test_a_folder_in_its_place_is_refused(self, keyring: KeyringFile, path: Path) -> None:
        path.mkdir(parents=True)
        with pytest.raises(KeyringUnreadable):
            keyring.current("harbour", 2031)


def test_keys_are_in_no_repr_and_no_error(keyring: KeyringFile, path: Path) -> None:
    keyring.current("harbour", 2031)
    written = json.loads(path.read_bytes())["keys"].popitem()[1]["secret"]
    secret = base64.b64decode(written)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(KeyringUnreadable) as refusal:
        keyring.current("harbour", 2031)
    shown = f"{keyring!r} {refusal.value!r} {refusal.value.facts} {refusal.value.__cause__} {vars(keyring)}"
    for form in (written, secret.hex(), repr(secret)):
        assert form not in shown


def replace(path: Path, content: object) -> None:
    """Put another keyring in place the way the provider does: a new file, renamed."""
    fresh = path.with_name("fresh")
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(content))
    os.replace(fresh, path)

"""Keys in a PKCS#11 token: made there, kept there, usable from threads and forked processes, quiet about the PIN."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pkcs11
import pytest

from agencies.keys import (
    Pkcs11Token,
    SecretFileTooOpen,
    SecretFileUnreadable,
    TokenUnavailable,
    TokenUnfit,
    UnknownKey,
)
from security.sealing.slots import SLOT_BYTES
from tests.agencies.keys.softhsm import PIN, Token

DEK = bytes(range(32))


def key_in(token: Token, key_id: str) -> Any:
    """The token's own view of a key, by a session beside the provider's."""
    session = pkcs11.lib(str(token.module)).get_token(token_label=token.label).open(rw=True)
    [found] = session.get_objects({pkcs11.Attribute.LABEL: key_id})
    return found


def test_a_slot_has_the_form_of_the_keyring_files(hsm: Pkcs11Token) -> None:
    slots = {hsm.wrap(hsm.current("form", 2031), DEK, b"aad") for _ in range(20)}
    assert {(len(slot), slot[0]) for slot in slots} == {(SLOT_BYTES, 1)}
    assert len({slot[1:13] for slot in slots}) == 20, "a nonce of its own for each"


def test_keys_are_made_in_the_token_and_cannot_be_taken_out(hsm: Pkcs11Token, token: Token) -> None:
    key = key_in(token, hsm.current("kept", 2031))
    of = pkcs11.Attribute
    assert [key[each] for each in (of.SENSITIVE, of.NEVER_EXTRACTABLE, of.LOCAL, of.PRIVATE)] == [True] * 4
    assert not key[of.EXTRACTABLE]
    with pytest.raises(pkcs11.AttributeSensitive):
        key[of.VALUE]


def test_keys_of_other_programs_in_the_same_token_are_left_alone(hsm: Pkcs11Token, token: Token) -> None:
    hsm.current("ours", 2031)
    session = pkcs11.lib(str(token.module)).get_token(token_label=token.label).open(rw=True)
    session.generate_key(pkcs11.KeyType.AES, 256, label="backups of the mail server", store=True)
    assert "backups of the mail server" not in [each.id for each in hsm.listing()]
    with pytest.raises(UnknownKey):
        hsm.wrap("backups of the mail server", DEK, b"")
    hsm.destroy("backups of the mail server")
    assert key_in(token, "backups of the mail server")


def test_a_forked_process_opens_and_its_parent_goes_on(hsm: Pkcs11Token) -> None:
    key_id = hsm.current("forked", 2031)
    slot = hsm.wrap(key_id, DEK, b"aad")
    into, out = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            opened = hsm.unwrap(key_id, slot, b"aad")
            os.write(out, opened + hsm.wrap(key_id, DEK, b"child"))
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    told = os.read(into, 200)
    assert told[:32] == DEK
    assert hsm.unwrap(key_id, slot, b"aad") == DEK
    assert hsm.unwrap(key_id, told[32:], b"child") == DEK


def test_a_key_that_another_process_destroyed_is_gone_here_too(hsm: Pkcs11Token, token: Token) -> None:
    key_id = hsm.current("elsewhere", 2031)
    slot = hsm.wrap(key_id, DEK, b"aad")
    program = (
        "from pathlib import Path; from agencies.keys import Pkcs11Token; "
        f"Pkcs11Token(Path({str(token.module)!r}), {token.label!r}, Path({str(token.pin_file)!r})).destroy({key_id!r})"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[3])
    for act in (hsm.unwrap, hsm.wrap):
        with pytest.raises(UnknownKey):
            act(key_id, slot[:32] if act == hsm.wrap else slot, b"aad")
    assert hsm.current("elsewhere", 2031) != key_id


def test_a_session_that_the_token_closed_is_opened_again(hsm: Pkcs11Token, token: Token) -> None:
    key_id = hsm.current("closed", 2031)
    slot = hsm.wrap(key_id, DEK, b"aad")
    pkcs11.lib(str(token.module)).reinitialize()
    assert hsm.unwrap(key_id, slot, b"aad") == DEK


def test_a_token_that_is_not_there_is_a_sentence(token: Token, tmp_path: Path) -> None:
    for absent in (
        Pkcs11Token(token.module, "no such token", token.pin_file),
        Pkcs11Token(tmp_path / "no-module.so", token.label, token.pin_file),
    ):
        with pytest.raises(TokenUnavailable, match="MARKET_PKCS11_MODULE"):
            absent.current("harbour", 2031)


def test_a_wrong_pin_is_told_and_not_shown(token: Token, tmp_path: Path) -> None:
    pin = tmp_path / "pin"
    pin.touch(mode=0o600)
    pin.write_text("secret-9926", encoding="ascii")
    pkcs11.lib(str(token.module)).reinitialize()  # logins are the process's own: an earlier test's would do
    with pytest.raises(TokenUnavailable) as refusal:
        Pkcs11Token(token.module, token.label, pin).current("harbour", 2031)
    assert refusal.value.facts == {"problem": "PinIncorrect"}
    told = f"{refusal.value!r} {refusal.value} {refusal.value.facts} {refusal.value.__cause__}"
    assert "9926" not in told


@pytest.mark.parametrize("mode", [0o604, 0o644, 0o602, 0o606])
def test_a_pin_that_everybody_can_read_is_refused(token: Token, tmp_path: Path, mode: int) -> None:
    pin = tmp_path / "pin"
    pin.write_text(PIN, encoding="ascii")
    pin.chmod(mode)
    with pytest.raises(SecretFileTooOpen):
        Pkcs11Token(token.module, token.label, pin).current("harbour", 2031)


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe", b"a\x00b"])
def test_a_file_without_a_pin_is_told(token: Token, tmp_path: Path, content: bytes) -> None:
    pin = tmp_path / "pin"
    pin.touch(mode=0o600)
    pin.write_bytes(content)
    with pytest.raises(SecretFileUnreadable):
        Pkcs11Token(token.module, token.label, pin).current("harbour", 2031)
    with pytest.raises(SecretFileUnreadable):
        Pkcs11Token(token.module, token.label, tmp_path / "absent").current("harbour", 2031)


class OwnNonces(Pkcs11Token):
    """A token that takes nonces of its own and keeps them to itself."""

    def _key(self, key_id: str) -> Any:
        return _Forgetful(super()._key(key_id))


class _Forgetful:
    def __init__(self, key: Any) -> None:
        self._key = key

    def encrypt(self, data: bytes, *, mechanism: Any, mechanism_param: Any) -> bytes:
        params = pkcs11.GCMParams(os.urandom(12), mechanism_param.aad, 128)
        sealed: bytes = self._key.encrypt(data, mechanism=mechanism, mechanism_param=params)
        return sealed

    def decrypt(self, data: bytes, *, mechanism: Any, mechanism_param: Any) -> bytes:
        opened: bytes = self._key.decrypt(data, mechanism=mechanism, mechanism_param=mechanism_param)
        return opened


def test_a_token_whose_slots_would_never_open_is_found_out_before_one_is_kept(token: Token) -> None:
    strange = OwnNonces(token.module, token.label, token.pin_file)
    with pytest.raises((TokenUnfit, TokenUnavailable)):
        strange.wrap(strange.current("strange", 2031), DEK, b"aad")


def test_without_the_package_the_sentence_names_it(token: Token) -> None:
    program = (
        "import sys; sys.modules['pkcs11'] = None\n"
        "from pathlib import Path\nfrom agencies.keys import Pkcs11Token, TokenUnavailable\n"
        f"try: Pkcs11Token(Path({str(token.module)!r}), 'x', Path('/dev/null')).current('harbour', 2031)\n"
        "except TokenUnavailable as trouble: print(trouble.facts['problem'])"
    )
    words = [sys.executable, "-c", program]
    done = subprocess.run(words, check=True, cwd=Path(__file__).parents[3], capture_output=True, text=True)
    assert done.stdout.strip() == "python-pkcs11 is not installed (extra: hsm)"

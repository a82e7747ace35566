"""Who keeps the keys: one of three, with everything that it needs, or a sentence for each thing that is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from agencies import keys
from agencies.keys import KeyringFile, Pkcs11Token, VaultTransit
from marketplace.foundation import key_settings
from marketplace.foundation.settings import Settings
from tests.foundation.test_settings import environ


@pytest.fixture
def module(tmp_path: Path) -> str:
    file = tmp_path / "library.so"
    file.touch()
    return str(file)


def problems(**given: str) -> list[str]:
    found: list[str] = []
    key_settings.read(given, found)
    return found


def test_the_keyring_file_needs_nothing(tmp_path: Path) -> None:
    settings = Settings.from_environ(environ(tmp_path))
    assert settings.keys.keeper == key_settings.FILE
    assert isinstance(keys.chosen(settings), KeyringFile)
    named = Settings.from_environ(environ(tmp_path, MARKET_KEYS="file:", MARKET_KEYRING="/k/ring.json"))
    assert repr(keys.chosen(named)) == "KeyringFile('/k/ring.json')"


def test_a_token_is_chosen_with_its_library_label_and_pin(tmp_path: Path, module: str) -> None:
    given = {
        "MARKET_KEYS": "pkcs11:",
        "MARKET_PKCS11_MODULE": module,
        "MARKET_PKCS11_TOKEN": "market",
        "MARKET_PKCS11_PIN_FILE": "/run/secrets/pin",
    }
    found = keys.chosen(Settings.from_environ(environ(tmp_path, **given)))
    assert isinstance(found, Pkcs11Token)
    assert repr(found) == f"Pkcs11Token({module!r}, 'market')"


def test_a_service_is_chosen_with_its_address_and_token(tmp_path: Path) -> None:
    given = {
        "MARKET_KEYS": "vault:",
        "MARKET_VAULT_ADDRESS": "https://vault.example:8200/",
        "MARKET_VAULT_TOKEN_FILE": "/run/secrets/vault",
        "MARKET_VAULT_MOUNT": "market/transit",
    }
    found = keys.chosen(Settings.from_environ(environ(tmp_path, **given)))
    assert isinstance(found, VaultTransit)
    assert repr(found) == "VaultTransit(VaultClient('https://vault.example:8200/v1/market/transit'))"


@pytest.mark.parametrize("keeper", ["pkcs11", "file", "hsm:", "VAULT:", "https://vault.example"])
def test_an_unknown_keeper_is_refused(keeper: str) -> None:
    assert problems(MARKET_KEYS=keeper) == ["MARKET_KEYS must be file:, pkcs11: or vault:"]


@pytest.mark.parametrize("keeper", [key_settings.PKCS11, key_settings.VAULT])
def test_everything_that_is_missing_is_named(keeper: str) -> None:
    told = "\n".join(problems(MARKET_KEYS=keeper))
    assert all(f"{name} is missing" in told for name in key_settings.NEEDED[keeper])


def test_files_that_do_not_exist_are_named() -> None:
    told = problems(MARKET_PKCS11_MODULE="/no/such.so", MARKET_VAULT_AUTHORITIES="/no/such.pem")
    assert told == [
        "MARKET_PKCS11_MODULE names a file that does not exist.",
        "MARKET_VAULT_AUTHORITIES names a file that does not exist.",
    ]


@pytest.mark.parametrize(
    "address",
    [
        "http://vault.example",
        "https://me:pw@vault.example",
        "vault.example",
        "ftp://127.0.0.1",
        "https://",
        "http://[",
    ],
)
def test_a_token_travels_protected_only(address: str) -> None:
    [told] = problems(MARKET_VAULT_ADDRESS=address)
    assert told == "MARKET_VAULT_ADDRESS must begin with https:// and hold no name or password."


@pytest.mark.parametrize("address", ["https://vault.example", "http://127.0.0.1:8200", "http://[::1]:8200"])
def test_an_agent_on_this_machine_may_do_without(address: str) -> None:
    assert problems(MARKET_VAULT_ADDRESS=address) == []

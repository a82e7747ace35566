"""The keepers of keys that there are, each real: a file, a token in software, a service that answers HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agencies.keys import KeyProvider, KeyringFile, Pkcs11Token, VaultTransit
from tests.agencies.keys import softhsm, transit


@pytest.fixture(scope="session")
def token(tmp_path_factory: pytest.TempPathFactory) -> softhsm.Token:
    return softhsm.initialised(tmp_path_factory.mktemp("softhsm"))


@pytest.fixture
def hsm(token: softhsm.Token) -> Pkcs11Token:
    return Pkcs11Token(token.module, token.label, token.pin_file)


@pytest.fixture
def service() -> Iterator[transit.Service]:
    with transit.served() as running:
        yield running


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    file = tmp_path / "vault-token"
    file.touch(mode=0o600)
    file.write_text(f"{transit.TOKEN}\n", encoding="ascii")
    return file


@pytest.fixture
def vault(service: transit.Service, token_file: Path) -> VaultTransit:
    return VaultTransit(service.address, token_file)


@pytest.fixture(params=["file", "pkcs11", "vault"])
def keeper(request: pytest.FixtureRequest, tmp_path: Path) -> KeyProvider:
    """Each of them in turn."""
    provider: KeyProvider
    if request.param == "file":
        provider = KeyringFile(tmp_path / "secrets" / "keyring.json")
    else:
        provider = request.getfixturevalue({"pkcs11": "hsm", "vault": "vault"}[request.param])
    return provider

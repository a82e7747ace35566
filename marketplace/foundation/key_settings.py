"""Where key-encryption keys are kept: MARKET_KEYS and what belongs to each choice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

FILE, PKCS11, VAULT = "file:", "pkcs11:", "vault:"
NEEDED = {
    FILE: (),
    PKCS11: ("MARKET_PKCS11_MODULE", "MARKET_PKCS11_TOKEN", "MARKET_PKCS11_PIN_FILE"),
    VAULT: ("MARKET_VAULT_ADDRESS", "MARKET_VAULT_TOKEN_FILE"),
}


@dataclass(frozen=True, slots=True)
class KeySettings:
    """The keeper of the keys and how to reach it. No secret stands here: the PIN and the token are in files."""

    keeper: str = FILE
    """MARKET_KEYS: `file:` (the keyring file, MARKET_KEYRING), `pkcs11:` or `vault:`."""

    pkcs11_module: Path | None = None
    """MARKET_PKCS11_MODULE: the library of the token's maker, for example /usr/lib/softhsm/libsofthsm2.so"""

    pkcs11_token: str = ""
    """MARKET_PKCS11_TOKEN: the token's label."""

    pkcs11_pin_file: Path | None = None
    """MARKET_PKCS11_PIN_FILE: file with the PIN of the token's user, mode 0600 or 0640."""

    vault_address: str = ""
    """MARKET_VAULT_ADDRESS: where Vault or OpenBao answers, https outside this machine."""

    vault_token_file: Path | None = None
    """MARKET_VAULT_TOKEN_FILE: file with our token there, mode 0600 or 0640; read for every call."""

    vault_mount: str = "transit"
    """MARKET_VAULT_MOUNT: where the transit engine is mounted. Default `transit`."""

    vault_authorities: Path | None = None
    """MARKET_VAULT_AUTHORITIES: PEM file of the authorities that vouch for its certificate. Default: the system's."""


def read(values: Mapping[str, str], problems: list[str]) -> KeySettings:
    """Read and check what is chosen; what is wrong goes into `problems`, a sentence each."""
    keeper = values.get("MARKET_KEYS") or FILE
    if keeper not in NEEDED:
        problems.append("MARKET_KEYS must be file:, pkcs11: or vault:")
        return KeySettings()
    missing = [name for name in NEEDED[keeper] if not values.get(name)]
    problems += [f"{name} is missing; MARKET_KEYS={keeper} needs it." for name in missing]
    for name in ("MARKET_PKCS11_MODULE", "MARKET_VAULT_AUTHORITIES"):
        if values.get(name) and not Path(values[name]).is_file():
            problems.append(f"{name} names a file that does not exist.")
    address = values.get("MARKET_VAULT_ADDRESS", "")
    if address and not _is_protected(address):
        problems.append("MARKET_VAULT_ADDRESS must begin with https:// and hold no name or password.")
    return KeySettings(
        keeper=keeper,
        pkcs11_module=_path(values, "MARKET_PKCS11_MODULE"),
        pkcs11_token=values.get("MARKET_PKCS11_TOKEN", ""),
        pkcs11_pin_file=_path(values, "MARKET_PKCS11_PIN_FILE"),
        vault_address=address,
        vault_token_file=_path(values, "MARKET_VAULT_TOKEN_FILE"),
        vault_mount=values.get("MARKET_VAULT_MOUNT") or "transit",
        vault_authorities=_path(values, "MARKET_VAULT_AUTHORITIES"),
    )


def _path(values: Mapping[str, str], name: str) -> Path | None:
    return Path(values[name]) if values.get(name) else None


def _is_protected(address: str) -> bool:
    """https, or http to this very machine, where an agent may listen."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    if "@" in parts.netloc or not host:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_here(host))


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False

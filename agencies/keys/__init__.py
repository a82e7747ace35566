"""Key providers: who keeps the key-encryption keys of the agencies. No database here."""

from agencies.keys.choosing import chosen
from agencies.keys.errors import (
    KeyringNotWritable,
    KeyringTooOpen,
    KeyringUnreadable,
    KeyServiceConfused,
    KeyServiceRefuses,
    KeyServiceSealed,
    KeyServiceUnreachable,
    KeyTrouble,
    SecretFileTooOpen,
    SecretFileUnreadable,
    TokenUnavailable,
    TokenUnfit,
    UnknownKey,
)
from agencies.keys.interface import LASTING, KeyInfo, KeyProvider
from agencies.keys.keyring_file import KeyringFile
from agencies.keys.pkcs11_token import Pkcs11Token
from agencies.keys.vault_transit import VaultTransit

__all__ = [
    "LASTING",
    "KeyInfo",
    "KeyProvider",
    "KeyServiceConfused",
    "KeyServiceRefuses",
    "KeyServiceSealed",
    "KeyServiceUnreachable",
    "KeyTrouble",
    "KeyringFile",
    "KeyringNotWritable",
    "KeyringTooOpen",
    "KeyringUnreadable",
    "Pkcs11Token",
    "SecretFileTooOpen",
    "SecretFileUnreadable",
    "TokenUnavailable",
    "TokenUnfit",
    "UnknownKey",
    "VaultTransit",
    "chosen",
]

"""Key providers: who keeps the key-encryption keys of the agencies. No database here."""

from agencies.keys.errors import KeyringNotWritable, KeyringTooOpen, KeyringUnreadable, KeyTrouble, UnknownKey
from agencies.keys.interface import KeyProvider
from agencies.keys.keyring_file import KeyringFile

__all__ = [
    "KeyProvider",
    "KeyTrouble",
    "KeyringFile",
    "KeyringNotWritable",
    "KeyringTooOpen",
    "KeyringUnreadable",
    "UnknownKey",
]

"""Why a key provider cannot do what it is asked. None of these carries a key.

KeyTrouble
├── UnknownKey            destroyed, or this is another installation's keyring
├── KeyringTooOpen        others on this machine could read the keyring
├── KeyringUnreadable     the keyring is damaged or cannot be opened
└── KeyringNotWritable    a new key is needed and cannot be kept
"""

from marketplace.foundation.errors import Unavailable


class KeyTrouble(Unavailable):
    """The keys for sealed content cannot be used at the moment. Nothing was changed."""


class UnknownKey(KeyTrouble):
    """The key that opens this content is not in the keyring.

    Fact: `key_id`.
    """


class KeyringTooOpen(KeyTrouble):
    """The keyring file must be readable and writable by its owner only: set its mode to 0600.

    Facts: `path`, `mode` (octal text).
    """


class KeyringUnreadable(KeyTrouble):
    """The keyring file is damaged or cannot be opened: restore it from its backup.

    Facts: `path`, `problem`.
    """


class KeyringNotWritable(KeyTrouble):
    """A new key is needed and the keyring file cannot be written: look at the disk and the folder's owner.

    Facts: `path`, `problem`.
    """

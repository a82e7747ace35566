"""Why a key provider cannot do what it is asked. None of these carries a key, a PIN or a token.

KeyTrouble
├── UnknownKey             destroyed, or this is another installation's keyring
├── KeyringTooOpen         others on this machine could read the keyring
├── KeyringUnreadable      the keyring is damaged or cannot be opened
├── KeyringNotWritable     a new key is needed and cannot be kept
├── SecretFileTooOpen      everybody on this machine could read the PIN or token
├── SecretFileUnreadable   the PIN or token cannot be read
├── TokenUnavailable       the hardware token, or what speaks to it, does not answer as it should
├── TokenUnfit             the token does not do AES-GCM as slots need it
├── KeyServiceUnreachable  the key service does not answer
├── KeyServiceSealed       the key service was not unsealed after its start
├── KeyServiceRefuses      the key service does not take our token, or its policy does not allow this
└── KeyServiceConfused     the key service answers with something else than its interface says
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


class SecretFileTooOpen(KeyTrouble):
    """The file with the PIN or token for the keys can be read by everybody: set its mode to 0600, or 0640.

    Fact: `path`.
    """


class SecretFileUnreadable(KeyTrouble):
    """The file with the PIN or token for the keys cannot be read: look at its path in the settings and at its mode.

    Facts: `path`, `problem`.
    """


class TokenUnavailable(KeyTrouble):
    """The token with the keys does not answer as it should: look at MARKET_PKCS11_MODULE, MARKET_PKCS11_TOKEN, the PIN.

    Fact: `problem`, a name of PKCS#11.
    """


class TokenUnfit(KeyTrouble):
    """The token with the keys does not do AES-GCM in the way that slots need: another provider of keys is needed."""


class KeyServiceUnreachable(KeyTrouble):
    """The key service does not answer: look at MARKET_VAULT_ADDRESS, and at the service.

    Fact: `problem`, the kind of failure or the status of its answer.
    """


class KeyServiceSealed(KeyTrouble):
    """The key service is sealed, as it is after each start: its operators have to unseal it."""


class KeyServiceRefuses(KeyTrouble):
    """The key service does not allow this: look at the token in MARKET_VAULT_TOKEN_FILE and at its policy."""


class KeyServiceConfused(KeyTrouble):
    """The key service answers with something else than expected: look at MARKET_VAULT_ADDRESS and MARKET_VAULT_MOUNT.

    Fact: `status`, of its answer.
    """

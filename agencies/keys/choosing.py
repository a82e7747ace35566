"""Which provider keeps the keys of this process, as the settings say. Processes bind what this returns, once."""

from agencies.keys.interface import KeyProvider
from agencies.keys.keyring_file import KeyringFile
from agencies.keys.pkcs11_token import Pkcs11Token
from agencies.keys.vault_transit import VaultTransit
from marketplace.foundation import key_settings
from marketplace.foundation.settings import Settings


def chosen(settings: Settings) -> KeyProvider:
    """The provider that MARKET_KEYS names. Reaches for nothing yet: trouble shows when the first key is needed."""
    keys = settings.keys
    if keys.keeper == key_settings.PKCS11:
        assert keys.pkcs11_module
        assert keys.pkcs11_pin_file
        return Pkcs11Token(keys.pkcs11_module, keys.pkcs11_token, keys.pkcs11_pin_file)
    if keys.keeper == key_settings.VAULT:
        assert keys.vault_token_file
        return VaultTransit(
            keys.vault_address, keys.vault_token_file, keys.vault_mount, keys.vault_authorities
        )
    return KeyringFile(settings.keyring)

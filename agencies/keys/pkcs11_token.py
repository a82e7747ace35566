"""Key-encryption keys in a PKCS#11 token, an HSM: AES-256 keys that are made in it and never leave it.

A key's label is its id. A slot has the form of the keyring file's: 0x01, nonce (12), AES-256-GCM with tag (48). The
nonce is ours, of 12 random bytes. Tokens that insist on making their own write it where ours was handed in, and that
is what goes into the slot; a token that does neither is found out at the first use of a key, before anything relies
on it. Needs the package `python-pkcs11` (extra `hsm`), imported when the first key is used.

The library is started without locks of its own, so that one thread at a time speaks with it. A forked process starts
it anew: sessions and logins do not survive a fork (PKCS#11 2.40, section 6.6.1).
"""

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from agencies.keys import ids, secret_files
from agencies.keys.errors import TokenUnavailable, TokenUnfit
from agencies.keys.named_keys import REMEMBERS, NamedKeys
from security.sealing.slots import NONCE_BYTES, SLOT_BYTES, SLOT_VERSION

KEY_BYTES = 32
TAG_BITS = 128
_ABOUT_HANDLES = ("KeyHandleInvalid", "ObjectHandleInvalid")
"""What a token says of a key that another process destroyed; the session is as good as before."""

T = TypeVar("T")

_speaking = threading.RLock()
"""Held while this process speaks with any PKCS#11 library: libraries are one for the whole process."""
_started: dict[str, int] = {}
"""In which process each library was started last."""
os.register_at_fork(after_in_child=lambda: globals().update(_speaking=threading.RLock()))


class Pkcs11Token(NamedKeys):
    """A KeyProvider over one token. Safe for threads, which take turns, and in forked processes."""

    def __init__(self, module: Path, token: str, pin_file: Path, remembers: float = REMEMBERS) -> None:
        super().__init__(remembers)
        self._module = module
        self._token = token
        self._pin_file = pin_file
        self._session: Any = None
        self._of_process = 0
        self._handles: dict[str, Any] = {}
        self._proven: set[str] = set()

    def __repr__(self) -> str:
        return f"Pkcs11Token({str(self._module)!r}, {self._token!r})"

    def wrap_all(self, key_id: str, deks: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        def wrapped(_: Any) -> list[bytes]:
            key = self._key(key_id)
            self._prove(key_id, key)
            return [_encrypted(key, dek, aad) for dek, aad in deks]

        return self._spoken(wrapped)

    def unwrap_all(self, key_id: str, slots: Sequence[tuple[bytes, bytes]]) -> list[bytes | None]:
        def opened(_: Any) -> list[bytes | None]:
            key = self._key(key_id)
            return [self._decrypted(key, wrapped, aad) for wrapped, aad in slots]

        return self._spoken(opened)

    def _look(self) -> frozenset[str]:
        def names(session: Any) -> frozenset[str]:
            found = [str(each.label) for each in session.get_objects(_ours())]
            self._handles = {name: handle for name, handle in self._handles.items() if name in found}
            return frozenset(found)

        return self._spoken(names)

    def _create(self, key_id: str) -> None:
        def made(session: Any) -> None:
            import pkcs11

            session.generate_key(
                pkcs11.KeyType.AES,
                KEY_BYTES * 8,
                id=key_id.encode("ascii"),
                label=key_id,
                store=True,
                capabilities=pkcs11.MechanismFlag.ENCRYPT | pkcs11.MechanismFlag.DECRYPT,
                template={
                    pkcs11.Attribute.PRIVATE: True,
                    pkcs11.Attribute.SENSITIVE: True,
                    pkcs11.Attribute.EXTRACTABLE: False,
                    pkcs11.Attribute.MODIFIABLE: False,
                },
            )

        self._spoken(made)

    def _remove(self, key_id: str) -> None:
        def removed(session: Any) -> None:
            self._handles.pop(key_id, None)
            for key in list(session.get_objects(_ours(key_id))):
                key.destroy()

        self._spoken(removed)

    def _spoken(self, act: Callable[[Any], T]) -> T:
        """What `act` does with a session; once more with a new one where the token had forgotten ours."""
        with _speaking:
            for again in (True, False):
                try:
                    return act(self._opened())
                except ImportError:
                    raise TokenUnavailable(problem="python-pkcs11 is not installed (extra: hsm)") from None
                except Exception as error:  # its classes are known only where it is installed
                    if not _is_of_pkcs11(error):
                        raise
                    self._handles = {}
                    if type(error).__name__ not in _ABOUT_HANDLES:
                        self._session = None
                    if not again:
                        raise TokenUnavailable(problem=type(error).__name__) from None
            raise AssertionError  # the second turn returns or raises

    def _opened(self) -> Any:
        """This process's session, logged in."""
        if self._session is None or self._of_process != os.getpid():
            import pkcs11

            self._handles = {}
            library = pkcs11.lib(str(self._module))
            if _started.setdefault(str(self._module), os.getpid()) != os.getpid():
                library.reinitialize()
                _started[str(self._module)] = os.getpid()
            token = library.get_token(token_label=self._token)
            pin = secret_files.read(self._pin_file)
            try:
                self._session = token.open(rw=True, user_pin=pin)
            except (
                pkcs11.UserAlreadyLoggedIn
            ):  # by another session of this process: logins are the process's own
                self._session = token.open(rw=True)
            self._of_process = os.getpid()
        return self._session

    def _key(self, key_id: str) -> Any:
        """The token's handle for a key. Raises UnknownKey."""
        if key_id not in self._handles:
            found = list(self._session.get_objects(_ours(key_id))) if ids.read(key_id) else []
            if not found:
                raise self._gone(key_id)
            self._handles[key_id] = found[0]
        return self._handles[key_id]

    def _prove(self, key_id: str, key: Any) -> None:
        """See once that what the token wraps with this key opens again. Raises TokenUnfit."""
        if key_id not in self._proven:
            probe = os.urandom(KEY_BYTES)
            if self._decrypted(key, _encrypted(key, probe, b"probe"), b"probe") != probe:
                raise TokenUnfit()
            self._proven.add(key_id)

    def _decrypted(self, key: Any, wrapped: bytes, aad: bytes) -> bytes | None:
        """The data key in a slot, None where it does not open: tokens say so in several ways."""
        import pkcs11

        if len(wrapped) != SLOT_BYTES or wrapped[0] != SLOT_VERSION:
            return None
        try:
            return _decrypt(key, wrapped, aad)
        except (
            pkcs11.EncryptedDataInvalid,
            pkcs11.EncryptedDataLenRange,
            pkcs11.DataInvalid,
            pkcs11.DataLenRange,
        ):
            return None
        except (pkcs11.GeneralError, pkcs11.FunctionFailed):
            # Some say no more than that. What was wrapped just now opens, so that it was the slot and not the token.
            probe = os.urandom(KEY_BYTES)
            if _decrypt(key, _encrypted(key, probe, aad), aad) != probe:
                raise
            return None


def _ours(key_id: str | None = None) -> dict[Any, Any]:
    """What keys of ours look like to a token: all of them, or one."""
    import pkcs11

    wanted = {
        pkcs11.Attribute.CLASS: pkcs11.ObjectClass.SECRET_KEY,
        pkcs11.Attribute.KEY_TYPE: pkcs11.KeyType.AES,
    }
    return wanted | ({pkcs11.Attribute.LABEL: key_id} if key_id else {})


def _encrypted(key: Any, dek: bytes, aad: bytes) -> bytes:
    import pkcs11

    params = pkcs11.GCMParams(os.urandom(NONCE_BYTES), aad, TAG_BITS)
    sealed = key.encrypt(dek, mechanism=pkcs11.Mechanism.AES_GCM, mechanism_param=params)
    slot = bytes([SLOT_VERSION]) + params.nonce + sealed
    if len(slot) != SLOT_BYTES:
        raise TokenUnfit()
    return slot


def _decrypt(key: Any, wrapped: bytes, aad: bytes) -> bytes:
    import pkcs11

    params = pkcs11.GCMParams(wrapped[1 : 1 + NONCE_BYTES], aad, TAG_BITS)
    opened: bytes = key.decrypt(
        wrapped[1 + NONCE_BYTES :], mechanism=pkcs11.Mechanism.AES_GCM, mechanism_param=params
    )
    return opened


def _is_of_pkcs11(error: Exception) -> bool:
    import pkcs11

    return isinstance(error, pkcs11.PKCS11Error)

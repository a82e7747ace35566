"""Key-encryption keys in the transit engine of Vault or OpenBao: they never leave it; it wraps and unwraps for us.

One named key (`aes256-gcm96`) for each of ours, its name being our key id; never exportable, without plaintext backup.
A slot is the service's ciphertext as text, `vault:v1:…`, and holds the data key bound to `aad` twice: as
`associated_data`, and by its hash as the `context` from which the service derives the key of this very slot. Servers
too old to know `associated_data` leave it out silently; with the context a moved slot stays closed there too, and no
number of slots under one key comes near the limit of random nonces (NIST SP 800-38D, section 8.3).

API: https://openbao.org/api-docs/secret/transit/
"""

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from agencies.keys.errors import KeyServiceConfused, KeyServiceRefuses
from agencies.keys.named_keys import REMEMBERS, NamedKeys
from agencies.keys.vault_client import Answer, VaultClient

AT_ONCE = 1_000
"""Slots in one call: about half a megabyte."""
KEY_BYTES = 32
PREFIX = b"vault:v"


class VaultTransit(NamedKeys):
    """A KeyProvider over a mounted transit engine; safe for threads and processes."""

    def __init__(
        self,
        address: str,
        token_file: Path,
        mount: str = "transit",
        authorities: Path | None = None,
        remembers: float = REMEMBERS,
        patience: tuple[float, float] | None = None,
    ) -> None:
        super().__init__(remembers)
        more = {} if patience is None else {"patience": patience}
        self._client = VaultClient(address, token_file, mount, authorities, **more)

    def __repr__(self) -> str:
        return f"VaultTransit({self._client!r})"

    def wrap_all(self, key_id: str, deks: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        # Encrypting under an unknown name may make a key of that name: one that was destroyed must not come back.
        self._known(key_id)
        items = [{"plaintext": _text(dek)} | _binding(aad) for dek, aad in deks]
        slots = []
        for result in self._each("encrypt", key_id, items):
            ciphertext = result.get("ciphertext")
            if not isinstance(ciphertext, str) or not ciphertext.encode().startswith(PREFIX):
                raise KeyServiceConfused(status=200)
            slots.append(ciphertext.encode("ascii"))
        return slots

    def unwrap_all(self, key_id: str, slots: Sequence[tuple[bytes, bytes]]) -> list[bytes | None]:
        opened: list[bytes | None] = [None] * len(slots)
        whole = [place for place, (wrapped, _) in enumerate(slots) if _is_ciphertext(wrapped)]
        items = [
            {"ciphertext": slots[place][0].decode("ascii")} | _binding(slots[place][1]) for place in whole
        ]
        for place, result in zip(whole, self._each("decrypt", key_id, items), strict=True):
            opened[place] = None if result.get("error") else _key(result.get("plaintext"))
        if not whole:
            self._known(key_id)
        return opened

    def _each(
        self, verb: str, key_id: str, items: Sequence[Mapping[str, str]]
    ) -> Iterator[Mapping[str, Any]]:
        """The service's result for each item, in order. A key that is not there raises UnknownKey."""
        for begin in range(0, len(items), AT_ONCE):
            part = items[begin : begin + AT_ONCE]
            results = self._results(verb, key_id, part)
            if len(results) != len(part) or not all(isinstance(each, dict) for each in results):
                raise KeyServiceConfused(status=200)
            yield from results

    def _results(self, verb: str, key_id: str, part: Sequence[Mapping[str, str]]) -> list[Mapping[str, Any]]:
        try:
            answer = self._client.call("POST", f"{verb}/{key_id}", {"batch_input": part})
        except KeyServiceRefuses:
            # A policy that makes no keys by encrypting refuses a name that is not there in the same way.
            self._raise_if_gone(key_id)
            raise
        results = answer.data.get("batch_results")
        if isinstance(results, list):
            return results
        self._raise_if_gone(key_id)
        raise KeyServiceConfused(status=answer.status)

    def _raise_if_gone(self, key_id: str) -> None:
        if self._read(key_id) is None:
            raise self._gone(key_id)

    def _look(self) -> frozenset[str]:
        answer = self._client.call("LIST", "keys")
        names = answer.data.get("keys", [])
        if answer.status == 400 or not isinstance(names, list) or (answer.status == 404 and answer.errors):
            raise KeyServiceConfused(status=answer.status)
        return frozenset(str(name) for name in names)

    def _create(self, key_id: str) -> None:
        wanted = {
            "type": "aes256-gcm96",
            "derived": True,
            "exportable": False,
            "allow_plaintext_backup": False,
        }
        self._done(self._client.call("POST", f"keys/{key_id}", wanted))

    def _remove(self, key_id: str) -> None:
        if self._read(key_id) is None:
            return
        self._done(self._client.call("POST", f"keys/{key_id}/config", {"deletion_allowed": True}))
        self._client.call("DELETE", f"keys/{key_id}")
        if self._read(key_id) is not None:
            raise KeyServiceRefuses()

    def _read(self, key_id: str) -> Answer | None:
        """What the service tells of a key; None where it has none of this name."""
        answer = self._client.call("GET", f"keys/{key_id}")
        if answer.status == 404 and not answer.errors:
            return None
        self._done(answer)
        return answer

    @staticmethod
    def _done(answer: Answer) -> None:
        if answer.status not in (200, 204):
            raise KeyServiceConfused(status=answer.status)


def _binding(aad: bytes) -> dict[str, str]:
    return {"associated_data": _text(aad), "context": _text(hashlib.sha256(aad).digest())}


def _text(data: bytes) -> str:
    return b64encode(data).decode("ascii")


def _is_ciphertext(wrapped: bytes) -> bool:
    return wrapped.startswith(PREFIX) and wrapped.isascii()


def _key(plaintext: Any) -> bytes:
    try:
        key = b64decode(plaintext, validate=True)
    except (ValueError, TypeError):
        raise KeyServiceConfused(status=200) from None
    if len(key) != KEY_BYTES:
        raise KeyServiceConfused(status=200)
    return key

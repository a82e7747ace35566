"""What providers share that keep keys elsewhere, each under its id: a token, a key service."""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence

from agencies.keys import ids
from agencies.keys.errors import UnknownKey
from agencies.keys.interface import KeyInfo
from security.sealing.errors import SlotRefused

REMEMBERS = 10.0
"""For how many seconds the names of the keys are taken to be as they were last seen."""


class NamedKeys(ABC):
    """The verbs of a KeyProvider that are the same wherever the keys are.

    Two processes that need the first key of a year in the same moment may make one each. Both open what they wrapped,
    and all go on with the younger one.
    """

    def __init__(self, remembers: float = REMEMBERS) -> None:
        self._remembers = remembers
        self._making = threading.RLock()
        self._seen: tuple[float, frozenset[str]] = (float("-inf"), frozenset())

    def current(self, agency_slug: str, year: int) -> str:
        ids.check(agency_slug, year)
        found = ids.newest(self._names(), agency_slug, year)
        if found:
            return found
        with self._making:
            return ids.newest(self._names(fresh=True), agency_slug, year) or self.renew(agency_slug, year)

    def renew(self, agency_slug: str, year: int) -> str:
        ids.check(agency_slug, year)
        with self._making:
            newest = ids.newest(self._names(fresh=True), agency_slug, year)
            key_id = ids.made(agency_slug, year, newest)
            self._create(key_id)
            self._names(fresh=True)
        return key_id

    def wrap(self, key_id: str, dek: bytes, aad: bytes) -> bytes:
        return self.wrap_all(key_id, [(dek, aad)])[0]

    def unwrap(self, key_id: str, wrapped: bytes, aad: bytes) -> bytes:
        [dek] = self.unwrap_all(key_id, [(wrapped, aad)])
        if dek is None:
            raise SlotRefused(key_id=key_id)
        return dek

    @abstractmethod
    def wrap_all(self, key_id: str, deks: Sequence[tuple[bytes, bytes]]) -> list[bytes]: ...

    @abstractmethod
    def unwrap_all(self, key_id: str, slots: Sequence[tuple[bytes, bytes]]) -> list[bytes | None]: ...

    def listing(self) -> list[KeyInfo]:
        return ids.listed(self._names(fresh=True))

    def destroy(self, key_id: str) -> None:
        if ids.read(key_id) is None:
            return  # never a key of ours: other programs may keep theirs in the same place
        self._remove(key_id)
        self._names(fresh=True)

    def _known(self, key_id: str) -> None:
        """Raises UnknownKey, also where the key was destroyed by another process a moment ago."""
        if key_id not in self._names() and key_id not in self._names(fresh=True):
            raise UnknownKey(key_id=key_id)

    def _gone(self, key_id: str) -> UnknownKey:
        """What to raise for a key that turns out not to be there; what was seen before is forgotten."""
        self._seen = (float("-inf"), frozenset())
        return UnknownKey(key_id=key_id)

    def _names(self, *, fresh: bool = False) -> frozenset[str]:
        """The names of all keys; asked for again when what was seen is too old."""
        at, names = self._seen
        if fresh or time.monotonic() - at > self._remembers:
            asked = time.monotonic()
            names = self._look()
            # One assignment of a pair: a thread sees the old pair or the new one, never a mixture.
            self._seen = (asked, names)
        return names

    @abstractmethod
    def _look(self) -> frozenset[str]:
        """The names of all keys where they are kept."""

    @abstractmethod
    def _create(self, key_id: str) -> None:
        """Make a key that nobody can take out."""

    @abstractmethod
    def _remove(self, key_id: str) -> None:
        """Destroy a key; nothing happens where there is none of this name."""

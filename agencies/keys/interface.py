"""What a keeper of key-encryption keys can do. Where it has them, a file or hardware, is its own affair."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

LASTING = 9999
"""The year that no retention reaches: keys of what an agency keeps for as long as it takes part, its small secrets."""


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """What may be known of a key: everything but the key. `created` is in UTC, to the second at least."""

    id: str
    agency: str
    year: int
    created: datetime
    current: bool


class KeyProvider(Protocol):
    """Keeps key-encryption keys, by agency and retention year, and never hands one out.

    Key ids are public: they stand beside the slots they open. All methods raise KeyTrouble. A slot is opaque: its
    size and form are the provider's affair.
    """

    def current(self, agency_slug: str, year: int) -> str:
        """The id of the key that new slots of this agency and retention year are wrapped with: the newest there is.

        Made on first need. A process may learn of a key that another one made up to ten seconds late.
        """
        ...

    def wrap(self, key_id: str, dek: bytes, aad: bytes) -> bytes:
        """A slot with `dek`, bound to `aad` (`security.sealing.slot_aad`). Raises UnknownKey."""
        ...

    def unwrap(self, key_id: str, wrapped: bytes, aad: bytes) -> bytes:
        """The data key in a slot. Raises UnknownKey; SlotRefused where slot, key and `aad` do not belong together."""
        ...

    def wrap_all(self, key_id: str, deks: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """A slot for each (`dek`, `aad`), in order."""
        ...

    def unwrap_all(self, key_id: str, slots: Sequence[tuple[bytes, bytes]]) -> list[bytes | None]:
        """The data key in each (`wrapped`, `aad`), in order; None where `unwrap` would raise SlotRefused."""
        ...

    def listing(self) -> list[KeyInfo]:
        """Every key there is, by agency and year, oldest first."""
        ...

    def renew(self, agency_slug: str, year: int) -> str:
        """Make a new key, which is the current one from now on. Returns its id; the older ones go on opening."""
        ...

    def destroy(self, key_id: str) -> None:
        """Destroy a key for ever. Safe to repeat: a key that is not there is destroyed already."""
        ...

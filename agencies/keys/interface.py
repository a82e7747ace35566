"""What a keeper of key-encryption keys can do. Where it has them, a file or hardware, is its own affair."""

from typing import Protocol


class KeyProvider(Protocol):
    """Keeps one key-encryption key per agency and retention year, and never hands it out.

    Key ids are public: they stand beside the slots they open. All methods raise KeyTrouble.
    """

    def current(self, agency_slug: str, year: int) -> str:
        """The id of the key that new slots of this agency and retention year are wrapped with."""
        ...

    def wrap(self, key_id: str, dek: bytes, aad: bytes) -> bytes:
        """A slot of 61 bytes with `dek`, bound to `aad` (`security.sealing.slot_aad`)."""
        ...

    def unwrap(self, key_id: str, wrapped: bytes, aad: bytes) -> bytes:
        """The data key in a slot. Raises SlotRefused where slot, key or `aad` do not belong together."""
        ...

"""Why a sealed payload stays closed. Each failure has its own class; none of them carries content or keys.

SealingError
├── HeaderRefused       the header itself says something that cannot be
├── NotAnEnvelope       these bytes were never a sealed payload
├── UnknownVersion      a format version this program does not know
├── HeaderMismatch      sealed under another header than the one presented
│   └── DowngradeRefused    and that header differs in nothing but how it says the content is protected
├── ChunkRefused        changed, moved, taken from elsewhere, or opened with the wrong key
├── Truncated           the end is missing
├── TrailingData        something follows the end
├── PaddingRefused      authentic, but written by a faulty program
├── PayloadTooLarge     more chunks than one nonce prefix can number
├── SlotRefused         the key slot belongs to another payload, purpose or key, or was changed
├── SlotExpired         the key slot was made for a time that is over
├── AlgorithmRefused    an algorithm, curve or suite that is not the one this format uses
├── KeyRefused          this is no key of the kind that is needed here
└── SignatureRefused    not signed by this key, or not this
"""

from marketplace.foundation.errors import DomainError


class SealingError(DomainError):
    """The sealed content cannot be opened."""


class HeaderRefused(SealingError):
    """The header of this sealed content is not valid.

    Fact: `field`.
    """


class NotAnEnvelope(SealingError):
    """This is not sealed content."""


class UnknownVersion(SealingError):
    """This content was sealed in a format that is not known here.

    Fact: `version`.
    """


class HeaderMismatch(SealingError):
    """This content was sealed for something else than what it is presented as."""


class DowngradeRefused(HeaderMismatch):
    """This content was sealed under another protection than the one it is presented with.

    Fact: `protection`, the one it was presented with.
    """


class ChunkRefused(SealingError):
    """A part of this sealed content is not what was sealed.

    Fact: `chunk`, counted from 0.
    """


class Truncated(SealingError):
    """The end of this sealed content is missing."""


class TrailingData(SealingError):
    """Something was appended to this sealed content."""


class PaddingRefused(SealingError):
    """This content was sealed by a faulty program."""


class PayloadTooLarge(SealingError):
    """This is too large to be sealed in one piece."""


class SlotRefused(SealingError):
    """This key slot does not belong to this sealed content.

    Fact: `key_id`, where known.
    """


class SlotExpired(SealingError):
    """This key slot has ended.

    Facts: `key_id`, and `expired`, in seconds since 1970.
    """


class AlgorithmRefused(SealingError):
    """This was made with an algorithm that is not used here.

    Fact: `field`, the member that names the algorithm.
    """


class KeyRefused(SealingError):
    """This is not a key that can be used here.

    Fact: `field`, what is wrong about it.
    """


class SignatureRefused(SealingError):
    """This was not signed by the key that it is presented with."""

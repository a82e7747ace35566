"""What a device hands in to be set up: two public keys and a salt, and the name its person gives it."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from agencies.device_keys.errors import BadDeviceKey, BadDeviceName
from security.canonical import canonical_bytes
from security.sealing import thumbprints
from security.sealing.errors import SealingError
from security.sealing.strict_json import members_of

BROWSER, PROGRAM = "browser", "program"
LONGEST_NAME = 60
_NEEDED = {"encryption", "signing", "salt"}


@dataclass(frozen=True, slots=True)
class Offered:
    """The public half of a device's keys (JWK) and its salt (43 characters of base64url), checked."""

    kind: str
    name: str
    encryption: Mapping[str, str]
    signing: Mapping[str, str]
    salt: str

    @property
    def thumbprint(self) -> str:
        """The device's name everywhere: base64url of a SHA-256, 43 characters."""
        return thumbprints.device(self.encryption, self.signing)

    @property
    def nonce(self) -> str:
        """What the agency's provider is to put into its token."""
        return thumbprints.enrolment_nonce(self.thumbprint, self.salt)


def read(kind: str, name: str, line: str) -> Offered:
    """From the line of JSON that a browser's script or `marketplace device new` makes.

    It has `encryption`, `signing`, `salt`, and may have the `thumbprint` that follows from them. Raises BadDeviceKey,
    BadDeviceName.
    """
    named = device_name(name)
    try:
        members = members_of(line.strip().encode())
        if kind not in (BROWSER, PROGRAM) or members.keys() - {"thumbprint"} != _NEEDED:
            raise BadDeviceKey()
        made = Offered(kind, named, members["encryption"], members["signing"], members["salt"])
        fits = made.nonce and members.get("thumbprint", made.thumbprint) == made.thumbprint
    except (SealingError, ValueError, TypeError, AttributeError):
        raise BadDeviceKey() from None
    if not fits:
        raise BadDeviceKey()
    return made


def line_of(encryption: Mapping[str, str], signing: Mapping[str, str], salt: str) -> str:
    """The line of JSON that `read` reads."""
    members = {"encryption": dict(encryption), "salt": salt, "signing": dict(signing)}
    return canonical_bytes(members | {"thumbprint": thumbprints.device(encryption, signing)}).decode()


def device_name(typed: str) -> str:
    """A name for people to know their device by: 1 to 60 characters in one form of writing. Raises BadDeviceName."""
    name = unicodedata.normalize("NFC", " ".join(typed.split()))
    if not 1 <= len(name) <= LONGEST_NAME or any(unicodedata.category(each)[0] == "C" for each in name):
        raise BadDeviceName()
    return name

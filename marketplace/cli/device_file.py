"""The key file of a program's device: both private keys, readable by its owner alone, made here and sent nowhere."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

import click

from agencies.device_keys import offering
from security.canonical import canonical_bytes
from security.sealing import keys, thumbprints
from security.sealing.errors import SealingError
from security.sealing.keys import PrivateKey
from security.sealing.strict_json import members_of

FORMAT = "marketplace-device-1"
MODE = 0o600


@dataclass(frozen=True, slots=True)
class DeviceFile:
    """What a key file holds: the key to receive with, the key to sign with, and the salt of the enrolment."""

    encryption: PrivateKey = field(repr=False)
    signing: PrivateKey = field(repr=False)
    salt: str

    @property
    def thumbprint(self) -> str:
        """What the device is called wherever content is sealed to it."""
        return thumbprints.device(keys.public_jwk(self.encryption), keys.public_jwk(self.signing))

    @property
    def line(self) -> str:
        """The public part as one line of JSON, for the page that sets it up."""
        return offering.line_of(keys.public_jwk(self.encryption), keys.public_jwk(self.signing), self.salt)


def make(path: Path) -> DeviceFile:
    """New keys in a new file, for its owner alone (0600). Raises ClickException where the file is there already."""
    made = DeviceFile(keys.new_private(), keys.new_private(), secrets.token_urlsafe(32))
    content = {
        "encryption": keys.private_jwk(made.encryption),
        "format": FORMAT,
        "salt": made.salt,
        "signing": keys.private_jwk(made.signing),
    }
    try:
        place = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, MODE)
    except FileExistsError:
        raise click.ClickException(f"{path} is there already. A key file is never written over.") from None
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written ({error.strerror}).") from None
    with open(place, "wb") as file:
        os.fchmod(file.fileno(), MODE)  # whatever the umask takes away or an inherited list adds
        file.write(canonical_bytes(content))
        file.flush()
        os.fsync(file.fileno())
    return made


def read(path: Path) -> DeviceFile:
    """The keys of a file that `make` wrote. Raises ClickException, also where others may read the file."""
    try:
        with open(path, "rb") as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                raise click.ClickException(f"Others may read {path}. Say: chmod 600 {path}")
            members = members_of(file.read())
        if members.keys() != {"encryption", "format", "salt", "signing"} or members["format"] != FORMAT:
            raise ValueError("another format")
        return DeviceFile(
            keys.read_private(members["encryption"]),
            keys.read_private(members["signing"]),
            str(members["salt"]),
        )
    except OSError as error:
        raise click.ClickException(f"{path} cannot be read ({error.strerror}).") from None
    except (SealingError, ValueError, TypeError, AttributeError, json.JSONDecodeError):
        raise click.ClickException(f"{path} is not the key file of a device.") from None

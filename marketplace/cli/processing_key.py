"""An agency's processing key in a file of its own: the private half as a JWK, readable by its owner alone."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import click

from security.sealing import SealingError, keys, thumbprints
from security.sealing.keys import PrivateKey


@dataclass(frozen=True, slots=True)
class ProcessingKey:
    """The online key by which an agency's own programs open the keys of its campaigns."""

    private: PrivateKey = field(repr=False)

    @property
    def key_id(self) -> str:
        """Made of the key itself, as the agency's page of keys shows it (RFC 7638)."""
        return thumbprints.of(keys.public_jwk(self.private))


def read(path: Path) -> ProcessingKey:
    """The key in a file. Raises ClickException, also where others may read the file."""
    try:
        with open(path, "rb") as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                raise click.ClickException(f"Others may read {path}. Say: chmod 600 {path}")
            return ProcessingKey(keys.parse_private(file.read()))
    except OSError as error:
        raise click.ClickException(f"{path} cannot be read ({error.strerror}).") from None
    except (SealingError, ValueError):
        raise click.ClickException(f"{path} is not a processing key (a private JWK on P-256).") from None

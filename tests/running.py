"""The marketplace as people start it: `./run` on an empty data folder and a free port, stopped at the end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 90
"""Seconds after which something that should happen is taken as not happening. No test measures time with it."""


@dataclass
class Running:
    """A marketplace that answers at `url`, with its data in `home`."""

    url: str
    home: Path
    process: subprocess.Popen[str]
    environment: dict[str, str]

    def command(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `marketplace WORDS…` as somebody in another terminal would."""
        program = str(Path(sys.executable).with_name("marketplace"))
        return subprocess.run(
            [program, *words], env=self.environment, cwd=ROOT, capture_output=True, text=True, check=check
        )

    def token(self, login: str) -> str:
        return self.command("demo", "token", login).stdout.strip()

    def child(self, name: str) -> psutil.Process:
        """The running process whose command line contains `name`."""
        for process in psutil.Process(self.process.pid).children(recursive=True):
            if any(name in word for word in process.cmdline()):
                return process
        raise AssertionError(f"no process {name}")

    def processes(self) -> list[psutil.Process]:
        own = psutil.Process(self.process.pid)
        return [own, *own.children(recursive=True)]

    def stop(self, with_signal: int = signal.SIGTERM) -> int:
        """Ask it to stop and wait. Returns its exit status."""
        self.process.send_signal(with_signal)
        status = self.process.wait(PATIENCE)
        if self.process.stdout:
            self.process.stdout.close()
        return status


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
            return Running(line.split()[1], home, process, chosen)
    raise AssertionError("./run ended before it was ready:\n" + "".join(said))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(holds: Callable[[], Any], what: str) -> Any:
    """Wait until `holds()` gives something true, and return it. Fails with `what` when it never does."""
    pause = Event()
    for _ in range(PATIENCE * 5):
        found = holds()
        if found:
            return found
        pause.wait(0.2)
    raise AssertionError(f"never happened: {what}")

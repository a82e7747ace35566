"""`./run`'s supervisor from outside: started on an empty folder, used, hurt, stopped; nothing stays behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import requests

from deploy.setup import environment
from deploy.setup.ground import ROOT
from deploy.supervisor import valkey
from tests.running import free_port

WITHIN = 240.0
"""Seconds; a start takes about ten on a calm machine, many more beside other tests."""


@dataclass
class Marketplace:
    """A running supervisor and what it printed."""

    process: subprocess.Popen[str]
    home: Path
    port: int
    lines: list[str]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def named(self, part: str) -> psutil.Process:
        """The direct child whose command line holds this."""
        return next(
            one for one in psutil.Process(self.process.pid).children() if part in " ".join(one.cmdline())
        )


def until(holds: Callable[[], object], within: float = WITHIN) -> None:
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, "it never came to hold"
        time.sleep(0.05)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Marketplace]]:
    started: list[Marketplace] = []

    def begin() -> Marketplace:
        machine = {name: value for name, value in environment.variables().items() if "MARKET_" not in name}
        port = free_port()
        home = tmp_path / "home"
        process = subprocess.Popen(
            [sys.executable, "-m", "deploy.up"],
            cwd=ROOT,
            env={**machine, "MARKET_HOME": str(home), "MARKET_PORT": str(port)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        lines: list[str] = []
        threading.Thread(target=_collect, args=(process, lines), daemon=True).start()
        one = Marketplace(process, home, port, lines)
        started.append(one)
        until(lambda: f"ready {one.address}" in lines or process.poll() is not None)
        assert process.poll() is None, "\n".join(lines)
        return one

    yield begin
    for one in started:
        if one.process.poll() is None:
            one.process.terminate()
            one.process.wait(WITHIN)


def test_started_hurt_stopped_and_started_again(start: Callable[[], Marketplace]) -> None:
    marketplace = start()
    page = requests.get(f"{marketplace.address}/sign-in", timeout=10)
    assert page.status_code == 200
    assert all(name in page.text for name in ("Digital Service", "Civil Aviation Office", "National Archive"))
    until(lambda: any("Maja Okonkwo" in line for line in marketplace.lines))

    until(lambda: _signatures(marketplace) == 3)  # the marketplace's own, and two agencies'

    _what_dies_comes_back(marketplace)
    _a_stop_leaves_nothing(marketplace)
    _all_die_with_the_supervisor(start())


def _what_dies_comes_back(marketplace: Marketplace) -> None:
    for part in ("valkey-server", "gunicorn", "witnesses"):
        before = marketplace.named(part)
        before.kill()
        until(lambda part=part, pid=before.pid: _another(marketplace, part, pid))
    until(lambda: _answers(f"{marketplace.address}/sign-in"))


def _a_stop_leaves_nothing(marketplace: Marketplace) -> None:
    family = marketplace.family()
    assert len(family) >= 8
    marketplace.process.send_signal(signal.SIGTERM)
    assert marketplace.process.wait(WITHIN) == 0
    assert psutil.wait_procs(family, timeout=WITHIN)[1] == []
    socket_folder = valkey.socket_path(marketplace.home).parent
    assert list(socket_folder.iterdir()) == []
    socket_folder.rmdir()


def _all_die_with_the_supervisor(marketplace: Marketplace) -> None:
    family = marketplace.family()
    marketplace.process.kill()
    assert psutil.wait_procs(family, timeout=WITHIN)[1] == []
    valkey.clean_up(valkey.socket_path(marketplace.home))


def _another(marketplace: Marketplace, part: str, pid: int) -> bool:
    try:
        return marketplace.named(part).pid != pid
    except (StopIteration, psutil.NoSuchProcess):
        return False


def _signatures(marketplace: Marketplace) -> int:
    found = requests.get(f"{marketplace.address}/log/checkpoint", timeout=10)
    return found.text.count("\n\N{EM DASH} ")


def _answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=5).status_code == 200
    except requests.RequestException:
        return False


def _collect(process: subprocess.Popen[str], lines: list[str]) -> None:
    assert process.stdout
    with process.stdout as output:
        for line in output:
            lines.append(line.rstrip("\n"))

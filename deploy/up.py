"""The supervisor behind `./run`: everything the marketplace needs, started in order, watched, stopped in order.

Valkey, the database's tables, the demo's content and its identity providers come first, then the processes of
the Procfile, the same ones that run in production. It has one thread; each turn looks at every process once.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType

from redis import Redis
from redis.exceptions import RedisError

from deploy.identity import demo, registry
from deploy.identity.process import command as identity_command
from deploy.setup.ground import ROOT
from deploy.supervisor import console, ground, procfile, valkey
from deploy.supervisor.children import Child

TURN = 0.1
PATIENCE = 90.0
"""Seconds that one step of the start may take before we give up."""
TOO_OFTEN = 3
STOP_ORDER = (("web",), ("worker", "files", "clock"), ("identity", "witnesses"), ("valkey",))
WITNESSES = [sys.executable, "-m", "deploy.samples.witnesses"]


class Supervisor:
    """All processes of one data folder."""

    def __init__(self, home: Path, port: int, environ: Mapping[str, str]) -> None:
        self.home = home
        self.port = port
        self.children: dict[str, Child] = {}
        self.tails: list[console.Tail] = []
        self.asked_to_stop = 0
        own_valkey = not environ.get("MARKET_REDIS_URL")
        self.socket = valkey.socket_path(home) if own_valkey else None
        redis_url = f"unix://{self.socket}" if self.socket else environ["MARKET_REDIS_URL"]
        self.env = ground.settings(home, environ, redis_url)

    def start(self) -> None:
        """Bring everything up and return when the first page has answered. Raises CannotStart."""
        if self.socket:
            self._add("valkey", valkey.command(self.home, self.socket), grace=20.0)
        self._add("identity", identity_command(), first_words=self._identity_settings(), grace=5.0)
        console.tell("  Preparing the database and the demo's content …")
        self._prepare()
        self._until("valkey", self._valkey_answers)
        self._until("identity", self._identity_answers)
        console.tell("  Starting the processes …")
        processes = procfile.read(ROOT / "Procfile")
        self._add("web", processes.pop("web"))
        self._until("web", lambda: _answers(f"http://127.0.0.1:{self.port}/"))
        for name, words in processes.items():  # after the web: starting all at once delays the first page
            if not self.asked_to_stop:
                self._add(name, words)
        if not self.asked_to_stop and self.env["MARKET_DEMO"] == "1":
            self._add("witnesses", WITNESSES, grace=5.0)

    def watch(self) -> None:
        """Keep everything running until somebody asks to stop."""
        while not self.asked_to_stop:
            self._turn()

    def stop(self) -> None:
        """Stop in order: no new requests, then the work, then what the work stands on. Leaves nothing behind."""
        for names in STOP_ORDER:
            group = [self.children[name] for name in names if name in self.children]
            for child in group:
                child.ask_to_stop()
            for child in group:
                child.finish(self._deadline(child))
        for tail in self.tails:
            tail.show_warnings()
        if self.socket:
            valkey.clean_up(self.socket)

    def ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        """Signal handler. Being asked twice shortens every wait."""
        self.asked_to_stop += 1
        if self.asked_to_stop == 1:
            console.tell("\nStopping …")
        else:
            for child in self.children.values():
                child.grace = 0.0
                if child.stopping and child.process is not None and child.process.poll() is None:
                    child.process.kill()

    def _deadline(self, child: Child) -> float:
        return time.monotonic() + child.grace

    def _add(self, name: str, words: list[str], first_words: str = "", grace: float = 25.0) -> None:
        child = Child(name, words, self.home / "logs" / f"{name}.log", first_words=first_words, grace=grace)
        self.tails.append(console.Tail(name, child.log))
        self.children[name] = child
        try:
            child.start(self.env)
        except OSError as error:
            raise ground.CannotStart(f"{words[0]} cannot be started: {error.strerror}.") from error

    def _turn(self) -> None:
        for child in self.children.values():
            sentence = child.look_after(self.env)
            if sentence:
                console.tell(f"{sentence} (see {child.log})")
        for tail in self.tails:
            if tail.name != "valkey":
                tail.show_warnings()
        time.sleep(TURN)

    def _until(self, name: str, holds: Callable[[], bool]) -> None:
        """Take turns until the condition holds. Raises CannotStart when its process keeps dying or takes too long."""
        if name not in self.children:
            return
        child, deadline = self.children[name], time.monotonic() + PATIENCE
        while not self.asked_to_stop and not holds():
            self._turn()
            if child.deaths >= TOO_OFTEN or time.monotonic() > deadline:
                raise ground.CannotStart(
                    f"{name} does not start. The end of {child.log}:\n{console.last_lines(child.log)}"
                )

    def _prepare(self) -> None:
        """Bring the database up to date and fill an empty one. Raises CannotStart with what was said when it fails."""
        if self.asked_to_stop:
            return
        log = self.home / "logs" / "start.log"
        with open(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as output:
            done = subprocess.run(
                [sys.executable, "-m", "deploy.supervisor.prepare"],
                env=self.env,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us; a half-made migration helps nobody
            )
        if done.returncode and not self.asked_to_stop:
            raise ground.CannotStart(f"The database cannot be prepared:\n{console.last_lines(log)}")

    def _identity_settings(self) -> str:
        return json.dumps(registry.server_settings(self.home, demo.agencies(), self.port)) + "\n"

    def _identity_answers(self) -> bool:
        known = registry.ensure(self.home, demo.agencies())
        return all(_answers(f"{one['issuer']}/.well-known/openid-configuration") for one in known.values())

    def _valkey_answers(self) -> bool:
        try:
            with Redis.from_url(self.env["MARKET_REDIS_URL"], socket_timeout=1.0) as client:
                return bool(client.ping())
        except RedisError:
            return False


def main() -> int:
    """Start, watch, stop. Returns 0 after an orderly stop, 1 with a sentence when the start fails."""
    os.chdir(ROOT)
    try:
        home = ground.data_folder(os.environ)
        held = ground.hold(home)
        port = ground.port(os.environ)
        supervisor = Supervisor(home, port, os.environ)
    except (ground.CannotStart, OSError) as problem:
        console.tell(str(problem))
        return 1
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup stays nohup
            signal.signal(number, supervisor.ask_to_stop)
    try:
        supervisor.start()
        if not supervisor.asked_to_stop:
            _announce(port)
        supervisor.watch()
    except ground.CannotStart as problem:
        console.tell(str(problem))
        return 1
    finally:
        supervisor.stop()
        os.close(held)
    return 0


def _announce(port: int) -> None:
    with suppress(OSError):
        print(f"ready http://127.0.0.1:{port}", flush=True)
        print(console.sign_ins(demo.agencies()), flush=True)
        print("Stop with Ctrl-C.", flush=True)


def _answers(address: str) -> bool:
    """Whether a page answers without a server error."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(address, timeout=5) as answer:
            return bool(answer.status < 400)
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main())

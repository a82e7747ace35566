"""The supervisor's pieces: processes that come back, stop without remains and die with their supervisor."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from redis import Redis
from redis.exceptions import RedisError

from deploy.identity import demo
from deploy.setup.ground import ROOT
from deploy.supervisor import children, console, ground, procfile, valkey
from deploy.supervisor.children import Child

WITHIN = 15.0
FAMILY = """
import subprocess, sys, time
inner = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(inner.pid, flush=True)
time.sleep(600)
"""


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + WITHIN
    while not holds():
        assert time.monotonic() < deadline, "it never came to hold"
        time.sleep(0.02)


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Child]]:
    made: list[Child] = []

    def build(code: str, **extra: object) -> Child:
        child = Child("child", [sys.executable, "-c", code], tmp_path / "child.log", **extra)  # type: ignore[arg-type]
        made.append(child)
        child.start(os.environ)
        return child

    yield build
    for child in made:
        child.stopping = True
        child.finish(time.monotonic())


def test_output_goes_to_a_private_log(make: Callable[..., Child]) -> None:
    child = make("print('hello from the child')")
    until(lambda: not child.alive)
    assert child.log.read_text(encoding="utf-8") == "hello from the child\n"
    assert stat.S_IMODE(child.log.stat().st_mode) == 0o600


def test_a_dead_process_comes_back_after_a_pause_that_grows(
    make: Callable[..., Child], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(children, "FIRST_PAUSE", 0.05)
    child = make("raise SystemExit(4)")
    told = []
    for _ in range(2):
        until(lambda: not child.alive)
        told.append(child.look_after(os.environ))
        until(lambda: child.look_after(os.environ) is None and not child.again_at)
    assert told == ["child ended with status 4; again in 0.05 s", "child ended with status 4; again in 0.1 s"]


def test_stopping_ends_the_whole_family(make: Callable[..., Child]) -> None:
    child = make(FAMILY, grace=0.2)
    until(lambda: child.log.read_text(encoding="utf-8").strip())
    inner = int(child.log.read_text(encoding="utf-8"))
    child.ask_to_stop()
    child.finish(time.monotonic() + child.grace)
    assert not child.alive
    until(lambda: not _runs(inner))


def test_first_words_arrive_and_standard_input_stays_open(make: Callable[..., Child]) -> None:
    code = "import sys; print(sys.stdin.readline().strip(), flush=True); sys.stdin.read(); print('closed')"
    child = make(code, first_words="a secret\n")
    until(lambda: child.log.read_text(encoding="utf-8") == "a secret\n")
    assert child.alive


@pytest.mark.skipif(sys.platform != "linux", reason="the signal at the parent's death is a Linux feature")
def test_children_die_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    code = f"""
import os, sys, time
from pathlib import Path
from deploy.supervisor.children import Child
child = Child("child", [sys.executable, "-c", "import time; time.sleep(600)"], Path({str(tmp_path)!r}) / "log")
child.start(os.environ)
print(child.process.pid, flush=True)
time.sleep(600)
"""
    supervisor = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert supervisor.stdout
    inner = int(supervisor.stdout.readline())
    assert _runs(inner)
    supervisor.kill()
    supervisor.wait()
    supervisor.stdout.close()
    until(lambda: not _runs(inner))


def test_the_procfile_names_the_production_processes() -> None:
    found = procfile.read(ROOT / "Procfile")
    assert list(found) == ["web", "worker", "files", "clock"]
    assert found["web"] == ["gunicorn", "-c", "deploy/gunicorn.py", "marketplace.app:create_app()"]


def test_a_taken_port_is_a_sentence() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        number = other.getsockname()[1]
        with pytest.raises(ground.CannotStart, match=f"Port {number} is taken by another program"):
            ground.port({"MARKET_PORT": str(number)})


@pytest.mark.parametrize("text", ["0", "65536", "web", "-1", "8_000", "٨٠٠٠"])
def test_a_port_that_is_no_port_is_a_sentence(text: str) -> None:
    with pytest.raises(ground.CannotStart, match="whole number"):
        ground.port({"MARKET_PORT": text})


def test_a_data_folder_belongs_to_one_marketplace(tmp_path: Path) -> None:
    first = ground.hold(tmp_path)
    with pytest.raises(ground.CannotStart, match="already running with the data folder"):
        ground.hold(tmp_path)
    os.close(first)
    os.close(ground.hold(tmp_path))


def test_settings_are_kept_private_and_the_secret_stays(tmp_path: Path) -> None:
    first = ground.settings(tmp_path, {"MARKET_PORT": "8123", "LANG": "C"}, "unix:///a.sock")
    second = ground.settings(tmp_path, {}, "unix:///b.sock")
    file = tmp_path / "settings.env"
    assert len(first["MARKET_SECRET_KEY"]) == 64
    assert second["MARKET_SECRET_KEY"] == first["MARKET_SECRET_KEY"]
    assert (first["MARKET_PORT"], second["MARKET_PORT"]) == ("8123", "8000")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "LANG" not in file.read_text(encoding="utf-8")


def test_valkey_forgets_nothing_and_listens_on_a_short_private_socket(tmp_path: Path) -> None:
    home = tmp_path / ("a-long-name" * 9)
    home.mkdir()
    path = valkey.socket_path(home)
    child = Child("valkey", valkey.command(home, path), tmp_path / "valkey.log")
    assert len(str(path).encode()) < 108
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    child.start(os.environ)
    try:
        with Redis(unix_socket_path=str(path), decode_responses=True) as client:
            until(lambda: _answers(client))
            wanted = {"port": "0", "appendonly": "yes", "maxmemory-policy": "noeviction"}
            assert {name: client.config_get(name)[name] for name in wanted} == wanted
    finally:
        child.ask_to_stop()
        child.finish(time.monotonic() + WITHIN)
    valkey.clean_up(path)
    assert not path.parent.exists()


def test_a_socket_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    folder = valkey.socket_path(tmp_path).parent
    folder.chmod(0o755)
    with pytest.raises(PermissionError, match="not a private folder of ours"):
        valkey.socket_path(tmp_path)
    folder.rmdir()


def test_the_console_shows_warnings_and_keeps_quiet_otherwise(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "web.log"
    log.write_text("[ERROR] from the last time\n", encoding="utf-8")
    tail = console.Tail("web", log)
    with log.open("a", encoding="utf-8") as file:
        file.write(
            '[1] [INFO] Booting\n{"level": "info", "event": "x"}\n{"level": "warning", "event": "y"}\n[ERROR] half'
        )
    tail.show_warnings()
    assert capsys.readouterr().err == 'web | {"level": "warning", "event": "y"}\n'
    with log.open("a", encoding="utf-8") as file:
        file.write(" and whole\n")
    tail.show_warnings()
    assert capsys.readouterr().err == "web | [ERROR] half and whole\n"


def test_the_demo_sign_ins_name_everybody() -> None:
    table = console.sign_ins(demo.agencies())
    assert all(person.name in table for agency in demo.agencies() for person in agency.people)
    assert (
        "ines   Ines Albers     does microtasks, posts campaigns, appraises (cleared for sensitive)" in table
    )


def _runs(number: int) -> bool:
    try:
        return psutil.Process(number).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _answers(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except RedisError:
        return False

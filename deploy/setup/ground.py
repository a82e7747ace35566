"""What every step of the set-up stands on: the folder, progress lines, running a tool, one set-up at a time."""

from __future__ import annotations

import ctypes
import fcntl
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
MACHINE_CERTIFICATES = (Path("/etc/ssl/certs/ca-certificates.crt"), Path("/etc/pki/tls/certs/ca-bundle.crt"))
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class CannotSetUp(Exception):
    """Something is missing that we cannot bring ourselves; the message says what and how to get it."""


def say(sentence: str) -> None:
    """One progress line. On stderr: stdout belongs to whoever reads results by program."""
    print(sentence, file=sys.stderr, flush=True)


@contextmanager
def step(sentence: str) -> Iterator[None]:
    """Announce a step and say how long it took."""
    began = time.monotonic()
    say(f"  {sentence} …")
    yield
    say(f"  {sentence}: done in {time.monotonic() - began:.1f} s")


def call(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
    user: str | None = None,
) -> str:
    """Run a tool quietly and return what it printed. Raises CannotSetUp with its last lines when it fails.

    The environment is handed on whole: proxy, certificate and registry settings of the machine keep working.
    """
    words = [str(word) for word in command]
    try:
        done: subprocess.CompletedProcess[str] = subprocess.run(
            words,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **as_user(user),
        )
    except OSError as error:
        raise CannotSetUp(f"{words[0]} cannot be started: {error.strerror or error}.") from error
    if done.returncode:
        tail = "\n".join(f"    {line}" for line in done.stdout.strip().splitlines()[-15:])
        raise CannotSetUp(f"This step failed: {' '.join(words)}\n{tail}")
    return done.stdout


def as_user(name: str | None) -> dict[str, Any]:
    """What `subprocess` needs to start a program as this user; nothing to stay who we are."""
    if name is None:
        return {}
    return {"user": name, "group": pwd.getpwnam(name).pw_gid, "extra_groups": []}


def trusting_the_machine(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment, in which uv and npm also trust the certificates that the machine's administrator installed.

    Both come with a list of their own and would fail behind an inspecting proxy. What is already set stays.
    """
    bundle = next((path for path in MACHINE_CERTIFICATES if path.is_file()), None)
    ours = {"UV_SYSTEM_CERTS": "true", "NODE_EXTRA_CA_CERTS": str(bundle)} if bundle else {}
    return {**ours, **environ}


def ending_with_us(number: int) -> Callable[[], None]:
    """What a child runs before its program so that this signal reaches it when we are killed (Linux only).

    For `preexec_fn`; safe because the processes that use it have one thread. SIGINT, which a shell ignores for
    what it starts in the background, works again in the child.
    """

    def ask_for_signal() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if _libc is not None:
            _libc.prctl(PR_SET_PDEATHSIG, number)

    return ask_for_signal


@contextmanager
def alone(folder: Path = ROOT) -> Iterator[None]:
    """Hold the folder while setting up; a second `./run` waits here. The lock is the folder, no file is left."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("  Another set-up is working in this folder; waiting for it …")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)

"""`./run test`, and what benchmarks and drills share with it: a PostgreSQL, a Chromium, a SoftHSM around a command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType

from deploy.setup import chromium, environment, postgres, softhsm
from deploy.setup.ground import ROOT, alone, ending_with_us

POSTGRES = "MARKET_TEST_POSTGRES_URL"
CHROMIUM = "MARKET_TEST_CHROMIUM"
SOFTHSM = "MARKET_TEST_SOFTHSM"
ONLY_LOOKING = {"--collect-only", "--co", "--help", "-h", "--version", "-V", "--fixtures", "--markers"}
DEBUGGING = {"--pdb", "--trace", "-s"}
OWN_PROCESSES = ("-n", "--numprocesses", "-p", "--pdb", "--dist", "--trace")
"""Words with which somebody decides for themselves how tests are spread over processes."""


def run(words: Sequence[str]) -> int:
    """Run pytest with these words; returns its exit status. Raises CannotSetUp when a service cannot be had."""
    env = environment.variables()
    if ONLY_LOOKING & set(words):
        return _python(["-m", "pytest", *words], env)
    spread = (
        [] if any(word.startswith(OWN_PROCESSES) for word in words) else ["-n", "2", "--dist", "loadgroup"]
    )
    _token(env)
    with _browser(env), _database(env):
        return _python(["-m", "pytest", *spread, *words], env)


def run_modules(names: Sequence[str], words: Sequence[str]) -> int:
    """Run `python -m NAME WORDS…` for each with a PostgreSQL at hand; returns the first exit status that is not 0."""
    env = environment.variables()
    with _database(env):
        statuses = [_python(["-m", name, *words], env) for name in names]
    return next((status for status in statuses if status), 0)


@contextmanager
def _database(env: dict[str, str]) -> Iterator[None]:
    """Add the address of a PostgreSQL, unless the environment names one."""
    if env.get(POSTGRES):
        yield
        return
    with _terminated_like_interrupted(), postgres.running() as url:
        env[POSTGRES] = url
        yield


@contextmanager
def _browser(env: dict[str, str]) -> Iterator[None]:
    """Add the command of a Chromium, unless the environment names one."""
    if not env.get(CHROMIUM):
        with alone():
            env[CHROMIUM] = str(chromium.provide())
    yield


def _token(env: dict[str, str]) -> None:
    """Add where SoftHSM is, unless the environment says so. Tests that need it fail without it and name it."""
    if not env.get(SOFTHSM):
        with alone():
            found = softhsm.provide()
        if found:
            env[SOFTHSM] = str(found)


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """TERM ends the tests as Ctrl-C does, so that the database is stopped and its folder removed."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _python(arguments: Sequence[str], env: dict[str, str]) -> int:
    """Run a program of the environment to its end; when we are interrupted it gets the time to clean up.

    It is given a process group, so that what an interrupted test leaves running is told to stop as well. A debugger
    needs the terminal and stays in ours.
    """
    sys.stdout.flush()
    group = None if DEBUGGING & set(arguments) else 0
    ending = ending_with_us(signal.SIGINT)
    program = subprocess.Popen(
        [str(environment.PYTHON), *arguments], env=env, cwd=ROOT, preexec_fn=ending, process_group=group
    )
    try:
        return program.wait()
    except KeyboardInterrupt:
        program.send_signal(signal.SIGINT)
        try:
            program.wait(15)
        except subprocess.TimeoutExpired:
            program.kill()
        raise
    finally:
        if program.poll() is None:
            os.kill(program.pid, signal.SIGKILL)
            program.wait()
        if group is not None:
            with suppress(ProcessLookupError):
                os.killpg(program.pid, signal.SIGTERM)

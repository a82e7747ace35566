"""The words that follow `./run`: each prepares what it needs and hands over to the program that does the work."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence

from deploy.setup import environment, locks, node, testing
from deploy.setup.ground import ROOT, CannotSetUp, alone, say

HELP = """\
./run                      set up and start the marketplace; stop it with Ctrl-C
./run test [pytest args]   set up what the tests need and run them, on SQLite and PostgreSQL, in a real browser
./run check                linters, types, import arrows, dependencies, migrations, locks
./run bench [NAME]         benchmarks; JSON lines on stdout (--short: two minutes at most)
./run drill NAME           one rehearsal of a failure; a JSON line on stdout (--short: two minutes at most)
./run lock [--upgrade]     compile the locks anew from setup.cfg and package.json

Settings: MARKET_PORT (8000), MARKET_HOME (var), MARKET_DATABASE_URL, MARKET_REDIS_URL, MARKET_SAMPLES.\
"""


def main(words: Sequence[str]) -> int:
    """Carry out `./run WORDS…`; returns the exit status: 2 when something cannot be set up, with a sentence why."""
    os.chdir(ROOT)
    name, rest = (words[0], list(words[1:])) if words else ("start", [])
    command = COMMANDS.get(name)
    if command is None:
        print(HELP)
        return 0 if name in ("help", "--help", "-h") else 2
    try:
        return command(rest)
    except CannotSetUp as problem:
        say(str(problem))
        return 2
    except KeyboardInterrupt:
        say("Stopped.")
        return 130


def _start(words: Sequence[str]) -> int:
    if words:
        print(HELP)
        return 2
    _provide(["base"])
    return _become(["-m", "deploy.up"], environment.variables())


def _test(words: Sequence[str]) -> int:
    _provide(["base", "dev"])
    return testing.run(words)


def _check(words: Sequence[str]) -> int:
    _provide(["base", "dev"])
    return _become(["-m", "deploy.check", *words], environment.variables())


def _bench(words: Sequence[str]) -> int:
    names, options = _chosen("bench", words)
    _provide(["base", "dev"])
    return testing.run_modules([f"tests.bench.{name}" for name in names], options)


def _drill(words: Sequence[str]) -> int:
    names, options = _chosen("drills", words)
    if all(word.startswith("-") for word in words):
        raise CannotSetUp(f"Name a drill. {_listed('drills')}")
    _provide(["base", "dev"])
    return testing.run_modules([f"tests.drills.{name}" for name in names], options)


def _lock(words: Sequence[str]) -> int:
    with alone():
        environment.provide([])
        if node.needed_from_wheel():
            environment.provide(["node"])
        locks.renew(upgrade="--upgrade" in words)
    return 0


def _chosen(folder: str, words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The modules that were named (all when none is) and the options. Raises CannotSetUp for an unknown name.

    A name stands for the module and for its parts: `sealing` for sealing.py and sealing_rotation.py.
    """
    there = _modules(folder)
    chosen = []
    for name in (word.replace("-", "_") for word in words if not word.startswith("-")):
        meant = [module for module in there if module == name or module.startswith(f"{name}_")]
        if not meant:
            raise CannotSetUp(f"There is no {name.replace('_', '-')} here. {_listed(folder)}")
        chosen += meant
    if not there:
        raise CannotSetUp(_listed(folder))
    return chosen or there, [word for word in words if word.startswith("-")]


def _listed(folder: str) -> str:
    names = ", ".join(name.replace("_", "-") for name in _modules(folder))
    return f"There are: {names}." if names else f"tests/{folder} has none yet."


def _modules(folder: str) -> list[str]:
    """A module of tests/bench or tests/drills is one benchmark or drill: its name has no leading underscore."""
    return sorted(
        file.stem for file in (ROOT / "tests" / folder).glob("*.py") if not file.stem.startswith("_")
    )


def _provide(names: Sequence[str]) -> None:
    with alone():
        environment.provide([*names, *(["node"] if node.needed_from_wheel() else [])])
        node.install(ROOT)


def _become(arguments: Sequence[str], env: Mapping[str, str]) -> int:
    """Replace this process, so that signals and the exit status are the program's own."""
    sys.stdout.flush()
    os.execve(environment.PYTHON, [str(environment.PYTHON), *arguments], env)


COMMANDS: Mapping[str, Callable[[Sequence[str]], int]] = {
    "start": _start,
    "test": _test,
    "check": _check,
    "bench": _bench,
    "drill": _drill,
    "lock": _lock,
}

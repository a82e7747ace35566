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
    return _part("tests.bench", words)


def _drill(words: Sequence[str]) -> int:
    return _part("tests.drills", words)


def _lock(words: Sequence[str]) -> int:
    with alone():
        environment.provide([])
        if node.needed_from_wheel():
            environment.provide(["node"])
        locks.renew(upgrade="--upgrade" in words)
    return 0


def _part(package: str, words: Sequence[str]) -> int:
    """Run a package of benchmarks or drills with the services of the tests at hand."""
    if not (ROOT / package.replace(".", "/") / "__main__.py").is_file():
        raise CannotSetUp(f"There is nothing in {package} yet.")
    _provide(["base", "dev"])
    return testing.run_part(package, words)


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

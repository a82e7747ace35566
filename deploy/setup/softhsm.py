"""A PKCS#11 token in software for the tests of the HSM provider: Debian's SoftHSM, installed when we are root."""

from __future__ import annotations

from pathlib import Path

from deploy.setup import debian
from deploy.setup.ground import CannotSetUp, say

PACKAGE = "softhsm2"
MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
)
ADVICE = f"The tests of the HSM provider need SoftHSM. On Debian: apt-get install {PACKAGE}"


def provide() -> Path | None:
    """SoftHSM's library; None, with a word about it, where it cannot be had: the tests that need it fail, no others."""
    found = on_machine()
    if found is None and debian.can_install():
        try:
            debian.install([PACKAGE])
        except CannotSetUp as problem:
            say(str(problem))
        found = on_machine()
    if found is None:
        say(ADVICE)
    return found


def on_machine() -> Path | None:
    """Where this machine has it."""
    return next((Path(module) for module in MODULES if Path(module).is_file()), None)

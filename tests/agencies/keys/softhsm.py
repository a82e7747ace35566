"""A real PKCS#11 token for tests, in software: one for each test process, in a folder that goes with it."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.setup import softhsm

LABEL, PIN = "market-tests", "a-pin-4711"


@dataclass(frozen=True)
class Token:
    """Where its library is, its label, and the file with its PIN."""

    module: Path
    label: str
    pin_file: Path


def initialised(folder: Path) -> Token:
    """A new token in `folder`. The library reads SOFTHSM2_CONF once, when a process first uses it."""
    named = os.environ.get("MARKET_TEST_SOFTHSM")
    module = Path(named) if named else softhsm.on_machine()
    if module is None:
        pytest.fail(softhsm.ADVICE)
    (folder / "tokens").mkdir(mode=0o700)
    settings = folder / "softhsm2.conf"
    settings.write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n", encoding="ascii")
    os.environ["SOFTHSM2_CONF"] = str(settings)
    words = ["--init-token", "--free", "--label", LABEL, "--pin", PIN, "--so-pin", "an-officers-pin"]
    subprocess.run(["softhsm2-util", *words], check=True, capture_output=True)
    pin_file = folder / "pin"
    pin_file.touch(mode=0o600)
    pin_file.write_text(f"{PIN}\n", encoding="ascii")
    return Token(module, LABEL, pin_file)

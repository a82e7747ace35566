"""The Procfile: one line per process, `name: command`."""

from __future__ import annotations

import shlex
from pathlib import Path


def read(file: Path) -> dict[str, list[str]]:
    """Process name → command words, in the order of the file."""
    lines = (line.strip() for line in file.read_text(encoding="utf-8").splitlines())
    pairs = (line.split(":", 1) for line in lines if line and not line.startswith("#"))
    return {name.strip(): shlex.split(command) for name, command in pairs}

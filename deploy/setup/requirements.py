"""The requirements in setup.cfg and the locks compiled from them: which belongs to which, and whether they agree.

A lock begins with a line `# inputs: sha256:…`, the digest of the requirements it was compiled from (its own and
those of the locks that constrain it). Comparing that line takes no network and no resolver.
"""

from __future__ import annotations

import configparser
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from deploy.setup.ground import ROOT

LOCKS = ROOT / "deploy" / "locks"
NPM_MANIFESTS = (ROOT / "package.json", ROOT / "deploy" / "browser" / "package.json")
INPUTS = "# inputs: sha256:"


@dataclass(frozen=True)
class Lock:
    """One lock file: the parts of setup.cfg it is compiled from and the lock whose pins it must share."""

    name: str
    parts: tuple[str, ...]
    within: str | None

    @property
    def path(self) -> Path:
        return LOCKS / f"{self.name}.txt"


ALL = {
    lock.name: lock
    for lock in (
        Lock("base", ("install_requires",), None),
        Lock("dev", ("install_requires", "test", "check", "hsm"), "base"),
        Lock("node", ("node",), "dev"),
        Lock("postgres", ("postgres",), "dev"),
        Lock("tools", ("tools",), "dev"),
    )
}


def of(parts: tuple[str, ...], setup_cfg: Path = ROOT / "setup.cfg") -> list[str]:
    """The requirement lines of these parts of setup.cfg: `install_requires` or the name of an extra; sorted."""
    config = configparser.ConfigParser()
    config.read_string(setup_cfg.read_text(encoding="utf-8"))
    texts = [
        config["options"][part] if part == "install_requires" else config["options.extras_require"][part]
        for part in parts
    ]
    return sorted({line.strip() for text in texts for line in text.splitlines() if line.strip()})


def digest(lock: Lock, setup_cfg: Path = ROOT / "setup.cfg") -> str:
    """SHA-256 over everything that decides what the lock holds."""
    lines = of(lock.parts, setup_cfg)
    if lock.within:
        lines.append(digest(ALL[lock.within], setup_cfg))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def disagreements(setup_cfg: Path = ROOT / "setup.cfg") -> list[str]:
    """One sentence for each lock that does not belong to its manifest, or holds a download address."""
    found = [problem for lock in ALL.values() for problem in _python_problems(lock, setup_cfg)]
    return found + [problem for manifest in NPM_MANIFESTS for problem in _npm_problems(manifest)]


def _python_problems(lock: Lock, setup_cfg: Path) -> list[str]:
    name = f"deploy/locks/{lock.name}.txt"
    if not lock.path.is_file():
        return [f"{name} is missing; make it with: ./run lock"]
    text = lock.path.read_text(encoding="utf-8")
    problems = []
    if f"{INPUTS}{digest(lock, setup_cfg)}" not in text.splitlines()[:5]:
        problems.append(f"{name} was not compiled from this setup.cfg; renew it with: ./run lock")
    if re.search(r"https?://|^--(extra-)?index-url|^--find-links", text, re.MULTILINE):
        problems.append(f"{name} holds a download address; locks hold names, versions and hashes only.")
    return problems


def _npm_problems(manifest: Path) -> list[str]:
    name = str((manifest.parent / "package-lock.json").relative_to(ROOT))
    wanted = json.loads(manifest.read_text(encoding="utf-8"))
    locked = json.loads((manifest.parent / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    groups = ("dependencies", "devDependencies")
    problems = []
    if any(wanted.get(group, {}) != locked[""].get(group, {}) for group in groups):
        problems.append(f"{name} does not belong to its package.json; renew it with: ./run lock")
    if any("resolved" in entry for entry in locked.values()):
        problems.append(f"{name} holds a download address; the project's .npmrc leaves them out.")
    return problems

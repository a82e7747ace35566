"""`./run lock`: compile every lock anew from setup.cfg and the package.json files.

Pins that still fit stay; `./run lock --upgrade` takes the newest of everything.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from deploy.setup import environment, node, requirements
from deploy.setup.ground import ROOT, call, step, trusting_the_machine


def renew(upgrade: bool) -> None:
    """Rewrite deploy/locks/*.txt and both package-lock.json files."""
    for lock in requirements.ALL.values():
        with step(f"Compiling deploy/locks/{lock.name}.txt"):
            _compile(lock, upgrade)
    for manifest in requirements.NPM_MANIFESTS:
        with step(f"Locking {manifest.relative_to(ROOT)}"):
            node.lock(manifest.parent, upgrade)


def _compile(lock: requirements.Lock, upgrade: bool) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".in") as inputs:
        inputs.write("\n".join(requirements.of(lock.parts)))
        inputs.flush()
        options: list[str | Path] = ["--generate-hashes", "--universal", "--python-version", "3.11"]
        options += ["--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links", "--quiet"]
        if lock.within:
            options += ["--constraints", requirements.ALL[lock.within].path]
        if upgrade:
            options.append("--upgrade")
        uv = environment.VENV / "bin" / "uv"
        env = trusting_the_machine(environment.variables())
        call([uv, "pip", "compile", *options, "--output-file", lock.path, inputs.name], env=env)
    head = f"# Compiled from setup.cfg ({', '.join(lock.parts)}). Renew with: ./run lock\n"
    inputs_line = f"{requirements.INPUTS}{requirements.digest(lock)}\n"
    lock.path.write_text(head + inputs_line + lock.path.read_text(encoding="utf-8"), encoding="utf-8")

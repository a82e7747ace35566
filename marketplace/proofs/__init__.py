"""The fourth door: the security record as C2SP tlog-tiles has it, under /log, for witnesses and auditors.

Checkpoint, key and hash tiles are for everybody: they hold signatures and hashes, name nobody, and prove to whoever
doubts us that nothing was rewritten. Entries are for officers, and of other agencies' entries they get the hash.
"""

from __future__ import annotations

from flask import Flask
from flask_wtf import CSRFProtect

from marketplace.proofs import cosigning, tree
from marketplace.proofs.door import proofs

__all__ = ["install"]

VIEWS = (cosigning, tree)
"""Importing a module registers its routes."""


def install(app: Flask, csrf: CSRFProtect) -> None:
    """Give the application its routes under /log. A witness sends no cookie, so there is nothing to forge."""
    csrf.exempt(proofs)
    app.register_blueprint(proofs)

"""The third door: SCIM 2.0 under /scim/v2, for the programs by which agencies keep their people here.

door         who speaks, what may be sent, how it is answered
resources    users and groups as RFC 7643 has them
discovery    what is offered
verbs        what is done to users and groups alike
users, groups, searching    the routes
answers      what went wrong, in SCIM's form
"""

from __future__ import annotations

from flask import Flask
from flask_wtf import CSRFProtect

# Importing a module registers its routes.
from marketplace.scim import answers, discovery, groups, searching, users  # noqa: F401
from marketplace.scim.door import scim

__all__ = ["answers", "install"]


def install(app: Flask, csrf: CSRFProtect) -> None:
    """Give the application its SCIM routes. A program sends no cookie, so there is nothing to forge."""
    csrf.exempt(scim)
    app.register_blueprint(scim)

"""The door for programs: JSON under /api/v1, described by OpenAPI 3.1, opened by Bearer tokens only."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_wtf import CSRFProtect

# Importing a module registers its routes.
from marketplace.api import (  # noqa: F401
    agencies,
    campaigns,
    claims,
    description,
    device_keys,
    handling,
    invitations,
    key_recovery,
    key_releases,
    moves,
    need_to_know,
    people,
    persons,
    proposals,
    record,
    record_search,
    results,
    rules,
    scim,
    sealed_campaigns,
    shredding,
    skills,
    units,
)
from marketplace.api.door import api

__all__ = ["document", "install"]


def install(app: Flask, csrf: CSRFProtect) -> None:
    """Open the door. It takes no cookie, so no other site can make a browser act through it: no form token needed."""
    description.describe(app)
    csrf.exempt(api)


def document() -> dict[str, Any]:
    """The OpenAPI document. Needs no database and no settings."""
    return description.describe(Flask("marketplace", static_folder=None, template_folder=None)).spec.to_dict()

"""Pages for people: server-rendered, working without scripts, in four languages."""

from __future__ import annotations

from flask import Flask

from marketplace.web import (
    board,
    campaigns,
    claims,
    hats,
    languages,
    my_work,
    notices,
    numbers,
    operation,
    preferences,
    record,
    results,
    rule_editor,
    rule_preview,
    rules,
    scim,
    sessions,
    sign_in,
    signed_out,
    start,
    step_up,
)
from marketplace.web.blueprint import web
from marketplace.web.surroundings import surround

__all__ = ["install"]

VIEWS = (
    board,
    campaigns,
    claims,
    hats,
    my_work,
    notices,
    numbers,
    operation,
    preferences,
    record,
    results,
    rule_editor,
    rule_preview,
    rules,
    scim,
    sessions,
    sign_in,
    signed_out,
    start,
    step_up,
)
"""Importing a module registers its views."""


def install(app: Flask) -> None:
    """Give the application its pages, languages and assets. Raises MissingAsset."""
    languages.install(app)
    surround(app)
    app.register_blueprint(web)

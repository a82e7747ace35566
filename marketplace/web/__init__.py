"""Pages for people: server-rendered, working without scripts, in four languages."""

from __future__ import annotations

from flask import Flask

from marketplace.web import (
    board,
    campaigns,
    claims,
    languages,
    my_work,
    notices,
    numbers,
    operation,
    preferences,
    record,
    results,
    sign_in,
    start,
)
from marketplace.web.blueprint import web
from marketplace.web.surroundings import surround

__all__ = ["install"]

VIEWS = (board, campaigns, claims, my_work, notices, numbers, operation, preferences, record, results, sign_in, start)
"""Importing a module registers its views."""


def install(app: Flask) -> None:
    """Give the application its pages, languages and assets. Raises MissingAsset."""
    languages.install(app)
    surround(app)
    app.register_blueprint(web)

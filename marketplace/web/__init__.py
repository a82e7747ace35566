"""Pages for people: server-rendered, working without scripts, in four languages."""

from __future__ import annotations

from flask import Flask

# Importing a module registers its views.
from marketplace.web import (  # noqa: F401
    agency,
    agency_settings,
    agreements,
    alert_rules,
    alerts,
    approvals,
    board,
    campaigns,
    claims,
    data_requests,
    device_keys,
    handling,
    hats,
    incidents,
    invitations,
    key_desk,
    keys_by_year,
    languages,
    look_ups,
    moves,
    my_record,
    my_work,
    need_to_know,
    notices,
    numbers,
    operation,
    people,
    post_sealed,
    preferences,
    provider,
    record,
    results,
    reviews,
    rule_editor,
    rule_preview,
    rules,
    scim,
    sessions,
    sharing,
    shredding,
    sign_in,
    signed_out,
    skills,
    start,
    step_up,
    summary,
    units,
)
from marketplace.web.blueprint import web
from marketplace.web.surroundings import surround

__all__ = ["install"]


def install(app: Flask) -> None:
    """Give the application its pages, languages and assets. Raises MissingAsset."""
    languages.install(app)
    surround(app)
    app.register_blueprint(web)

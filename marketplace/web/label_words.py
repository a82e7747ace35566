"""Agencies' own words for levels, read once per request and only if a page shows a level.

A campaign's level is told in the words of its agency; everything else in the words of the reader's own agency.
"""

from __future__ import annotations

from flask import g, has_request_context

from agencies import labels
from marketplace.foundation.db import reading
from marketplace.foundation.errors import Unavailable
from marketplace.web.languages import chosen


def own(key: str, of: str | None = None) -> str | None:
    """The word of the agency with the short name `of`, else of the reader's own; None where it uses the common one."""
    if not has_request_context():
        return None
    acting = g.get("acting")
    slug = of or (acting.principal.agency_slug if acting else None)
    return _all().get(slug or "", {}).get(key)


def _all() -> dict[str, dict[str, str]]:
    if "label_words" not in g:
        try:
            with reading() as db:
                g.label_words = labels.names_by_slug(db, chosen())
        except Unavailable:
            g.label_words = {}
    found: dict[str, dict[str, str]] = g.label_words
    return found

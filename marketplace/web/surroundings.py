"""What every template finds around it: filters, the language, the navigation, the person, assets."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from babel import Locale, UnknownLocaleError
from flask import Flask, current_app, g, request, url_for
from markupsafe import Markup

from marketplace.foundation.catalogues import LANGUAGES
from marketplace.web import alert_words, assets, charts, names, question_words, stage_words, words
from marketplace.web.languages import chosen, formats
from marketplace.web.preferences import scheme
from marketplace.web.prose import markdown
from marketplace.web.shell import shell

_FILTERS = {
    "number": words.number,
    "day": words.day,
    "short_day": words.short_day,
    "clock": words.clock,
    "instant": words.instant,
    "hour": words.hour,
    "minutes": words.minutes,
    "capital": words.capital,
    "about_minutes": words.about_minutes,
    "seconds": words.seconds,
    "level": words.level,
    "short_level": words.short_level,
    "markdown": markdown,
    "act_name": names.act,
    "outcome_name": names.outcome,
    "purpose_name": names.purpose,
    "role_name": names.role,
    "asked": question_words.all_shown,
    "rule_name": names.rule,
    "zone_name": names.zone,
    "device_name": names.device,
    "finding_name": alert_words.finding,
    "stage_word": stage_words.STAGES.__getitem__,
    "stage_sentence": stage_words.SENTENCES.__getitem__,
    "stage_act": stage_words.ACTS.__getitem__,
    "stage_warning": stage_words.WARNINGS.__getitem__,
}


def surround(app: Flask) -> None:
    """Load the assets and give templates what they use."""
    loaded = assets.load()
    app.extensions["market_assets"] = loaded
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(_FILTERS, language_name=_language_name)
    app.jinja_env.globals.update(
        asset=lambda name: assets.address(loaded, name),
        bar_length=charts.length,
        closed_levels=words.CLOSED,
        fresh_key=lambda: uuid4().hex,
        languages=LANGUAGES,
        marked=_marked,
        module=lambda name: assets.module(loaded, name),
        percent=words.percent,
        strong=lambda text: Markup('<b class="strong" dir="auto">%s</b>') % text,
        monospace=lambda text: Markup('<span class="mono">%s</span>') % text,
    )
    app.context_processor(_context)


def _context() -> dict[str, Any]:
    acting = g.get("acting")
    return {
        "page_language": chosen(),
        "page_direction": formats().text_direction,
        "colour_scheme": scheme(),
        "here": _here(),
        "shell": shell(acting),
    }


def _here() -> str:
    """The address by which this page can be opened again: of a form about an item, the item; else the page that
    answers at the form's own address.
    """
    if request.method == "GET":
        return request.full_path.rstrip("?")
    claim_id = (request.view_args or {}).get("claim_id")
    if claim_id:
        return url_for("web.claim", claim_id=claim_id)
    adapter = current_app.create_url_adapter(request)
    return request.path if adapter is not None and adapter.test(request.path, "GET") else "/"


def _language_name(code: str) -> str:
    try:
        return Locale.parse(code, sep="-").get_display_name(formats()) or code
    except (ValueError, UnknownLocaleError):
        return code


def _marked(text: str, language: str) -> Markup:
    """A user's word inside one of our sentences: bold, in its own language and direction."""
    return Markup('<b class="strong" lang="%s" dir="auto">%s</b>') % (language, text)

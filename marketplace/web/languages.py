"""The languages of the pages: which one a reader gets, and the catalogues read straight from the .po files.

No compiled catalogue is stored anywhere: each .po is compiled in memory when the application starts (a few
hundred strings, some milliseconds), so that what translators edit is what people see.
"""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, current_app, g, request
from flask_babel import Babel, Domain, get_locale

LANGUAGES = {"en": "English", "de": "Deutsch", "nl": "Nederlands", "fr": "Français"}
SOURCE = "en"
CATALOGUES = Path(__file__).parents[1] / "translations"
COOKIE = "language"

# Dates and numbers in English are written the European way: Fri 4 Dec.
_FORMATS = {"en": "en_GB"}


class Catalogues(Domain):
    """Flask-Babel's domain over the .po files."""

    def get_translations(self) -> NullTranslations:
        return catalogue(chosen())


def install(app: Flask) -> None:
    """Give the application its languages."""
    Babel(app, default_locale=SOURCE, locale_selector=_select)
    app.extensions["babel"].instance.domain_instance = Catalogues()
    for code in LANGUAGES:
        catalogue(code)


def chosen() -> str:
    """The code of this request's language."""
    locale = get_locale()
    return locale.language if locale is not None and locale.language in LANGUAGES else SOURCE


def formats() -> Locale:
    """The locale by which dates and numbers are written in this request."""
    code = chosen()
    return Locale.parse(_FORMATS.get(code, code))


@cache
def catalogue(code: str) -> NullTranslations:
    """The translations of one language; the source language needs none."""
    path = CATALOGUES / code / "LC_MESSAGES" / "messages.po"
    if code == SOURCE or not path.is_file():
        return NullTranslations()
    with path.open("rb") as file:
        messages = read_po(file, locale=code)
    compiled = io.BytesIO()
    write_mo(compiled, messages)
    compiled.seek(0)
    return Translations(compiled)


def _select() -> str:
    """What was chosen on this device, else what the person's account says, else what the browser asks for."""
    cookie = request.cookies.get(COOKIE)
    if cookie in LANGUAGES:
        return cookie
    acting = g.get("acting")
    if acting is not None and acting.principal.locale in LANGUAGES:
        return str(acting.principal.locale)
    default = current_app.extensions["babel"].default_locale
    return request.accept_languages.best_match(list(LANGUAGES), default) or SOURCE

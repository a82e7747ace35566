"""The languages of the pages: which one a reader gets, from the catalogues on the floor."""

from __future__ import annotations

from babel import Locale
from babel.support import NullTranslations
from flask import Flask, current_app, g, request
from flask_babel import Babel, Domain, get_locale

from marketplace.foundation.catalogues import LANGUAGES, SOURCE, catalogue

COOKIE = "language"

# Dates and numbers in English are written the European way: Fri 4 Dec.
_FORMATS = {"en": "en_GB"}


class Catalogues(Domain):
    """Flask-Babel's domain over our catalogues."""

    def get_translations(self) -> NullTranslations:
        return catalogue(chosen())


def install(app: Flask) -> None:
    """Give the application its languages; the catalogues are read now, so that a broken one stops the start."""
    Babel(app, default_locale=SOURCE, locale_selector=_select)
    app.extensions["babel"].instance.domain_instance = Catalogues()
    for code in LANGUAGES:
        catalogue(code)


def chosen() -> str:
    """The code of this request's language."""
    locale = get_locale()
    return str(locale.language) if locale is not None and locale.language in LANGUAGES else SOURCE


def formats() -> Locale:
    """The locale by which dates and numbers are written in this request."""
    code = chosen()
    return Locale.parse(_FORMATS.get(code, code))


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

"""Choices kept on a device: the language, light or dark."""

from __future__ import annotations

from flask import redirect, request
from werkzeug.wrappers import Response

from agencies import people
from marketplace.edge.acting import acting, settings
from marketplace.edge.sign_in import safe_path
from marketplace.foundation.catalogues import LANGUAGES
from marketplace.foundation.db import transaction
from marketplace.web.blueprint import web
from marketplace.web.languages import COOKIE

SCHEME_COOKIE = "appearance"
SCHEMES = ("auto", "light", "dark")
_YEAR = 365 * 24 * 3600


def scheme() -> str:
    """Light, dark, or as the device says."""
    kept = request.cookies.get(SCHEME_COOKIE, "")
    return kept if kept in SCHEMES else "auto"


@web.post("/language")
def language() -> Response:
    """Choose the language of the pages: on this device, and for the account of whoever is signed in."""
    code = request.form.get("language", "")
    who = acting()
    if code in LANGUAGES and who is not None:
        with transaction() as tx:
            people.set_locale(tx, who.principal, code)
    return _kept(COOKIE, code if code in LANGUAGES else None)


@web.post("/appearance")
def appearance() -> Response:
    """Choose light, dark, or as the device says."""
    wanted = request.form.get("scheme", "")
    return _kept(SCHEME_COOKIE, wanted if wanted in SCHEMES else None)


def _kept(name: str, value: str | None) -> Response:
    response = redirect(safe_path(request.form.get("next", "/")), 303)
    if value is not None:
        response.set_cookie(
            name, value, max_age=_YEAR, samesite="Lax", secure=settings().https, httponly=True, path="/"
        )
    return response

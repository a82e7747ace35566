"""What every answer says to the browser: no script but ours, no frame, no third party, nothing kept."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from flask import Response, request
from sqlalchemy.exc import SQLAlchemyError

from agencies import directory
from marketplace.edge import step_up
from marketplace.edge.acting import settings
from marketplace.foundation.db import reading
from marketplace.foundation.errors import Unavailable

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types market; form-action 'self'"
)

SIGN_IN_PAGES = ("web.sign_in", "web.find_agency", "web.sign_in_agency")


def protect(response: Response) -> Response:
    """Add the headers that are missing; a view may have set a stricter one."""
    headers = response.headers
    headers.setdefault("Content-Security-Policy", _policy())
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "no-referrer")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=(), interest-cohort=()")
    if not request.path.startswith("/assets/"):
        headers.setdefault("Cache-Control", "no-store")
    if settings().https:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    return response


def _policy() -> str:
    """Sign-in is a form that is answered with a redirect to an identity provider; only there are those named.

    A refusal that signing in again would lift has such a form too.
    """
    if request.endpoint not in SIGN_IN_PAGES and step_up.offered() is None:
        return POLICY
    try:
        return " ".join([POLICY, *_origins()])
    except (Unavailable, SQLAlchemyError):
        return POLICY  # without the database nobody signs in; the answer that says so must still get out


def _origins() -> Iterable[str]:
    with reading() as db:
        issuers = directory.issuers(db)
    return sorted({f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, issuers)})

"""The way in and out: begin at the agency's provider, come back, get a session, sign out."""

from __future__ import annotations

import re
import secrets
from urllib.parse import urlsplit

from flask import Response, current_app, redirect, request, session

from agencies import directory, sessions, sign_in
from agencies.directory import Provider
from agencies.sessions import Acting
from marketplace.edge import refusals
from marketplace.edge.acting import (
    acting,
    anonymous_context,
    current_context,
    current_principal,
    forget,
    remember,
    session_cookie,
    settings,
)
from marketplace.edge.strict_client import Clients, StrictAgencyClient
from marketplace.foundation.db import reading, transaction
from marketplace.foundation.errors import DomainError
from security.permissions import Permission, may
from security.principal import Principal

AFTER_SIGN_IN = "/work"
HOMES = (
    (Permission.CLAIM_MICROTASK, AFTER_SIGN_IN),
    (Permission.READ_RESULTS, "/campaigns"),
    (Permission.READ_RECORD, "/record"),
    (Permission.READ_NUMBERS, "/numbers"),
    (Permission.OPERATE, "/operation"),
    (Permission.READ_NOTICES, "/notices"),
)
"""In the order of the navigation; everybody has notices."""


def install(app: object) -> None:
    """Give the application its relying-party clients."""
    app.extensions["market_clients"] = Clients()  # type: ignore[attr-defined]


def begin(agency: str, then: str) -> Response:
    """Send the browser to its agency's provider; the attempt is bound to this browser by a cookie."""
    client = _client(agency)
    redirect_uri = f"{settings().public_url}/sign-in/{agency}/callback"
    departure = client.depart(redirect_uri)
    browser = _browser() or secrets.token_urlsafe(32)  # another tab's attempt stays good
    attempt = sign_in.Attempt(
        client.provider.agency_id, departure.nonce, departure.code_verifier, redirect_uri, safe_path(then)
    )
    with transaction() as tx:
        sign_in.begin(tx, attempt, state=departure.state, browser=browser, context=anonymous_context())
    response = _redirected(departure.url)
    _set_browser(response, browser)
    return response


def callback(agency: str) -> Response:
    """Judge what came back, and begin a session. Every failure is on the record with its code."""
    who = acting()  # the session that this browser had before ends when the new one begins
    client = _client(agency)
    try:
        token, next_path = _complete(client, who)
    except DomainError:
        refusals.of_sign_in(client.provider.agency_id)
        raise
    session.clear()  # the form secret of before the sign-in must not outlive it
    response = _redirected(next_path)
    remember(response, token)
    response.set_cookie(
        "market_agency", agency, max_age=180 * 86400, samesite="Lax", secure=settings().https, httponly=True
    )
    return response


def end() -> Response:
    """Sign out here: the session row goes, then the cookie."""
    token = request.cookies.get(session_cookie(), "")
    with transaction() as tx:
        sessions.end(tx, token, actor=current_principal(), context=current_context())
    session.clear()
    response = _redirected("/")
    forget(response)
    response.delete_cookie(
        _browser_cookie(), httponly=True, secure=settings().https, samesite="Lax", path="/"
    )
    return response


def safe_path(wanted: str) -> str:
    """A path of our own to go to after sign-in; anything that could lead elsewhere becomes the board."""
    parts = urlsplit(wanted)
    own = (
        wanted.startswith("/")
        and not wanted.startswith(("//", "/\\"))
        and not parts.scheme
        and not parts.netloc
    )
    clean = wanted.isascii() and wanted.isprintable() and "\\" not in wanted and len(wanted) <= 400
    return wanted if own and clean and not wanted.startswith("/sign-in") else AFTER_SIGN_IN


def home(person: Principal) -> str:
    """Where a person's work begins: the first page that their roles open."""
    return next(path for permission, path in HOMES if may(person, permission))


def _complete(client: StrictAgencyClient, who: Acting | None) -> tuple[str, str]:
    params = {name: request.args.getlist(name) for name in request.args}
    back = client.check_return(params)
    agency_id = client.provider.agency_id
    with transaction() as tx:
        attempt = sign_in.use(tx, state=back.state, browser=_browser(), agency_id=agency_id)
    vouched = client.redeem(
        back.code,
        redirect_uri=attempt.redirect_uri,
        code_verifier=attempt.code_verifier,
        nonce=attempt.nonce,
    )
    with transaction() as tx:
        if who is not None:
            old = request.cookies[session_cookie()]
            sessions.end(tx, old, actor=who.principal, context=who.context)
        token, person = sign_in.complete(tx, agency_id, vouched, anonymous_context())
    return token, home(person) if attempt.next_path == AFTER_SIGN_IN else attempt.next_path


def _client(agency: str) -> StrictAgencyClient:
    with reading() as db:
        provider: Provider = directory.provider(db, agency)
    clients: Clients = current_app.extensions["market_clients"]
    return clients.of(provider)


def _browser_cookie() -> str:
    return "__Host-market_browser" if settings().https else "market_browser"


def _browser() -> str:
    """This browser's own secret, empty where it has none or another than we give."""
    value = request.cookies.get(_browser_cookie(), "")
    return value if re.fullmatch(r"[A-Za-z0-9_-]{43}", value) else ""


def _set_browser(response: Response, value: str) -> None:
    response.set_cookie(
        _browser_cookie(),
        value,
        max_age=900,
        httponly=True,
        secure=settings().https,
        samesite="Lax",
        path="/",
    )


def _redirected(path: str) -> Response:
    return redirect(path, 303)  # type: ignore[return-value]

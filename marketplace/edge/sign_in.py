"""The way in and out: begin at the agency's provider, come back, get a session, sign out."""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit
from uuid import UUID

import structlog
from flask import Response, current_app, g, redirect, request, session

from agencies import directory, sessions, sign_in
from agencies.directory import Provider
from agencies.errors import SignInExpired
from marketplace.edge.acting import (
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
from marketplace.foundation.errors import DomainError, Refused
from security.log import audit
from security.permissions import Permission, may
from security.principal import Principal

log = structlog.get_logger(__name__)

AFTER_SIGN_IN = "/work"
HOMES = (
    (Permission.SEE_BOARD, AFTER_SIGN_IN),
    (Permission.READ_RECORD, "/record"),
    (Permission.OPERATE, "/operation"),
    (Permission.SEE_OWN, "/my-work"),
)


def install(app: object) -> None:
    """Give the application its relying-party clients."""
    app.extensions["market_clients"] = Clients()  # type: ignore[attr-defined]


def begin(agency: str, then: str) -> Response:
    """Send the browser to its agency's provider; the attempt is bound to this browser by a cookie."""
    client = _client(agency)
    redirect_uri = f"{settings().public_url}/sign-in/{agency}/callback"
    departure = client.depart(redirect_uri)
    browser = secrets.token_urlsafe(32)
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
    client = _client(agency)
    try:
        token, next_path = _complete(client)
    except DomainError as error:
        _record_failure(client.provider.agency_id, error)
        raise
    session.clear()  # the form secret of before the sign-in must not outlive it
    response = _redirected(next_path)
    remember(response, token)
    response.delete_cookie(_browser_cookie(), path="/")
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


def _complete(client: StrictAgencyClient) -> tuple[str, str]:
    params = {name: request.args.getlist(name) for name in request.args}
    back = client.check_return(params)
    browser = request.cookies.get(_browser_cookie(), "")
    agency_id = client.provider.agency_id
    with transaction() as tx:
        attempt = sign_in.use(tx, state=back.state, browser=browser, agency_id=agency_id)
    claims = client.redeem(
        back.code,
        redirect_uri=attempt.redirect_uri,
        code_verifier=attempt.code_verifier,
        nonce=attempt.nonce,
    )
    old = request.cookies.get(session_cookie())
    with transaction() as tx:
        if old and g.get("acting") is not None:
            sessions.end(tx, old, actor=current_principal(), context=current_context())
        token, person = sign_in.complete(tx, agency_id, claims, anonymous_context())
    return token, home(person) if attempt.next_path == AFTER_SIGN_IN else attempt.next_path


def _record_failure(agency_id: UUID, error: DomainError) -> None:
    reasons = [reason.code for reason in error.facts.get("reasons") or ()]
    with transaction() as tx:
        audit.record(
            tx,
            "sign_in.fail",
            audit.Target("agency", agency_id, agency_id),
            actor=None,
            context=anonymous_context(),
            outcome=audit.REFUSED if isinstance(error, (Refused, SignInExpired)) else audit.FAILED,
            detail={"error": type(error).__name__, "reasons": reasons},
        )


def _client(agency: str) -> StrictAgencyClient:
    with reading() as db:
        provider: Provider = directory.provider(db, agency)
    clients: Clients = current_app.extensions["market_clients"]
    return clients.of(provider)


def _browser_cookie() -> str:
    return "__Host-market_browser" if settings().https else "market_browser"


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

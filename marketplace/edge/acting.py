"""Who acts in this request: a browser with a session cookie, or a program with a Bearer token.

Read once, on the autocommit engine, before any transaction begins; the connection is given back at once.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from flask import Response, current_app, g, request

from agencies import sessions, tokens
from agencies.errors import NotSignedIn
from agencies.sessions import Acting
from marketplace.edge import evidence
from marketplace.foundation.db import reading, transaction
from marketplace.foundation.settings import Settings
from security.principal import Context, Device, Principal, Zone


def settings() -> Settings:
    """The settings of the running application."""
    found: Settings = current_app.extensions["market_settings"]
    return found


def session_cookie() -> str:
    """The cookie's name: with https the `__Host-` prefix pins it to this host and to secure connections."""
    return "__Host-market_session" if settings().https else "market_session"


def acting() -> Acting | None:
    """Who acts, or None for somebody who is not signed in. Raises AccessTokenRefused for a bad token."""
    if "acting" not in g:
        g.acting = _with_device(_read())
    found: Acting | None = g.acting
    return found


def current_principal() -> Principal:
    """The acting person. Raises NotSignedIn."""
    found = acting()
    if found is None:
        raise NotSignedIn()
    return found.principal


def current_context() -> Context:
    """The circumstances of this request; without a session only what the connection shows."""
    found = acting()
    return found.context if found else anonymous_context()


def anonymous_context() -> Context:
    """What is known of somebody who is not signed in: the door they came through, as that door may know better."""
    if "door_context" in g:
        known: Context = g.door_context
        return known
    return Context("api" if is_api() else "web", Zone.PUBLIC, address=request.remote_addr)


def session_token() -> str:
    """The session token that this browser brought, empty without one."""
    return request.cookies.get(session_cookie(), "")


def remember(response: Response, token: str) -> None:
    """Give the browser its session."""
    response.set_cookie(
        session_cookie(), token, httponly=True, secure=settings().https, samesite="Lax", path="/"
    )


def forget(response: Response) -> None:
    """Take the session away from the browser."""
    response.delete_cookie(session_cookie(), httponly=True, secure=settings().https, samesite="Lax", path="/")


def is_api() -> bool:
    """Whether this request came through the program's door."""
    return request.path == "/api" or request.path.startswith("/api/")


def _read() -> Acting | None:
    if is_api():
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if not token or scheme.lower() != "bearer":
            return None
        with reading() as db:
            return tokens.read(db, token.strip(), request.remote_addr)
    token = session_token()
    if not token:
        return None
    with reading() as db:
        found = sessions.read(db, token, request.remote_addr)
    if found is not None and found.needs_touch:
        with transaction() as tx:
            sessions.touch(tx, token)
    return found


def _with_device(found: Acting | None) -> Acting | None:
    """With what the connection proves of the device, where that is more than the session knows."""
    if found is None or evidence.device(settings(), datetime.now(UTC)) is not Device.MANAGED:
        return found
    return replace(found, context=replace(found.context, device=Device.MANAGED))

"""Signing out beyond this browser: at the provider when a person leaves, and here when the provider says so.

OpenID Connect RP-Initiated Logout 1.0 and Back-Channel Logout 1.0. Beside them lies the other address that providers
call without a person: our public keys (RFC 7517).
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from dataclasses import dataclass
from typing import Any

import structlog
from flask import Blueprint, Flask, Response, current_app, jsonify, redirect, request, session
from flask_wtf import CSRFProtect
from sqlalchemy.exc import SQLAlchemyError

from agencies import logouts, providers, sessions
from agencies.errors import NotSignedIn
from agencies.providers import Provider
from agencies.sessions import Voucher
from marketplace.edge.acting import (
    anonymous_context,
    current_context,
    current_principal,
    forget,
    session_token,
    settings,
)
from marketplace.edge.sign_in import forget_browser, private_cookie
from marketplace.edge.strict_client import Clients, StrictAgencyClient
from marketplace.foundation.db import reading, transaction
from marketplace.foundation.errors import DomainError, Unavailable
from security import oidc

LARGEST_NOTICE = 70_000
"""Bytes of a back-channel notice: a token of 64 KiB in a form."""
NOTED_PER_MINUTE = 20
"""Refused notices of one agency that are put on the record each minute; a flood must not fill it."""
MINUTES_TO_RETURN = 15

log = structlog.get_logger(__name__)
federation = Blueprint("federation", __name__)


@dataclass(frozen=True, slots=True)
class Onward:
    """Where a browser goes on to sign out as well, and whose place that is."""

    url: str
    agency_name: str
    state: str


class Floods:
    """Counts refused notices per agency and minute, in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, tuple[int, int]] = {}

    def next(self, agency: str) -> int:
        """How many refused notices this agency has had in this minute, this one included."""
        minute = int(time.monotonic() // 60)
        with self._lock:
            since, count = self._counts.get(agency, (minute, 0))
            count = count + 1 if since == minute else 1
            self._counts[agency] = (minute, count)
            return count


def install(app: Flask, csrf: CSRFProtect) -> None:
    """Give the application the addresses that providers call; they carry no form secret of ours."""
    csrf.exempt(federation)
    app.register_blueprint(federation)


def start(app: Flask) -> None:
    """Begin to count the notices that are refused."""
    app.extensions["market_floods"] = Floods()


@federation.get("/sign-in/<agency>/keys", endpoint="keys")
def keys(agency: str) -> Response:
    """Our public keys at this agency's provider, for checking `private_key_jwt`."""
    with reading() as db:
        found = providers.public_keys(providers.of(db, agency, suspended=True))
    answer = jsonify(found)
    answer.headers["Cache-Control"] = "public, max-age=300"
    return answer


@federation.post("/sign-in/<agency>/back-channel-logout", endpoint="back_channel_logout")
def back_channel_logout(agency: str) -> Response:
    """The provider says that somebody signed out. 200 where it was taken, 400 where it was not."""
    with reading() as db:
        provider = providers.of(db, agency, suspended=True)
    try:
        logout = _client(provider).signed_out(_logout_token())
        with transaction() as tx:
            logouts.take(tx, provider.agency_id, logout, context=anonymous_context())
    except DomainError as error:
        return _refused(provider, error)
    return _kept_nowhere(Response(status=200))


def sign_out() -> tuple[Response, Onward | None]:
    """End the session here; and where to go on, if the provider that vouched for it has a place to sign out.

    The response is a redirect to the first page, for when there is no such place; cookies are to be taken from it.
    """
    actor, context = current_principal(), current_context()
    token = session_token()
    with reading() as db:
        voucher = _voucher(db, token)
    with transaction() as tx:
        sessions.end(tx, token, actor=actor, context=context)
    session.clear()
    return redirect("/", 303), _onward(voucher)  # type: ignore[return-value]


def leave(response: Response, onward: Onward | None) -> Response:
    """Take the session's cookie from the browser, and let it prove later that it was this one that left."""
    forget(response)
    forget_browser(response)
    if onward is not None:
        response.set_cookie(_state_cookie(), onward.state, max_age=MINUTES_TO_RETURN * 60, **private_cookie())
    return response


def returned() -> None:
    """Check that a browser that is back from signing out is one that we sent. Raises SignOutUnconfirmed.

    Here it is signed out in any case; refused is only the claim that it is so at the provider.
    """
    sent = request.cookies.get(_state_cookie(), "")
    named = request.args.getlist("state")
    if not sent or len(named) != 1 or not hmac.compare_digest(sent.encode(), named[0].encode()):
        raise oidc.SignOutUnconfirmed


def arrived(response: Response) -> Response:
    """The state has served: it works once."""
    response.delete_cookie(_state_cookie(), **private_cookie())
    return response


def _voucher(db: Any, token: str) -> Voucher:
    try:
        return sessions.voucher(db, token)
    except NotSignedIn:
        return Voucher(None, None, None)


def _onward(voucher: Voucher) -> Onward | None:
    """Where the provider signs people out. None where it has no such place or does not answer: nobody waits for it."""
    if voucher.issuer is None:
        return None
    try:
        with reading() as db:
            provider = providers.of_issuer(db, voucher.issuer)
        if provider is None:
            return None
        state = secrets.token_urlsafe(32)
        back = f"{settings().public_url}/signed-out"
        url = _client(provider).logout_url(voucher.id_token, state, back)
    except DomainError as error:
        log.info("sign_out.here_only", error=type(error).__name__)
        return None
    return None if url is None else Onward(url, provider.agency_name, state)


def _logout_token() -> str:
    if not 0 < (request.content_length or 0) <= LARGEST_NOTICE:
        raise oidc.LogoutTokenMissing
    sent = request.form.getlist("logout_token")
    if len(sent) != 1 or not sent[0]:
        raise oidc.LogoutTokenMissing
    return sent[0]


def _refused(provider: Provider, error: DomainError) -> Response:
    """Answer as the standard says (2.8), and note it, up to a number per minute."""
    floods: Floods = current_app.extensions["market_floods"]
    count = floods.next(provider.slug)
    if count <= NOTED_PER_MINUTE + 1 and not _noted(provider, error, flood=count > NOTED_PER_MINUTE):
        return _answer(503, "temporarily_unavailable", "not_recorded")
    if count > NOTED_PER_MINUTE:
        return _answer(429, "temporarily_unavailable", "too_many")
    if isinstance(error, Unavailable):
        return _answer(503, "temporarily_unavailable", type(error).__name__)
    reasons = [reason.code for reason in error.facts.get("reasons") or ()]
    return _answer(400, "invalid_request", reasons[0] if reasons else type(error).__name__)


def _noted(provider: Provider, error: DomainError, *, flood: bool) -> bool:
    try:
        with transaction() as tx:
            logouts.refuse(tx, provider.agency_id, error, context=anonymous_context(), flood=flood)
    except (Unavailable, SQLAlchemyError) as trouble:
        log.error("refusal.unrecorded", error=type(trouble).__name__)
        return False
    return True


def _answer(status: int, error: str, description: str) -> Response:
    response = jsonify({"error": error, "error_description": description})
    response.status_code = status
    if status in (429, 503):
        response.headers["Retry-After"] = "60" if status == 429 else "2"
    return _kept_nowhere(response)


def _kept_nowhere(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


def _client(provider: Provider) -> StrictAgencyClient:
    clients: Clients = current_app.extensions["market_clients"]
    return clients.of(provider)


def _state_cookie() -> str:
    return "__Host-market_sign_out" if settings().https else "market_sign_out"

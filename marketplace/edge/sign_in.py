"""The way in: begin at the agency's provider, come back, get a session. The way out is in `logout`.

A sign-in has a purpose (`PURPOSES`): to begin a session, to confirm the one there is, to move to another agency, to set
up a device. What comes back is judged the same way for all of them; only what it leads to differs.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, redirect, request, session

from agencies import device_keys, directory, sessions, sign_in, transfers
from agencies.device_keys import Proof
from agencies.device_keys.errors import CannotVouch
from agencies.directory import Provider
from agencies.errors import SignInExpired
from agencies.sessions import Acting
from agencies.sign_in import Attempt
from marketplace.edge import refusals
from marketplace.edge.acting import (
    acting,
    anonymous_context,
    remember,
    session_token,
    settings,
)
from marketplace.edge.device_names import device_name
from marketplace.edge.strict_client import Clients, StrictAgencyClient, reach_of
from marketplace.foundation.db import Tx, reading, transaction
from marketplace.foundation.errors import DomainError
from marketplace.foundation.ids import digest
from security.oidc import Vouched
from security.permissions import Permission, may
from security.principal import Principal

AFTER_SIGN_IN = "/work"
HOMES = (
    (Permission.CLAIM_MICROTASK, AFTER_SIGN_IN),
    (Permission.READ_RESULTS, "/campaigns"),
    (Permission.READ_RECORD, "/record"),
    (Permission.ANSWER_REQUESTS, "/data-requests"),
    (Permission.READ_AGREEMENTS, "/agency"),
    (Permission.SEE_PEOPLE, "/agency/people"),
    (Permission.READ_NUMBERS, "/numbers"),
    (Permission.OPERATE, "/operation"),
    (Permission.CONFIRM_SKILLS, "/agency/skills"),
    (Permission.READ_NOTICES, "/notices"),
)
"""In the order of the navigation; everybody has notices."""
LONGEST_INVITATION = 200
DEVICE_DAYS = 400
LAST_AGENCY = "market_agency"
"""The cookie that remembers on this device where somebody signed in last."""


@dataclass(frozen=True, slots=True)
class Returned:
    """Somebody is back from their provider: what was begun, what was vouched for, and the session of this browser."""

    attempt: Attempt
    vouched: Vouched
    before: Acting | None
    cookie: str = field(repr=False)
    proof: Proof | None = field(default=None, repr=False)
    """For a device that is being set up: what its provider signed, and by which key."""

    @property
    def own_session(self) -> Acting:
        """The session that the attempt was begun in, if this browser still has it. Raises SignInExpired."""
        before = self.before
        if before is None or self.attempt.session is None or before.context.session != self.attempt.session:
            raise SignInExpired()
        return before


@dataclass(frozen=True, slots=True)
class Completed:
    """The cookie's new token and where to go on; `anew` where the forms of before must not be sent any more."""

    token: str = field(repr=False)
    path: str
    anew: bool = True


@dataclass(frozen=True, slots=True)
class Departed:
    """Where a browser goes on to sign in, whose place that is, and the secret by which it will be known again."""

    url: str = field(repr=False)  # it carries state and nonce
    agency_name: str
    browser: str = field(repr=False)


def start(app: Flask) -> None:
    """Give the application its relying-party clients, who have spoken to nobody yet."""
    app.extensions["market_clients"] = Clients(reach_of(app.extensions["market_settings"]))


def begin(
    agency: str, then: str, *, nonce: str | None = None, scope: str | None = None, **asked: Any
) -> Departed:
    """Prepare the way to an agency's provider; the attempt is bound to this browser by its secret (`bind`).

    `nonce` and `scope` as in `StrictAgencyClient.depart`. `asked` are further fields of the attempt: `purpose`,
    `session`, `acr`, `max_age`, `form_id`, `invitation`. What goes wrong is on the record as a failed sign-in.
    """
    client = _client(agency)
    _seen_from_here()
    redirect_uri = f"{settings().public_url}/sign-in/{agency}/callback"
    try:
        departure = client.depart(
            redirect_uri, nonce=nonce, scope=scope, acr=asked.get("acr"), max_age=asked.get("max_age")
        )
    except DomainError:
        refusals.of_sign_in(client.provider.agency_id)
        raise
    browser = _browser() or secrets.token_urlsafe(32)  # another tab's attempt stays good
    attempt = Attempt(
        client.provider.agency_id,
        departure.nonce,
        departure.code_verifier,
        redirect_uri,
        safe_path(then),
        **asked,
    )
    with transaction() as tx:
        sign_in.begin(tx, attempt, state=departure.state, browser=browser, context=anonymous_context())
    return Departed(departure.url, client.provider.agency_name, browser)


def bind(response: Response, departed: Departed) -> Response:
    """Give the browser the secret by which it will be known again."""
    response.set_cookie(_browser_cookie(), departed.browser, max_age=900, **private_cookie())
    return _known_again(response)


def callback(agency: str) -> Response:
    """Judge what came back, and do what it was begun for. Every failure is on the record with its code."""
    before = acting()  # the session that this browser had
    client = _client(agency)
    _seen_from_here()
    try:
        done = _completed(client, before)
    except DomainError:
        refusals.of_sign_in(client.provider.agency_id)
        raise
    if done.anew:
        session.clear()  # the form secret of before the sign-in must not outlive it
    response = _redirected(done.path)
    remember(response, done.token)
    _known_again(response)
    response.set_cookie(LAST_AGENCY, agency, max_age=180 * 86400, **private_cookie())
    return response


def forget_browser(response: Response) -> None:
    """Take the secret that binds attempts to this browser away from it."""
    response.delete_cookie(_browser_cookie(), **private_cookie())


def private_cookie() -> dict[str, Any]:
    """How a cookie is set that only we read; it is taken away in the same way."""
    return {"httponly": True, "secure": settings().https, "samesite": "Lax", "path": "/"}


def safe_path(wanted: str) -> str:
    """A path of our own to go to after sign-in; anything that could lead elsewhere becomes the board."""
    own = wanted.startswith("/") and not wanted.startswith(("//", "/\\", "/sign-in"))
    clean = wanted.isascii() and wanted.isprintable() and "\\" not in wanted and len(wanted) <= 400
    if not (own and clean):
        return AFTER_SIGN_IN
    parts = urlsplit(wanted)
    return AFTER_SIGN_IN if parts.scheme or parts.netloc else wanted


def home(person: Principal) -> str:
    """Where a person's work begins: the first page that their roles open."""
    return next(path for permission, path in HOMES if may(person, permission))


def _completed(client: StrictAgencyClient, before: Acting | None) -> Completed:
    params = {name: request.args.getlist(name) for name in request.args}
    back = client.check_return(params)
    with transaction() as tx:
        attempt = sign_in.use(tx, state=back.state, browser=_browser(), agency_id=client.provider.agency_id)
    vouched = client.redeem(
        back.code,
        redirect_uri=attempt.redirect_uri,
        code_verifier=attempt.code_verifier,
        nonce=attempt.nonce,
        acr=attempt.acr,
        max_age=attempt.max_age,
    )
    proof = _proof(client, attempt, vouched) if attempt.purpose == sign_in.ENROL else None
    returned = Returned(attempt, vouched, before, session_token(), proof)
    with transaction() as tx:
        return PURPOSES[attempt.purpose](tx, returned)


def _sign_in(tx: Tx, returned: Returned) -> Completed:
    """A session begins; the one that this browser had ends."""
    attempt, before = returned.attempt, returned.before
    if before is not None:
        sessions.end(tx, returned.cookie, actor=before.principal, context=before.context)
    token, person = sign_in.complete(
        tx,
        attempt.agency_id,
        returned.vouched,
        anonymous_context(),
        invitation=attempt.invitation,
        device_name=device_name(request.user_agent.string),
    )
    return Completed(token, home(person) if attempt.next_path == AFTER_SIGN_IN else attempt.next_path)


def _step_up(tx: Tx, returned: Returned) -> Completed:
    """The same person signed in again: their session is rotated, and they go on where they were."""
    before, attempt = returned.own_session, returned.attempt
    token = sign_in.confirm(
        tx, returned.cookie, returned.vouched, actor=before.principal, context=before.context
    )
    path = attempt.next_path if attempt.form_id is None else f"/resume/{attempt.form_id}"
    return Completed(token, path, anew=False)


def _transfer(tx: Tx, returned: Returned) -> Completed:
    """Somebody signed in at both agencies: they move, and go on in a session of the new one."""
    before, attempt = returned.own_session, returned.attempt
    membership_id = transfers.complete(
        tx,
        returned.vouched,
        attempt.agency_id,
        session_reference=before.context.session or "",
        context=before.context,
    )
    token, person = sign_in.start(
        tx,
        membership_id,
        returned.vouched,
        anonymous_context(),
        device_name=device_name(request.user_agent.string),
    )
    return Completed(token, home(person) if attempt.next_path == AFTER_SIGN_IN else attempt.next_path)


def _enrol(tx: Tx, returned: Returned) -> Completed:
    """The same person signed in again, and their provider's word speaks of a device's key: it is set up."""
    before, attempt = returned.own_session, returned.attempt
    assert returned.proof is not None
    # The device's entry is on the record. Another, of the same moment and under the pseudonym of what the person does,
    # would tell whoever is shown the first whose work it is.
    token = sign_in.renew(tx, returned.cookie, returned.vouched)
    device_keys.complete(tx, attempt.form_id, returned.proof, actor=before.principal, context=before.context)
    return Completed(token, attempt.next_path, anew=False)


PURPOSES: Mapping[str, Callable[[Tx, Returned], Completed]] = {
    sign_in.SIGN_IN: _sign_in,
    sign_in.STEP_UP: _step_up,
    sign_in.TRANSFER: _transfer,
    sign_in.ENROL: _enrol,
}
"""What a sign-in leads to, in one transaction with everything it changes."""


def _proof(client: StrictAgencyClient, attempt: Attempt, vouched: Vouched) -> Proof:
    """What stands behind a device from now on, for others to check. Raises CannotVouch where nobody else could."""
    provider, token = client.provider, vouched.id_token or ""
    key = client.signing_key(token)
    if key is None:
        raise CannotVouch()
    own = {provider.mapped.name, provider.mapped.email}
    return Proof(
        provider.agency_id, provider.issuer, provider.client_id, attempt.nonce, token, key, frozenset(own)
    )


def _client(agency: str) -> StrictAgencyClient:
    with reading() as db:
        provider: Provider = directory.provider(db, agency)
    clients: Clients = current_app.extensions["market_clients"]
    return clients.of(provider)


def _seen_from_here() -> None:
    """Let the circumstances of somebody who signs in say what the record knows this browser by, also where they fail.

    A browser keeps one random word for as long as it likes, and the record a digest of it: enough to see that an act
    came from where another came from, and nothing about the browser.
    """
    g.door_context = replace(anonymous_context(), device_id=f"d-{digest(_device()).hex()[:16]}")


def _known_again(response: Response) -> Response:
    response.set_cookie(_device_cookie(), _device(), max_age=DEVICE_DAYS * 86400, **private_cookie())
    return response


def _device() -> str:
    """The word by which this browser is known again; a new one where it has none."""
    if "device" not in g:
        g.device = _own_word(_device_cookie()) or secrets.token_urlsafe(32)
    return str(g.device)


def _device_cookie() -> str:
    return "__Host-market_device" if settings().https else "market_device"


def _browser_cookie() -> str:
    return "__Host-market_browser" if settings().https else "market_browser"


def _browser() -> str:
    """This browser's own secret, empty where it has none or another than we give."""
    return _own_word(_browser_cookie())


def _own_word(cookie: str) -> str:
    value = request.cookies.get(cookie, "")
    return value if re.fullmatch(r"[A-Za-z0-9_-]{43}", value) else ""


def _redirected(path: str) -> Response:
    return redirect(path, 303)  # type: ignore[return-value]

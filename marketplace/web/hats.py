"""Changing hats: one membership at a time, shown on every page."""

from __future__ import annotations

from flask import Response, flash, redirect, request, session
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from agencies import hats
from agencies.errors import CannotWearHat
from marketplace.edge.acting import current_context, current_principal, remember, session_token
from marketplace.edge.once import once
from marketplace.foundation.db import transaction
from marketplace.foundation.ids import parse_id
from marketplace.web.blueprint import web


@web.post("/hat")
def hat() -> AnyResponse:
    """Go on in another of my memberships, in a session with a new token."""
    wanted = parse_id(request.form.get("membership", ""))
    if wanted is None:
        raise CannotWearHat()
    actor, context, fresh = current_principal(), current_context(), ""

    def wear() -> None:
        nonlocal fresh
        fresh = hats.wear(tx, session_token(), wanted, actor=actor, context=context).token

    with transaction() as tx:
        once(tx, wear)
    return _with_new_hat(fresh) if fresh else redirect("/", 303)


def _with_new_hat(token: str) -> Response:
    session.clear()  # a form that was opened under the other hat is not sent under this one
    flash(gettext("You have changed hats."))
    response: Response = redirect("/", 303)  # type: ignore[assignment]
    remember(response, token)
    return response

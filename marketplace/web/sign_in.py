"""The pages of sign-in. The flow itself is in `marketplace/edge/sign_in.py`."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from agencies import directory
from agencies.errors import UnknownAgency
from marketplace.edge import sign_in as flow
from marketplace.edge.acting import acting
from marketplace.foundation.db import reading
from marketplace.web.blueprint import web

LAST_AGENCY = "market_agency"
"""The cookie that remembers on this device where somebody signed in last; the flow sets it."""


@web.get("/sign-in")
def sign_in() -> str | Response:
    """Every agency that takes part, the last used one first."""
    then = flow.safe_path(request.args.get("then", ""))
    if acting() is not None:
        return redirect(then, 303)
    return render_template("sign_in.html", agencies=_agencies(), then=then)


@web.route("/sign-in/<agency>", methods=["GET", "POST"])
def sign_in_agency(agency: str) -> str | Response:
    """One agency's door, for links that name it; POST goes on to the agency's own sign-in."""
    if request.method == "POST":
        return flow.begin(agency, request.form.get("then", ""))
    then = flow.safe_path(request.args.get("then", ""))
    chosen = next((each for each in _agencies() if each["slug"] == agency), None)
    if chosen is None:
        raise UnknownAgency(slug=agency)
    return render_template("sign_in_agency.html", agency=chosen, then=then)


@web.get("/sign-in/<agency>/callback")
def sign_in_callback(agency: str) -> Response:
    """Come back from it."""
    return flow.callback(agency)


@web.post("/sign-out")
def sign_out() -> Response:
    """End the session on this device."""
    return flow.end()


def _agencies() -> list[dict[str, Any]]:
    last = request.cookies.get(LAST_AGENCY)
    with reading() as db:
        rows = directory.listing(db)
    found = [
        {
            "slug": row.slug,
            "name": row.name,
            "initials": row.initials,
            "tint": row.tint,
            "domain": row.domain,
            "last": row.slug == last,
        }
        for row in rows
    ]
    return sorted(found, key=lambda agency: not agency["last"])

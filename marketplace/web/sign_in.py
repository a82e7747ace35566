"""The pages of sign-in. The flow itself is in `marketplace/edge/sign_in.py`."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from agencies import directory
from agencies.errors import UnknownAgency
from marketplace.edge import sign_in as flow
from marketplace.edge.acting import acting
from marketplace.foundation.db import reading
from marketplace.web import finding
from marketplace.web.blueprint import web
from marketplace.web.going_on import go_on


@web.get("/sign-in")
def sign_in() -> str | Response:
    """Every agency that takes part, the last used one first; with `?q=` those that fit."""
    then, invitation = flow.safe_path(request.args.get("then", "")), _invitation(request.args)
    if acting() is not None and not invitation:
        return redirect(then, 303)
    asked = request.args.get("q", "")
    typed = finding.wanted(asked)
    if typed.startswith("@") and typed != asked:
        return _looking_for(asked, then, invitation)  # an address somebody put into ours does not stay there
    everyone = _agencies()
    found = finding.matching(everyone, typed)
    return render_template(
        "sign_in.html", agencies=found, total=len(everyone), typed=typed, then=then, invitation=invitation
    )


@web.post("/sign-in")
def find_agency() -> Response:
    """Look for an agency. Of a mail address only the domain goes into the address of the answer."""
    then = flow.safe_path(request.form.get("then", ""))
    return _looking_for(request.form.get("q", ""), then, _invitation(request.form))


@web.route("/sign-in/<agency>", methods=["GET", "POST"])
def sign_in_agency(agency: str) -> str | Response:
    """One agency's door, for links that name it; POST goes on to the agency's own sign-in."""
    if request.method == "POST":
        invitation = _invitation(request.form) or None
        return go_on(flow.begin(agency, request.form.get("then", ""), invitation=invitation))
    then, invitation = flow.safe_path(request.args.get("then", "")), _invitation(request.args)
    chosen = next((each for each in _agencies() if each["slug"] == agency), None)
    if chosen is None:
        raise UnknownAgency(slug=agency)
    return render_template("sign_in_agency.html", agency=chosen, then=then, invitation=invitation)


@web.get("/sign-in/<agency>/callback")
def sign_in_callback(agency: str) -> Response:
    """Come back from it."""
    return flow.callback(agency)


def _looking_for(typed: str, then: str, invitation: str) -> Response:
    asked = {"q": finding.wanted(typed), "then": then, "invitation": invitation}
    return redirect(f"/sign-in?{urlencode({name: value for name, value in asked.items() if value})}", 303)


def _invitation(given: Any) -> str:
    """The token of an invitation that the link brought; what cannot be one is left out."""
    token = str(given.get("invitation", ""))
    fits = token.isascii() and token.isprintable() and len(token) <= flow.LONGEST_INVITATION
    return token if fits else ""


def _agencies() -> list[dict[str, Any]]:
    last = request.cookies.get(flow.LAST_AGENCY)
    with reading() as db:
        rows = directory.listing(db)
    found = [_shown(row, row.slug == last) for row in rows]
    return sorted(found, key=lambda agency: not agency["last"])


def _shown(row: Any, last: bool) -> dict[str, Any]:
    agency = {
        "slug": row.slug,
        "name": row.name,
        "initials": row.initials,
        "tint": row.tint,
        "domain": row.domain,
        "mail_domains": row.mail_domains,
        "suspended": row.status != "active",
        "last": last,
    }
    return agency | {"words": finding.words(agency), "domains": " ".join(finding.domains(agency))}

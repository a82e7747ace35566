"""The pages of signing out: on the way to the agency's own sign-out, and back from it."""

from __future__ import annotations

from flask import Response, make_response, render_template

from marketplace.edge import logout
from marketplace.web.blueprint import web
from marketplace.web.going_on import leaving


@web.post("/sign-out")
def sign_out() -> Response:
    """End the session on this device, and go on to the agency to sign out there as well."""
    response, onward = logout.sign_out()
    if onward is not None:
        response = leaving("signing_out.html", onward)
    return logout.leave(response, onward)


@web.get("/signed-out")
def signed_out() -> Response:
    """Back from the agency's sign-out."""
    logout.returned()
    return logout.arrived(make_response(render_template("signed_out.html")))

"""On the way to an agency's own sign-in: a page that says so and goes on by itself, or by its link."""

from __future__ import annotations

from flask import Response, make_response, render_template

from marketplace.edge.sign_in import Departed, bind


def go_on(departed: Departed) -> Response:
    """The page between a button here and the sign-in there."""
    return bind(make_response(render_template("signing_in.html", onward=departed)), departed)

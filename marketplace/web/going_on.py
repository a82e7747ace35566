"""On the way to an agency's own sign-in or sign-out: a page that says so and goes on by itself, or by its link.

It goes on by a refresh: the policy of our pages lets no form lead to another host, and a redirect would need the
address of every provider in that policy, and of those that they redirect to in turn.
"""

from __future__ import annotations

from flask import Response, make_response, render_template

from marketplace.edge.logout import Onward
from marketplace.edge.sign_in import Departed, bind


def go_on(departed: Departed) -> Response:
    """The page between a button here and the sign-in there."""
    return bind(leaving("signing_in.html", departed), departed)


def leaving(template: str, onward: Departed | Onward) -> Response:
    """A page that goes on to an agency."""
    response = make_response(render_template(template, onward=onward))
    response.headers["Refresh"] = f"0; url={onward.url}"
    return response

"""The front door, the plain pages behind it, and the files that pages are made of."""

from __future__ import annotations

from flask import current_app, redirect, render_template
from werkzeug.wrappers import Response

from marketplace.edge.acting import acting
from marketplace.web import assets
from marketplace.web.blueprint import web
from marketplace.web.shell import first_page


@web.get("/")
def start() -> str | Response:
    """What this is; for somebody who is signed in, their work."""
    who = acting()
    return redirect(first_page(who.principal), 303) if who else render_template("start.html")


@web.get("/help", endpoint="help")
def help_page() -> str:
    """How it works, in plain words."""
    acting()
    return render_template("help.html")


@web.get("/accessibility")
def accessibility() -> str:
    """What works for whom, and what does not yet."""
    acting()
    return render_template("accessibility.html")


@web.get("/data-protection")
def data_protection() -> str:
    """What is kept, who sees it, and whom to write to."""
    acting()
    return render_template("data_protection.html")


@web.get("/assets/<digest>/<name>")
def asset(digest: str, name: str) -> Response:
    """One of our files, by the digest of its bytes."""
    return assets.respond(current_app.extensions["market_assets"], digest, name)

"""The agency's own access rules: what holds, what the reader's draft would change, older versions, files."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from agencies.rules import drafting, reading
from agencies.rules.errors import NoSuchRules, RulesUnreadable
from marketplace.edge.acting import current_principal
from marketplace.foundation.db import Tx
from marketplace.foundation.db import reading as reads
from marketplace.web.blueprint import web
from marketplace.web.rule_cards import acted, card, names_of, parsed, revision, said_differences, who
from security.access import cedar


@web.get("/agency/rules")
def rules() -> str:
    """The rules in force, and what this administrator's draft would change about them."""
    actor = current_principal()
    with reads() as db:
        listing = reading.listing(db, actor.agency_id)
        draft = drafting.read(db, actor)
        held = _in_force(db, actor.agency_id)
        names = names_of(db, draft.body if draft else None, held[1] if held else None)
    shown = draft.body if draft else held[1] if held else None
    return render_template(
        "rules.html",
        versions=listing,
        number=held[0] if held else max((row.number for row in listing), default=0),
        readable=held is not None,
        draft=draft,
        changes=said_differences(held[1], shown, names) if held and shown else [],
        overtaken=bool(draft and held and draft.based_on != held[0]),
        rules=[card(rule, names) for rule in parsed(shown).rules] if shown else [],
        revision=draft.revision if draft else 0,
    )


@web.post("/agency/rules/discard")
def discard_rules() -> Response:
    """Throw the draft away."""
    acted(lambda tx: drafting.discard(tx, **who()))
    flash(gettext("The draft is gone. What holds was not touched."))
    return redirect(url_for("web.rules"), 303)


@web.post("/agency/rules/renew")
def renew_rules() -> Response:
    """Compare the draft with what somebody else has signed since."""
    acted(lambda tx: drafting.renew(tx, revision=revision(), **who()))
    flash(gettext("Your draft is now compared with the rules that hold."))
    return redirect(url_for("web.preview_rules"), 303)


@web.get("/agency/rules/versions/<int:number>")
def rules_version(number: int) -> str:
    """One version as it was signed, and what differs from another."""
    actor = current_principal()
    with reads() as db:
        found = reading.version(db, actor.agency_id, number)
        listing = reading.listing(db, actor.agency_id)
        other = _other(listing, number)
        body = (
            reading.version(db, actor.agency_id, other).body if other else reading.empty(db, actor.agency_id)
        )
        draft = drafting.read(db, actor)
        names = names_of(db, body, found.body)
    return render_template(
        "rules_version.html",
        version=found,
        newest=listing[0].number,
        versions=[row.number for row in listing if row.number != number],
        other=other,
        changes=said_differences(body, found.body, names),
        rules=[card(rule, names) for rule in parsed(found.body).rules],
        revision=draft.revision if draft else 0,
        has_draft=draft is not None,
    )


@web.post("/agency/rules/versions/<int:number>/take-up")
def take_up_rules(number: int) -> Response:
    """Make an older version the draft."""
    acted(lambda tx: drafting.take_up(tx, number, revision=revision(), **who()))
    flash(gettext("Version %(number)s is your draft now. It holds again once you sign it.", number=number))
    return redirect(url_for("web.preview_rules"), 303)


@web.get("/agency/rules/files/<which>.<kind>")
def rules_file(which: str, kind: str) -> Response:
    """Rules as a file: what holds ("current"), the draft, or a version by its number; as JSON or as Cedar."""
    actor = current_principal()
    with reads() as db:
        if which == "draft":
            body = drafting.begun(db, actor).body
        elif which == "current":
            body = reading.in_force(db, actor.agency_id)[1]
        elif which.isascii() and which.isdigit() and len(which) < 10:
            body = reading.version(db, actor.agency_id, int(which)).body
        else:
            raise NoSuchRules()
    if kind not in ("json", "cedar"):
        raise NoSuchRules()
    text = (
        cedar.policies(parsed(body))
        if kind == "cedar"
        else json.dumps(body, ensure_ascii=False, indent=2) + "\n"
    )
    made = Response(text, mimetype="application/json" if kind == "json" else "text/plain")
    made.headers["Content-Disposition"] = f'attachment; filename="rules-{actor.agency_slug}-{which}.{kind}"'
    return made


def _in_force(db: Tx, agency_id: UUID) -> tuple[int, dict[str, Any]] | None:
    """What holds, None where it cannot be verified: the page is the way out of that."""
    try:
        return reading.in_force(db, agency_id)
    except RulesUnreadable:
        return None


def _other(listing: Any, number: int) -> int:
    """The version to compare with: the one asked for, else the one before; 0 for no rules."""
    asked = request.args.get("with", "")
    known = {row.number for row in listing} - {number}
    if asked.isascii() and asked.isdigit() and len(asked) < 10 and int(asked) in known:
        return int(asked)
    return max((each for each in known if each < number), default=0)

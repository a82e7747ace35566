"""An agency's directory: the credentials of the program that keeps its people here, and what its groups give."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, make_response, redirect, render_template, request, session
from flask_babel import gettext
from werkzeug.wrappers import Response

from agencies import unit_tree
from agencies.scim import credentials, groups
from agencies.scim.errors import BadCredential
from agencies.scim.models import GIVEN_ROLES
from marketplace.edge.acting import current_context, current_principal, settings
from marketplace.edge.once import once
from marketplace.foundation.db import Tx, reading, transaction
from marketplace.foundation.ids import parse_id
from marketplace.web import names
from marketplace.web.blueprint import web

DAYS = (30, 90, 180, 365)
USUAL_DAYS = 180
_TOLD_ONCE = "scim_token"
"""Where the browser carries a new token to the next page, which shows it and forgets it."""


@web.get("/agency/directory")
def agency_directory() -> str:
    """Credentials and groups; after making a credential, its token, this once."""
    return _page({}, {})


@web.post("/agency/directory/credentials")
def make_scim_credential() -> Response:
    """Make a credential; the next page shows its token."""
    name, days = request.form.get("name", "").strip(), request.form.get("days", "")

    def make() -> UUID:
        if not _is_number(days):
            raise BadCredential()
        made, session[_TOLD_ONCE] = credentials.make(
            tx,
            name=name,
            days=int(days),
            actor=current_principal(),
            context=current_context(),
        )
        return made

    try:
        with transaction() as tx:
            once(tx, make)
    except BadCredential:
        typed = {"name": name, "days": days}
        return make_response(_page(typed, _faults(typed)), 422)
    return redirect("/agency/directory", 303)


@web.post("/agency/directory/credentials/<uuid:credential_id>/end")
def end_scim_credential(credential_id: UUID) -> Response:
    """End a credential at once."""
    with transaction() as tx:
        once(
            tx,
            lambda: credentials.end(tx, credential_id, actor=current_principal(), context=current_context()),
        )
    flash(gettext("The credential has ended. What was made with it stays."))
    return redirect("/agency/directory", 303)


@web.post("/agency/directory/groups/<uuid:group_id>")
def give_by_group(group_id: UUID) -> Response:
    """Say what the members of a group get by it."""
    kind, _, value = request.form.get("gives", "").partition(":")
    chosen: dict[str, Any] = {"role": value} if kind == "role" else {}
    if kind == "unit":
        chosen = {"unit_id": parse_id(value) or UUID(int=0)}  # no unit has that id: refused like any other

    def give(tx: Tx) -> None:
        groups.give(tx, group_id, **chosen, actor=current_principal(), context=current_context())

    with transaction() as tx:
        once(tx, lambda: give(tx))
    flash(gettext("Saved. It holds for everybody who is in the group now or joins it."))
    return redirect("/agency/directory", 303)


def _page(form: dict[str, str], faults: dict[str, str]) -> str:
    """The page; `form` and `faults` are of the form that makes a credential."""
    agency_id = current_principal().agency_id
    with reading() as db:
        made = credentials.listing(db, agency_id)
        sent = groups.listing(db, agency_id)
        lasting = [unit for unit in unit_tree.tree(db, agency_id) if not unit["temporary"]]
    return render_template(
        "agency_directory.html",
        address=f"{settings().public_url}/scim/v2",
        token=session.pop(_TOLD_ONCE, None),
        credentials=made,
        days=DAYS,
        groups=[_shown(row) for row in sent],
        roles=[(role, names.role(role)) for role in GIVEN_ROLES],
        units=lasting,
        form={"days": str(USUAL_DAYS)} | form,
        faults=faults,
    )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 3


def _faults(typed: dict[str, str]) -> dict[str, str]:
    """What to put right in a credential that could not be made."""
    if not _is_number(typed["days"]) or int(typed["days"]) not in range(1, max(DAYS) + 1):
        return {"days": gettext("Choose how long it is good for.")}
    return {"name": gettext("Give it a name of at most 100 characters.")}


def _shown(row: Any) -> dict[str, Any]:
    gives = f"role:{row.role}" if row.role else f"unit:{row.unit_id}" if row.unit_id else ""
    return {"id": row.id, "name": row.display_name, "gives": gives}

"""Moves between agencies: those that wait for an agency, and one's own roles and way to another agency."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, session
from flask_babel import gettext
from werkzeug.wrappers import Response

from agencies import directory, leaving, people_list, sign_in
from agencies import moves as use_cases
from agencies import transfers as transfers_cases
from agencies.people_errors import MoveOver
from marketplace.edge import sign_in as flow
from marketplace.edge.acting import current_context, current_principal, forget
from marketplace.edge.once import once
from marketplace.edge.reading_people import reading_people
from marketplace.foundation.clock import last_day
from marketplace.foundation.db import Tx, reading, transaction
from marketplace.web.blueprint import web
from marketplace.web.going_on import go_on
from marketplace.web.people import _grant

FRESH_SECONDS = 60
"""How old the sign-in at the new agency may be: as good as asked for now."""


@web.get("/agency/moves")
def moves() -> str:
    """Moves to and from the agency that wait for an answer."""
    agency_id = current_principal().agency_id
    with reading_people() as db:
        rows = use_cases.of_agency(db, agency_id)
    return render_template("agency_people_moves.html", moves=[_shown(row) for row in rows])


@web.post("/agency/moves/<uuid:move_id>/approve")
def approve_move(move_id: UUID) -> Response:
    """Agree for one's agency."""
    made: UUID | None = None

    def act() -> UUID | None:
        nonlocal made
        made = use_cases.approve(tx, move_id, actor=current_principal(), context=current_context())
        return made

    with transaction() as tx:
        once(tx, act)
    flash(
        gettext("The move is done.")
        if made
        else gettext("You have agreed. The other agency has not answered yet.")
    )
    return redirect("/agency/moves", 303)


@web.post("/agency/moves/<uuid:move_id>/decline")
def decline_move(move_id: UUID) -> Response:
    """Decline for one's agency."""
    with transaction() as tx:
        once(
            tx,
            lambda: use_cases.decline(tx, move_id, actor=current_principal(), context=current_context()),
        )
    flash(gettext("The move is declined."))
    return redirect("/agency/moves", 303)


@web.get("/my-roles")
def my_roles() -> str:
    """My memberships and roles, and moving to another agency."""
    actor = current_principal()
    with reading() as db:
        mine = people_list.own(db, actor.person_id)
        waiting = use_cases.of_person(db, actor.person_id)
        agencies = [row for row in directory.listing(db) if row.id != actor.agency_id]
    worn = next((each for each in mine if each["id"] == actor.membership_id), None)
    return render_template(
        "my_roles.html",
        memberships=[each | {"grants": [_grant(row) for row in each["grants"]]} for each in mine],
        worn=actor.membership_id,
        moves=[_shown(row) for row in waiting],
        agencies=agencies,
        can_move=worn is not None and not worn["partner"] and worn["home"] is None,
    )


@web.post("/my-roles/move")
def ask_to_move() -> Response:
    """Ask to move to another agency; the next step is to sign in there."""
    to, token = request.form.get("agency", ""), _token(request.form.get("invitation", ""))
    actor, context = current_principal(), current_context()

    def act(tx: Tx) -> UUID:
        return transfers_cases.ask(tx, to, invitation=token or None, actor=actor, context=context)

    with transaction() as tx:
        once(tx, lambda: act(tx))
    flash(
        gettext(
            "Your move is prepared. Sign in at the new agency to finish it, or wait for both administrators."
        )
    )
    return redirect("/my-roles", 303)


@web.post("/my-roles/moves/<uuid:move_id>/go")
def go_and_move(move_id: UUID) -> Response:
    """Go to the new agency's sign-in; coming back from it finishes the move."""
    with reading() as db:
        mine = use_cases.of_person(db, current_principal().person_id)
    move = next((row for row in mine if row.id == move_id and row.kind == "transfer"), None)
    if move is None:
        raise MoveOver()
    own = current_context().session
    return go_on(
        flow.begin(move.to_slug, "/my-roles", purpose=sign_in.TRANSFER, session=own, max_age=FRESH_SECONDS)
    )


@web.post("/my-roles/moves/<uuid:move_id>/withdraw")
def withdraw_move(move_id: UUID) -> Response:
    """I do not want to move any more."""
    with transaction() as tx:
        once(
            tx,
            lambda: use_cases.withdraw(tx, move_id, actor=current_principal(), context=current_context()),
        )
    flash(gettext("The move is withdrawn. You stay where you are."))
    return redirect("/my-roles", 303)


@web.post("/my-roles/leave")
def leave() -> Response:
    """Give up my own membership; this session ends with it."""
    with transaction() as tx:
        once(tx, lambda: leaving.leave(tx, actor=current_principal(), context=current_context()))
    session.clear()
    response = redirect("/", 303)
    forget(response)  # type: ignore[arg-type]
    return response


def _shown(row: Any) -> dict[str, Any]:
    return dict(row._mapping) | {"until": last_day(row.until)}


def _token(typed: str) -> str:
    """The token of an invitation, of which people paste the whole link."""
    return typed.strip().rstrip("/").rsplit("/", 1)[-1][:100]

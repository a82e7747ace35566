"""The people of an agency: for its administrators, who give roles, and its officers, who give clearances."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from flask import flash, make_response, redirect, render_template, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from agencies import clearances, directory, invitations, leaving, partners, people_list, roles, secondments
from agencies import transfers as transfers_cases
from agencies.people_errors import BadChoice, BadPeriod
from marketplace.edge.acting import current_context, current_principal, settings
from marketplace.edge.once import once
from marketplace.foundation.clock import begin_of, end_of, last_day
from marketplace.foundation.db import Tx, transaction
from marketplace.foundation.errors import DomainError
from marketplace.foundation.ids import parse_id
from marketplace.web import agency_forms, people_forms
from marketplace.web.blueprint import web
from marketplace.web.units import to_choose
from security.labels import Level
from security.permissions import Permission, may
from security.principal import Role

TOLD_ONCE = "invitation_link"
"""Where the browser carries a new link to the next page, which shows it and forgets it."""
REVIEW_SOON = 30
"""Days before a role is due for review in which the page offers to confirm it."""
MOST_PAGES = 1_000


@web.get("/agency/people")
def people() -> str:
    """Everybody of the agency, by name; `?q=` narrows it."""
    like, page = request.args.get("q", "").replace("\x00", "").strip()[:100], _page()
    with transaction() as tx:
        rows, more = people_list.browse(tx, like=like, skip=(page - 1) * people_list.PAGE, **_who())
    return render_template(
        "agency_people.html", people=rows, like=like, page=page, more=more is not None, **_may()
    )


@web.get("/agency/people/<uuid:membership_id>")
def person(membership_id: UUID) -> str:
    """One person: roles, clearance, sign-in, and what an administrator or officer can do."""
    return _person(membership_id, {}, {})


@web.post("/agency/people/<uuid:membership_id>/roles")
def grant_role(membership_id: UUID) -> Response:
    """Give a role from a day until another."""

    def act(tx: Tx) -> UUID:
        days: dict[str, Any] = {"since": begin_of(_day("since")), "until": end_of(_day("until"))}
        return roles.grant(tx, membership_id, _role(request.form.get("role", "")), **days, **_who())

    try:
        _do(act)
    except people_forms.REFUSED as refusal:
        return _again(membership_id, people_forms.ROLE, refusal)
    flash(gettext("The role is given."))
    return _back(membership_id)


@web.post("/agency/roles/<uuid:grant_id>/end")
def end_role(grant_id: UUID) -> Response:
    """End a role: of a person of the agency, or one's own."""
    _do(lambda tx: roles.end(tx, grant_id, **_who()))
    flash(gettext("The role has ended."))
    return _back(_named())


@web.post("/agency/roles/<uuid:grant_id>/review")
def review_role(grant_id: UUID) -> Response:
    """Say that a role is still needed."""
    _do(lambda tx: roles.review(tx, grant_id, **_who()))
    flash(gettext("The role stays. It is looked at again in a year."))
    return _back(_named())


@web.post("/agency/people/<uuid:membership_id>/clearance")
def give_clearance(membership_id: UUID) -> Response:
    """Give a clearance in place of the one there is."""
    inside = [
        word.strip().lower() for word in request.form.get("compartments", "").split(",") if word.strip()
    ]

    def act(tx: Tx) -> None:
        level = _level(request.form.get("level", ""))
        if level is Level.PUBLIC and not inside:
            clearances.withdraw(tx, membership_id, **_who())
        else:
            clearances.give(tx, membership_id, level, inside, **_who())

    try:
        _do(act)
    except people_forms.REFUSED as refusal:
        return _again(membership_id, people_forms.CLEARANCE, refusal)
    flash(gettext("The clearance is changed."))
    return _back(membership_id)


@web.post("/agency/people/<uuid:membership_id>/sessions/end")
def end_sessions_of(membership_id: UUID) -> Response:
    """Sign somebody out everywhere."""

    def act(tx: Tx) -> None:
        leaving.end_sessions(tx, membership_id, **_who())

    _do(act)
    flash(gettext("Signed out everywhere."))
    return _back(membership_id)


@web.post("/agency/people/<uuid:membership_id>/link")
def link_person(membership_id: UUID) -> Response:
    """Make a link for somebody's first sign-in here; the next page shows it."""
    _invited(lambda tx: invitations.for_member(tx, membership_id, **_who()))
    return _back(membership_id)


@web.post("/agency/people/<uuid:membership_id>/send")
def send_person(membership_id: UUID) -> Response:
    """Let somebody go to another agency: for good, or until a last day."""
    to = request.form.get("agency", "")

    def act(tx: Tx) -> UUID:
        until = end_of(_day("until"))
        if request.form.get("how") != "secondment":
            return transfers_cases.propose(tx, membership_id, to, **_who())
        if until is None:
            raise BadPeriod()
        return secondments.propose(tx, membership_id, to, until=until, **_who())

    try:
        _do(act)
    except people_forms.REFUSED as refusal:
        return _again(membership_id, people_forms.SENDING, refusal)
    flash(gettext("The other agency is asked. The move is done once its administrator agrees."))
    return redirect("/agency/moves", 303)


@web.post("/agency/people/<uuid:membership_id>/renew")
def renew_partner(membership_id: UUID) -> Response:
    """Let a partner stay longer, and say who answers for them."""

    def act(tx: Tx) -> None:
        until, sponsor = last_day_and_sponsor()
        partners.renew(tx, membership_id, until=until, sponsor_id=sponsor, **_who())

    try:
        _do(act)
    except people_forms.REFUSED as refusal:
        return _again(membership_id, people_forms.STAYING, refusal)
    flash(gettext("The partner stays until that day."))
    return _back(membership_id)


@web.post("/agency/people/<uuid:membership_id>/end")
def end_membership(membership_id: UUID) -> Response:
    """End a membership at once."""
    _do(lambda tx: leaving.end_membership(tx, membership_id, reason="agency", **_who()))
    flash(gettext("The membership has ended. What the person held goes back to others."))
    return redirect("/agency/people", 303)


def told_once(tx: Tx, make: Callable[[Tx], Any]) -> UUID:
    """Make an invitation, and keep its link for the next page."""
    made = make(tx)
    session[TOLD_ONCE] = f"{settings().public_url}/invitation/{made.token}"
    made_id: UUID = made.id
    return made_id


def last_day_and_sponsor() -> tuple[datetime, UUID]:
    """How long a partner stays and who answers for them, as a form says it. Raises BadPeriod, BadChoice."""
    until, sponsor = end_of(_day("until")), parse_id(request.form.get("sponsor", ""))
    if until is None:
        raise BadPeriod()
    if sponsor is None:
        raise BadChoice(errors={"sponsor": [BadChoice().message]})
    return until, sponsor


def _person(membership_id: UUID, form: dict[str, str], faults: dict[str, str]) -> str:
    """The page; `form` and `faults` are of the one form that was sent, by the ids of its fields."""
    actor = current_principal()
    with transaction() as tx:
        shown = people_list.view(tx, membership_id, **_who())
        others = [row for row in directory.listing(tx) if row.id != actor.agency_id]
        sponsors = people_list.members_to_choose(tx, actor.agency_id) if shown["partner"] else []
        units = to_choose(tx) if may(actor, Permission.ADMINISTER_AGENCY) else []
    return render_template(
        "agency_people_person.html",
        person=shown | {"grants": [_grant(row) for row in shown["grants"]]},
        oneself=membership_id == actor.membership_id,
        link=session.pop(TOLD_ONCE, None),
        agencies=others,
        sponsors=sponsors,
        units=[pair for pair in units if pair[0] not in {unit["id"] for unit in shown["units"]}],
        roles=[role.value for role in _grantable(shown)],
        levels=[level.label_key for level in Level if level <= Level.parse(shown["ceiling"])],
        form=form,
        faults=faults,
        **_may(),
    )


def _again(membership_id: UUID, fields: people_forms.Fields, refusal: DomainError) -> Response:
    """The person's page with what was typed, and what is wrong beside its field."""
    page = _person(membership_id, people_forms.typed(fields), people_forms.faults(fields, refusal))
    agency_forms.beside_field(refusal)
    return make_response(page, 422)


def _invited(make: Callable[[Tx], Any]) -> None:
    _do(lambda tx: told_once(tx, make))


def _do(act: Callable[[Tx], UUID | None]) -> None:
    with transaction() as tx:
        once(tx, lambda: act(tx))


def _who() -> dict[str, Any]:
    return {"actor": current_principal(), "context": current_context()}


def _may() -> dict[str, bool]:
    actor = current_principal()
    return {
        "administers": may(actor, Permission.ADMINISTER_AGENCY),
        "clears": may(actor, Permission.GIVE_CLEARANCE),
    }


def _grantable(shown: dict[str, Any]) -> list[Role]:
    held = {grant["role"] for grant in shown["grants"] if grant["until"] is None}
    given = [role for role in roles.GIVEN_BY_AGENCIES if role.value not in held]
    return [role for role in given if role in roles.OF_PARTNERS] if shown["partner"] else given


def _grant(row: dict[str, Any]) -> dict[str, Any]:
    now = datetime.now(row["since"].tzinfo)
    due = row["review_due"]
    return row | {
        "until": last_day(row["until"]),
        "coming": row["since"] > now,
        "due": due is not None and (due - now).days < REVIEW_SOON,
    }


def _page() -> int:
    text = request.args.get("page", "")
    return (
        min(int(text), MOST_PAGES)
        if text.isascii() and text.isdigit() and 0 < len(text) < 5 and int(text)
        else 1
    )


def _named() -> UUID | None:
    """The person on whose page the button was; nobody where it was one's own."""
    return parse_id(request.form.get("person", ""))


def _back(membership_id: UUID | None) -> Response:
    if membership_id is None:
        return redirect("/my-roles", 303)
    return redirect(url_for("web.person", membership_id=membership_id), 303)


def _day(name: str) -> date | None:
    """A day from a form; None where it was left empty. Raises BadPeriod for something else."""
    text = request.form.get(name, "").strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise BadPeriod(errors={name: [BadPeriod().message]}) from None


def _role(word: str) -> Role:
    try:
        return Role(word)
    except ValueError:
        raise BadChoice() from None


def _level(word: str) -> Level:
    try:
        return Level.parse(word)
    except ValueError:
        raise BadChoice(errors={"level": [BadChoice().message]}) from None

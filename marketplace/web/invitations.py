"""Invitations and partners of an agency, and the page that a link leads to."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, make_response, redirect, render_template, request, session
from flask_babel import gettext
from werkzeug.wrappers import Response

from agencies import invitations as use_cases
from agencies import partners, people_list, roles
from agencies.people_errors import BadChoice, BadPeriod, InvitationOver
from marketplace.edge.acting import current_context, current_principal
from marketplace.edge.once import once
from marketplace.edge.reading_people import reading_people
from marketplace.foundation.clock import end_of, last_day
from marketplace.foundation.db import Tx, reading, transaction
from marketplace.web import people_forms
from marketplace.web.blueprint import web
from marketplace.web.people import TOLD_ONCE, _day, _role, last_day_and_sponsor, told_once
from security.principal import Role

LONGEST_NOTE = 120


@web.get("/agency/invitations")
def invitations() -> str:
    """Open invitations and partners; after inviting, the link, this once."""
    return _page({}, {}, {})


@web.post("/agency/invitations")
def invite() -> Response:
    """Invite somebody; the next page shows the link."""
    actor, context = current_principal(), current_context()

    def make(tx: Tx) -> Any:
        given: dict[str, Any] = {"roles": _roles(), "until": end_of(_day("until")), "note": _note()}
        return use_cases.make(tx, actor.agency_id, **given, actor=actor, context=context)

    try:
        with transaction() as tx:
            once(tx, lambda: told_once(tx, make))
    except (BadChoice, BadPeriod) as refusal:
        return _again(people_forms.INVITING, "invite", refusal)
    return redirect("/agency/invitations", 303)


@web.post("/agency/partners")
def invite_partner() -> Response:
    """Invite a partner, for whom somebody of the agency answers."""
    actor, context = current_principal(), current_context()

    def make(tx: Tx) -> Any:
        until, sponsor = last_day_and_sponsor()
        given: dict[str, Any] = {"roles": _roles(), "until": until, "note": _note()}
        return partners.invite(tx, sponsor, **given, actor=actor, context=context)

    try:
        with transaction() as tx:
            once(tx, lambda: told_once(tx, make))
    except (BadChoice, BadPeriod) as refusal:
        return _again(people_forms.PARTNER, "partner", refusal)
    return redirect("/agency/invitations", 303)


@web.post("/agency/invitations/<uuid:invitation_id>/withdraw")
def withdraw_invitation(invitation_id: UUID) -> Response:
    """Make a link useless."""
    actor, context = current_principal(), current_context()
    with transaction() as tx:
        once(tx, lambda: use_cases.withdraw(tx, invitation_id, actor=actor, context=context))
    flash(gettext("The invitation is withdrawn. Its link opens nothing any more."))
    return redirect("/agency/invitations", 303)


@web.get("/invitation/<token>")
def invitation(token: str) -> str:
    """What a link is good for, and the way to use it. Opening the page uses nothing up."""
    if not token.isascii() or len(token) > 100:
        raise InvitationOver()
    with reading() as db:
        found = use_cases.read(db, token)
    if found is None:
        raise InvitationOver()
    agency = {name: getattr(found, name) for name in ("slug", "name", "initials", "tint")}
    return render_template(
        "invitation.html",
        agency=agency,
        token=token,
        roles=found.roles,
        partner=found.partner,
        until=last_day(found.until),
        first_sign_in=found.membership_id is not None,
    )


def _page(form: dict[str, str], ticked: dict[str, list[str]], faults: dict[str, str]) -> str:
    """The page; `form`, the roles `ticked` and `faults` are of the one form that was sent, by the ids of its fields."""
    agency_id = current_principal().agency_id
    with reading_people() as db:
        rows = use_cases.listing(db, agency_id)
        known = partners.listing(db, agency_id)
        sponsors = people_list.members_to_choose(db, agency_id)
    return render_template(
        "agency_people_invitations.html",
        invitations=rows,
        partners=[dict(row._mapping) | {"until": last_day(row.until)} for row in known],
        sponsors=sponsors,
        link=session.pop(TOLD_ONCE, None),
        roles=[role.value for role in roles.GIVEN_BY_AGENCIES],
        partner_roles=[role.value for role in roles.GIVEN_BY_AGENCIES if role in roles.OF_PARTNERS],
        form=form,
        ticked=ticked,
        faults=faults,
    )


def _again(fields: people_forms.Fields, form: str, refusal: Exception) -> Response:
    """The page with what was typed into one of its forms, and what is wrong beside its field."""
    faults = people_forms.faults({**fields, "role": f"{form}-role"}, refusal)
    page = _page(people_forms.typed(fields), {form: request.form.getlist("role")}, faults)
    return make_response(page, 422)


def _roles() -> list[Role]:
    return [_role(word) for word in request.form.getlist("role")] or [Role.CONTRIBUTOR]


def _note() -> str:
    return request.form.get("note", "").replace("\x00", "").strip()[:LONGEST_NOTE]

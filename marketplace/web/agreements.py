"""Agreements: what waits for whose signature, one proposal in full, and proposing a new agency."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import flash, make_response, redirect, render_template, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from agencies import agreements as domain
from agencies import enrolment, founding
from agencies.agreement_specs import EnrolmentSpec, read
from agencies.errors import AgencyTaken, BadAgencySettings, LookAlike
from marketplace.edge import checking
from marketplace.edge.acting import current_principal, settings
from marketplace.foundation.db import Tx, reading
from marketplace.web import agency_forms, agency_words
from marketplace.web.blueprint import web
from security.decision import Reason
from security.oidc import Fault

_TOLD_ONCE = "first_invitation"
"""Where the browser carries a new link to the next page, which shows it and forgets it."""


@web.get("/agency/agreements")
def agreements() -> str:
    """The proposals that concern this agency: those to sign, those that wait for others, those that are decided."""
    with reading() as db:
        found = domain.listing(db, current_principal())
    names = agency_forms.agency_names()
    rows = [each | {"title": agency_words.title(each, names)} for each in found]
    return render_template(
        "agency_agreements.html",
        mine=[row for row in rows if row["can_sign"]],
        waiting=[row for row in rows if row["state"] == "open" and not row["can_sign"]],
        decided=[row for row in rows if row["state"] != "open"],
        words=agency_words,
    )


@web.get("/agency/agreements/<uuid:proposal_id>")
def agreement(proposal_id: UUID) -> str:
    """One proposal: what is signed, who has signed, whose signature is missing."""
    with reading() as db:
        shown = domain.described(db, proposal_id, current_principal())
        awaits = founding.awaits_first(db, proposal_id)
    names = agency_forms.agency_names()
    return render_template(
        "agency_agreement.html",
        shown=shown,
        title=agency_words.title(shown, names),
        names=names,
        flags=agency_words.likenesses(shown["content"].get("flags", []), names),
        awaits_first=awaits is not None,
        link=session.pop(_TOLD_ONCE, None),
        words=agency_words,
        addresses=_addresses(shown),
    )


@web.post("/agency/agreements/<uuid:proposal_id>/sign")
def sign_agreement(proposal_id: UUID) -> Response:
    """Sign for one's own agency."""
    states: list[str] = []

    def act(tx: Tx) -> UUID:
        states.append(domain.sign(tx, proposal_id, **agency_forms.who()).state)
        return proposal_id

    agency_forms.acted(act)
    flash(gettext("Signed. It is in force.") if states == ["in_force"] else gettext("Signed."))
    return redirect(url_for("web.agreement", proposal_id=proposal_id), 303)


@web.post("/agency/agreements/<uuid:proposal_id>/withdraw")
def withdraw_agreement(proposal_id: UUID) -> Response:
    """Take it back, or decline it."""

    def act(tx: Tx) -> UUID:
        domain.withdraw(tx, proposal_id, **agency_forms.who())
        return proposal_id

    agency_forms.acted(act)
    flash(gettext("The proposal is withdrawn."))
    return redirect(url_for("web.agreement", proposal_id=proposal_id), 303)


@web.post("/agency/agreements/<uuid:proposal_id>/first-administrator")
def invite_first(proposal_id: UUID) -> Response:
    """Invite an administrator of a new agency; the next page shows the link."""

    def act(tx: Tx) -> None:
        token = founding.invite_first(tx, proposal_id, **agency_forms.who())
        session[_TOLD_ONCE] = f"{settings().public_url}/sign-in?invitation={token}"

    agency_forms.acted(act)
    return redirect(url_for("web.agreement", proposal_id=proposal_id), 303)


@web.get("/agency/agreements/new-agency")
def new_agency() -> str:
    """The form that proposes an agency with its provider."""
    empty = {"tint": "blue", "authentication": "private_key_jwt", "clearance_ceiling": "restricted"}
    return _form({"agency": empty, "provider": empty}, {})


@web.post("/agency/agreements/new-agency")
def propose_agency() -> Response:
    """Propose it."""
    given = {
        "agency": agency_forms.part(agency_forms.AGENCY, "agency."),
        "provider": agency_forms.provider("provider.") | agency_forms.part(("issuer",), "provider."),
    }

    unchecked = request.form.get("unchecked") == "yes"

    def act(tx: Tx) -> UUID:
        return enrolment.propose(tx, given, checked=not unchecked, **agency_forms.who())

    try:
        spec = read(EnrolmentSpec, given)
        if not unchecked:  # before the transaction begins: a slow provider must hold nobody up
            checking.check(spec["provider"]["issuer"])
        made = agency_forms.acted(act).result_id
    except (BadAgencySettings, AgencyTaken) as refusal:
        errors = refusal.facts.get("errors") or {"agency": {"slug": []}}
        given["provider"].pop("client_secret", None)
        trouble = refusal.facts.get("faults_of_provider", ())
        faults = {} if trouble else agency_words.faults(errors)
        return make_response(_form(given, faults, trouble), 422)
    except LookAlike as refusal:
        agency_forms.beside_field(refusal)
        given["provider"].pop("client_secret", None)
        alike = {
            _place_of(reason, given): agency_words.look_alike(reason) for reason in refusal.facts["reasons"]
        }
        return make_response(_form(given, alike), 403)
    flash(gettext("Proposed, with your signature. A second administrator has to sign before it holds."))
    return redirect(url_for("web.agreement", proposal_id=made), 303)


def _place_of(reason: Reason, given: dict[str, Any]) -> str:
    """The field whose value looks like another agency's."""
    agency, value = given["agency"], str(reason.args["value"]).casefold()
    if reason.args["what"] == "issuer":
        return "provider.issuer"
    name, other = ("name", "slug") if reason.args["what"] == "name" else ("domain", "mail_domains")
    return f"agency.{name if str(agency.get(name, '')).casefold() == value else other}"


def _form(form: dict[str, Any], faults: dict[str, str], trouble: Sequence[Fault] = ()) -> str:
    """The form; `trouble` is what is wrong with the provider, which may be proposed in spite of it."""
    return render_template(
        "agency_new.html",
        form=form,
        faults=faults,
        trouble=trouble,
        levels=agency_words.levels(),
        words=agency_words,
    )


def _addresses(shown: dict[str, Any]) -> dict[str, str]:
    """What has to be registered at a provider: our addresses for this agency."""
    content = shown["content"]
    slug = content["agency"]["slug"] if "agency" in content else content.get("slug")
    if slug is None:
        return {}
    below = f"{settings().public_url}/sign-in/{slug}"
    return {
        "callback": f"{below}/callback",
        "keys": f"{below}/keys",
        "logout": f"{below}/back-channel-logout",
    }

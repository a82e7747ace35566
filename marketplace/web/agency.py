"""The agency's own corner: where its administrators find everything, and what its officers may read of it."""

from __future__ import annotations

from typing import Any

from flask import current_app, render_template, url_for
from flask_babel import gettext, ngettext

from agencies import agency_keys, agreements, enrolment, labels, networks, settings, sharing, unit_tree
from marketplace.edge.acting import current_principal
from marketplace.foundation.db import Tx, reading
from marketplace.web.blueprint import web
from security.permissions import Permission, may
from security.principal import Principal


@web.get("/agency")
def agency() -> str:
    """What there is to look after, each with how it stands."""
    principal = current_principal()
    with reading() as db:
        entries = [_sharing(db, principal)]
        if may(principal, Permission.ADMINISTER_AGENCY):
            entries = [*_first(db, principal), *entries, *_settings(db, principal)]
    return render_template("agency.html", agency=principal.agency_name, entries=entries)


def _first(db: Tx, principal: Principal) -> list[dict[str, Any]]:
    waiting = agreements.waiting(db, principal)
    provider = enrolment.described(db, principal.agency_id)
    suspended = provider is None or provider["status"] != "active"
    return [
        _entry(
            "web.agreements",
            gettext("Agreements"),
            gettext(
                "What takes the signatures of two people: new agencies, sign-in services, sharing terms."
            ),
            ngettext("%(num)s waits for you", "%(num)s wait for you", waiting) if waiting else "",
            look=bool(waiting),
        ),
        *_elsewhere("web.people", gettext("People"), gettext("Members, roles, invitations and partners.")),
        _entry(
            "web.provider",
            gettext("Sign-in service"),
            gettext("Who vouches for your people, and how."),
            gettext("Suspended") if suspended else "",
            look=suspended,
        ),
        *_elsewhere(
            "web.agency_directory", gettext("Directory"), gettext("Keeps your people here up to date (SCIM).")
        ),
        *_elsewhere(
            "web.rules",
            gettext("Access rules"),
            gettext("What your agency asks of people beside the common rules."),
        ),
    ]


def _sharing(db: Tx, principal: Principal) -> dict[str, Any]:
    held = sum(terms["in_force"] for terms in sharing.listing(db, principal.agency_id))
    return _entry(
        "web.sharing",
        gettext("Sharing terms"),
        gettext("With which agencies work is shared, up to which label."),
        ngettext("%(num)s in force", "%(num)s in force", held) if held else gettext("None"),
    )


def _settings(db: Tx, principal: Principal) -> list[dict[str, Any]]:
    agency_id = principal.agency_id
    units = len(unit_tree.tree(db, agency_id))
    listed = sum(len(found) for found in networks.listed(db, agency_id).values())
    joins = settings.of(db, agency_id)["self_join"]
    kept = sum(key.ended_at is None for key in agency_keys.listing(db, agency_id))
    return [
        _entry(
            "web.units",
            gettext("Units"),
            gettext("The tree of your agency, and temporary units with others."),
            ngettext("%(num)s unit", "%(num)s units", units) if units else gettext("None"),
        ),
        _entry(
            "web.networks",
            gettext("Networks"),
            gettext("Where your people are in the office, on the VPN, at home."),
            ngettext("%(num)s listed", "%(num)s listed", listed) if listed else gettext("None"),
        ),
        _entry(
            "web.joining",
            gettext("Joining"),
            gettext("The mail domains by which people find you, and who joins without an invitation."),
            gettext("By sign-in") if joins else gettext("By invitation"),
        ),
        _entry(
            "web.handling",
            gettext("Handling"),
            gettext("How work is protected, how long it is kept, what holds at the screen."),
            "",
        ),
        _entry(
            "web.agency_keys",
            gettext("Keys of the agency"),
            gettext("Keys that your agency keeps itself, online and in a safe."),
            ngettext("%(num)s registered", "%(num)s registered", kept) if kept else gettext("None"),
        ),
        _entry(
            "web.labels",
            gettext("Words for labels"),
            gettext("What your agency calls the four levels of protection."),
            gettext("Your own") if labels.all_names(db, agency_id) else gettext("The common ones"),
        ),
    ]


def _elsewhere(endpoint: str, title: str, hint: str) -> list[dict[str, Any]]:
    """An entry for a page that another module brings, where it is there."""
    return [_entry(endpoint, title, hint, "")] if endpoint in current_app.view_functions else []


def _entry(endpoint: str, title: str, hint: str, state: str, *, look: bool = False) -> dict[str, Any]:
    return {"href": url_for(endpoint), "title": title, "hint": hint, "state": state, "look": look}

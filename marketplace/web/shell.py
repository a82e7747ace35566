"""The frame around a page: who is here, and the navigation with only what they can use."""

from __future__ import annotations

from typing import Any

from flask import request, url_for
from flask_babel import lazy_gettext

from agencies import hats, notices
from agencies.hats import Hat
from agencies.sessions import Acting
from marketplace.edge.sign_in import home
from marketplace.foundation.clock import last_day
from marketplace.foundation.db import reading
from marketplace.foundation.errors import Unavailable
from marketplace.web import names
from security.permissions import Permission, may
from security.principal import Principal
from tasks import queries

_ALERTS = (
    "web.alerts", "web.alert", "web.choose_officer", "web.hand_on_alert", "web.close_alert", "web.alert_rules",
    "web.set_alert_rule",
)  # fmt: skip
_INCIDENTS = (
    "web.incidents", "web.incident", "web.new_incident", "web.open_incident", "web.note_incident",
    "web.report_incident", "web.close_incident",
)  # fmt: skip
_RETENTION = ("web.retention", "web.keep_content", "web.choose_to_shred", "web.choose_to_shred_item")
_REVIEWS = ("web.reviews", "web.review", "web.open_review", "web.decide_review")
_LOOK_UPS = ("web.look_ups", "web.look_up", "web.ask_look_up", "web.read_look_up")

# Endpoint, words, the permission it takes, and the endpoints that belong under it.
_NAVIGATION: tuple[tuple[str, Any, Permission, set[str]], ...] = (
    (
        "web.board",
        lazy_gettext("Find work"),
        Permission.CLAIM_MICROTASK,
        {"web.campaign", "web.claim", "web.submit"},
    ),
    ("web.my_work", lazy_gettext("My work"), Permission.CLAIM_MICROTASK, set()),
    (
        "web.campaigns",
        lazy_gettext("Campaigns"),
        Permission.READ_RESULTS,
        {
            "web.room",
            "web.key_desk",
            "web.key_holders",
            "web.seal_campaign",
            "web.results",
            "web.result",
            *_RETENTION,
        },
    ),
    (
        "web.record",
        lazy_gettext("Record"),
        Permission.READ_RECORD,
        {
            "web.save_view",
            "web.summary",
            "web.devices_seen",
            "web.choose_device_seen",
            *_ALERTS,
            *_LOOK_UPS,
            *_INCIDENTS,
            *_REVIEWS,
        },
    ),
    (
        "web.data_requests",
        lazy_gettext("Data requests"),
        Permission.ANSWER_REQUESTS,
        {"web.data_request", "web.summary", *_LOOK_UPS},
    ),
    # Whoever owns tasks lets people in from the campaign's room; for officers this is the only way.
    (
        "web.under_need_to_know",
        lazy_gettext("Need to know"),
        Permission.GIVE_CLEARANCE,
        {"web.who_is_in", "web.let_in"},
    ),
    (
        "web.agency",
        lazy_gettext("Agency"),
        Permission.READ_AGREEMENTS,
        {
            "web.agreement",
            "web.agreements",
            "web.joining",
            "web.agency_keys",
            "web.choose_key_to_destroy",
            "web.keys_by_year",
            "web.handling",
            "web.labels",
            "web.networks",
            "web.new_agency",
            "web.provider",
            "web.sharing",
            "web.unit",
            "web.units",
            # forms whose page comes back when something has to be put right
            "web.add_agency_key",
            "web.change_provider",
            "web.check_provider",
            "web.end_unit",
            "web.make_scim_credential",
            "web.make_unit",
            "web.merge_unit",
            "web.move_unit",
            "web.place_in_unit",
            "web.propose_agency",
            "web.propose_key_destruction",
            "web.propose_terms",
            "web.rename_levels",
            "web.rename_unit",
            "web.set_handling",
            "web.set_joining",
            "web.set_networks",
            "web.suspend_provider",
            "web.agency_directory",
            "web.new_rule",
            "web.preview_rules",
            "web.rule",
            "web.rules",
            "web.rules_version",
        },
    ),
    ("web.approvals", lazy_gettext("Approvals"), Permission.APPROVE_CAMPAIGN, {"web.approval"}),
    (
        "web.people",
        lazy_gettext("People"),
        Permission.SEE_PEOPLE,
        {
            "web.person",
            "web.invitations",
            "web.moves",
            *_REVIEWS,
            # forms whose page comes back when something has to be put right
            "web.give_clearance",
            "web.grant_role",
            "web.invite",
            "web.invite_partner",
            "web.renew_partner",
            "web.send_person",
        },
    ),
    (
        "web.people_skills",
        lazy_gettext("Skills"),
        Permission.CONFIRM_SKILLS,
        {"web.person_skills", "web.confirm_skill", "web.withdraw_skill"},
    ),
    ("web.numbers", lazy_gettext("Numbers"), Permission.READ_NUMBERS, set()),
    ("web.operation", lazy_gettext("Operation"), Permission.OPERATE, set()),
)


def shell(who: Acting | None) -> dict[str, Any]:
    """The frame for this request; for somebody who is not signed in only the mark and the way in."""
    if who is None:
        return {"person": None, "nav": [], "unread": 0, "may": lambda _: False}
    principal = who.principal
    unread, held, worn = _counts(who)
    return {
        "person": {
            "id": principal.person_id,
            "name": principal.name,
            "initials": _initials(principal.name),
            "agency": principal.agency_name,
            "roles": ", ".join(names.role(role.value) for role in sorted(principal.roles)),
            "partner": principal.partner,
            "home": principal.home_agency,
            "until": last_day(principal.until) if principal.until else None,
        },
        "hats": worn,
        "nav": _one_current([_entry(row, held) for row in _NAVIGATION if may(principal, row[2])]),
        "unread": unread,
        "may": lambda word: may(principal, Permission(word)),
    }


def first_page(principal: Principal) -> str:
    """Where this person's work begins: the first entry of their navigation."""
    return home(principal)


def first_page_name(principal: Principal) -> str:
    """What the navigation calls the page where this person's work begins."""
    first = home(principal)
    return str(next((row[1] for row in _NAVIGATION if url_for(row[0]) == first), lazy_gettext("Notices")))


def _entry(row: tuple[str, Any, Permission, set[str]], held: int) -> dict[str, Any]:
    endpoint, label, _, below = row
    current = "page" if request.endpoint == endpoint else "true" if request.endpoint in below else None
    return {
        "href": url_for(endpoint),
        "label": str(label),
        "current": current,
        "count": held if endpoint == "web.my_work" else 0,
    }


def _one_current(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A page that belongs to two entries of the navigation lies below the first that its reader has."""
    current = [entry for entry in entries if entry["current"]]
    for entry in current[1:]:
        entry["current"] = None
    return entries


def _counts(who: Acting) -> tuple[int, int, list[Hat]]:
    """New notices, items in hand, and the person's hats. The frame stays when the database does not answer."""
    principal = who.principal
    try:
        with reading() as db:
            return (
                notices.unread(db, principal.person_id),
                len(queries.live_claims(db, principal)),
                hats.of(db, principal, who.context.session),
            )
    except Unavailable:
        return 0, 0, []


def _initials(name: str) -> str:
    parts = [part for part in name.split() if part[0].isalpha()]
    return "".join(part[0] for part in (parts[:1] + parts[1:][-1:])).upper() or "?"

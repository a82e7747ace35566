"""Alerts for officers: what waits, one alert, and taking it, handing it on or closing it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from agencies import directory
from agencies.oversight.alerts import handling, listing, officers, rules
from agencies.oversight.alerts.errors import BadFinding, NotAnOfficer
from agencies.oversight.alerts.kinds import OF_PEOPLE
from marketplace.edge.acting import current_context, current_principal
from marketplace.edge.once import once
from marketplace.foundation.db import Tx, transaction
from marketplace.foundation.ids import parse_id
from marketplace.web import alert_words
from marketplace.web.blueprint import web
from security.log import audit

MOST_WAITING = 99
MOST_PAGES = 1_000
_PATH = "/record/alerts/<uuid:alert_id>"


def waiting(tx: Tx) -> list[dict[str, Any]]:
    """The alerts of the acting officer's agency that are not closed, newest first: the list that
    `parts/alerts_waiting.html` shows the first three of. Whoever asks puts the reading on the record.
    """
    found = listing.not_closed(tx, current_principal().agency_id, MOST_WAITING)
    agencies = _agencies(tx) if found else {}
    return [_shown(alert, agencies) for alert in found]


@web.get("/record/alerts")
def alerts() -> str:
    """The alerts of one's agency, those that are not closed first; `?state=` narrows them."""
    state, page, actor = request.args.get("state", ""), _page(), current_principal()
    state = state if state in listing.STATES else ""
    with transaction() as tx:
        _on_record(tx, audit.Target("log", None, actor.agency_id), {"alerts": state or "all"})
        found = listing.listing(tx, actor.agency_id, state=state or None, skip=(page - 1) * listing.PAGE)
        in_force, agencies = rules.in_force(tx, [actor.agency_id]), _agencies(tx)
    silent = [kind for kind in OF_PEOPLE if not in_force[actor.agency_id, kind].on]
    return render_template(
        "record_alerts.html",
        alerts=[_shown(alert, agencies) for alert in found[: listing.PAGE]],
        state=state,
        states=alert_words.STATES,
        silent=[alert_words.NAMES[kind] for kind in silent],
        page=page,
        more=len(found) > listing.PAGE,
    )


@web.get(_PATH)
def alert(alert_id: UUID) -> str:
    """One alert: what happened, why that is an alert, and what can be done."""
    return _one(alert_id, {}, {})


@web.post(f"{_PATH}/take")
def take_alert(alert_id: UUID) -> Response:
    """Say that one looks into it."""
    _do(lambda tx: handling.take(tx, alert_id, **_who()))
    flash(gettext("You have taken this alert."))
    return _back(alert_id)


@web.get(f"{_PATH}/hand-on")
def choose_officer(alert_id: UUID) -> str:
    """Whom to hand it on to. Names stand here, and so no pseudonym does."""
    return _officers(alert_id, {})


@web.post(f"{_PATH}/hand-on")
def hand_on_alert(alert_id: UUID) -> Response:
    """Give it to another officer of the agency, or to oneself."""
    to = parse_id(request.form.get("to", ""))
    try:
        _do(lambda tx: handling.hand_on(tx, alert_id, to, **_who()))
    except NotAnOfficer:
        fault = gettext("Choose an officer of your agency who does not have this alert already.")
        return make_response(_officers(alert_id, {"to": fault}), 422)
    flash(gettext("The alert is handed on."))
    return _back(alert_id)


@web.post(f"{_PATH}/close")
def close_alert(alert_id: UUID) -> Response:
    """Say what was found."""
    form = {
        "finding": request.form.get("finding", "")[:20],
        "note": request.form.get("note", "").replace("\x00", "").replace("\r\n", "\n").strip()[:2000],
    }
    try:
        _do(lambda tx: handling.close(tx, alert_id, form["finding"], form["note"], **_who()))
    except BadFinding as refusal:
        said = {
            "finding": gettext("Choose what was found."),
            "note": gettext("Write at most %(num)s characters.", num=handling.LONGEST_NOTE),
        }
        faults = {name: said[name] for name in refusal.facts["errors"]}
        return make_response(_one(alert_id, form, faults), 422)
    flash(gettext("The alert is closed."))
    return _back(alert_id)


def _one(alert_id: UUID, form: Mapping[str, str], faults: Mapping[str, str]) -> str:
    actor = current_principal()
    with transaction() as tx:
        found = _read(tx, alert_id)
        in_force, agencies = rules.in_force(tx, [actor.agency_id]), _agencies(tx)
    rule = in_force.get((actor.agency_id, found["kind"]))
    return render_template(
        "record_alert.html",
        alert=_shown(found, agencies),
        oneself=found["subject_id"] == actor.subject_id,
        rule=alert_words.rule(found["kind"], rule.values if rule else {}),
        adjustable=rule is not None,
        reason=alert_words.REASONS[found["kind"]],
        helps=alert_words.NEXT.get(found["kind"]),
        fault=alert_words.FAULTS.get(found["facts"].get("fault", "")),
        findings=alert_words.FINDINGS,
        longest_note=handling.LONGEST_NOTE,
        form=form,
        faults=faults,
    )


def _officers(alert_id: UUID, faults: Mapping[str, str]) -> str:
    actor = current_principal()
    with transaction() as tx:
        found = _read(tx, alert_id)
        known = officers.listing(tx, actor.agency_id)
    return render_template(
        "record_alert_hand_on.html",
        alert={"id": alert_id, "title": alert_words.title(found), "state": found["state"]},
        officers=[row for row in known if row.person_id != found["holder_id"]],
        myself=actor.membership_id,
        faults=faults,
    )


def _shown(alert: Mapping[str, Any], agencies: Mapping[UUID, str]) -> dict[str, Any]:
    """An alert with its words: title, since, agency, zone, mine, look (an address, or nothing)."""
    agency = alert["facts"].get("agency")
    return dict(alert) | {
        "title": alert_words.title(alert),
        "since": alert_words.since(alert),
        "agency": agencies.get(UUID(agency)) if agency else None,
        "zone": alert["facts"].get("zone") if alert["kind"] in OF_PEOPLE else None,
        "mine": alert["holder_id"] == current_principal().person_id,
        "look": _look(alert),
    }


def search_words(alert: Mapping[str, Any]) -> dict[str, str]:
    """The search that finds what an alert is about: its time, and where there is one its person or device.

    Until is the first second that does not count.
    """
    begin = alert_words.since(alert).replace(microsecond=0)
    end = alert["last_at"].replace(microsecond=0) + timedelta(seconds=1)
    words = {"since": begin.isoformat(), "until": end.isoformat()}
    if alert["kind"] not in OF_PEOPLE:
        return words
    of = {"pseudonym": alert["pseudonym"]} if alert["pseudonym"] else {"device": alert["about"]}
    return words | of


def _look(alert: Mapping[str, Any]) -> str | None:
    """Where the record's entries about somebody in that time are."""
    words: dict[str, Any] = search_words(alert)
    return url_for("web.record", **words) if alert["kind"] in OF_PEOPLE else None


def _read(tx: Tx, alert_id: UUID) -> dict[str, Any]:
    """An alert of the agency; that it was read is on the record, for the person whom it is about as well."""
    actor = current_principal()
    found = listing.one(tx, alert_id, actor.agency_id)
    target = audit.Target("alert", alert_id, actor.agency_id)
    if found["subject_id"] is not None:
        target = audit.Target("person", found["subject_id"], actor.agency_id)
    _on_record(tx, target, {"alert": found["kind"]})
    return found


def _on_record(tx: Tx, target: audit.Target, detail: dict[str, Any]) -> None:
    audit.record(tx, "log.read", target, actor=current_principal(), context=current_context(), detail=detail)


def _do(act: Callable[[Tx], None]) -> None:
    with transaction() as tx:
        once(tx, lambda: act(tx))


def _who() -> dict[str, Any]:
    return {"actor": current_principal(), "context": current_context()}


def _back(alert_id: UUID) -> Response:
    return redirect(url_for("web.alert", alert_id=alert_id), 303)


def _agencies(tx: Tx) -> dict[UUID, str]:
    return {row.id: row.name for row in directory.listing(tx)}


def _page() -> int:
    text = request.args.get("page", "")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 1
    return min(max(number, 1), MOST_PAGES)

"""The rules by which alerts arise in an officer's agency: each readable, adjustable within bounds, with a switch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from agencies.oversight.alerts import rules
from agencies.oversight.alerts.errors import BadAlertRule
from agencies.oversight.alerts.kinds import KINDS, LONGEST_HOURS, OF_PEOPLE, OF_THE_RECORD, Number
from agencies.oversight.alerts.rules import Rule
from marketplace.edge.acting import current_context, current_principal
from marketplace.edge.once import once
from marketplace.foundation.db import transaction
from marketplace.web import alert_words
from marketplace.web.blueprint import web
from security.log import audit

LONGEST_TYPED = 60


@web.get("/record/alert-rules")
def alert_rules() -> str:
    """Every rule of one's agency, with its values."""
    return _page(None, {}, {})


@web.post("/record/alert-rules/<kind>")
def set_alert_rule(kind: str) -> Response:
    """Adjust a rule, or switch it on or off."""
    names = KINDS[kind].values if kind in KINDS else {}
    typed = {
        name: [each[:LONGEST_TYPED] for each in request.form.getlist(f"{kind}-{name}")] for name in names
    }
    on = "on" in request.form
    actor, context = current_principal(), current_context()
    try:
        with transaction() as tx:
            once(tx, lambda: rules.set_rule(tx, kind, on=on, given=typed, actor=actor, context=context))
    except BadAlertRule as refusal:
        faults = {f"{kind}-{name}": _fault(kind, name) for name in refusal.facts["errors"]}
        return make_response(_page(kind, typed | {"on": ["on"] if on else []}, faults), 422)
    flash(gettext("The rule is changed."))
    return redirect(url_for("web.alert_rules") + f"#{kind}", 303)


def _fault(kind: str, name: str) -> str:
    value = KINDS[kind].values[name]
    if isinstance(value, Number):
        return gettext("Write a number from %(least)s to %(most)s.", least=value.least, most=value.most)
    said = {
        "level": gettext("Choose one of those that are offered."),
        "days": gettext("Choose at least one day."),
        "from": gettext("Write a time, such as 06:00."),
        "until": gettext(
            "Write a time, such as 20:00. Agreed hours are at most %(hours)s hours long.", hours=LONGEST_HOURS
        ),
        "zone": gettext("Write the name of a time zone, such as Europe/Brussels."),
    }
    return said[name]


def _page(kind: str | None, typed: Mapping[str, Sequence[str]], faults: Mapping[str, str]) -> str:
    actor, context = current_principal(), current_context()
    agency_id = actor.agency_id
    with transaction() as tx:
        target = audit.Target("alert_rule", None, agency_id)
        audit.record(tx, "log.read", target, actor=actor, context=context, detail={"alerts": "rules"})
        in_force = rules.in_force(tx, [agency_id])
    shown = [_shown(each, in_force[agency_id, each], typed if each == kind else None) for each in OF_PEOPLE]
    fixed = [
        {"kind": each, "name": alert_words.NAMES[each], "rule": alert_words.rule(each, {}),
         "reason": alert_words.REASONS[each]}
        for each in OF_THE_RECORD
    ]  # fmt: skip
    return render_template(
        "record_alert_rules.html", rules=shown, fixed=fixed, faults=faults, days=alert_words.day_names()
    )


def _shown(kind: str, rule: Rule, typed: Mapping[str, Sequence[str]] | None) -> dict[str, Any]:
    """A rule in words, and its form as it was typed, else as it holds: texts by name, several for days."""
    held = {name: _texts(value) for name, value in rule.values.items()} | {"on": ["on"] if rule.on else []}
    return {
        "kind": kind,
        "name": alert_words.NAMES[kind],
        "rule": alert_words.rule(kind, rule.values),
        "reason": alert_words.REASONS[kind],
        "on": rule.on,
        "changed_at": rule.changed_at,
        "bounds": KINDS[kind].values,
        "form": held if typed is None else typed,
        "open": typed is not None,
    }


def _texts(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]

"""Trying a draft out and signing it: what changes, whether its examples agree, who could still do what tomorrow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from agencies.rules import drafting, examples, preview, reading, signing
from agencies.rules.preview import OwnPeople, Reach
from marketplace.edge.acting import current_context, current_principal
from marketplace.foundation.db import Tx
from marketplace.foundation.db import reading as reads
from marketplace.web import rule_words, words
from marketplace.web.blueprint import web
from marketplace.web.rule_cards import acted, names_of, parsed, revision, said_differences, who
from security.access.attributes import LEVELS, Facts
from security.access.rule import ACTIONS
from security.access.rules import RuleSet
from tasks import access, queries

MOST_CAMPAIGNS = 12
SIGN_INS: Mapping[str, tuple[str, int]] = {
    "just-two": ("multi", 0),
    "just-one": ("single", 0),
    "hour-two": ("multi", 60),
    "hour-one": ("single", 60),
}
"""How and when the people who are counted signed in: factor, and minutes ago."""


@dataclass(frozen=True, slots=True)
class Situation:
    """The circumstances for which people are counted, and the label of the task."""

    zone: str = "office"
    device: str = "managed"
    sign_in: str = "just-two"
    level: str = "internal"

    def facts(self) -> Facts:
        return preview.circumstances(self.zone, self.device, *SIGN_INS[self.sign_in])


@web.get("/agency/rules/preview")
def preview_rules() -> str | Response:
    """What the draft would change, and the button that signs it."""
    actor, situation = current_principal(), _situation()
    with reads() as db:
        draft = drafting.read(db, actor)
        if draft is None:
            return redirect(url_for("web.rules"), 303)
        number = reading.number_in_force(db, actor.agency_id)
        before = reading.comparable(db, actor.agency_id)
        old, new = parsed(before), parsed(draft.body)
        names = names_of(db, before, draft.body)
        counts = _counts(db, old, new, situation)
    return render_template(
        "rules_preview.html",
        revision=draft.revision,
        changes=said_differences(before, draft.body, names),
        overtaken=draft.based_on != number,
        tried=len(examples.checked(new)),
        faults=_faults(new),
        smallest=_smallest(preview.changes(old, new), names),
        counts=counts,
        situation=situation,
        choices=_choices(),
    )


@web.post("/agency/rules/sign")
def sign_rules() -> Response:
    """Sign the draft: it holds from now on."""
    note = " ".join(request.form.get("note", "").split())[:400] or None
    acted(lambda tx: signing.sign(tx, revision=revision(), note=note, **who()))
    flash(gettext("Signed. These rules hold from now on."))
    return redirect(url_for("web.rules"), 303)


def _faults(rules: RuleSet) -> list[tuple[str, str, str]]:
    """What keeps the draft from being signed: the rule's id, whose reason it is, and what to do."""
    reasons = {rule.id: rule.reason for rule in rules.rules}
    found = []
    for each in examples.checked(rules):
        if not each.agrees:
            said = (
                gettext("An example says that it may be done; the rule says it may not.")
                if each.example.allowed
                else gettext("An example says that it may not be done; the rule says it may.")
            )
            found.append((each.rule_id, reasons[each.rule_id]["en"], f"{said} “{each.example.why}”"))
    for rule in rules.rules:
        shown = {example.allowed for example in rule.examples}
        if True not in shown:
            found.append((rule.id, rule.reason["en"], gettext("Add an example of what may be done.")))
        if False not in shown:
            found.append((rule.id, rule.reason["en"], gettext("Add an example of what may not be done.")))
    return found


def _smallest(changes: Sequence[preview.Change], names: rule_words.Names) -> list[dict[str, Any]]:
    """The smallest cases in words; actions that change in the same case stand together."""
    together: dict[tuple[str | None, str], list[str]] = {}
    for change in changes:
        action = str(rule_words.ACTIONS[change.action])
        together.setdefault((change.way, _in_words(change, names)), []).append(words.capital(action))
    return [
        {"actions": actions, "way": way, "sentence": sentence}
        for (way, sentence), actions in together.items()
    ]


def _in_words(change: preview.Change, names: rule_words.Names) -> str:
    if change.case is None:
        return gettext(
            "There are too many cases to find the smallest one. Sign the changes in smaller parts."
        )
    case = rule_words.case(change.case, names)
    if change.way == "lost":
        return gettext("No longer possible when %(case)s.", case=case)
    return gettext("Possible from now on when %(case)s.", case=case)


def _situation() -> Situation:
    """What was chosen in the address; words that are none of the choices count as not chosen."""
    usual = Situation()
    given = {name: request.args.get(name, "") for name in _choices()}
    known = {name: value for name, value in given.items() if value in dict(_choices()[name][1])}
    return Situation(**{name: known.get(name, getattr(usual, name)) for name in given})


def _choices() -> dict[str, tuple[str, list[tuple[str, str]]]]:
    sign_ins = {
        "just-two": gettext("just now, with two factors"),
        "just-one": gettext("just now, with one factor"),
        "hour-two": gettext("an hour ago, with two factors"),
        "hour-one": gettext("an hour ago, with one factor"),
    }
    return {
        "zone": (gettext("Network"), [(code, str(word)) for code, word in words.ZONES.items()]),
        "device": (gettext("Device"), [(code, str(word)) for code, word in rule_words.DEVICES.items()]),
        "sign_in": (gettext("Signed in"), list(sign_ins.items())),
        "level": (gettext("Label of the task"), [(code, words.level(code)) for code in LEVELS]),
    }


# ---------- counts ----------


def _counts(db: Tx, old: RuleSet, new: RuleSet, situation: Situation) -> dict[str, Any] | None:
    """Own people per action, and per open campaign that the reader may know; None without the council's approval."""
    actor = current_principal()
    people = OwnPeople(db, actor.agency_id)
    if people.k is None:
        return None
    task, how = preview.a_task(actor.agency_slug, situation.level), situation.facts()
    by_action = [
        (words.capital(str(rule_words.ACTIONS[action])), _said(people.reach(old, new, action, how, task)))
        for action in ACTIONS
    ]
    by_campaign = [
        (found, _said(people.reach(old, new, "claim", how, access.facts_of_terms(found.terms))))
        for found in queries.own_open(db, actor, current_context(), MOST_CAMPAIGNS)
    ]
    return {"k": people.k, "actions": by_action, "campaigns": by_campaign}


def _said(reach: Reach) -> dict[str, str]:
    few = gettext("fewer than %(k)s", k=words.number(reach.k))
    before = few if reach.before is None else gettext("about %(people)s", people=words.number(reach.before))
    after = few if reach.after is None else gettext("about %(people)s", people=words.number(reach.after))
    return {
        "before": before,
        "after": after
        if reach.moved
        else gettext("no change of %(k)s people or more", k=words.number(reach.k)),
        "moved": "yes" if reach.moved else "",
    }

"""Rules as pages show them: a rule in sentences, what differs between two versions, and acting on one's draft."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from flask import request
from flask_babel import gettext, ngettext

from agencies import directory
from agencies.rules import comparing, drafting, examples, reading
from agencies.skills.reading import CODE
from marketplace.edge.acting import current_context, current_principal
from marketplace.edge.once import once
from marketplace.foundation.db import Tx, transaction
from marketplace.foundation.db import reading as reads
from marketplace.web import rule_words
from marketplace.web.languages import chosen
from security.access.documents import FORMAT
from security.access.expression import to_json
from security.access.rule import Rule
from security.access.rules import RuleSet


def names_of(db: Tx, *bodies: Any) -> dict[str, str]:
    """Agencies, and the skills that these rules and examples speak of, by code, in the reader's language."""
    return directory.skill_labels(db, chosen(), _texts(bodies)) | directory.names(db)


def _texts(value: Any) -> Iterator[str]:
    """Every text in JSON values that can be a code: which of them are skills, the database knows."""
    if isinstance(value, str):
        if CODE.fullmatch(value):
            yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)


def parsed(body: Mapping[str, Any]) -> RuleSet:
    """A body that was checked when it was stored, as rules."""
    return reading.parsed(dict(body))


def one(found: Mapping[str, Any]) -> Rule:
    """One rule of a checked body."""
    alone = {"format": FORMAT, "agency": current_principal().agency_slug, "rules": [found]}
    return RuleSet.parse(alone).rules[0]


def card(rule: Rule, names: rule_words.Names) -> dict[str, Any]:
    """A rule as lists show it, in sentences."""
    text, language = rule_words.reason({"reason": rule.reason}, chosen())
    tried = examples.of_rule(rule)
    return {
        "id": rule.id,
        "reason": text,
        "language": language,
        "says": rule_words.rule({"when": to_json(rule.when), "must": to_json(rule.must)}, names),
        "does": rule_words.actions(rule.does),
        "remedy": str(rule_words.REMEDIES.get(rule.remedy, rule.remedy)),
        "examples": len(tried),
        "disagreeing": sum(not each.agrees for each in tried),
        "complete": {each.example.allowed for each in tried} == {True, False},
    }


def said_differences(
    old: Mapping[str, Any], new: Mapping[str, Any], names: rule_words.Names
) -> list[dict[str, Any]]:
    """What differs, one sentence per change: kind, rule's id, the rule's reason, sentences."""
    return [_said(each, names) for each in comparing.differences(old, new)]


def _said(found: comparing.Difference, names: rule_words.Names) -> dict[str, Any]:
    shown = found.new or found.old or {}
    text, language = rule_words.reason(shown, chosen())
    said = [rule_words.rule(shown, names)]
    if found.old and found.new:
        said = [_PARTS[part](found.old, found.new, names) for part in found.parts]
    return {"kind": found.kind, "id": found.rule_id, "reason": text, "language": language, "parts": said}


def _condition_changed(part: str) -> Callable[[Mapping[str, Any], Mapping[str, Any], rule_words.Names], str]:
    def said(old: Mapping[str, Any], new: Mapping[str, Any], names: rule_words.Names) -> str:
        before = rule_words.condition(old.get(part, True), names)
        after = rule_words.condition(new.get(part, True), names)
        if part == "must":
            return gettext("It asks that %(after)s. Before: that %(before)s.", after=after, before=before)
        return gettext("It applies when: %(after)s. Before: %(before)s.", after=after, before=before)

    return said


def _does_changed(old: Mapping[str, Any], new: Mapping[str, Any], _names: rule_words.Names) -> str:
    return gettext(
        "It is about: %(after)s. Before: %(before)s.",
        after=rule_words.actions(new["does"]),
        before=rule_words.actions(old["does"]),
    )


def _remedy_changed(old: Mapping[str, Any], new: Mapping[str, Any], _names: rule_words.Names) -> str:
    return gettext("What would help: %(remedy)s.", remedy=rule_words.REMEDIES[new["remedy"]])


def _reason_changed(old: Mapping[str, Any], new: Mapping[str, Any], _names: rule_words.Names) -> str:
    return gettext("Its reason is worded otherwise. It decides as before.")


def _examples_changed(old: Mapping[str, Any], new: Mapping[str, Any], _names: rule_words.Names) -> str:
    return ngettext(
        "It has %(num)s example now.", "It has %(num)s examples now.", len(new.get("examples", ()))
    )


_PARTS: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any], rule_words.Names], str]] = {
    "does": _does_changed,
    "when": _condition_changed("when"),
    "must": _condition_changed("must"),
    "reason": _reason_changed,
    "remedy": _remedy_changed,
    "examples": _examples_changed,
}


def own_draft() -> drafting.Draft:
    """The reader's draft, or where there is none what holds, ready to be changed. Raises RulesUnreadable."""
    with reads() as db:
        return drafting.begun(db, current_principal())


def revision() -> int:
    """The revision of the draft that the form was made from; what is no number is of no draft."""
    text = request.form.get("revision", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def who() -> dict[str, Any]:
    """Actor and context, as use-cases take them."""
    return {"actor": current_principal(), "context": current_context()}


def acted(act: Callable[[Tx], object]) -> None:
    """Do something once, in one transaction."""
    with transaction() as tx:
        once(tx, lambda: (act(tx), None)[1])

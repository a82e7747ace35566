"""The form of one rule and of one example: what it shows of them, and what it makes of what was typed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from agencies.rules import patterns
from agencies.rules.patterns import EXPERT, Pattern, Scope
from marketplace.foundation.catalogues import LANGUAGES
from marketplace.foundation.input import BadJson, clean, load_json
from marketplace.web import rule_words
from security.access.attributes import ATTRIBUTES, Attribute, Kind
from security.access.documents import FORMAT, LONGEST_TEXT, MOST_EXAMPLES
from security.access.errors import InvalidRules
from security.access.lattice import OTHER
from security.access.rule import ACTIONS, Rule
from security.access.rules import RuleSet

USUAL = ("claim", "open")
"""What most rules are about."""
LONGEST_JSON = 8000
Errors = list[tuple[str, str]]
"""What to put right: the id of the field and a sentence."""


@dataclass(slots=True)
class RuleForm:
    """What the form of a rule shows. `about` is a pattern's name, or "expert"."""

    about: str
    values: list[str] = field(default_factory=list)
    does: list[str] = field(default_factory=lambda: list(USUAL))
    level: str = "public"
    whom: str = "everybody"
    must: str = ""
    when: str = "true"
    reasons: dict[str, str] = field(default_factory=dict)
    remedy: str = "ask_administrator"
    id: str = ""
    examples: list[dict[str, Any]] = field(default_factory=list)

    @property
    def pattern(self) -> Pattern | None:
        return patterns.by_name(self.about)


def blank(about: str, taken: Sequence[str]) -> RuleForm:
    """The form of a new rule about something."""
    pattern = patterns.by_name(about)
    remedy = (pattern.remedy if pattern else None) or "ask_administrator"
    values = ["15"] if pattern and pattern.kind == "minutes" else []
    return RuleForm(about, values, remedy=remedy, id=_free(about, taken))


def of_rule(rule: Mapping[str, Any], agency: str, *, as_expert: bool = False) -> RuleForm:
    """The form of a rule as it is; conditions that no pattern makes, or `as_expert`, are shown as JSON."""
    when = rule.get("when", True)
    scope, known = patterns.scope_of(when, agency), patterns.recognised(rule["must"])
    made = RuleForm(
        EXPERT,
        does=list(rule["does"]),
        must=_pretty(rule["must"]),
        when=_pretty(when),
        reasons=dict(rule["reason"]),
        remedy=rule["remedy"],
        id=rule["id"],
        examples=list(rule.get("examples", ())),
    )
    if scope is not None and known is not None and not as_expert:
        made.about, made.values = known.pattern.name, known.values
        made.level, made.whom = scope.level, scope.whom
    return made


def typed(form: MultiDict[str, str], about: str, before: Mapping[str, Any] | None = None) -> RuleForm:
    """What somebody typed, as the form shows it again. `before`: the rule that is being changed."""
    reasons = {code: _line(form.get(f"reason_{code}", "")) for code in LANGUAGES}
    return RuleForm(
        about=about,
        values=[_line(value) for value in form.getlist("value") if value.strip()],
        does=[action for action in ACTIONS if action in form.getlist("does")],
        level=form.get("level", "public"),
        whom=form.get("whom", "everybody"),
        must=form.get("must", "")[:LONGEST_JSON],
        when=form.get("when", "true")[:LONGEST_JSON],
        reasons={code: text for code, text in reasons.items() if text},
        remedy=form.get("remedy", ""),
        id=_line(form.get("id", "")).lower(),
        examples=list((before or {}).get("examples", ())),
    )


def rule_from(form: RuleForm, agency: str, taken: Sequence[str]) -> tuple[dict[str, Any], Errors]:
    """The rule that a filled-in form says, and what to put right first."""
    errors: Errors = []
    rule = {
        "id": form.id or _free(form.about, taken),
        "does": form.does,
        "when": _when(form, agency, errors),
        "must": _must(form, errors),
        "reason": form.reasons,
        "remedy": form.remedy,
        "examples": form.examples,
    }
    if not form.does:
        errors.append(("does", gettext("Choose what the rule is about: at least one thing that people do.")))
    if "en" not in form.reasons:
        errors.append(
            ("reason_en", gettext("Write the reason in English: it stands in for other languages."))
        )
    if rule["id"] in taken:
        errors.append(("id", gettext("Another rule has this name. Choose one of its own.")))
    return rule, errors or _of_the_rule(rule, agency)


def _must(form: RuleForm, errors: Errors) -> Any:
    pattern = form.pattern
    if pattern is None:
        return _json(form.must, "must", errors)
    if pattern.kind == "nothing":
        return pattern.make([])
    if not form.values:
        errors.append(
            ("value", gettext("Choose or type something here: without it the rule asks for nothing."))
        )
        return True
    if pattern.kind == "minutes" and not _is_minutes(form.values[0]):
        errors.append(("value", gettext("Type a whole number of minutes, from 1 to 1440.")))
        return True
    return pattern.make(form.values if pattern.kind in ("many", "agencies") else form.values[:1])


def _is_minutes(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text[:6]) <= patterns.LONGEST_MINUTES


def _when(form: RuleForm, agency: str, errors: Errors) -> Any:
    if form.pattern is None:
        return _json(form.when or "true", "when", errors)
    if form.level not in patterns.LEVELS or form.whom not in patterns.WHOM:
        errors.append(("level", gettext("Choose one of the labels and one of the groups of people.")))
        return True
    return patterns.when(Scope(form.level, form.whom), agency)


def _json(text: str, at: str, errors: Errors) -> Any:
    try:
        return load_json(text.encode())
    except BadJson as error:
        errors.append((at, gettext("This is not JSON that can be read: %(why)s", why=error.message)))
        return True


def _of_the_rule(rule: Mapping[str, Any], agency: str) -> Errors:
    """What the rules' own reader says; its places become fields of the form."""
    try:
        RuleSet.parse({"format": FORMAT, "agency": agency, "rules": [rule]})
    except InvalidRules as error:
        return [
            (_field(place), _said(place, sentence))
            for place, sentences in error.facts["errors"].items()
            for sentence in sentences
        ]
    return []


_PLACES = (
    (r"rules\[0\]\.id", "id"),
    (r"rules\[0\]\.does", "does"),
    (r"rules\[0\]\.when", "when"),
    (r"rules\[0\]\.must", "must"),
    (r"rules\[0\]\.remedy", "remedy"),
    (r"rules\[0\]\.reason\.(\w+)", r"reason_\1"),
)


def _field(place: str) -> str:
    for pattern, name in _PLACES:
        found = re.match(pattern, place)
        if found:
            return found.expand(name)
    return ""


def _said(place: str, sentence: str) -> str:
    if place == "rules[0].id":
        return gettext("The name may have small letters, digits and dashes, and 60 of them at most.")
    if place.startswith("rules[0].reason."):
        return gettext("A reason is one line of at most %(longest)s characters.", longest=LONGEST_TEXT)
    inside = re.sub(r"^rules\[0\]\.", "", place)
    return f"{inside}: {sentence}"


def _free(about: str, taken: Sequence[str]) -> str:
    """A name that no rule has: the pattern's own, or with a number behind it."""
    about = "rule" if about == EXPERT else about
    numbered = (f"{about}-{number}" for number in range(2, len(taken) + 3))
    return next(name for name in (about, *numbered) if name not in taken)


def _line(text: str) -> str:
    """One line in normal form, of a length that a rule can have."""
    return clean(" ".join(text.split())[: LONGEST_TEXT + 1])


def _pretty(expression: Any) -> str:
    """JSON as one would write it: on one line where it is short."""
    short = json.dumps(expression, ensure_ascii=False)
    return short if len(short) <= 70 else json.dumps(expression, ensure_ascii=False, indent=2)


# ---------- examples ----------


@dataclass(frozen=True, slots=True)
class CaseField:
    """One attribute as the form of an example asks it. `kind`: "choice", "number" or "words"."""

    name: str
    label: str
    kind: str
    options: list[tuple[str, str]]
    value: str = ""
    hint: str = ""


NOT_SAID = ""
NONE = "-"
"""The choice that says: known, and nothing of it."""


def case_fields(
    rule: Rule, names: rule_words.Names, given: Mapping[str, str] | None = None
) -> list[CaseField]:
    """A field for each attribute that the rule speaks of."""
    spoken = RuleSet("", (rule,)).names()
    asked = [attribute for name, attribute in ATTRIBUTES.items() if name in spoken]
    return [_case_field(each, names, given or {}) for each in asked if each.kind is not Kind.ID]


def _case_field(attribute: Attribute, names: rule_words.Names, given: Mapping[str, str]) -> CaseField:
    label, value = (
        str(rule_words.ATTRIBUTE_NAMES[attribute.name]),
        given.get(f"case.{attribute.name}", NOT_SAID),
    )
    if attribute.kind is Kind.NUMBER:
        return CaseField(attribute.name, label, "number", [], value)
    if attribute.kind is Kind.WORDS and attribute.of != "agency" and not attribute.words:
        hint = gettext("Several are separated by commas; empty means none.")
        return CaseField(attribute.name, label, "words", [], value, hint)
    return CaseField(attribute.name, label, "choice", _choices(attribute, names), value)


def _choices(attribute: Attribute, names: rule_words.Names) -> list[tuple[str, str]]:
    unsaid = (NOT_SAID, gettext("not known"))
    if attribute.kind is Kind.FLAG:
        return [unsaid, ("yes", gettext("yes")), ("no", gettext("no"))]
    if attribute.of == "agency":
        words = [*names.items(), (OTHER, rule_words.value_of(attribute.name, OTHER, names))]
    else:
        words = [(word, rule_words.value_of(attribute.name, word, names)) for word in attribute.words]
    none = [(NONE, gettext("none"))] if attribute.kind is Kind.WORDS else []
    return [unsaid, *none, *words]


def example_from(form: MultiDict[str, str], fields: Sequence[CaseField]) -> tuple[dict[str, Any], Errors]:
    """The example that a filled-in form says, and what to put right first."""
    errors: Errors = []
    case = {each.name: value for each in fields if (value := _case_value(each, form, errors)) is not None}
    why, allowed = _line(form.get("why", "")), form.get("allowed")
    if not why or len(why) > LONGEST_TEXT:
        errors.append(("why", gettext("Say in a few words why this may or may not be done.")))
    if allowed not in ("may", "may-not"):
        errors.append(("allowed", gettext("Choose whether it may be done.")))
    if not case:
        errors.append(("case", gettext("Choose at least one circumstance: a case without any says nothing.")))
    return {"case": case, "allowed": allowed == "may", "why": why}, errors


def _case_value(asked: CaseField, form: MultiDict[str, str], errors: Errors) -> Any:
    given = _line(form.get(f"case.{asked.name}", ""))
    attribute = ATTRIBUTES[asked.name]
    if asked.kind == "words":
        return sorted({word.strip() for word in given.split(",") if word.strip()})
    if given == NOT_SAID:
        return None
    if asked.kind == "number":
        if given.isascii() and given.isdigit() and len(given) <= 5:
            return int(given)
        errors.append((f"case-{asked.name}", gettext("Type a whole number of minutes.")))
        return None
    if given not in {code for code, _ in asked.options}:
        return None
    if attribute.kind is Kind.FLAG:
        return given == "yes"
    if attribute.kind is Kind.WORDS:
        return [] if given == NONE else [given]
    return given


def full(rule: Mapping[str, Any]) -> bool:
    """Whether a rule has as many examples as it may have."""
    return len(rule.get("examples", ())) >= MOST_EXAMPLES

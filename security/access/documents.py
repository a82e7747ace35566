"""Rules as JSON: read with every fault at once, by place, and written so that reading gives the same rules again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from security.access import expression
from security.access.attributes import ATTRIBUTES, Attribute, Kind, Value
from security.access.errors import InvalidRules
from security.access.expression import LARGEST_NUMBER, LONGEST_WORD, Always, Expr
from security.access.remedies import REMEDIES
from security.access.rule import ACTIONS, Example, Rule

FORMAT = "marketplace-rules-1"
LANGUAGES = ("en", "de", "nl", "fr")
MOST_RULES, MOST_EXAMPLES, LONGEST_TEXT = 60, 20, 400

_ID = re.compile(r"[a-z0-9]([a-z0-9-]{0,58}[a-z0-9])?")


def read(data: Any, *, own_codes: bool) -> tuple[str, tuple[Rule, ...]]:
    """The agency and its rules. Raises InvalidRules with every rule that is wrong and where.

    `own_codes`: the marketplace's own rules name codes that its pages translate; those of agencies may not.
    """
    return _Reader(own_codes).rule_set(data)


def written(agency: str, rules: Sequence[Rule]) -> dict[str, Any]:
    """The JSON that `read` reads as these rules."""
    return {"format": FORMAT, "agency": agency, "rules": [_rule_json(rule) for rule in rules]}


def case_json(case: Mapping[str, Any]) -> dict[str, Any]:
    """A case as JSON has it: sets as sorted lists."""
    return {name: sorted(v) if isinstance(v, frozenset) else v for name, v in sorted(case.items())}


def _rule_json(rule: Rule) -> dict[str, Any]:
    said: dict[str, Any] = {"id": rule.id, "does": list(rule.does)}
    if rule.when != Always(True):
        said["when"] = expression.to_json(rule.when)
    said |= {"must": expression.to_json(rule.must), "reason": dict(rule.reason), "remedy": rule.remedy}
    if rule.code is not None:
        said["code"] = rule.code
    if rule.examples:
        said["examples"] = [_example_json(example) for example in rule.examples]
    return said


def _example_json(example: Example) -> dict[str, Any]:
    return {"case": case_json(example.case), "allowed": example.allowed, "why": example.why}


class _Reader:
    """Reads rules and gathers everything that is wrong with them, by place."""

    def __init__(self, own_codes: bool) -> None:
        self.own_codes = own_codes
        self.errors: dict[str, list[str]] = {}

    def rule_set(self, data: Any) -> tuple[str, tuple[Rule, ...]]:
        given = self.object(data, "rules", {"format", "agency", "rules"})
        if given.get("format") != FORMAT:
            self.wrong("format", f"The format must be “{FORMAT}”.")
        agency = self.text(given.get("agency"), "agency", LONGEST_WORD)
        rules = [
            self.rule(each, f"rules[{at}]") for at, each in enumerate(self.list(given, "rules", MOST_RULES))
        ]
        ids = [rule.id for rule in rules]
        for at, id_ in enumerate(ids):
            if id_ in ids[:at]:
                self.wrong(f"rules[{at}].id", "Another rule has this id.")
        if self.errors:
            raise InvalidRules(errors=self.errors)
        return agency, tuple(rules)

    def rule(self, data: Any, place: str) -> Rule:
        known = {"id", "does", "when", "must", "reason", "remedy", "examples"}
        given = self.object(data, place, known | ({"code"} if self.own_codes else set()))
        id_ = given.get("id")
        if not isinstance(id_, str) or not _ID.fullmatch(id_):
            self.wrong(f"{place}.id", "The id must be small letters, digits and dashes, at most 60.")
        if not isinstance(given.get("remedy"), str) or given["remedy"] not in REMEDIES:
            self.wrong(f"{place}.remedy", f"The remedy must be one of: {', '.join(sorted(REMEDIES))}.")
        examples = self.list(given, "examples", MOST_EXAMPLES, place) if "examples" in given else []
        return Rule(
            id=str(id_),
            does=self.actions(given.get("does"), f"{place}.does"),
            when=self.expression(given.get("when", True), f"{place}.when"),
            must=self.expression(given.get("must"), f"{place}.must"),
            reason=self.reason(given.get("reason"), f"{place}.reason"),
            remedy=str(given.get("remedy")),
            examples=tuple(self.example(each, f"{place}.examples[{at}]") for at, each in enumerate(examples)),
            code=given.get("code"),
        )

    def actions(self, data: Any, place: str) -> tuple[str, ...]:
        if not isinstance(data, list) or not data or not all(each in ACTIONS for each in data):
            self.wrong(place, f"This must be a list of: {', '.join(ACTIONS)}.")
            return ()
        return tuple(action for action in ACTIONS if action in data)

    def expression(self, data: Any, place: str) -> Expr:
        try:
            return expression.parse(data, place)
        except InvalidRules as error:
            self.errors |= error.facts["errors"]
            return Always(False)

    def reason(self, data: Any, place: str) -> Mapping[str, str]:
        texts = self.object(data, place, set(LANGUAGES))
        if "en" not in texts:
            self.wrong(place, "Say the reason in English at least: it stands in where a language is missing.")
        return {language: self.text(text, f"{place}.{language}") for language, text in sorted(texts.items())}

    def example(self, data: Any, place: str) -> Example:
        given = self.object(data, place, {"case", "allowed", "why"})
        case: dict[str, Value] = {}
        for name, value in self.object(given.get("case"), f"{place}.case", set(ATTRIBUTES)).items():
            fitting = _fitting(ATTRIBUTES[name], value)
            if fitting is None:
                self.wrong(f"{place}.case.{name}", "This value does not fit the attribute.")
            else:
                case[name] = fitting
        if not isinstance(given.get("allowed"), bool):
            self.wrong(f"{place}.allowed", "Say true or false.")
        return Example(case, given.get("allowed") is True, self.text(given.get("why"), f"{place}.why"))

    def object(self, data: Any, place: str, known: set[str]) -> Mapping[str, Any]:
        if not isinstance(data, dict):
            self.wrong(place, "This must be an object.")
            return {}
        for name in data.keys() - known:
            self.wrong(place, f"“{str(name)[:LONGEST_WORD]}” is not known here.")
        return {name: value for name, value in data.items() if name in known}

    def list(self, given: Mapping[str, Any], name: str, most: int, within: str = "") -> Sequence[Any]:
        found = given.get(name)
        if not isinstance(found, list) or len(found) > most:
            self.wrong(f"{within}.{name}".lstrip("."), f"This must be a list of at most {most}.")
            return []
        return found

    def text(self, data: Any, place: str, longest: int = LONGEST_TEXT) -> str:
        if not isinstance(data, str) or not 0 < len(data.strip()) <= longest or not data.isprintable():
            self.wrong(place, f"This must be a text of one line, at most {longest} characters.")
            return ""
        return data

    def wrong(self, place: str, sentence: str) -> None:
        self.errors.setdefault(place, []).append(sentence)


def _fitting(attribute: Attribute, value: Any) -> Value | None:
    """The value of an example as facts have it, None where it is no value of the attribute."""
    if attribute.kind is Kind.WORDS:
        if isinstance(value, list) and all(_is_word(attribute, each) for each in value):
            return frozenset(value)
        return None
    if attribute.kind is Kind.FLAG:
        return value if isinstance(value, bool) else None
    if attribute.kind is Kind.NUMBER:
        return value if type(value) is int and 0 <= value <= LARGEST_NUMBER else None
    return value if _is_word(attribute, value) else None


def _is_word(attribute: Attribute, value: Any) -> bool:
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_WORD or not value.isprintable():
        return False
    return not attribute.words or value in attribute.words

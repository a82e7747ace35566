"""Rules as agencies write and sign them: each with an id, a reason, a remedy and its own examples.

A rule: *when* this is so, that *must* be so. Every rule that is asked about an action must hold; a further rule can
only take away. A condition that cannot be known applies, a demand that cannot be known fails.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from security.access import expression
from security.access.attributes import ATTRIBUTES, Attribute, Facts, Kind, Value
from security.access.compiling import Truth, closure
from security.access.errors import InvalidRules
from security.access.expression import LARGEST_NUMBER, LONGEST_WORD, Always, Expr
from security.access.remedies import REMEDIES
from security.decision import ALLOWED, Decision, Reason

FORMAT = "marketplace-rules-1"
LANGUAGES = ("en", "de", "nl", "fr")
MOST_RULES, MOST_EXAMPLES, LONGEST_TEXT = 60, 20, 400

ASKED: Mapping[str, frozenset[str]] = {
    "know": frozenset({"know"}),
    "claim": frozenset({"know", "claim"}),
    "open": frozenset({"know", "open"}),
    "results": frozenset({"know", "results"}),
    "export": frozenset({"know", "results", "export"}),
}
"""The actions, and the rules about which actions each of them asks: nobody does what they may not know."""

ACTIONS = tuple(ASKED)

_ID = re.compile(r"[a-z0-9]([a-z0-9-]{0,58}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Example:
    """A case, whether the rule lets it pass, and why. What the case leaves out is not known."""

    case: Mapping[str, Value]
    allowed: bool
    why: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `reason` is a sentence by language; `code` names the marketplace's own rules in all languages."""

    id: str
    does: tuple[str, ...]
    when: Expr
    must: Expr
    reason: Mapping[str, str]
    remedy: str
    examples: tuple[Example, ...] = ()
    code: str | None = None

    def is_asked(self, action: str) -> bool:
        return not ASKED[action].isdisjoint(self.does)

    def refusal(self, agency: str) -> Reason:
        """Why this rule says no."""
        if self.code is not None:
            return Reason(self.code, {}, self.remedy)
        texts = {f"text_{language}": text for language, text in self.reason.items()}
        return Reason("agency_rule", {"agency": agency, "rule": self.id, **texts}, self.remedy)


_Compiled = tuple[Truth | None, Truth, Rule, Reason]
"""A rule's `when` (None: always) and `must`, the rule, and why it says no."""


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules of one agency, in the order in which their reasons are told."""

    agency: str
    rules: tuple[Rule, ...]
    _asked: Mapping[str, Sequence[_Compiled]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        compiled = [(*_conditions(rule), rule, rule.refusal(self.agency)) for rule in self.rules]
        asked = {action: [each for each in compiled if each[2].is_asked(action)] for action in ACTIONS}
        object.__setattr__(self, "_asked", asked)

    @classmethod
    def parse(cls, data: Any, *, own_codes: bool = False) -> Self:
        """Read and check rules from JSON. Raises InvalidRules with every rule that is wrong and where.

        `own_codes`: the marketplace's own rules name codes that its pages translate; those of agencies may not.
        """
        return cls(*_Reader(own_codes).rule_set(data))

    def json(self) -> dict[str, Any]:
        """The JSON that `parse` reads as these rules."""
        return {"format": FORMAT, "agency": self.agency, "rules": [_rule_json(rule) for rule in self.rules]}

    def decide(self, action: str, facts: Facts) -> Decision:
        """Whether the action is allowed; every rule that does not hold is a reason."""
        failed = self.refusals(action, facts)
        return Decision(tuple(failed)) if failed else ALLOWED

    def refusals(self, action: str, facts: Facts) -> list[Reason]:
        """Why not: one reason per rule that does not hold."""
        return [
            reason
            for when, must, _, reason in self._asked[action]
            if must(facts) is not True and (when is None or when(facts) is not False)
        ]

    def allows(self, action: str, facts: Facts) -> bool:
        """`decide(…).allowed`, sooner: the first rule that fails is enough."""
        return all(
            must(facts) is True or (when is not None and when(facts) is False)
            for when, must, _, _ in self._asked[action]
        )

    def failing(self, action: str, facts: Facts) -> tuple[Rule, ...]:
        """The rules that do not hold."""
        return tuple(
            rule
            for when, must, rule, _ in self._asked[action]
            if must(facts) is not True and (when is None or when(facts) is not False)
        )

    def asked(self, action: str) -> tuple[Rule, ...]:
        """The rules that are asked about an action."""
        return tuple(rule for _, _, rule, _ in self._asked[action])

    def names(self, action: str | None = None) -> frozenset[str]:
        """The attributes that the rules (about one action) speak of."""
        rules = self.rules if action is None else self.asked(action)
        return frozenset().union(
            *(expression.names(rule.when) | expression.names(rule.must) for rule in rules)
        )


def holding(rule: Rule) -> Callable[[Facts], bool]:
    """The function that tells whether a rule holds for facts."""
    when, must = _conditions(rule)
    return lambda facts: must(facts) is True or (when is not None and when(facts) is False)


def _conditions(rule: Rule) -> tuple[Truth | None, Truth]:
    """A rule's `when` (None: always) and `must`, compiled."""
    return None if rule.when == Always(True) else closure(rule.when), closure(rule.must)


def _rule_json(rule: Rule) -> dict[str, Any]:
    written: dict[str, Any] = {"id": rule.id, "does": list(rule.does)}
    if rule.when != Always(True):
        written["when"] = expression.to_json(rule.when)
    written |= {"must": expression.to_json(rule.must), "reason": dict(rule.reason), "remedy": rule.remedy}
    if rule.code is not None:
        written["code"] = rule.code
    if rule.examples:
        written["examples"] = [_example_json(example) for example in rule.examples]
    return written


def _example_json(example: Example) -> dict[str, Any]:
    case = {name: sorted(v) if isinstance(v, frozenset) else v for name, v in sorted(example.case.items())}
    return {"case": case, "allowed": example.allowed, "why": example.why}


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

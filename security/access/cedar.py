"""The same rules as Cedar policies (https://www.cedarpolicy.com): one `permit`, and one `forbid` per rule.

Cedar skips a policy whose condition errors, and a missing attribute is an error. So nothing here can err: every
question first asks whether its attributes are there. A rule becomes `forbid unless (surely not when) or (surely must)`.
Words of an ordered vocabulary become their ranks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from security.access.attributes import SCALES, Attribute, Kind
from security.access.expression import AllOf, Always, AnyOf, Expr, Not, Ref, Test
from security.access.rule import ACTIONS, Rule
from security.access.rules import RuleSet


def policies(rules: RuleSet) -> str:
    """The rules of one agency as the text of a Cedar policy set."""
    written = [f"// {rules.agency}", "permit (principal, action, resource);"]
    return "\n\n".join([*written, *(_policy(rule) for rule in rules.rules)]) + "\n"


def _policy(rule: Rule) -> str:
    actions = ", ".join(f'Action::"{action}"' for action in ACTIONS if rule.is_asked(action))
    condition = _surely(AnyOf((Not(rule.when), rule.must)), True)
    return (
        f"@id({_text(rule.id)})\n@reason({_text(rule.reason['en'])})\n@remedy({_text(rule.remedy)})\n"
        f"forbid (principal, action in [{actions}], resource)\nunless {{ {condition} }};"
    )


def _surely(expr: Expr, answer: bool) -> str:
    """Cedar that is true exactly where `expr` is known to be `answer`."""
    match expr:
        case Always(value):
            return "true" if value is answer else "false"
        case Not(part):
            return _surely(part, not answer)
        case AllOf(parts) | AnyOf(parts):
            every = isinstance(expr, AllOf) is answer
            return "(" + (" && " if every else " || ").join(_surely(part, answer) for part in parts) + ")"
        case Test():
            return _test(expr, answer)
        case never:
            assert_never(never)


def _test(test: Test, answer: bool) -> str:
    names = [test.name] + ([test.against.name] if isinstance(test.against, Ref) else [])
    known = [f"{name.partition('.')[0]} has {name.partition('.')[2]}" for name in names]
    asked = _ASKED[test.verb].format(it=test.name, v=_operand(test))
    return "(" + " && ".join([*known, f"({asked})" if answer else f"!({asked})"]) + ")"


_ASKED: Mapping[str, str] = {
    "is": "{it} == {v}",
    "one_of": "{v}.contains({it})",
    "at_least": "{it} >= {v}",
    "at_most": "{it} <= {v}",
    "has": "{it}.contains({v})",
    "has_all": "{it}.containsAll({v})",
}


def _operand(test: Test) -> str:
    if isinstance(test.against, Ref):
        return test.against.name
    if isinstance(test.against, tuple):
        return "[" + ", ".join(_literal(test.attribute, each) for each in test.against) + "]"
    return _literal(test.attribute, test.against)


def _literal(attribute: Attribute, value: str | int | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return str(SCALES[attribute.of][value]) if attribute.kind is Kind.ORDERED else _text(value)


def _text(value: str) -> str:
    """A Cedar string: everything that is not plain ASCII is escaped by its code point."""
    plain = (c if c.isascii() and c.isprintable() and c not in '"\\' else f"\\u{{{ord(c):x}}}" for c in value)
    return '"' + "".join(plain) + '"'

"""What a rule is usually about, as a form can ask it: from a few choices to the rule's expression, and back.

Pure. Whatever a form can make, `recognised` reads again; any other expression is edited as JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from security.labels import Level
from security.principal import Device, Role, Zone

Expression = Any
"""The JSON of an expression: true, false, or an object with one operator."""

LEVELS = tuple(level.label_key for level in Level)
ZONES = tuple(zone.value for zone in Zone)
DEVICES = (Device.ENROLLED.value, Device.MANAGED.value)
ROLES = tuple(role.value for role in Role)
CHANNELS = ("web", "api")
LONGEST_MINUTES = 1440


@dataclass(frozen=True, slots=True)
class Pattern:
    """One thing a rule can be about. `field` is what the form asks, `options` its fixed choices."""

    name: str
    field: str | None
    kind: str
    """How the field is asked: "many" or "one" of the options, "agencies", "word", "minutes", or "nothing"."""
    make: Callable[[list[str]], Expression]
    read: Callable[[Expression], list[str] | None]
    options: tuple[str, ...] = ()
    remedy: str | None = None
    """What would usually help."""


@dataclass(frozen=True, slots=True)
class Scope:
    """To what a rule applies: to tasks from a level up, and to whom."""

    level: str = "public"
    whom: str = "everybody"
    """"everybody", "our_people", "our_tasks" or "guests": people of other agencies on our tasks."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """A rule's condition as a form shows it."""

    pattern: Pattern
    values: list[str] = field(default_factory=list)


def _one_of(
    attribute: str,
) -> tuple[Callable[[list[str]], Expression], Callable[[Expression], list[str] | None]]:
    def make(values: list[str]) -> Expression:
        return {"one_of": [attribute, values]}

    def read(expression: Expression) -> list[str] | None:
        match expression:
            case {"one_of": [name, [*values]]} if name == attribute and _all_texts(values):
                return values
            case {"is": [name, str(value)]} if name == attribute:
                return [value]
        return None

    return make, read


def _at_least(
    attribute: str,
) -> tuple[Callable[[list[str]], Expression], Callable[[Expression], list[str] | None]]:
    def make(values: list[str]) -> Expression:
        return {"at_least": [attribute, values[0]]}

    def read(expression: Expression) -> list[str] | None:
        match expression:
            case {"at_least": [name, str(value)]} if name == attribute:
                return [value]
        return None

    return make, read


def _recent(values: list[str]) -> Expression:
    minutes = {"at_most": ["context.minutes_since_sign_in", int(values[0])]}
    return {"all": [{"at_least": ["context.factor", "multi"]}, minutes]}


def _read_recent(expression: Expression) -> list[str] | None:
    match expression:
        case {
            "all": [
                {"at_least": ["context.factor", "multi"]} | {"is": ["context.factor", "multi"]},
                {"at_most": ["context.minutes_since_sign_in", n]},
            ]
        }:
            return [str(n)] if isinstance(n, int) and not isinstance(n, bool) else None
    return None


def _read_group(expression: Expression) -> list[str] | None:
    match expression:
        case {"has": ["principal.compartments", str(word)]}:
            return [word]
    return None


def _any_role(values: list[str]) -> Expression:
    return {"any": [{"has": ["principal.roles", role]} for role in values]}


def _read_roles(expression: Expression) -> list[str] | None:
    match expression:
        case {"any": [*parts]} if parts:
            roles = [part["has"][1] for part in parts if _asks_role(part)]
            return roles if len(roles) == len(parts) else None
    return None


def _asks_role(part: Expression) -> bool:
    match part:
        case {"has": ["principal.roles", str()]}:
            return True
    return False


NO_PARTNER: Expression = {"is": ["principal.partner", False]}

PATTERNS: tuple[Pattern, ...] = (
    Pattern("networks", "zones", "many", *_one_of("context.zone"), ZONES, "use_office_network"),
    Pattern("devices", "device", "one", *_at_least("context.device"), DEVICES, "use_managed_device"),
    Pattern("fresh-sign-in", "minutes", "minutes", _recent, _read_recent, remedy="step_up"),
    Pattern("agencies", "agencies", "agencies", *_one_of("principal.agency"), remedy="ask_owner"),
    Pattern("owners", "agencies", "agencies", *_one_of("resource.agency"), remedy="ask_administrator"),
    Pattern(
        "clearance", "level", "one", *_at_least("principal.clearance"), LEVELS[1:], "ask_security_officer"
    ),
    Pattern(
        "group",
        "group",
        "word",
        lambda values: {"has": ["principal.compartments", values[0]]},
        _read_group,
        remedy="ask_security_officer",
    ),
    Pattern("roles", "roles", "many", _any_role, _read_roles, ROLES, "ask_administrator"),
    Pattern(
        "no-partners",
        None,
        "nothing",
        lambda _: NO_PARTNER,
        lambda expression: [] if expression == NO_PARTNER else None,
        remedy="ask_owner",
    ),
    Pattern("channels", "channels", "many", *_one_of("context.channel"), CHANNELS, "ask_administrator"),
)
EXPERT = "expert"
"""The name under which a rule is written as JSON."""


def by_name(name: str) -> Pattern | None:
    """The pattern of this name."""
    return next((pattern for pattern in PATTERNS if pattern.name == name), None)


def recognised(must: Expression) -> Recognised | None:
    """The pattern that makes this condition, with its values; None for what only JSON can say."""
    for pattern in PATTERNS:
        values = pattern.read(must)
        if values is not None and _offered(pattern, values):
            return Recognised(pattern, values)
    return None


def _offered(pattern: Pattern, values: Sequence[str]) -> bool:
    return not pattern.options or all(value in pattern.options for value in values)


def when(scope: Scope, agency: str) -> Expression:
    """The expression for a scope, as `agency` (its short name) sees it."""
    parts: list[Expression] = []
    if scope.level != "public":
        parts.append({"at_least": ["resource.level", scope.level]})
    parts.extend(_WHOM[scope.whom](agency))
    if not parts:
        return True
    return parts[0] if len(parts) == 1 else {"all": parts}


def scope_of(expression: Expression, agency: str) -> Scope | None:
    """The scope that makes this expression; None for what only JSON can say."""
    scopes = (Scope(level, whom) for level in LEVELS for whom in _WHOM)
    return next((scope for scope in scopes if when(scope, agency) == expression), None)


_WHOM: Mapping[str, Callable[[str], list[Expression]]] = {
    "everybody": lambda _: [],
    "our_people": lambda agency: [{"is": ["principal.agency", agency]}],
    "our_tasks": lambda agency: [{"is": ["resource.agency", agency]}],
    "guests": lambda agency: [{"not": {"is": ["principal.agency", agency]}}],
}
WHOM = tuple(_WHOM)


def _all_texts(values: Sequence[Any]) -> bool:
    return bool(values) and all(isinstance(value, str) for value in values)

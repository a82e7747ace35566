"""What differs between two versions of an agency's rules, rule by rule. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PARTS = ("does", "when", "must", "reason", "remedy", "examples")
ADDED, REMOVED, CHANGED = "added", "removed", "changed"


@dataclass(frozen=True, slots=True)
class Difference:
    """One rule that came, went or changed. `parts` names what changed in it."""

    kind: str
    rule_id: str
    old: Mapping[str, Any] | None
    new: Mapping[str, Any] | None
    parts: tuple[str, ...] = ()


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Difference]:
    """From one body to another: what went, what came, what changed; each in the order of its version."""
    before, after = _by_id(old["rules"]), _by_id(new["rules"])
    gone = [Difference(REMOVED, name, rule, None) for name, rule in before.items() if name not in after]
    come = [Difference(ADDED, name, None, rule) for name, rule in after.items() if name not in before]
    both = [_change(name, before[name], rule) for name, rule in after.items() if name in before]
    return gone + come + [change for change in both if change.parts]


def _by_id(rules: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {rule["id"]: rule for rule in rules}


def _change(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Difference:
    parts = tuple(part for part in PARTS if _part(old, part) != _part(new, part))
    return Difference(CHANGED, name, old, new, parts)


def _part(rule: Mapping[str, Any], part: str) -> Any:
    defaults: dict[str, Any] = {"when": True, "examples": [], "remedy": None}
    value = rule.get(part, defaults.get(part))
    return sorted(value) if part == "does" else value

"""The demo agencies and their people, read from deploy/samples/demo.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).resolve().parents[1] / "samples" / "demo.toml"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can sign in at their agency."""

    login: str
    name: str
    roles: tuple[str, ...]
    clearance: str
    skills: tuple[str, ...]
    locale: str
    registered: bool = True
    """False: known to the agency only; the marketplace meets them when they first sign in."""


@dataclass(frozen=True, slots=True)
class Agency:
    """An agency of the demo with its people."""

    slug: str
    name: str
    initials: str
    tint: str
    domain: str
    people: tuple[Person, ...]


def agencies(file: Path = FILE) -> tuple[Agency, ...]:
    """All demo agencies in the order of the file."""
    data = tomllib.loads(file.read_text(encoding="utf-8"))
    return tuple(_agency(entry) for entry in data["agency"])


def _agency(entry: dict[str, Any]) -> Agency:
    people = tuple(
        Person(**{**person, "roles": tuple(person["roles"]), "skills": tuple(person["skills"])})
        for person in entry["person"]
    )
    return Agency(people=people, **{key: value for key, value in entry.items() if key != "person"})

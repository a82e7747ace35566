"""Small builders for tests of skills."""

from __future__ import annotations

from typing import Any

from agencies.skills import confirming, own
from agencies.skills.levels import parse
from marketplace.foundation.db import reading, transaction
from security.principal import Principal
from tests.builders import AT_WORK


def has(person: Principal, code: str, level: str | None = None) -> None:
    """The person says that they have a skill."""
    with transaction() as tx:
        own.declare(tx, code, parse(level), actor=person, context=AT_WORK)


def drops(person: Principal, code: str) -> None:
    with transaction() as tx:
        own.drop(tx, code, actor=person, context=AT_WORK)


def wants(person: Principal, code: str) -> None:
    """The person says that they want to learn a skill."""
    with transaction() as tx:
        own.want(tx, code, actor=person, context=AT_WORK)


def confirms(actor: Principal, person: Principal, code: str) -> None:
    with transaction() as tx:
        confirming.confirm(tx, person.membership_id, code, actor=actor, context=AT_WORK)


def takes_back(actor: Principal, person: Principal, code: str) -> None:
    with transaction() as tx:
        confirming.withdraw(tx, person.membership_id, code, actor=actor, context=AT_WORK)


def skills_of(person: Principal, locale: str = "en") -> dict[str, Any]:
    """Both lists of a person."""
    with reading() as db:
        return own.listing(db, person.person_id, locale)


def codes_of(person: Principal) -> tuple[list[str], list[str]]:
    """The codes on both lists of a person."""
    found = skills_of(person)
    return [each["code"] for each in found["has"]], [each["code"] for each in found["wants"]]

"""What an agency calls the four levels. The order never changes, only the words people read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from agencies import people
from agencies.errors import BadAgencySettings
from agencies.models import Agency
from marketplace.foundation.catalogues import LANGUAGES
from marketplace.foundation.db import Tx
from marketplace.foundation.input import clean
from security.labels import Level
from security.log import audit
from security.principal import Context, Principal, Role

LONGEST = 40
KEYS = tuple(level.label_key for level in Level)


def names_by_slug(db: Tx, locale: str) -> dict[str, dict[str, str]]:
    """Every agency's own words for levels in a language, English where that one is missing; only renamed levels."""
    rows = db.all(select(Agency.slug, Agency.label_names))
    found = {row.slug: _in(row.label_names, locale) for row in rows}
    return {slug: words for slug, words in found.items() if words}


def all_names(db: Tx, agency_id: UUID) -> dict[str, dict[str, str]]:
    """Every word by level and language."""
    found: dict[str, dict[str, str]] | None = db.scalar(
        select(Agency.label_names).where(Agency.id == agency_id)
    )
    return found or {}


def rename(
    tx: Tx, given: Mapping[str, Mapping[str, str]], *, actor: Principal, context: Context
) -> dict[str, dict[str, str]]:
    """Give levels the agency's own words, by level and language; an empty word takes the marketplace's again.

    Raises BadAgencySettings with `errors` by level, NotPermitted.
    """
    people.still_holds(tx, actor, Role.AGENCY_ADMIN)
    errors: dict[str, Any] = {}
    words: dict[str, dict[str, str]] = {}
    for key, by_language in given.items():
        words[key] = {
            language: clean(" ".join(word.split())) for language, word in by_language.items() if word.strip()
        }
        said = _faults(key, words[key])
        if said:
            errors[key] = said
    errors |= {} if errors else _doubles(words)
    if errors:
        raise BadAgencySettings(errors=errors)
    kept = {key: named for key, named in words.items() if named}
    tx.execute(update(Agency).where(Agency.id == actor.agency_id).values(label_names=kept))
    target = audit.Target("agency", actor.agency_id, actor.agency_id)
    audit.record(tx, "agency.set", target, actor=actor, context=context, detail={"set": ["label_names"]})
    return kept


def _in(names: Mapping[str, Mapping[str, str]], locale: str) -> dict[str, str]:
    chosen = {key: words.get(locale) or words.get("en") for key, words in names.items()}
    return {key: word for key, word in chosen.items() if word}


def _faults(key: str, named: Mapping[str, str]) -> list[str]:
    if key not in KEYS:
        return ["There is no such level."]
    said = [f"There is no language {language!r} here." for language in named if language not in LANGUAGES]
    said += [f"At most {LONGEST} characters." for word in named.values() if len(word) > LONGEST]
    if named and "en" not in named:
        said.append("Give the word in English too: it stands in for languages without one.")
    return said


def _doubles(words: Mapping[str, Mapping[str, str]]) -> dict[str, list[str]]:
    """Two levels of one name in a language could not be told apart."""
    said: dict[str, list[str]] = {}
    for language in LANGUAGES:
        seen: set[str] = set()
        for key in KEYS:
            word = words.get(key, {}).get(language, "").casefold()
            if word and word in seen:
                said[key] = ["Two levels cannot have the same name."]
            seen.add(word)
    return said

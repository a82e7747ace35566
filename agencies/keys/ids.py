"""Key ids: whose, for which year, since when. They are public, and for keys kept elsewhere they say it all.

    harbour.2031.6743a5c0b1d2      agency . retention year . second of its making since 1970 (8 hex) and chance (4)

Ids of one agency and year are therefore ordered by age. A keyring file writes more beside its keys, and its ids end
with 8 digits of chance.
"""

import re
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from agencies.keys.interface import KeyInfo

_AGENCY = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_TIMED = re.compile(rf"({_AGENCY.pattern})\.([0-9]{{4}})\.([0-9a-f]{{8}})[0-9a-f]{{4}}")


@dataclass(frozen=True, slots=True)
class Timed:
    """What a key id says."""

    agency: str
    year: int
    second: int


def check(agency_slug: str, year: int) -> None:
    """Raises ValueError where no key can be kept for these."""
    if not _AGENCY.fullmatch(agency_slug) or not 2000 <= year <= 9999:
        raise ValueError(f"no agency and year to keep a key for: {agency_slug!r}, {year}")


def read(key_id: str) -> Timed | None:
    """What an id says; None where it is no id of ours: other programs may keep their keys in the same place."""
    match = _TIMED.fullmatch(key_id)
    return Timed(match[1], int(match[2]), int(match[3], 16)) if match else None


def made(agency_slug: str, year: int, newest: str | None) -> str:
    """An id for a new key, later than `newest` even where the clock was set back."""
    last = read(newest) if newest else None
    second = max(int(time.time()), last.second + 1 if last else 0)
    return f"{agency_slug}.{year}.{second:08x}{secrets.token_hex(2)}"


def newest(names: Iterable[str], agency_slug: str, year: int) -> str | None:
    """The youngest of these that belongs to this agency and year."""
    prefix = f"{agency_slug}.{year}."
    return max((name for name in names if name.startswith(prefix) and read(name)), default=None)


def listed(names: Iterable[str]) -> list[KeyInfo]:
    """What these ids say, by agency and year, oldest first; ids of others are left out."""
    names = list(names)
    found = []
    for name in names:
        said = read(name)
        if said is not None:
            created = datetime.fromtimestamp(said.second, UTC)
            is_current = name == newest(names, said.agency, said.year)
            found.append(KeyInfo(name, said.agency, said.year, created, is_current))
    return sorted(found, key=lambda each: (each.agency, each.year, each.id))

"""Finding one's agency on the sign-in page: by words of its name, or by the domain of a mail address.

Of an address only what follows the last @ is looked at; the rest of it is dropped before anything else happens.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

LONGEST = 200


def wanted(typed: str) -> str:
    """What to look for: words as they were typed, of a mail address only "@" and its domain."""
    text = " ".join(typed[:LONGEST].split())
    _, at, domain = text.rpartition("@")
    return f"@{domain.strip(' .<>')}" if at else text


def matching(agencies: Iterable[dict[str, Any]], typed: str) -> list[dict[str, Any]]:
    """The agencies that fit: whose mail domain an address has, or in whose name, letters or domain every word is."""
    text = wanted(typed).casefold()
    if text.startswith("@"):
        return [agency for agency in agencies if _has_domain(agency, text[1:])]
    return [agency for agency in agencies if all(word in words(agency) for word in text.split())]


def words(agency: dict[str, Any]) -> str:
    """All that an agency is found by, in small letters."""
    return " ".join([agency["name"], agency["initials"], *domains(agency)]).casefold()


def domains(agency: dict[str, Any]) -> list[str]:
    """The domains of an agency's mail addresses."""
    return [each.casefold() for each in dict.fromkeys([agency["domain"], *agency["mail_domains"]])]


def _has_domain(agency: dict[str, Any], domain: str) -> bool:
    return any(domain == own or domain.endswith(f".{own}") for own in domains(agency))

"""A search of the record as it stands in an address: read, made clean, shown as chips and choices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from agencies.oversight import screen_codes, searches
from agencies.oversight.searches import Search
from marketplace.edge.acting import current_principal, settings
from marketplace.foundation.db import Tx, reading
from marketplace.web import names, words
from marketplace.web.presenters import Chip
from marketplace.web.record_typed import recognise
from security.log.acts import ACTS
from security.log.filtering import READINGS

FREE = "q"
"""The one field whose meaning is recognised."""
LATEST = 2**63 - 1
"""The largest number an entry can have; an address may ask for anything."""
TITLES = {
    "reference": _l("reference"),
    "act": _l("act"),
    "outcome": _l("outcome"),
    "agency": _l("agency"),
    "campaign": _l("campaign"),
    "label": _l("label"),
    "zone": _l("from"),
    "pseudonym": _l("pseudonym"),
    "person": _l("done to"),
    "object": _l("object"),
    "session": _l("session"),
    "device": _l("device"),
    "period": _l("time"),
    "since": _l("since"),
    "until": _l("until"),
    "readings": _l("readings of the record"),
}
PERIODS = {"today": _l("Today"), "week": _l("7 days"), "month": _l("30 days")}
SHOWN = {"shown": _l("shown"), "hidden": _l("hidden")}


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for: the words it brings, which page of the list, what was typed and not recognised."""

    words: Mapping[str, str]
    before: int | None
    free: str
    strange: tuple[str, ...]
    """What cannot be used, as people call it."""


def from_address() -> Asked:
    """Read the address of this request."""
    before, strange = _before(request.args.get("before"))
    free = _given(FREE)
    return Asked(
        from_values(request.args),
        before,
        free,
        (*strange, *([gettext("what you typed")] if free else [])),
    )


def from_values(values: Any) -> dict[str, str]:
    """The words of a search among the values of an address or a form; of several with one name the last."""
    return {name: word for name in searches.WORDS if (word := _clean(values.getlist(name)[-1:]))}


def clean_address(campaigns: Mapping[UUID, str]) -> str | None:
    """Where a form's address should lead: without empty fields, and with what was typed as the word that it is.

    None where the address is clean already.
    """
    free = _given(FREE)
    found = (recognise(free) or _session_of_code(free)) if free else None
    if found is None and all(request.args.values()):
        return None
    kept: dict[str, Any] = {name: value for name, value in request.args.items() if value and name != FREE}
    if found is None:
        kept |= {FREE: free} if free else {}
    else:
        kept.pop("before", None)
        kept |= _as_campaign(found, campaigns)
    return url_for("web.record", **kept)


def read(tx: Tx, given: Mapping[str, str]) -> Search:
    """The search of these words. Entries about reading the record are left out unless they are asked for: they would
    drown the rest.
    """
    asked = searches.parse(tx, given)
    wanted = "readings" in asked.words or asked.words.get("act") in READINGS
    if wanted:
        return asked
    hidden = searches.parse(tx, {**asked.words, "readings": "hidden"})
    return Search(hidden.filters, asked.words, asked.left_out)


def address(given: Mapping[str, str], endpoint: str = "web.record", **more: Any) -> str:
    """Where a search is found."""
    values: dict[str, Any] = {**given, **more}
    return url_for(endpoint, **values)


def chips(given: Mapping[str, str], choices: Mapping[str, Sequence[tuple[str, str]]]) -> list[Chip]:
    """Each word as a chip that leads to the same search without it."""
    shown = []
    for name, word in given.items():
        others = {other: value for other, value in given.items() if other != name}
        label = {**dict(choices.get(name, ())), **_fixed(name)}.get(word, word)
        shown.append(Chip(str(TITLES[name]), str(label), address(others)))
    return shown


def choices(agencies: Sequence[Any], campaigns: Mapping[UUID, str]) -> dict[str, list[tuple[str, str]]]:
    """What can be chosen for a word: the value and what it is called."""
    acts = sorted(((act, names.act(act)) for act in ACTS), key=lambda option: option[1].casefold())
    return {
        "period": [(code, str(label)) for code, label in PERIODS.items()],
        "act": acts,
        "agency": [(agency.slug, agency.name) for agency in agencies],
        "campaign": [(str(campaign), name) for campaign, name in campaigns.items()],
        "label": [(key, words.level(key)) for key in words.LEVELS],
        "zone": [(code, names.zone(code)) for code in words.ZONES],
        "outcome": [(code, names.outcome(code)) for code in names.OUTCOMES],
    }


def titles(codes: Sequence[str]) -> list[str]:
    """What words are called."""
    return [str(TITLES[code]) for code in codes]


def _session_of_code(typed: str) -> tuple[str, str] | None:
    """The session that the code over a sealed item leads to; else the code itself, which finds nothing."""
    code = screen_codes.read(typed)
    if code is None:
        return None
    with reading() as db:
        session = screen_codes.session_of(db, settings().secret_key, code, current_principal())
    return "session", session or code


def _fixed(name: str) -> dict[str, Any]:
    return dict(SHOWN) if name == "readings" else {}


def _as_campaign(found: tuple[str, str], campaigns: Mapping[UUID, str]) -> dict[str, str]:
    """An id may be that of a campaign: then everything in it is meant."""
    word, value = found
    return {"campaign": value} if value in map(str, campaigns) else {word: value}


def _given(name: str) -> str:
    return _clean(request.args.getlist(name)[-1:])


def _clean(values: Sequence[str]) -> str:
    return "".join(values).replace("\x00", "").strip()[:100]


def _before(text: str | None) -> tuple[int | None, list[str]]:
    """The number that older entries lie below, and, for one that makes no sense, what to say was left out."""
    if not text:
        return None, []
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
    return (number, []) if 0 < number <= LATEST else (None, [gettext("the page")])

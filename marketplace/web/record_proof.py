"""How far the record is sealed, as one sentence and a tone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext, ngettext

from marketplace.web import words
from security.log.sealed import Seal, State

_TONES = {
    State.UNSIGNED: "plain",
    State.UNWITNESSED: "plain",
    State.SEALED: "done",
    State.BEHIND: "look",
    State.CONTRADICTED: "danger",
}


@dataclass(frozen=True, slots=True)
class Agency:
    """An agency that runs a witness. `state` is cosigned, waiting or contradicts."""

    shown: Any
    name: str
    state: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What the panel says: first the finding, then what it means; tone is done, plain, look or danger."""

    tone: str
    finding: str
    meaning: str
    agencies: list[Agency]


def described(seal: Seal, agencies: Mapping[Any, Any]) -> Proof:
    """A seal in words. `agencies` have a name, initials and a tint, by id."""
    following = [_agency(each, agencies) for each in seal.followers]
    return Proof(_TONES[seal.state], _finding(seal, following), _meaning(seal), following)


def _finding(seal: Seal, following: list[Agency]) -> str:
    if seal.state is State.CONTRADICTED:
        names = [each.name for each in following if each.state == "contradicts"]
        return ngettext(
            "The witness of %(agencies)s contradicts this record.",
            "The witnesses of %(agencies)s contradict this record.",
            len(names),
            agencies=", ".join(names),
        )
    if seal.state is State.UNSIGNED:
        return gettext("Nothing is signed yet.")
    ago = words.seconds(max(round(seal.age.total_seconds()), 1))
    if seal.state is State.UNWITNESSED:
        return gettext("Signed by the marketplace, %(ago)s ago.", ago=ago)
    return ngettext(
        "Sealed by %(cosigned)s of %(num)s agency, %(ago)s ago.",
        "Sealed by %(cosigned)s of %(num)s agencies, %(ago)s ago.",
        len(following),
        cosigned=words.number(seal.cosigned),
        ago=ago,
    )


def _meaning(seal: Seal) -> str:
    if seal.state is State.CONTRADICTED:
        return gettext(
            "It saw another history than this one. Keep what you have downloaded, compare it, and tell the marketplace."
        )
    if seal.state is State.UNSIGNED:
        return gettext("The marketplace signs within a second of a new entry.")
    if seal.state is State.UNWITNESSED:
        if seal.followers:
            return gettext("No agency’s witness has answered yet.")
        return gettext("No agency’s witness follows yet.")
    if not seal.size:
        return gettext("There is no entry yet.")
    whole = gettext(
        "Whole up to entry %(number)s; nothing rewritten, nothing missing.",
        number=words.number(seal.size - 1),
    )
    if not seal.newer:
        return whole
    newer = ngettext(
        "%(count)s newer entry is signed by the marketplace only.",
        "%(count)s newer entries are signed by the marketplace only.",
        seal.newer,
        count=words.number(seal.newer),
    )
    return f"{whole} {newer}"


def _agency(follower: Any, agencies: Mapping[Any, Any]) -> Agency:
    shown = agencies.get(follower.agency_id)
    state = "contradicts" if follower.contradicts else "cosigned" if follower.cosigned else "waiting"
    return Agency(shown, shown.name if shown else ", ".join(follower.names), state)

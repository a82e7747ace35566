"""What rules may speak of: facts about who acts, in which circumstances, on what. Nothing else has a name here.

Every attribute has a type and, for the lattice, finitely many values that matter. A fact that is missing (`None`) is
not known; `evidence` marks those that can be missing in real life.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from security.labels import Level
from security.principal import Device, Factor, Role, Zone

Value = str | int | bool | UUID | frozenset[str]
Facts = Mapping[str, Value | None]
"""Facts by the attribute's name: a word, a whole number, a flag, an id, or a frozenset of words; None: not known."""


class Kind(StrEnum):
    """The types. A WORD and the members of WORDS come from the vocabulary that the attribute is `of`."""

    ORDERED = "ordered"
    NUMBER = "number"
    FLAG = "flag"
    WORD = "word"
    WORDS = "words"
    ID = "id"


@dataclass(frozen=True, slots=True)
class Attribute:
    """One thing that rules may speak of. `words` are its only values where there is a fixed list."""

    name: str
    kind: Kind
    of: str
    words: tuple[str, ...] = ()
    evidence: bool = False

    @property
    def ranks(self) -> Mapping[str, int]:
        """The rank of each word of an ordered attribute's scale; attributes `of` one scale can be compared."""
        return SCALES[self.of]


LEVELS = tuple(level.label_key for level in Level)
"""The words of the levels: `LEVELS[level]`."""

SCALES: Mapping[str, Mapping[str, int]] = {
    "level": {"none": -1, **{level.label_key: int(level) for level in Level}},
    "zone": {zone: rank for rank, zone in enumerate((Zone.PUBLIC, Zone.HOME, Zone.VPN, Zone.OFFICE))},
    "device": {each: rank for rank, each in enumerate((Device.UNKNOWN, Device.ENROLLED, Device.MANAGED))},
    "factor": {factor: rank for rank, factor in enumerate((Factor.NONE, Factor.SINGLE, Factor.MULTI))},
}
"""The ordered vocabularies, worst first. `none` is below every level: nothing is shared."""


def _ordered(name: str, of: str, words: tuple[str, ...] = ()) -> Attribute:
    return Attribute(name, Kind.ORDERED, of, words or tuple(str(word) for word in SCALES[of]))


def _flag(name: str) -> Attribute:
    return Attribute(name, Kind.FLAG, "flag")


_ROLES = tuple(role.value for role in Role)

_ALL = (
    Attribute("principal.person", Kind.ID, "person"),
    Attribute("principal.agency", Kind.WORD, "agency"),
    Attribute("principal.roles", Kind.WORDS, "role", _ROLES),
    _ordered("principal.clearance", "level", LEVELS),
    Attribute("principal.compartments", Kind.WORDS, "compartment"),
    Attribute("principal.skills", Kind.WORDS, "skill"),
    _flag("principal.partner"),
    _ordered("context.zone", "zone"),
    _ordered("context.device", "device"),
    _ordered("context.factor", "factor"),
    Attribute("context.minutes_since_sign_in", Kind.NUMBER, "minutes", evidence=True),
    Attribute("context.channel", Kind.WORD, "channel", ("web", "api", "cli", "job")),
    Attribute("resource.agency", Kind.WORD, "agency"),
    Attribute("resource.owner", Kind.ID, "person"),
    _ordered("resource.level", "level", LEVELS),
    Attribute("resource.compartments", Kind.WORDS, "compartment"),
    Attribute("resource.skills", Kind.WORDS, "skill"),
    Attribute("resource.audience", Kind.WORDS, "agency"),
    _flag("resource.open_to_all"),
    _flag("resource.open"),
    _ordered("resource.shared_up_to", "level"),
    _flag("resource.need_to_know"),
    _flag("resource.granted"),
)

ATTRIBUTES: Mapping[str, Attribute] = {attribute.name: attribute for attribute in _ALL}

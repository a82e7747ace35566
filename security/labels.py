"""Classification labels: four ordered levels, compartments beside them, and when a clearance dominates."""

from collections.abc import Set as AbstractSet
from enum import IntEnum
from typing import Self

UNLABELLED = "none"
"""The word for what has no label."""


class Level(IntEnum):
    """How closely information is held. The order of the numbers is the order of the levels."""

    PUBLIC = 0
    INTERNAL = 1
    SENSITIVE = 2
    RESTRICTED = 3

    @property
    def label_key(self) -> str:
        """The level's word in JSON, in URLs and in message catalogues: `"sensitive"`."""
        return self.name.lower()

    @classmethod
    def key_of(cls, number: int | None) -> str:
        """The word for a level as it is stored; UNLABELLED where there is none."""
        return UNLABELLED if number is None else cls(number).label_key

    @classmethod
    def parse(cls, word: str) -> Self:
        """The level named by `word`, exactly as `label_key` writes it; ValueError for any other word."""
        for level in cls:
            if level.label_key == word:
                return level
        raise ValueError(f"no such level: {word!r}")


def dominates(
    clearance: Level, compartments: AbstractSet[str], level: Level, needed: AbstractSet[str]
) -> bool:
    """Whether a clearance up to `clearance`, within `compartments`, covers `level` within all of `needed`."""
    return clearance >= level and compartments >= needed

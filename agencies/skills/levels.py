"""How well somebody has a skill, in three steps that people put themselves on. Nothing is computed from them."""

from __future__ import annotations

from enum import IntEnum

from agencies.skills.errors import BadSkillLevel


class SkillLevel(IntEnum):
    """With help; alone; so that others can be helped."""

    BASIC = 1
    INDEPENDENT = 2
    ADVANCED = 3

    @property
    def key(self) -> str:
        """The code by which programs and forms name it."""
        return self.name.lower()


KEYS = tuple(level.key for level in SkillLevel)


def parse(key: str | None) -> SkillLevel | None:
    """The level with a code; None where it was left out. Raises BadSkillLevel."""
    if not key:
        return None
    if key not in KEYS:
        raise BadSkillLevel(errors={"level": [BadSkillLevel().message]})
    return SkillLevel[key.upper()]


def key_of(level: int | None) -> str | None:
    """The code of a level as it is stored."""
    return None if level is None else SkillLevel(level).key

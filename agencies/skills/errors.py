"""What can be refused about skills."""

from __future__ import annotations

from marketplace.foundation.errors import Conflict, InvalidInput, NotFound


class NoSuchSkill(NotFound):
    """There is no such skill, or it is not offered any more."""


class TooManySkills(Conflict):
    """This list is full. Take something off it first."""


class BadSkillLevel(InvalidInput):
    """A level is basic, independent or advanced, or left out."""


class BadSkillList(InvalidInput):
    """This list of skills cannot be imported as it is. Nothing was imported; mend it and import it again."""

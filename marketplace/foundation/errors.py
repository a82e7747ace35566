"""What can go wrong, said once.

    DomainError
    ├── NotFound            it does not exist, or this person may not know that it does
    ├── Refused             a rule says no; carries every reason
    ├── Conflict            somebody else was faster, or the thing has moved on
    ├── InvalidInput        what was sent cannot be used; carries the places
    └── Unavailable         a part we depend on does not answer; nothing was changed

Errors carry facts and know no status code: `marketplace/edge/problems.py` maps classes to answers.
"""

from __future__ import annotations

import inspect
from typing import Any


class DomainError(Exception):
    """Something in the request could not be done."""

    def __init__(self, message: str | None = None, **facts: Any) -> None:
        self.message = message or (inspect.getdoc(type(self)) or type(self).__name__).splitlines()[0]
        self.facts = facts
        super().__init__(self.message)


class NotFound(DomainError):
    """There is nothing here, or nothing that you may see."""


class Refused(DomainError):
    """A rule does not allow this."""


class Conflict(DomainError):
    """The thing has changed in the meantime."""


class InvalidInput(DomainError):
    """What was sent cannot be used as it is."""


class Unavailable(DomainError):
    """A part of the marketplace does not answer at the moment. Nothing was changed; try again shortly."""


class OutcomeUnknown(Unavailable):
    """It is not known whether this was done. Send it again with the same key: it will not be done twice."""


def every_subclass(root: type[DomainError] = DomainError) -> list[type[DomainError]]:
    """All error classes below `root`, parents first; the tests walk it."""
    found = [root]
    for child in root.__subclasses__():
        found.extend(every_subclass(child))
    return found

"""What can be wrong with access rules."""

from __future__ import annotations

from marketplace.foundation.errors import InvalidInput


class InvalidRules(InvalidInput):
    """These rules cannot be used as they are.

    Facts: `errors`, sentences by place: {"rules[0].must.all[1]": ["There is no attribute called …"]}.
    """


class TooManyCases(InvalidInput):
    """These rules speak of too many things at once to compare every case. Split them into several changes."""

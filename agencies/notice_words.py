"""What each kind of notice says, once, for pages and mails alike. Names and titles only; never content."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Gettext = Callable[[str], str]


def _(sentence: str) -> str:
    """Marks a sentence for the catalogues; the reader's language is applied later."""
    return sentence


SENTENCES: Mapping[str, str] = {
    "agreement.in_force": _("An agreement of your agency is in force."),
    "agreement.waits": _("An agreement waits for your signature."),
    "campaign.settled": _("Every item of “%(campaign)s” has a result."),
    "move.done": _(
        "You now belong to “%(agency)s”. Its administrator has the link for your first sign-in there."
    ),
    "claim.lapsed": _("Your time for an item of “%(campaign)s” is over. Nothing is held against you."),
}


def sentence(kind: str, args: Mapping[str, Any], gettext: Gettext) -> str:
    """The sentence of a notice in the language of `gettext`."""
    return gettext(SENTENCES[kind]) % dict(args)

"""The register: everything that is counted about people, one row each. A count that is not here is a bug."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SMALLEST_GROUP = 10
"""k: no number is shown about fewer people. An agency may ask for more, never for less."""


def _(sentence: str) -> str:
    """Marks a sentence for the catalogues; the reader's language is applied later."""
    return sentence


@dataclass(frozen=True, slots=True)
class Question:
    """What is counted, in the very words that a works council approves, and what the answer serves.

    `kept` says whether answers are counted daily and kept; else one is counted when somebody asks.
    """

    text: str
    use: str
    kept: bool = True


QUESTIONS: Mapping[str, Question] = {
    "members": Question(
        _("How many people of this agency are registered here?"),
        _("To plan how much work the agency can take on."),
    ),
    "roles": Question(
        _("How many people of this agency hold each role?"),
        _("To see whether enough people can post, appraise and administer."),
    ),
    "contributing": Question(
        _("How many people of this agency contributed in the last 30 days?"),
        _("To see whether the marketplace is used."),
    ),
    "contributing_elsewhere": Question(
        _("How many people of this agency contributed to work of other agencies in the last 30 days?"),
        _("To see what sharing between agencies amounts to."),
    ),
    "rules_preview": Question(
        _("How many people could still do something after a change of the access rules?"),
        _("To see what a rule does before it is signed."),
        kept=False,
    ),
}

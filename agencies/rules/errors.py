"""What can be refused about an agency's rules."""

from __future__ import annotations

from marketplace.foundation.errors import Conflict, InvalidInput, NotFound, Refused


class RulesUnreadable(Refused):
    """The rules of an agency cannot be verified. Nothing of that agency opens until they can be.

    A refusal, so that it goes on the security record: somebody may have changed what the agency signed.
    """


class NoSuchRule(NotFound):
    """There is no such rule in this draft."""


class NoSuchRules(NotFound):
    """Your agency has no rules of this number."""


class NothingDrafted(NotFound):
    """You have no draft of rules. Change a rule or take up an older version first."""


class DraftChanged(Conflict):
    """Your draft has changed in another tab or program since this page was shown. Look at it again."""


class RulesChanged(Conflict):
    """Somebody signed other rules since you began this draft. Compare the two, then sign on top of theirs."""


class BadRule(InvalidInput):
    """This rule needs a change before it can be kept."""


class ExamplesDisagree(InvalidInput):
    """Some examples say otherwise than the rules. Mend the example or the rule; then sign."""


class RuleNameTaken(InvalidInput):
    """There is a rule of this name already. Choose another name."""


class NothingToSign(Conflict):
    """This draft says the same as the rules in force. There is nothing to sign."""

"""What can be refused about alerts and their rules."""

from __future__ import annotations

from agencies.people_errors import OwnAffair
from marketplace.foundation.errors import Conflict, InvalidInput, NotFound


class NoSuchAlert(NotFound):
    """Your agency has no such alert."""


class NoSuchRule(NotFound):
    """There is no rule for alerts of this kind that an agency sets."""


class AlertAboutYou(OwnAffair):
    """This alert is about you. A colleague looks into it."""


class AlertClosed(Conflict):
    """This alert is closed."""


class AlertTaken(Conflict):
    """Another officer has taken this alert. It can be handed on to you."""


class NotAnOfficer(InvalidInput):
    """Choose an officer of your agency, and another one than who has the alert."""


class BadFinding(InvalidInput):
    """Choose what was found, and write at most 500 characters."""


class BadAlertRule(InvalidInput):
    """A value of the rule lies outside its bounds."""

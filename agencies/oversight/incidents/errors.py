"""What can be refused about incidents."""

from __future__ import annotations

from marketplace.foundation.errors import Conflict, InvalidInput


class BadIncident(InvalidInput):
    """An incident needs a title, and the moment at which it was known, which is not ahead of now."""


class IncidentOver(Conflict):
    """This incident is closed. Nothing is added to it any more."""


class ReportedAlready(Conflict):
    """It is noted already that the authority was told."""


class AlertInIncident(Conflict):
    """An incident was opened from this alert already."""

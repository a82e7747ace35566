"""Incidents: what happened to data, from the moment it was known until it is closed."""

from agencies.oversight.incidents.errors import AlertInIncident, BadIncident, IncidentOver, ReportedAlready
from agencies.oversight.incidents.keeping import HOW, LONG, REPORT_WITHIN, close, note, report
from agencies.oversight.incidents.opening import TITLE, as_at_the_desk, open_one, pinned
from agencies.oversight.incidents.reading import holds, listing, one, search_of
from agencies.oversight.incidents.rows import CLOSED, OPEN

__all__ = [
    "CLOSED", "HOW", "LONG", "OPEN", "REPORT_WITHIN", "TITLE", "AlertInIncident", "BadIncident", "IncidentOver",
    "ReportedAlready", "as_at_the_desk", "close", "holds", "listing", "note", "one", "open_one", "pinned", "report",
    "search_of",
]  # fmt: skip

"""Forms about people that could not be taken: what was typed, by field of the page, and what is wrong there."""

from __future__ import annotations

from collections.abc import Mapping

from flask import request
from flask_babel import lazy_gettext as _l

from agencies.errors import UnknownAgency
from agencies.people_errors import AlreadyAMember, BadChoice, BadPeriod, MoveAsked, RoleHeld

Fields = Mapping[str, str]
"""The fields of a form: the name it sends, and the field's id, by which a page with several forms tells them apart."""

ROLE: Fields = {"role": "role", "since": "role-since", "until": "role-until"}
CLEARANCE: Fields = {"level": "level", "compartments": "compartments"}
SENDING: Fields = {"agency": "agency", "how": "how", "until": "send-until"}
STAYING: Fields = {"sponsor": "sponsor", "until": "partner-until"}
INVITING: Fields = {"until": "invite-until", "note": "note"}
PARTNER: Fields = {"sponsor": "sponsor", "until": "partner-until", "note": "partner-note"}

REFUSED = (AlreadyAMember, BadChoice, BadPeriod, MoveAsked, RoleHeld, UnknownAgency)
"""What is said beside a field. A rule that refuses is not among them: that is on the record, and has a page."""

_SAID = {
    AlreadyAMember: ("agency", _l("The person is a member of that agency already.")),
    BadChoice: ("role", _l("Choose one of those that are offered.")),
    BadPeriod: ("until", _l("The last day must lie ahead, and no further than the rules allow.")),
    MoveAsked: ("agency", _l("The same move is asked for already.")),
    RoleHeld: ("role", _l("The person holds this role already, or will in that time.")),
    UnknownAgency: ("agency", _l("Choose an agency that takes part.")),
}
_SAID_OF = {
    "compartments": _l(
        "Write names of small letters, digits and hyphens, at most 20, with commas between them."
    ),
    "since": _l("Write the first day as a date."),
}


def typed(fields: Fields) -> dict[str, str]:
    """What this request sent, by the field's id."""
    return {at: request.form.get(name, "")[:400] for name, at in fields.items()}


def faults(fields: Fields, refusal: Exception) -> dict[str, str]:
    """What is wrong, by the field's id."""
    usual, said = next(words for kind, words in _SAID.items() if isinstance(refusal, kind))
    named = [name for name in getattr(refusal, "facts", {}).get("errors", {}) if name in fields]
    name = named[0] if named else usual
    return {fields.get(name, next(iter(fields.values()))): str(_SAID_OF.get(name, said))}

"""Stages of a campaign and the acts that move it, in words."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _lp

STAGES = {
    "draft": _lp("state", "Draft"),
    "submitted": _lp("state", "Waits for approval"),
    "discarded": _lp("state", "Discarded"),
    "open": _lp("state", "Open"),
    "paused": _lp("state", "Paused"),
    "closed": _lp("state", "Ended"),
    "cancelled": _lp("state", "Cancelled"),
}
SENTENCES = {
    "draft": _l(
        "Only your agency knows of it. Submit it when it is ready; an approver of your agency then opens it."
    ),
    "submitted": _l("It waits for an approver of your agency, who opens it or sends it back."),
    "discarded": _l("It was never opened, and it will not be."),
    "open": _l("Its items are taken from the shared queue."),
    "paused": _l("Nobody takes new items. What is in somebody’s hands can still be finished."),
    "closed": _l("Nobody takes new items any more. Results stay."),
    "cancelled": _l(
        "It was given up. What is settled stays; everybody who had an item in hand was told and thanked."
    ),
}
ACTS = {
    "submit": _l("Submit for approval"),
    "withdraw": _l("Take back as a draft"),
    "approve": _l("Approve and open"),
    "send_back": _l("Send back"),
    "discard": _l("Discard"),
    "pause": _l("Pause"),
    "resume": _l("Go on"),
    "close": _l("End the campaign"),
    "cancel": _l("Cancel the campaign"),
}
WARNINGS = {
    "discard": _l("It can’t be submitted again afterwards."),
    "close": _l("Nobody takes new items afterwards. Those in hand can still be finished; results stay."),
    "cancel": _l(
        "Every item in somebody’s hands goes back at once, and they are told and thanked. Results stay."
    ),
}
"""What is said before an act from which no other leads back."""

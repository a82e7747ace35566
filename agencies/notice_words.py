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
    "alert.handed_on": _("An alert was handed on to you."),
    "alert.raised": _("An alert about your agency’s record waits for an officer."),
    "campaign.settled": _("Every item of “%(campaign)s” has a result."),
    "campaign.submit": _("“%(campaign)s” waits for your approval."),
    "campaign.approve": _("“%(campaign)s” was approved. It is open now."),
    "campaign.send_back": _("“%(campaign)s” was sent back to you, with what should change."),
    "campaign.cancel": _(
        "“%(campaign)s” was cancelled. The item in your hands went back. Thank you for the time you gave it."
    ),
    "review.opened": _(
        "An access review of your agency began. What people hold is to be confirmed or revoked."
    ),
    "move.done": _(
        "You now belong to “%(agency)s”. Its administrator has the link for your first sign-in there."
    ),
    "look_up.waits": _("A colleague asks to open a name on the security record. A second person is wanted."),
    "look_up.answered": _("Your request to open a name was answered."),
    "look_up.read": _("Your name on the security record was opened. Purpose: %(purpose)s."),
    "device_key.enrolled": _(
        "A device was set up for you: “%(device)s”. If that was not you, remove it now."
    ),
    "device_key.revoked": _("A device of yours was removed: “%(device)s”. Nothing is sealed to it any more."),
    "data_request.waits": _("Somebody asks who has seen data about them. The answer is ready to be sent."),
    "data_request.answered": _("Data protection has answered your question who has seen data about you."),
    "incident.opened": _(
        "An incident of your agency was opened. A report to the authority is due within 72 hours of when it became"
        " known."
    ),
    "campaign.shredded": _(
        "What was sealed of “%(campaign)s” is shredded. What its items came to stays listed."
    ),
    "claim.shredded": _(
        "An item of “%(campaign)s” is no longer in your hands: its content was shredded. Nothing is held against you."
    ),
    "campaign.unvouched": _(
        "Who sealed a campaign of your agency was erased, and with them what shows that your agency sealed it. Its"
        " items open for nobody any more. Post those that wait for answers again."
    ),
    "key.waits": _("Somebody waits for a key to work on a campaign of yours. Open its key desk."),
    "campaign_key.recovered": _(
        "The key of a campaign of yours was opened with your agency’s offline key and given to a device. If nobody of"
        " you did that, tell your security officer."
    ),
    "claim.lapsed": _("Your time for an item of “%(campaign)s” is over. Nothing is held against you."),
}


OF_SEALED: Mapping[str, str] = {
    "campaign.submit": _("A sealed campaign of your agency waits for your approval."),
    "campaign.approve": _("A sealed campaign of yours was approved. It is open now."),
    "campaign.send_back": _("A sealed campaign of yours was sent back to you, with what should change."),
    "campaign.cancel": _(
        "A sealed campaign was cancelled. The item in your hands went back. Thank you for the time you gave it."
    ),
    "campaign.settled": _("Every item of a sealed campaign of yours has a result."),
    "campaign.shredded": _(
        "What was sealed of a campaign of yours is shredded. What its items came to stays listed."
    ),
    "claim.shredded": _(
        "A sealed item is no longer in your hands: its content was shredded. Nothing is held against you."
    ),
    "claim.lapsed": _("Your time for a sealed item is over. Nothing is held against you."),
}
"""What they say of sealed work, which neither a mail nor a list of notices calls by its name."""

OF_OWN_DEVICE: Mapping[str, str] = {
    "campaign_key.recovered": _(
        "The key of a campaign of yours was opened with your agency’s offline key and given to your device"
        " “%(device)s”. If that was not you, tell your security officer."
    ),
}
"""What they say to whoever’s device it is about, by the name that only they know it by."""

PURPOSES: Mapping[str, str] = {
    "investigation": _("an investigation"),
    "incident": _("an incident"),
    "data_request": _("a question about personal data"),
    "court": _("an order of a court"),
    "other_duty": _("another legal duty"),
}
"""What a fact called `purpose` says in words."""


def sentence(kind: str, args: Mapping[str, Any], gettext: Gettext) -> str:
    """The sentence of a notice in the language of `gettext`."""
    facts = dict(args)
    if "purpose" in facts:
        facts["purpose"] = gettext(PURPOSES[facts["purpose"]])
    own = OF_OWN_DEVICE.get(kind) if "device" in facts else None
    sentences = OF_SEALED if facts.get("sealed") else SENTENCES
    return gettext(own or sentences[kind]) % facts

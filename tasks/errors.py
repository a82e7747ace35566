"""What can be refused about work."""

from __future__ import annotations

from marketplace.foundation.errors import Conflict, InvalidInput, NotFound, Refused, Unavailable


class NoSuchCampaign(NotFound):
    """There is no such campaign, or none that you may see."""


class NoSuchMicrotask(NotFound):
    """There is no such item, or none that you may see."""


class NoSuchClaim(NotFound):
    """There is no such claim, or it is somebody else's."""


class NotEligible(Refused):
    """A rule does not allow you to work on this. The reasons say which, and what would help."""


class NotForYou(Refused):
    """Only the owner and appraisers of the campaign's agency may open this."""


class NotFromHere(Refused):
    """This network is not one from which that may be done. The reasons say which would do."""


class NotYoursToGive(Refused):
    """Task owners of the campaign's agency let people in, and its security officer."""


class NotYoursToMove(Refused):
    """Task owners of the campaign's agency move it on, and its approver opens it. The reasons say what is missing."""


class WrongStage(Conflict):
    """The campaign is in another stage by now. Look at it again."""


class BadRemark(InvalidInput):
    """Say in a sentence or two what should change."""


class NotUnderNeedToKnow(Conflict):
    """This campaign is not under need-to-know: nobody has to be let in."""


class NobodyThere(InvalidInput):
    """Nobody in this agency has this e-mail address."""


class BadDay(InvalidInput):
    """Choose a day from today on, at most a year ahead."""


class NothingLeftToClaim(Conflict):
    """Nothing in this campaign is waiting for you at the moment. Others may still give items back."""


class AlreadyTaken(Conflict):
    """Someone else took the last place a moment ago."""


class AlreadyAnswered(Conflict):
    """You have answered this item already. One answer per person counts."""


class AlreadyYours(Conflict):
    """This item is in your hands already."""


class ClaimOver(Conflict):
    """This claim has ended, and its place is taken. What you wrote is handed back to you."""


class NoMoreExtensions(Conflict):
    """This claim was extended as often as the campaign allows. Submit or give it back."""


class BadAnswer(InvalidInput):
    """The answer does not fit the questions."""


class BadSpec(InvalidInput):
    """The campaign's settings cannot be used as they are."""


class BadRows(InvalidInput):
    """Some rows cannot be imported. Nothing was imported; mend them and import again."""


class BadFile(BadRows):
    """The file cannot be imported as it is. Nothing was imported; mend it and import again."""


class NotSettledYet(Conflict):
    """This item has no result yet: others are still answering."""


class KeyUnavailable(Unavailable):
    """The key for this item cannot be used at the moment. Nothing was opened."""


class Shredded(Conflict):
    """This was shredded: its keys and its content were destroyed. Nobody can read it any more."""


class NothingSealed(Conflict):
    """Nothing of this campaign is sealed, so there is nothing to shred."""


class NotYoursToShred(Refused):
    """Task owners of the campaign's agency decide how long its sealed content is kept."""


class BadKeepDay(InvalidInput):
    """Choose a day from today on, at most as far ahead as your agency keeps work of this level."""


class SealedElsewhere(Conflict):
    """This campaign is sealed end to end: its content is sealed and opened on people's devices, never here."""


class NotSealed(InvalidInput):
    """Answers to this campaign are sealed on your device before they are sent. Send it sealed."""


class NotUnderSeal(Conflict):
    """This campaign is not sealed: drafts of its answers stay in the browser."""


class BadSealing(InvalidInput):
    """This was not sealed for this item and this campaign's key, or was changed on the way. Nothing was kept.

    Fact: `problem`, the name of what is wrong.
    """


class NotSealedHere(Conflict):
    """Work of this level is not sealed before it comes here: post it as it is. Nothing was posted."""


class KeyNotShared(InvalidInput):
    """The campaign's key is not sealed to everybody who has to hold it. Nothing was posted."""


class LastHolder(Conflict):
    """This is the last device that holds the campaign's key. Give the key to another one first."""


class NotUnderOwnKey(Conflict):
    """This campaign is not sealed end to end: it has no key that people hold."""


class NotAColleague(InvalidInput):
    """The key can be given to people of your agency who may read the results and have set up a device."""


class DeviceNotWitnessed(Conflict):
    """No witness has confirmed yet that this device was set up. Wait a minute and try again.

    Where it stays like this, the record keeps the enrolment no more: the device has to be set up anew.
    """


class NotRecoverable(Conflict):
    """The campaign's key was not sealed for a recovery key of its agency: it was posted before there was one."""


class NoSuchKeyRequest(NotFound):
    """Nobody asks for this key any more: the item was given back, or the device was removed."""


class KeyAlreadyGiven(Conflict):
    """This key was given already, from another device or by the agency’s own service. Nothing has to be done."""


class BadTrace(InvalidInput):
    """The result does not name exactly the answers that there are to its item. Nothing was kept."""


class NeedsDevice(Refused):
    """This work is sealed to the device it is done on. Set up this device first; one sign-in is enough."""


class DeviceBeyondProof(Refused):
    """What shows how this device was set up is gone, so nobody gives it keys. Remove it and set it up again."""


class SealerUnknown(Conflict):
    """Nobody can show any more who sealed this item. Give it back; its agency has to post it again."""


class NotAHolder(Refused):
    """This device does not hold the campaign's key. The owner, or somebody they named, can give it to your device."""

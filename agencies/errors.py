"""What can be refused about people, sign-in and sessions."""

from __future__ import annotations

from marketplace.foundation.errors import Conflict, InvalidInput, NotFound, Refused, Unavailable


class UnknownAgency(NotFound):
    """No agency of this name takes part here."""


class NotSignedIn(Refused):
    """Sign in at your agency first."""


class NotPermitted(Refused):
    """Your role does not include this."""


class AccessTokenRefused(Refused):
    """This token is unknown, over or revoked."""


class SignInExpired(Conflict):
    """This sign-in took too long or was begun in another browser. Start again; nothing is lost."""


class NotAMember(Refused):
    """Your agency vouches for you, but you are not registered here yet. Ask your agency's administrator."""


class OrganisationChanged(Refused):
    """Your sign-in names another organisation than before. Nothing was ended; an administrator can invite you."""


class ProviderUnreachable(Unavailable):
    """Your agency's sign-in service does not answer at the moment. Other agencies are not affected; try again."""


class NeedsStepUp(Refused):
    """This needs a sign-in that is recent and strong enough. Sign in again to go on; nothing is lost."""


class StepUpByAnother(Refused):
    """Somebody else signed in than the person whose session this is. Nothing was changed."""


class NoSecondFactor(Refused):
    """Your agency's sign-in names no second factor, so this cannot be confirmed. Ask your administrator."""


class NoSuchSession(NotFound):
    """There is no such session of yours."""


class NoSuchForm(NotFound):
    """What you were sending is no longer kept. Open the page again."""


class CannotWearHat(Refused):
    """Sign in at that agency first: its own sign-in has to vouch for you."""


class ProviderSuspended(Refused):
    """Sign-in at this agency is suspended by its administrators. Other agencies are not affected."""


class AgencyTaken(InvalidInput):
    """An agency with this short name exists already."""


class UnknownNumber(NotFound):
    """Nothing of this name is counted here."""


class NumberNotApproved(Refused):
    """Your works council has not agreed to this number. Until it does, it is neither counted nor shown."""


class NoSuchProposal(NotFound):
    """There is no such proposal, or it is no affair of your agency."""


class ProposalEnded(Conflict):
    """This proposal is no longer open: it is in force, withdrawn or over."""


class NotYoursToSign(Refused):
    """Your signature is not one of those that are still missing here."""


class SignatureBroken(Refused):
    """What lies here is not what was signed. Nothing was put in force; tell your security officer."""


class LookAlike(Refused):
    """This looks so much like an agency that takes part already that people would mistake it."""


class BadAgencySettings(InvalidInput):
    """Some of these settings cannot be used as they are."""


class ProviderChanged(Conflict):
    """The sign-in service was changed after this was proposed. Look at it as it is now and propose again."""


class NoSuchProvider(NotFound):
    """This agency has no sign-in service registered."""


class NoSuchAgencyKey(NotFound):
    """Your agency has no such key."""


class NoSuchKey(NotFound):
    """There is no such key, or it is another agency's."""


class KeyStillNeeded(Conflict):
    """This key is still needed. An operator moves what hangs on it to a new key first (marketplace keys rotate).

    Fact: `why` (`current`: new content of this year or a later one is sealed under it; `secrets`: secrets of the
    agency's sign-in hang on it; `more_payloads`: more would become unreadable than was signed; `not_signed`).
    """


class NoSuchLevel(NotFound):
    """There is no such level of protection."""


class NoSuchTerms(NotFound):
    """There are no such sharing terms, or they have ended, or they are no affair of your agency."""


class NoSuchUnit(NotFound):
    """Your agency has no such unit."""


class UnitLoop(Conflict):
    """A unit cannot stand below itself."""


class UnitNameTaken(Conflict):
    """There is a unit of this name at this place already."""


class AlreadyFounded(Conflict):
    """Agencies take part here already. A further one is enrolled by two of their administrators."""


class UnitNotEmpty(Conflict):
    """There are units or people in this unit. Move them first, or merge it into another."""


class BadUnit(InvalidInput):
    """This unit cannot be made or placed like that."""

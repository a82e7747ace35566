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


class ProviderUnreachable(Unavailable):
    """Your agency's sign-in service does not answer at the moment. Other agencies are not affected; try again."""


class AgencyTaken(InvalidInput):
    """An agency with this short name exists already."""

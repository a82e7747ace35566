"""What can be refused about people, sign-in and sessions."""

from __future__ import annotations

from marketplace.foundation.errors import Conflict, InvalidInput, NotFound, Refused


class UnknownAgency(NotFound):
    """No agency of this name takes part here."""


class NotSignedIn(Refused):
    """Sign in at your agency first."""


class NotPermitted(Refused):
    """Your role does not include this."""


class TokenRefused(Refused):
    """This token is unknown, over or revoked. Make a new one on your page."""


class SignInExpired(Conflict):
    """This sign-in took too long or was begun in another browser. Start again; nothing is lost."""


class SignInRefused(Refused):
    """Your agency's sign-in service sent an answer that cannot be trusted. Nothing was opened."""


class NotAMember(Refused):
    """Your agency vouches for you, but you are not registered here yet. Ask your agency's administrator."""


class AgencyTaken(InvalidInput):
    """An agency with this short name exists already."""

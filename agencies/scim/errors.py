"""What can be refused to the program that provisions an agency's people."""

from __future__ import annotations

from marketplace.foundation.errors import Conflict, DomainError, InvalidInput, NotFound, Refused


class CredentialRefused(Refused):
    """This SCIM credential is unknown, over or ended. An administrator of the agency can make a new one."""


class TooManyCalls(DomainError):
    """This SCIM credential has made too many calls in this minute. Wait for the next minute and go on."""


class BadCredential(InvalidInput):
    """A credential needs a name of at most 100 characters and an end within 365 days."""


class NoSuchCredential(NotFound):
    """Your agency has no such SCIM credential, or it has ended."""


class NoSuchResource(NotFound):
    """This agency has no such user or group."""


class NameTaken(Conflict):
    """Another user of this agency has this userName or externalId already."""


class AtHomeElsewhere(Conflict):
    """This person belongs to another agency now. They come back by a transfer, which they take part in themselves."""


class VersionChanged(Conflict):
    """This user or group was changed in the meantime. Fetch it again and repeat the change on what it is now."""


class TwoUnits(Conflict):
    """A person belongs to one unit only, and these groups give two. Take the person out of one of them first."""


class NotGivenByGroups(InvalidInput):
    """A group gives one role out of task owner, appraiser and line manager, or one unit of your agency; not this."""


class BadResource(InvalidInput):
    """Something in this request does not fit what users and groups are here."""


class BadFilter(InvalidInput):
    """This filter compares something that cannot be compared here, or in a way that cannot be done here."""


class BadPath(InvalidInput):
    """This attribute cannot be named here."""


class NotOffered(DomainError):
    """This part of SCIM is not offered here; /scim/v2/ServiceProviderConfig says what is."""

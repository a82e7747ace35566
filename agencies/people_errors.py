"""What can be refused about who belongs where, who holds which role, and who may see how much."""

from __future__ import annotations

from agencies.errors import NotPermitted
from marketplace.foundation.errors import Conflict, InvalidInput, NotFound, Refused


class NoSuchPerson(NotFound):
    """There is no such person in your agency."""


class NoSuchGrant(NotFound):
    """There is no such role of anybody in your agency, or it has ended."""


class NoSuchInvitation(NotFound):
    """There is no such invitation of your agency."""


class NoSuchMove(NotFound):
    """There is no such move that concerns your agency."""


class NoLongerAMember(NotPermitted):
    """Your membership in this agency has ended. Nothing was changed."""


class InvitationOver(Refused):
    """This invitation was used or withdrawn, or its time is over. Ask for a new one."""


class InvitationElsewhere(Refused):
    """This invitation belongs to another agency. Open its link again and sign in there."""


class OwnAffair(Refused):
    """Nobody does this for themselves. Ask a colleague."""


class RoleClash(Refused):
    """These roles do not go together in one person's hands."""


class RoleNotGiven(Refused):
    """This role cannot be given here."""


class RoleHeld(Conflict):
    """The person holds this role already, or will in that time."""


class LastAdministrator(Conflict):
    """This is the last administrator of the agency. Make somebody else administrator first."""


class ClearanceNotGiven(Refused):
    """This clearance cannot be given here."""


class AlreadyAMember(Conflict):
    """The person is a member of this agency already."""


class IdentityTaken(Conflict):
    """This sign-in belongs to somebody else here. Ask the administrator of the agency."""


class CannotMove(Refused):
    """This membership cannot be moved."""


class NotAccepted(Refused):
    """That agency takes nobody in by sign-in alone. Bring an invitation, or wait for its administrator to agree."""


class MoveOver(Conflict):
    """This move is done, declined or over."""


class MoveAsked(Conflict):
    """The same move is asked for already."""


class BadPeriod(InvalidInput):
    """The end must lie ahead, and no further than the rules allow."""


class BadChoice(InvalidInput):
    """Something was chosen that there is not."""

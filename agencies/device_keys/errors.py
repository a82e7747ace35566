"""What can be refused about the keys of people's devices."""

from __future__ import annotations

from marketplace.foundation.errors import Conflict, InvalidInput, NotFound, Refused


class NoSuchDeviceKey(NotFound):
    """There is no such device, or it was removed."""


class BadDeviceKey(InvalidInput):
    """These are not the public keys of a device. Copy the whole line that the program printed."""


class BadDeviceName(InvalidInput):
    """A device has a name of 1 to 60 characters."""


class NoPlaceLeft(Conflict):
    """You have five devices already. Remove one that you don’t use any more, then set up this one."""


class DeviceKeyKnown(Conflict):
    """This key was set up before. A key is set up once; make a new one."""


class EnrolmentOver(Conflict):
    """Setting up this device took too long or was begun elsewhere. Begin again; nothing is lost."""


class CannotVouch(Refused):
    """Nobody else can check how your agency’s sign-in confirms this. Ask your administrator for a public key."""


class TokenNamesPerson(Refused):
    """Your agency’s sign-in writes your name into its confirmation, and others would read it there.

    Facts: `claims`, the names of the claims; never their values.
    """

"""Keys of people's devices: content is sealed to them, and what they seal is signed by them.

    offering   what a device hands in: public keys, a salt, a name
    enrolling  kept during a fresh sign-in, then vouched for by its ID token and on the record
    reading    a person's live keys, and one by its thumbprint
    ending     other names; taken out of use by their person, an officer, an administrator, or by leaving
    keeping    the entry of a device's enrolment, longer than the record keeps it
    evidence   what stands behind a key, for whoever seals to it (security/key_transparency.py checks it)
    watching   what an agency sees of the keys of its people

How it fits together: docs/device-keys.md.
"""

from agencies.device_keys.ending import (
    end_of_membership,
    forget,
    rename,
    revoke,
    revoke_of_person,
    revoke_seen,
)
from agencies.device_keys.enrolling import PLACES, Proof, begin, complete, forget_over
from agencies.device_keys.evidence import evidence
from agencies.device_keys.keeping import is_beyond_proof, keep_entries
from agencies.device_keys.offering import BROWSER, PROGRAM, Offered
from agencies.device_keys.reading import DeviceKey, listing, live_of, of_person, one
from agencies.device_keys.watching import Happened, Seen, of_agency, since

__all__ = [
    "BROWSER",
    "PLACES",
    "PROGRAM",
    "DeviceKey",
    "Happened",
    "Offered",
    "Proof",
    "Seen",
    "begin",
    "complete",
    "end_of_membership",
    "evidence",
    "forget",
    "forget_over",
    "is_beyond_proof",
    "keep_entries",
    "listing",
    "live_of",
    "of_agency",
    "of_person",
    "one",
    "rename",
    "revoke",
    "revoke_of_person",
    "revoke_seen",
    "since",
]

"""What an entry looks like: an OCSF-shaped object in canonical JSON (RFC 8785), pure.

Nothing in it names a person: who acted is a commitment, SHA-256(salt ‖ id), over a random id and a salt that can be
erased. Whom somebody chose by name is another one, SHA-256(salt ‖ "named" ‖ id): whoever knows the name, having made or
seen that choice, learns from it nothing about what the same person did. Somebody who was followed by their pseudonym is
spoken of as in their own acts. Ids of things that would tie the two (`acts.CLOSED`) are hidden by the actor's salt.
Times are UTC in milliseconds since 1970, as OCSF has them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from security.canonical import plain_bytes
from security.labels import Level
from security.log.acts import ACTS, BY_PSEUDONYM, CLOSED

VERSION = 2
"""Until 1, whom an act was done to was the commitment of an actor, whatever the act."""
OCSF = "1.5.0"


def commitment(salt: bytes, subject_id: UUID) -> str:
    """The lower-case hex commitment by which a leaf speaks of somebody who acted, or who was followed."""
    return hashlib.sha256(salt + subject_id.bytes).hexdigest()


def named(salt: bytes, subject_id: UUID) -> str:
    """That by which it speaks of somebody whom an act chose by name; the lengths keep the two kinds apart."""
    return hashlib.sha256(salt + b"named" + subject_id.bytes).hexdigest()


def body(facts: Mapping[str, Any], salts: Mapping[UUID, bytes | None]) -> bytes:
    """The canonical bytes of one entry from the facts of an act (the columns of `audit_pending`).

    `salts` are those of the subjects that it speaks of; of a person without one the entry tells nothing.
    """
    salt = salts.get(facts["subject_id"])
    actor = None if salt is None else commitment(salt, facts["subject_id"])
    entry = {
        "metadata": {"version": OCSF, "log_version": str(VERSION), "product": {"name": "marketplace"}},
        "class_uid": ACTS[facts["act"]].class_uid,
        "activity_name": facts["act"],
        "time": int(facts["at"].timestamp() * 1000),
        "status": facts["outcome"],
        "actor": _without_nothing({"user": {"uid": actor} if actor else None, "org": facts["agency_id"]}),
        "resource": _without_nothing(
            {
                "type": facts["object_kind"],
                "uid": _object(facts, salts),
                "org": facts["object_agency_id"],
                "group": facts["campaign_id"],
                "label": None if facts["level"] is None else Level(facts["level"]).label_key,
            }
        ),
        "purpose": facts["purpose"],
        "channel": facts["channel"],
        "src_endpoint": {"zone": facts["zone"]},
        "device": _without_nothing({"trust": facts["device"], "uid": facts["device_id"]}),
        "authentication": _without_nothing({"acr": facts["acr"], "session": facts["session"]}),
        "policy": {"uid": facts["rules"]} if facts["rules"] else None,
        "reference": facts["reference"],
        "detail": facts["detail"],
    }
    return plain_bytes(_without_nothing(entry))


def subject_of(facts: Mapping[str, Any]) -> UUID | None:
    """The person that the act was done to, as the record knows them; None for any other thing."""
    if facts["object_kind"] != "person" or facts["object_id"] is None:
        return None
    return UUID(facts["object_id"])


def _object(facts: Mapping[str, Any], salts: Mapping[UUID, bytes | None]) -> str | None:
    """The id of what the act was done to, or the commitment in its place; None where there is no salt for one."""
    kind, identifier, actor = facts["object_kind"], facts["object_id"], facts["subject_id"]
    person = subject_of(facts)
    if person is not None:
        salt = salts.get(person)
        speak = commitment if facts["act"] in BY_PSEUDONYM else named
        return None if salt is None else speak(salt, person)
    if identifier is None or kind not in CLOSED:
        found: str | None = identifier
        return found
    if actor is None:
        # Nobody is given away by what nobody did; but a session is somebody's own.
        return None if kind == "session" else str(identifier)
    salt = salts.get(actor)
    return None if salt is None else hashlib.sha256(salt + b"thing" + identifier.encode()).hexdigest()


def _without_nothing(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in mapping.items() if value is not None}

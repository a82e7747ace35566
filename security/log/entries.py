"""What an entry looks like: an OCSF-shaped object in canonical JSON (RFC 8785), pure.

Nothing in it names a person: the actor is a commitment, SHA-256(salt ‖ id), over a random id and a salt that can be
erased. Times are UTC in milliseconds since 1970, as OCSF has them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from security.canonical import plain_bytes
from security.labels import Level
from security.log.acts import ACTS

VERSION = 1
OCSF = "1.5.0"


def commitment(salt: bytes, subject_id: UUID) -> str:
    """The lower-case hex commitment by which a leaf speaks of a person."""
    return hashlib.sha256(salt + subject_id.bytes).hexdigest()


def body(facts: Mapping[str, Any], salts: Mapping[UUID, bytes | None]) -> bytes:
    """The canonical bytes of one entry from the facts of an act (the columns of `audit_pending`).

    `salts` are those of the subjects that it speaks of; of a person without one the entry tells nothing.
    """
    actor = _who(facts["subject_id"], salts)
    person = subject_of(facts)
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
                "uid": facts["object_id"] if person is None else _who(person, salts),
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


def _who(subject: UUID | None, salts: Mapping[UUID, bytes | None]) -> str | None:
    salt = salts.get(subject) if subject is not None else None
    return commitment(salt, subject) if subject is not None and salt is not None else None


def _without_nothing(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in mapping.items() if value is not None}

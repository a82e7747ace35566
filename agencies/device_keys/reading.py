"""Reading device keys: a person's own that are not revoked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from agencies.device_models import DeviceKey as Row
from marketplace.foundation.db import Query, Tx


@dataclass(frozen=True, slots=True)
class DeviceKey:
    """One device that content may be sealed to: its name on the page, its thumbprint and its two public keys (JWK)."""

    id: UUID
    person_id: UUID
    kind: str
    name: str
    thumbprint: str
    encryption_key: Mapping[str, str]
    signing_key: Mapping[str, str]


def live_of(db: Tx, person_id: UUID) -> list[DeviceKey]:
    """The person's device keys that are not revoked, in the order they were set up."""
    return [DeviceKey(**row._mapping) for row in db.all(_live(person_id).order_by(Row.enrolled_at, Row.id))]


def of_person(db: Tx, person_id: UUID, thumbprint: str) -> DeviceKey | None:
    """This device key, if it is the person's and not revoked."""
    row = db.one_or_none(_live(person_id).where(Row.thumbprint == thumbprint))
    return None if row is None else DeviceKey(**row._mapping)


def _live(person_id: UUID) -> Query:
    return select(
        Row.id, Row.person_id, Row.kind, Row.name, Row.thumbprint, Row.encryption_key, Row.signing_key
    ).where(Row.person_id == person_id, Row.revoked_at.is_(None))

"""Reading device keys: those that content may be sealed to, and those that signed something once.

A device key is live while it is not revoked, while its person belongs to the agency whose provider vouched for it, and
while sign-in by that provider is not suspended: what a provider says that is not trusted now counts for nothing now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, select

from agencies.device_keys.errors import NoSuchDeviceKey
from agencies.device_models import DeviceKey as Row
from agencies.memberships import is_live
from agencies.models import IdentityProvider, Membership
from marketplace.foundation import clock
from marketplace.foundation.db import Query, Tx


@dataclass(frozen=True, slots=True)
class DeviceKey:
    """One device that content may be sealed to: its name on the page, its thumbprint and its two public keys (JWK).

    `agency_id` is the agency whose provider vouched for it. Name and thumbprint are its person's own affair: beside a
    pseudonym either would tell whose that is.
    """

    id: UUID
    person_id: UUID
    agency_id: UUID
    kind: str
    name: str
    thumbprint: str
    encryption_key: Mapping[str, str]
    signing_key: Mapping[str, str]
    enrolled_at: datetime


_SHOWN = (
    Row.id, Row.person_id, Row.agency_id, Row.kind, Row.name, Row.thumbprint, Row.encryption_key, Row.signing_key,
    Row.enrolled_at,
)  # fmt: skip


def live_of(db: Tx, person_id: UUID) -> list[DeviceKey]:
    """The person's live device keys, in the order they were set up."""
    chosen = _chosen(is_device_live(clock.at(db)), Row.person_id == person_id)
    return [DeviceKey(**row._mapping) for row in db.all(chosen.order_by(Row.enrolled_at, Row.id))]


def of_person(db: Tx, person_id: UUID, thumbprint: str) -> DeviceKey | None:
    """This device key, if it is the person's and live."""
    row = db.one_or_none(
        _chosen(is_device_live(clock.at(db)), Row.person_id == person_id, Row.thumbprint == thumbprint)
    )
    return None if row is None else DeviceKey(**row._mapping)


def one(db: Tx, thumbprint: str, *, ended: bool = False) -> DeviceKey:
    """The live device key of this thumbprint; with `ended` also one that is not any more, to check what it signed.

    Raises NoSuchDeviceKey.
    """
    live = () if ended else (is_device_live(clock.at(db)),)
    row = db.one_or_none(_chosen(Row.thumbprint == thumbprint, *live))
    if row is None:
        raise NoSuchDeviceKey()
    return DeviceKey(**row._mapping)


def listing(db: Tx, person_id: UUID) -> Sequence[Any]:
    """A person's devices, also those that ended: id, kind, name, thumbprint, enrolled_at, revoked_at, live."""
    return db.all(
        select(
            Row.id, Row.kind, Row.name, Row.thumbprint, Row.enrolled_at, Row.revoked_at,
            is_device_live(clock.at(db)).label("live"),
        )
        .where(Row.person_id == person_id)
        .order_by(Row.revoked_at.is_not(None), Row.enrolled_at, Row.id)
    )  # fmt: skip


def is_device_live(now: Any) -> ColumnElement[bool]:
    """SQL: whether content may be sealed to a device key at `now`."""
    member = exists().where(
        Membership.person_id == Row.person_id, Membership.agency_id == Row.agency_id, is_live(now)
    )
    suspended = exists().where(IdentityProvider.issuer == Row.issuer, IdentityProvider.status != "active")
    return and_(Row.revoked_at.is_(None), member, ~suspended)


def _chosen(*wanted: ColumnElement[bool]) -> Query:
    return select(*_SHOWN).where(*wanted)

"""Users: an agency's people as its directory keeps them, and how they are found.

A user is active while it stands for a membership that holds. `externalId` is the subject by which the agency's
provider vouches for the person, read where sign-in reads it: whoever is provisioned is found at their first sign-in.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from scim2_models.path import FilterNode
from sqlalchemy import ColumnElement, SQLColumnExpression, func, literal, select

from agencies import memberships
from agencies.models import Identity, Membership, Person
from agencies.scim import filtering
from agencies.scim.credentials import Provisioner
from agencies.scim.errors import NoSuchResource
from agencies.scim.models import ScimEmail, ScimGroup, ScimMember, ScimUser
from marketplace.foundation import clock
from marketplace.foundation.db import Query, Tx


@dataclass(frozen=True, slots=True)
class Address:
    """An e-mail address with what the directory says about it."""

    value: str
    type: str | None = None
    main: bool | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a directory says of a person, and all that is kept of it."""

    user_name: str
    external_id: str | None
    active: bool
    display_name: str | None = None
    formatted: str | None = None
    family_name: str | None = None
    given_name: str | None = None
    preferred_language: str | None = None
    emails: tuple[Address, ...] = ()

    @property
    def name(self) -> str:
        """How the person is called on pages."""
        parts = " ".join(filter(None, (self.given_name, self.family_name)))
        return self.display_name or self.formatted or parts or self.user_name

    @property
    def email(self) -> str | None:
        """The address for notices: the main one, else the first."""
        main = [each.value for each in self.emails if each.main]
        return next(iter([*main, *(each.value for each in self.emails)]), None)


@dataclass(frozen=True, slots=True)
class User:
    """A user as it is now."""

    id: UUID
    person_id: UUID
    subject_id: UUID
    membership_id: UUID | None
    """The membership that holds, None for somebody who is not active."""
    changed_at: datetime
    said: Wanted
    groups: tuple[tuple[UUID, str], ...] = ()
    """Ids and names of the groups the user is in."""


def page(
    db: Tx,
    scim: Provisioner,
    *,
    wanted: FilterNode | None = None,
    absent: Collection[tuple[str, str | None]] = (),
    by: str | None = None,
    descending: bool = False,
    start: int = 0,
    count: int = 100,
) -> tuple[int, list[User]]:
    """(How many users match, those from `start`). `absent`: attributes of other kinds.

    Raises BadFilter, BadPath.
    """
    now = clock.at(db)
    chosen = _every(scim, now)
    if wanted is not None:
        chosen = chosen.where(filtering.where(_terms(scim, now), wanted, absent))
    total = int(db.scalar(select(func.count()).select_from(chosen.subquery())))
    order = [*filtering.ordered(_columns(scim), by, descending), ScimUser.user_name_key, ScimUser.id]
    rows = db.all(chosen.order_by(*order).offset(start).limit(count)) if count else []
    return total, _users(db, rows)


def read(db: Tx, scim: Provisioner, user_id: UUID | None) -> User:
    """One user. Raises NoSuchResource."""
    row = db.one_or_none(_every(scim, clock.at(db)).where(ScimUser.id == user_id))
    if row is None:
        raise NoSuchResource()
    return _users(db, [row])[0]


def subject_of(scim: Provisioner, person: Any) -> ColumnElement[Any]:
    """SQL: the subject by which the agency's provider vouches for a person; the first where there were several."""
    mine = (Identity.person_id == person, Identity.issuer == scim.issuer)
    return select(func.min(Identity.subject)).where(*mine).correlate_except(Identity).scalar_subquery()


def _every(scim: Provisioner, now: Any) -> Query:
    return (
        select(
            ScimUser.id,
            ScimUser.person_id,
            Person.subject_id,
            Membership.id.label("live_id"),
            ScimUser.user_name,
            ScimUser.display_name,
            ScimUser.formatted,
            ScimUser.family_name,
            ScimUser.given_name,
            ScimUser.preferred_language,
            ScimUser.changed_at,
            subject_of(scim, ScimUser.person_id).label("external_id"),
        )
        .join(Person, Person.id == ScimUser.person_id)
        .outerjoin(Membership, (Membership.id == ScimUser.membership_id) & memberships.is_live(now))
        .where(ScimUser.agency_id == scim.agency_id)
    )


def _users(db: Tx, rows: Sequence[Any]) -> list[User]:
    ids = [row.id for row in rows]
    emails, groups = _emails(db, ids), _groups(db, ids)
    return [_user(row, emails.get(row.id, ()), groups.get(row.id, ())) for row in rows]


def _user(row: Any, emails: tuple[Address, ...], groups: tuple[tuple[UUID, str], ...]) -> User:
    said = Wanted(
        user_name=row.user_name,
        external_id=row.external_id,
        active=row.live_id is not None,
        display_name=row.display_name,
        formatted=row.formatted,
        family_name=row.family_name,
        given_name=row.given_name,
        preferred_language=row.preferred_language,
        emails=emails,
    )
    return User(row.id, row.person_id, row.subject_id, row.live_id, row.changed_at, said, groups)


def _emails(db: Tx, ids: Collection[UUID]) -> Mapping[UUID, tuple[Address, ...]]:
    found: dict[UUID, tuple[Address, ...]] = {}
    columns = (ScimEmail.user_id, ScimEmail.value, ScimEmail.type, ScimEmail.main)
    chosen = select(*columns).where(ScimEmail.user_id.in_(ids))
    for row in db.all(chosen.order_by(ScimEmail.user_id, ScimEmail.place)):
        found[row.user_id] = (*found.get(row.user_id, ()), Address(row.value, row.type, row.main))
    return found


def _groups(db: Tx, ids: Collection[UUID]) -> Mapping[UUID, tuple[tuple[UUID, str], ...]]:
    found: dict[UUID, tuple[tuple[UUID, str], ...]] = {}
    chosen = select(ScimMember.user_id, ScimGroup.id, ScimGroup.display_name)
    chosen = chosen.join(ScimGroup, ScimGroup.id == ScimMember.group_id).where(ScimMember.user_id.in_(ids))
    for row in db.all(chosen.order_by(ScimMember.user_id, ScimGroup.display_name_key, ScimGroup.id)):
        found[row.user_id] = (*found.get(row.user_id, ()), (row.id, row.display_name))
    return found


def _terms(scim: Provisioner, now: Any) -> filtering.Terms:
    emails = select(literal(1)).select_from(ScimEmail).where(ScimEmail.user_id == ScimUser.id)
    emails = emails.correlate(ScimUser)
    parts: dict[str, filtering.Term] = {
        "value": filtering.Text(ScimEmail.value_key),
        "type": filtering.Text(func.lower(ScimEmail.type)),
        "primary": filtering.Maybe(ScimEmail.main),
    }
    identities = select(literal(1)).select_from(Identity).correlate(ScimUser)
    identities = identities.where(Identity.person_id == ScimUser.person_id, Identity.issuer == scim.issuer)
    several: dict[tuple[str, str | None], filtering.Term] = {
        ("emails", part): filtering.Many(emails, parts, part) for part in parts
    }
    return {
        ("id", None): filtering.Id(ScimUser.id),
        ("externalid", None): filtering.ExternalId(
            subject_of(scim, ScimUser.person_id), folded=False, looked_up=identities
        ),
        ("username", None): filtering.Text(ScimUser.user_name_key),
        ("displayname", None): filtering.Text(ScimUser.display_name_key),
        ("active", None): filtering.Flag(Membership.id.is_not(None)),
        ("emails", None): filtering.Many(emails, parts),
        ("meta", "lastmodified"): filtering.Time(ScimUser.changed_at),
        **several,
    }


def _columns(scim: Provisioner) -> dict[str, SQLColumnExpression[Any]]:
    """What users are sorted by."""
    return {
        "id": ScimUser.id,
        "username": ScimUser.user_name_key,
        "displayname": ScimUser.display_name_key,
        "externalid": subject_of(scim, ScimUser.person_id),
        "meta.lastmodified": ScimUser.changed_at,
    }

"""The rows of a user: written, changed and taken away. What follows from that stands in `provisioning`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select, update

from agencies.scim.credentials import Provisioner
from agencies.scim.filtering import comparable
from agencies.scim.models import ScimEmail, ScimMember, ScimUser
from agencies.scim.people import Address, User, Wanted
from marketplace.foundation import clock
from marketplace.foundation.db import Tx


def has_user(db: Tx, scim: Provisioner, person_id: UUID) -> bool:
    """Whether the directory has this person as a user already."""
    mine = (ScimUser.agency_id == scim.agency_id, ScimUser.person_id == person_id)
    return db.scalar(select(ScimUser.id).where(*mine)) is not None


def name_taken(db: Tx, scim: Provisioner, user_name: str) -> bool:
    """Whether a user of this agency is called so; letters of either case are the same."""
    mine = (ScimUser.agency_id == scim.agency_id, ScimUser.user_name_key == comparable(user_name))
    return db.scalar(select(ScimUser.id).where(*mine)) is not None


def add(
    tx: Tx,
    scim: Provisioner,
    user_id: UUID,
    person_id: UUID,
    membership_id: UUID | None,
    wanted: Wanted,
) -> None:
    """Add a user, active if `membership_id` is a membership that holds."""
    whose = {"id": user_id, "agency_id": scim.agency_id, "person_id": person_id}
    tx.execute(insert(ScimUser), _row(tx, wanted) | whose | {"membership_id": membership_id})
    _insert_emails(tx, user_id, wanted.emails)


def change(tx: Tx, user: User, wanted: Wanted) -> None:
    """Make the row what the directory wants."""
    tx.execute(update(ScimUser).where(ScimUser.id == user.id).values(_row(tx, wanted)))
    if user.said.emails != wanted.emails:
        tx.execute(delete(ScimEmail).where(ScimEmail.user_id == user.id))
        _insert_emails(tx, user.id, wanted.emails)


def stand_for(tx: Tx, user_id: UUID, membership_id: UUID) -> None:
    """From now on the user stands for this membership."""
    tx.execute(update(ScimUser).where(ScimUser.id == user_id).values(membership_id=membership_id))


def remove(tx: Tx, user_id: UUID) -> None:
    """Take a user away, out of its groups too."""
    for table, column in ((ScimMember, ScimMember.user_id), (ScimEmail, ScimEmail.user_id)):
        tx.execute(delete(table).where(column == user_id))
    tx.execute(delete(ScimUser).where(ScimUser.id == user_id))


def _row(tx: Tx, wanted: Wanted) -> dict[str, Any]:
    return {
        "user_name": wanted.user_name,
        "user_name_key": comparable(wanted.user_name),
        "display_name": wanted.display_name,
        "display_name_key": None if wanted.display_name is None else comparable(wanted.display_name),
        "formatted": wanted.formatted,
        "family_name": wanted.family_name,
        "given_name": wanted.given_name,
        "preferred_language": wanted.preferred_language,
        "changed_at": clock.now(tx),
    }


def _insert_emails(tx: Tx, user_id: UUID, emails: Sequence[Address]) -> None:
    rows = [
        {
            "user_id": user_id,
            "place": place,
            "value": each.value,
            "value_key": comparable(each.value),
            "type": each.type,
            "main": each.main,
        }
        for place, each in enumerate(emails)
    ]
    if rows:
        tx.execute(insert(ScimEmail), rows)

"""Users made, changed and ended by the directory, and what follows from that here.

A user that is not active any more has left (`agencies.leaving`); one that becomes active again is a member anew, the
same person with the same history.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from agencies import leaving, memberships, people
from agencies.models import Person
from agencies.scim import adopting, given, identities, rows
from agencies.scim.credentials import Provisioner
from agencies.scim.errors import NameTaken
from agencies.scim.filtering import comparable
from agencies.scim.people import User, Wanted
from marketplace.foundation.catalogues import LANGUAGES, SOURCE
from marketplace.foundation.db import Tx
from marketplace.foundation.ids import new_id
from security.labels import Level
from security.log import audit
from security.principal import Role


def make(tx: Tx, scim: Provisioner, wanted: Wanted) -> UUID:
    """Make a user: a member with the lowest role, if active. Somebody who was here before comes back as themselves.

    Returns the user's id. Raises NameTaken, AtHomeElsewhere, AlreadyAMember (somebody lent to this agency).
    """
    adopting.begin(tx, scim)
    if rows.name_taken(tx, scim, wanted.user_name):
        raise NameTaken()
    known = identities.person_of(tx, scim, wanted.external_id)
    if known is not None and rows.has_user(tx, scim, known):
        raise NameTaken()
    if known is not None:
        memberships.hold_person(tx, known)
        identities.check_home(tx, scim, known)
    person_id = known or _new_person(tx, wanted)
    if known is None and wanted.external_id is not None:
        identities.link(tx, scim, person_id, wanted.external_id)
    user_id = new_id()
    rows.add(tx, scim, user_id, person_id, None, wanted)
    if known is not None:
        _tell_the_person(tx, scim, person_id, wanted)
    subject_id = tx.scalar(select(Person.subject_id).where(Person.id == person_id))
    _record(tx, scim, "scim_user.make", subject_id, active=wanted.active)
    if wanted.active:
        _join(tx, scim, user_id, person_id, subject_id)
    return user_id


def change(tx: Tx, scim: Provisioner, user: User, wanted: Wanted) -> bool:
    """Make a held user what the directory wants. False where nothing differs.

    Raises NameTaken, LastAdministrator, AtHomeElsewhere, BadResource (a subject for an officer); where groups give it
    to somebody who comes back, RoleClash.
    """
    before = user.said
    changed = [name for name in Wanted.__dataclass_fields__ if getattr(before, name) != getattr(wanted, name)]
    if not changed:
        return False
    if comparable(before.user_name) != comparable(wanted.user_name) and rows.name_taken(
        tx, scim, wanted.user_name
    ):
        raise NameTaken()
    memberships.hold_person(tx, user.person_id)
    rows.change(tx, user, wanted)
    if before.external_id != wanted.external_id:
        identities.link_anew(tx, scim, user, wanted.external_id)
    _tell_the_person(tx, scim, user.person_id, wanted)
    _record(tx, scim, "scim_user.change", user.subject_id, changed=sorted(changed))
    if wanted.active and not before.active:
        _join(tx, scim, user.id, user.person_id, user.subject_id)
    elif before.active and not wanted.active:
        _leave(tx, scim, user)
    return True


def end(tx: Tx, scim: Provisioner, user_id: UUID | None) -> None:
    """The directory no longer knows this user: they leave, and the user is gone.

    The person stays, with what they contributed; provisioned again by the same externalId, they come back to it.
    Raises NoSuchResource, LastAdministrator.
    """
    user = adopting.held(tx, scim, user_id)
    if user.said.active:
        _leave(tx, scim, user)
    rows.remove(tx, user.id)
    _record(tx, scim, "scim_user.end", user.subject_id)


def _join(tx: Tx, scim: Provisioner, user_id: UUID, person_id: UUID, subject_id: UUID) -> None:
    """A membership with the lowest role and no clearance: everything more is given by people here."""
    memberships.hold_person(tx, person_id)
    identities.check_home(tx, scim, person_id)
    membership_id = memberships.enrol(tx, person_id, scim.agency_id, roles=[Role.CONTRIBUTOR])
    rows.stand_for(tx, user_id, membership_id)
    detail = {"roles": [Role.CONTRIBUTOR.value], "clearance": Level.PUBLIC.label_key, "by": "scim"}
    target = audit.Target("person", subject_id, scim.agency_id)
    audit.record(tx, "person.join", target, actor=None, context=scim.context, detail=detail)
    given.settle(tx, scim.agency_id, actor=None, context=scim.context, users=[user_id])


def _leave(tx: Tx, scim: Provisioner, user: User) -> None:
    assert user.membership_id is not None
    leaving.end_membership(tx, user.membership_id, actor=None, context=scim.context, reason="scim")


def _new_person(tx: Tx, wanted: Wanted) -> UUID:
    language = (wanted.preferred_language or "").replace("_", "-").partition("-")[0].lower()
    locale = language if language in LANGUAGES else SOURCE
    person_id, _ = people.register(tx, name=wanted.name, email=wanted.email, locale=locale)
    return person_id


def _tell_the_person(tx: Tx, scim: Provisioner, person_id: UUID, wanted: Wanted) -> None:
    """Name and address are this agency's to say, unless the person has another home by now."""
    told = update(Person).where(Person.id == person_id, ~identities.elsewhere(tx, scim, person_id).exists())
    tx.execute(told.values(name=wanted.name, email=wanted.email))


def _record(tx: Tx, scim: Provisioner, act: str, subject_id: UUID, **detail: Any) -> None:
    target = audit.Target("person", subject_id, scim.agency_id)
    audit.record(tx, act, target, actor=None, context=scim.context, detail=detail or None)

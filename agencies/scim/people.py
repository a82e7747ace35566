"""Users: an agency's people as its directory keeps them. Made, changed and ended, and what follows from that here.

`externalId` is the subject by which the agency's provider vouches for the person: whoever is provisioned is found at
their first sign-in. A user that is not active any more has left (`agencies.leaving`); one that becomes active again
is a member anew, the same person with the same history. People who joined by another way are users, too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from scim2_models.path import FilterNode
from sqlalchemy import ColumnElement, SQLColumnExpression, delete, func, insert, literal, select, update

from agencies import clearances, leaving, memberships, roles, sessions
from agencies.models import Identity, Membership, Person
from agencies.people_errors import IdentityTaken
from agencies.scim import filtering, given
from agencies.scim.credentials import Provisioner
from agencies.scim.errors import AtHomeElsewhere, BadResource, NameTaken, NoSuchResource
from agencies.scim.filtering import comparable
from agencies.scim.models import GIVEN_ROLES, ScimEmail, ScimGroup, ScimMember, ScimUser
from marketplace.foundation import clock
from marketplace.foundation.catalogues import LANGUAGES, SOURCE
from marketplace.foundation.db import Query, Tx
from marketplace.foundation.db import insert as insert_or
from marketplace.foundation.ids import new_id
from security.labels import Level
from security.log import audit, subjects
from security.principal import Role


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


def adopt(tx: Tx, scim: Provisioner) -> int:
    """Make users of members who joined by another way than SCIM, and tell users who came back so. Returns how many."""
    rows = tx.all(_not_yet(scim, clock.at(tx)))
    for row in rows:
        if row.user_id is not None:
            tx.execute(
                update(ScimUser).where(ScimUser.id == row.user_id).values(membership_id=row.membership_id)
            )
            continue
        taken = _name_taken(tx, scim, row.subject or "")
        name = row.subject if row.subject and not taken else str(row.membership_id)
        emails = (Address(row.email, "work", True),) if row.email else ()
        said = Wanted(name, row.subject, True, display_name=row.name, emails=emails)
        _insert(tx, scim, row.membership_id, row.person_id, row.membership_id, said)
    return len(rows)


def anybody_to_adopt(db: Tx, scim: Provisioner) -> bool:
    """Whether `adopt` would find somebody: asked on reading, so that a list leaves nobody out."""
    return db.scalar(select(literal(1)).where(_not_yet(scim, clock.at(db)).exists())) is not None


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


def held(tx: Tx, scim: Provisioner, user_id: UUID | None) -> User:
    """One user, for a change: until COMMIT no other call changes this agency's people. Raises NoSuchResource."""
    begin(tx, scim)
    return read(tx, scim, user_id)


def begin(tx: Tx, scim: Provisioner) -> None:
    """What every change begins with: calls for one agency are done one after another."""
    memberships.hold_agency(tx, scim.agency_id)
    adopt(tx, scim)


def make(tx: Tx, scim: Provisioner, wanted: Wanted) -> UUID:
    """Make a user: a member with the lowest role, if active. Somebody who was here before comes back as themselves.

    Returns the user's id. Raises NameTaken, AtHomeElsewhere, AlreadyAMember (somebody lent to this agency).
    """
    begin(tx, scim)
    if _name_taken(tx, scim, wanted.user_name):
        raise NameTaken()
    known = _person_of(tx, scim, wanted.external_id)
    if known is not None and _has_user(tx, scim, known):
        raise NameTaken()
    if known is not None:
        memberships.hold_person(tx, known)
        _check_home(tx, scim, known)
    person_id = known or _new_person(tx, wanted)
    if known is None and wanted.external_id is not None:
        _link(tx, scim, person_id, wanted.external_id)
    user_id = new_id()
    _insert(tx, scim, user_id, person_id, None, wanted)
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
    if comparable(before.user_name) != comparable(wanted.user_name) and _name_taken(
        tx, scim, wanted.user_name
    ):
        raise NameTaken()
    memberships.hold_person(tx, user.person_id)
    tx.execute(update(ScimUser).where(ScimUser.id == user.id).values(_row(tx, wanted)))
    if before.emails != wanted.emails:
        tx.execute(delete(ScimEmail).where(ScimEmail.user_id == user.id))
        _insert_emails(tx, user.id, wanted.emails)
    if before.external_id != wanted.external_id:
        _link_anew(tx, scim, user, wanted.external_id)
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
    user = held(tx, scim, user_id)
    if user.said.active:
        _leave(tx, scim, user)
    for table, column in ((ScimMember, ScimMember.user_id), (ScimEmail, ScimEmail.user_id)):
        tx.execute(delete(table).where(column == user.id))
    tx.execute(delete(ScimUser).where(ScimUser.id == user.id))
    _record(tx, scim, "scim_user.end", user.subject_id)


def _join(tx: Tx, scim: Provisioner, user_id: UUID, person_id: UUID, subject_id: UUID) -> None:
    """A membership with the lowest role and no clearance: everything more is given by people here."""
    memberships.hold_person(tx, person_id)
    _check_home(tx, scim, person_id)
    membership_id = memberships.enrol(tx, person_id, scim.agency_id, roles=[Role.CONTRIBUTOR])
    tx.execute(update(ScimUser).where(ScimUser.id == user_id).values(membership_id=membership_id))
    detail = {"roles": [Role.CONTRIBUTOR.value], "clearance": Level.PUBLIC.label_key, "by": "scim"}
    target = audit.Target("person", subject_id, scim.agency_id)
    audit.record(tx, "person.join", target, actor=None, context=scim.context, detail=detail)
    given.settle(tx, scim.agency_id, actor=None, context=scim.context, users=[user_id])


def _leave(tx: Tx, scim: Provisioner, user: User) -> None:
    assert user.membership_id is not None
    leaving.end_membership(tx, user.membership_id, actor=None, context=scim.context, reason="scim")


def _new_person(tx: Tx, wanted: Wanted) -> UUID:
    person_id = new_id()
    language = (wanted.preferred_language or "").replace("_", "-").partition("-")[0].lower()
    row = {
        "id": person_id,
        "subject_id": subjects.make(tx),
        "name": wanted.name,
        "email": wanted.email,
        "locale": language if language in LANGUAGES else SOURCE,
    }
    tx.execute(insert(Person), row)
    return person_id


def _tell_the_person(tx: Tx, scim: Provisioner, person_id: UUID, wanted: Wanted) -> None:
    """Name and address are this agency's to say, unless the person has another home by now."""
    told = update(Person).where(Person.id == person_id, ~_elsewhere(tx, scim, person_id).exists())
    tx.execute(told.values(name=wanted.name, email=wanted.email))


def _check_home(tx: Tx, scim: Provisioner, person_id: UUID) -> None:
    """Whoever moved to another agency is not this one's to bring back, or to be signed in as."""
    if tx.scalar(_elsewhere(tx, scim, person_id)) is not None:
        raise AtHomeElsewhere()


def _elsewhere(tx: Tx, scim: Provisioner, person_id: UUID) -> Query:
    return select(Membership.id).where(
        Membership.person_id == person_id,
        Membership.agency_id != scim.agency_id,
        Membership.home_id.is_(None),
        memberships.is_live(clock.at(tx)),
    )


def _link_anew(tx: Tx, scim: Provisioner, user: User, subject: str | None) -> None:
    """Another subject vouches for the person from now on; sessions of the one before end at once."""
    before = user.said.external_id
    if before is not None:
        _leave_behind(tx, scim, user)
        mine = (Identity.issuer == scim.issuer, Identity.subject == before)
        tx.execute(delete(Identity).where(*mine, Identity.person_id == user.person_id))
        sessions.end_vouched(tx, scim.issuer, subject=before, context=scim.context)
    if subject is not None:
        _check_home(tx, scim, user.person_id)
        _link(tx, scim, user.person_id, subject)


def _leave_behind(tx: Tx, scim: Provisioner, user: User) -> None:
    """What people gave to whoever signed in so far is not the directory's to hand to somebody else.

    Else whoever makes a credential could act in the name of an officer. Raises BadResource.
    """
    if user.membership_id is None:
        return
    given_by_people = {row.role for row in roles.listing(tx, user.membership_id)} - {
        Role.CONTRIBUTOR,
        *GIVEN_ROLES,
    }
    if given_by_people:
        raise BadResource(
            "externalId: this person administers, watches or operates. That role ends first, given up or taken by an "
            "administrator; then another subject can take over.",
            scim_type="mutability",
        )
    clearances.lapse(tx, memberships.read(tx, user.membership_id), context=scim.context)


def _link(tx: Tx, scim: Provisioner, person_id: UUID, subject: str) -> None:
    row = insert_or(tx, Identity).values(issuer=scim.issuer, subject=subject, person_id=person_id)
    tx.execute(row.on_conflict_do_nothing(index_elements=["issuer", "subject"]))
    if _person_of(tx, scim, subject) != person_id:
        raise NameTaken() from IdentityTaken()


def _person_of(db: Tx, scim: Provisioner, subject: str | None) -> UUID | None:
    if subject is None:
        return None
    mine = (Identity.issuer == scim.issuer, Identity.subject == subject)
    found: UUID | None = db.scalar(select(Identity.person_id).where(*mine))
    return found


def _has_user(db: Tx, scim: Provisioner, person_id: UUID) -> bool:
    mine = (ScimUser.agency_id == scim.agency_id, ScimUser.person_id == person_id)
    return db.scalar(select(ScimUser.id).where(*mine)) is not None


def _name_taken(db: Tx, scim: Provisioner, user_name: str) -> bool:
    mine = (ScimUser.agency_id == scim.agency_id, ScimUser.user_name_key == comparable(user_name))
    return db.scalar(select(ScimUser.id).where(*mine)) is not None


def _insert(
    tx: Tx,
    scim: Provisioner,
    user_id: UUID,
    person_id: UUID,
    membership_id: UUID | None,
    wanted: Wanted,
) -> None:
    whose = {"id": user_id, "agency_id": scim.agency_id, "person_id": person_id}
    tx.execute(insert(ScimUser), _row(tx, wanted) | whose | {"membership_id": membership_id})
    _insert_emails(tx, user_id, wanted.emails)


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


def _record(tx: Tx, scim: Provisioner, act: str, subject_id: UUID, **detail: Any) -> None:
    target = audit.Target("person", subject_id, scim.agency_id)
    audit.record(tx, act, target, actor=None, context=scim.context, detail=detail or None)


def _external_id(scim: Provisioner) -> ColumnElement[Any]:
    """The subject of the agency's provider for this person; the first where there were several."""
    return (
        select(func.min(Identity.subject))
        .where(Identity.person_id == ScimUser.person_id, Identity.issuer == scim.issuer)
        .correlate(ScimUser)
        .scalar_subquery()
    )


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
            _external_id(scim).label("external_id"),
        )
        .join(Person, Person.id == ScimUser.person_id)
        .outerjoin(Membership, (Membership.id == ScimUser.membership_id) & memberships.is_live(now))
        .where(ScimUser.agency_id == scim.agency_id)
    )


def _not_yet(scim: Provisioner, now: Any) -> Query:
    """Members at home in this agency whom no user stands for, with the user they were before, if any."""
    mine = (ScimUser.agency_id == scim.agency_id) & (ScimUser.person_id == Membership.person_id)
    return (
        select(
            Membership.id.label("membership_id"),
            Membership.person_id,
            Person.name,
            Person.email,
            ScimUser.id.label("user_id"),
            select(func.min(Identity.subject))
            .where(Identity.person_id == Membership.person_id, Identity.issuer == scim.issuer)
            .correlate(Membership)
            .scalar_subquery()
            .label("subject"),
        )
        .join(Person, Person.id == Membership.person_id)
        .outerjoin(ScimUser, mine)
        .where(
            Membership.agency_id == scim.agency_id,
            Membership.home_id.is_(None),
            memberships.is_live(now),
            ScimUser.membership_id.is_distinct_from(Membership.id),
        )
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
        ("externalid", None): filtering.ExternalId(_external_id(scim), folded=False, looked_up=identities),
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
        "externalid": _external_id(scim),
        "meta.lastmodified": ScimUser.changed_at,
    }

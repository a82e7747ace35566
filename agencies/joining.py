"""The first sign-in: somebody whom an agency's provider vouches for, and who is nobody here yet.

They join with the lowest role where the agency lets its people in by sign-in alone and the provider says that they
belong to it; else by an invitation. Who left an agency does not come back by sign-in alone: somebody lets them in.
A member signs in as long as the provider does not name another organisation (`organisations`); a new invitation lets
them in from there.
"""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from sqlalchemy import delete, exists, or_, select, update

from agencies import invitations, leaving, memberships, organisations, people, roles
from agencies.errors import NotAMember, OrganisationChanged
from agencies.invitations import Invited
from agencies.memberships import Member
from agencies.models import Agency, Identity, IdentityProvider, Membership, Person
from agencies.people_errors import AlreadyAMember, IdentityTaken, InvitationOver
from agencies.scim.models import ScimUser
from marketplace.foundation.catalogues import LANGUAGES
from marketplace.foundation.db import Tx, insert
from security.log import audit
from security.log.models import LogSubject
from security.principal import Context, Role


class VouchedFor(organisations.Saying, Protocol):
    """What joining needs of what a provider vouches for (`security.oidc.Vouched`)."""

    @property
    def name(self) -> str | None: ...

    @property
    def email(self) -> str | None: ...

    @property
    def locale(self) -> str | None: ...


def membership_for(
    tx: Tx, agency_id: UUID, vouched: VouchedFor, *, invitation: str | None, context: Context
) -> UUID:
    """The live membership of whoever signed in, made now where they may join.

    Raises NotAMember; OrganisationChanged for a member of whom the provider names another organisation by now;
    InvitationOver, InvitationElsewhere; IdentityTaken for a link that is another person's.
    """
    known = people.membership_of(tx, vouched.issuer, vouched.subject, agency_id)
    if known is not None:
        if not organisations.check(tx, vouched).allowed:
            _let_in_again(tx, known, vouched, invitation, context)
        return known
    if invitation is not None:
        try:
            return by_invitation(
                tx, agency_id, vouched, invitations.found(tx, invitation, agency_id), context
            )
        except (InvitationOver, IdentityTaken, AlreadyAMember) as error:
            return _by_now(tx, agency_id, vouched, error)
    if not lets_in(tx, agency_id, vouched) or _has_left(tx, agency_id, vouched):
        return _by_now(tx, agency_id, vouched, NotAMember(agency=str(agency_id)))
    try:
        person_id = person_of(tx, vouched) or _registered(tx, vouched)
        membership_id = _joined(tx, person_id, agency_id, None, context)
        organisations.accept(tx, vouched)
        return membership_id
    except (IdentityTaken, AlreadyAMember):
        return _by_now(tx, agency_id, vouched, NotAMember(agency=str(agency_id)))


def by_invitation(tx: Tx, agency_id: UUID, vouched: VouchedFor, invited: Invited, context: Context) -> UUID:
    """Use an invitation that the caller holds: join, or get a first sign-in as the member one was made already."""
    if invited.membership_id is not None:
        return _signs_in_here(tx, invited, vouched, context)
    person_id = person_of(tx, vouched) or _registered(tx, vouched)
    leaving.end_due(tx, person_id)
    membership_id = _joined(tx, person_id, agency_id, invited, context)
    invitations.use(tx, invited.id, membership_id)
    organisations.accept(tx, vouched)
    return membership_id


def lets_in(db: Tx, agency_id: UUID, vouched: VouchedFor) -> bool:
    """Whether an agency takes in by sign-in alone whom its provider vouches for as one of its own.

    The agency must allow it, name a claim and values for it, and the provider must have sent one of them.
    """
    row = db.one_or_none(
        select(Agency.self_join, IdentityProvider.organisation_claim, IdentityProvider.organisation_values)
        .join(IdentityProvider, IdentityProvider.agency_id == Agency.id)
        .where(Agency.id == agency_id, IdentityProvider.issuer == vouched.issuer)
    )
    if row is None or not row.self_join or not row.organisation_claim:
        return False
    return vouched.organisation is not None and vouched.organisation in row.organisation_values


def person_of(db: Tx, vouched: VouchedFor) -> UUID | None:
    """Whose identity this is; None for one that is nobody's yet."""
    mine = (Identity.issuer == vouched.issuer, Identity.subject == vouched.subject)
    found: UUID | None = db.scalar(select(Identity.person_id).where(*mine))
    return found


def add_identity(tx: Tx, person_id: UUID, vouched: VouchedFor) -> None:
    """Let this issuer and subject vouch for the person from now on, with the organisation that is said of them today.

    Raises IdentityTaken for somebody else's.
    """
    row = insert(tx, Identity).values(issuer=vouched.issuer, subject=vouched.subject, person_id=person_id)
    tx.execute(row.on_conflict_do_nothing(index_elements=["issuer", "subject"]))
    if person_of(tx, vouched) != person_id:
        raise IdentityTaken()
    organisations.accept(tx, vouched)


def _let_in_again(
    tx: Tx, membership_id: UUID, vouched: VouchedFor, invitation: str | None, context: Context
) -> None:
    """A member who comes from another organisation by now goes on where an administrator invited them anew.

    Raises OrganisationChanged; InvitationOver, InvitationElsewhere.
    """
    who = memberships.held(tx, membership_id)
    try:
        renewed = invitation is not None and _renewed_by(
            tx, who, vouched, invitations.found(tx, invitation, who.agency_id), context
        )
    except InvitationOver:
        if organisations.check(tx, vouched).allowed:  # another tab used it at the same moment
            return
        raise
    if not renewed:
        organisations.check(tx, vouched).or_raise(OrganisationChanged, target=who.target)


def _renewed_by(tx: Tx, who: Member, vouched: VouchedFor, invited: Invited, context: Context) -> bool:
    """Use an invitation up to let a member in from another organisation. False where it is not meant for that.

    It gives nothing: roles and clearance stay as they are, and where it ends earlier, so does the membership. Nobody
    invites themselves, and what was meant for a partner is good for a partner only.
    """
    for_another = invited.membership_id is not None or invited.partner != who.partner
    if for_another or invited.made_by == who.person_id:
        return False
    invitations.use(tx, invited.id, who.id)
    if invited.until is not None and (who.until is None or invited.until < who.until):
        tx.execute(update(Membership).where(Membership.id == who.id).values(until=invited.until))
    organisations.accept(tx, vouched)
    audit.record(tx, "identity.renew", who.target, actor=None, context=context)
    return True


def _registered(tx: Tx, vouched: VouchedFor) -> UUID:
    """A new person with this identity. Raises IdentityTaken where another sign-in made them at the same moment."""
    locale = (vouched.locale or "").split("-")[0].lower()
    person_id, subject_id = people.register(
        tx,
        name=vouched.name or vouched.subject[:200],
        email=vouched.email,
        locale=locale if locale in LANGUAGES else "en",
    )
    try:
        add_identity(tx, person_id, vouched)
    except IdentityTaken:
        tx.execute(delete(Person).where(Person.id == person_id))
        tx.execute(delete(LogSubject).where(LogSubject.id == subject_id))
        raise
    return person_id


def _joined(tx: Tx, person_id: UUID, agency_id: UUID, invited: Invited | None, context: Context) -> UUID:
    """Make a person a member: with what the invitation gives, else with the lowest role and no clearance."""
    memberships.hold_person(tx, person_id)
    if invited is None:
        membership_id = memberships.enrol(tx, person_id, agency_id, roles=(Role.CONTRIBUTOR,))
    else:
        membership_id = memberships.enrol(
            tx,
            person_id,
            agency_id,
            roles=invited.roles,
            clearance=invited.clearance,
            compartments=invited.compartments,
            granted_by=invited.made_by,
            until=invited.until,
            partner=invited.partner,
            sponsor_id=invited.sponsor_id,
        )
    who = memberships.read(tx, membership_id)
    roles.go_together(tx, who)
    detail = {
        "by": "invitation" if invited else "sign_in",
        "roles": sorted(role.value for role in memberships.roles_of(tx, membership_id)),
        "clearance": who.clearance.label_key,
    }
    audit.record(tx, "person.join", who.target, actor=None, context=context, detail=detail)
    return membership_id


def _signs_in_here(tx: Tx, invited: Invited, vouched: VouchedFor, context: Context) -> UUID:
    assert invited.membership_id is not None
    who = memberships.held(tx, invited.membership_id)
    if people.signs_in(tx, who.person_id, who.agency_id):  # by another link, or the directory, meanwhile
        raise InvitationOver()
    add_identity(tx, who.person_id, vouched)
    invitations.use(tx, invited.id, who.id)
    audit.record(tx, "identity.add", who.target, actor=None, context=context)
    return who.id


def _has_left(tx: Tx, agency_id: UUID, vouched: VouchedFor) -> bool:
    earlier = exists().where(
        Identity.issuer == vouched.issuer,
        Identity.subject == vouched.subject,
        Membership.person_id == Identity.person_id,
        Membership.agency_id == agency_id,
    )
    kept_out = exists().where(  # by the agency's directory, which made them and has not let them in yet
        Identity.issuer == vouched.issuer,
        Identity.subject == vouched.subject,
        ScimUser.person_id == Identity.person_id,
        ScimUser.agency_id == agency_id,
    )
    return bool(tx.scalar(select(or_(earlier, kept_out))))


def _by_now(tx: Tx, agency_id: UUID, vouched: VouchedFor, otherwise: Exception) -> UUID:
    """The membership that another tab's sign-in made at the same moment."""
    known = people.membership_of(tx, vouched.issuer, vouched.subject, agency_id)
    if known is None:
        raise otherwise
    return known

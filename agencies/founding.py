"""How an agency gets its first administrators: by invitations, of the operator for the first agency of all, and of
those who signed for every further one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select

from agencies import directory, enrolment, holders, invitations, people, proposals
from agencies.agreement_specs import EnrolmentSpec, read
from agencies.errors import AlreadyFounded, NoSuchProposal, NotYoursToSign
from agencies.models import Agency
from marketplace.foundation.db import Tx
from security.decision import refused
from security.log import audit
from security.principal import Context, Principal, Role

FIRST_ROLES = (Role.CONTRIBUTOR, Role.AGENCY_ADMIN)
FIRST_ADMINISTRATORS = 2


@dataclass(frozen=True, slots=True)
class Founded:
    """The first agency. `tokens` are for its administrators' invitations, known now and never again."""

    agency_id: UUID
    slug: str
    keys: list[dict[str, Any]]
    tokens: tuple[str, ...] = field(repr=False)


def found(tx: Tx, given: Mapping[str, Any], *, context: Context) -> Founded:
    """Register the first agency of an empty marketplace (`EnrolmentSpec`) and invite two administrators.

    Raises AlreadyFounded as soon as there is any agency, BadAgencySettings.
    """
    enrolment.one_at_a_time(tx)
    if tx.scalar(select(exists().where(Agency.id.is_not(None)))):
        raise AlreadyFounded()
    spec = read(EnrolmentSpec, given)
    slug = spec["agency"]["slug"]
    sealed, keys = enrolment.sealed_for(tx, slug, spec["provider"])
    agency_id = enrolment.register(tx, spec["agency"], spec["provider"], sealed)
    made = [_invited(tx, agency_id, context) for _ in range(FIRST_ADMINISTRATORS)]
    audit.record(
        tx, "agency.found", audit.Target("agency", agency_id, agency_id), actor=None, context=context
    )
    return Founded(agency_id, slug, keys, tuple(made))


def invite_first(tx: Tx, proposal_id: UUID, *, actor: Principal, context: Context) -> str:
    """Invite an administrator of an agency that was brought in and has none yet. Returns the invitation's token.

    For those who signed. Raises NoSuchProposal, NotPermitted, NotYoursToSign.
    """
    people.still_holds(tx, actor, Role.AGENCY_ADMIN)
    slug = awaits_first(tx, proposal_id)
    if slug is None:
        raise NoSuchProposal()
    signed = {row.person_id for row in proposals.signatures(tx, proposal_id)}
    if actor.person_id not in signed:
        raise NotYoursToSign(reasons=refused("signed_by_others", remedy="ask_colleague").failed)
    return _invited(tx, directory.id_of(tx, slug), context)


def awaits_first(db: Tx, proposal_id: UUID) -> str | None:
    """The short name of the agency that a proposal brought in, as long as nobody administers it."""
    found = proposals.read(db, proposal_id)
    if found.kind != enrolment.ENROL.name or found.state != proposals.IN_FORCE:
        return None
    slug = str(found.content["agency"]["slug"])
    return None if holders.people_of(db, directory.id_of(db, slug), (Role.AGENCY_ADMIN,)) else slug


def _invited(tx: Tx, agency_id: UUID, context: Context) -> str:
    made = invitations.make(
        tx, agency_id, roles=FIRST_ROLES, note="First administrator", actor=None, context=context
    )
    return made.token

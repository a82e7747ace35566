"""Every kind of proposal there is, in one table, and what administrators see and do with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import exists, or_, select

from agencies import enrolment, key_destruction, proposals, sharing
from agencies.agreement_models import Proposal, ProposalSignature
from agencies.errors import NoSuchProposal
from agencies.models import Agency, Person
from agencies.proposals import OPEN, Kind, Proposed
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from security.principal import Context, Principal

KINDS: Mapping[str, Kind] = {
    kind.name: kind for kind in (enrolment.ENROL, enrolment.CHANGE, sharing.TERMS, key_destruction.DESTROY)
}
MOST = 100


def sign(tx: Tx, proposal_id: UUID, *, actor: Principal, context: Context) -> Proposed:
    """Sign a proposal of any kind. Raises what `proposals.sign` raises; what is no affair of mine does not exist."""
    kind = _kind(proposals.read(tx, proposal_id), tx, actor)
    return proposals.sign(tx, kind, proposal_id, actor=actor, context=context)


def withdraw(tx: Tx, proposal_id: UUID, *, actor: Principal, context: Context) -> None:
    """Withdraw or decline a proposal of any kind. Raises what `proposals.withdraw` raises."""
    kind = _kind(proposals.read(tx, proposal_id), tx, actor)
    proposals.withdraw(tx, kind, proposal_id, actor=actor, context=context)


def described(db: Tx, proposal_id: UUID, actor: Principal) -> dict[str, Any]:
    """A proposal as an administrator whom it concerns sees it. Raises NoSuchProposal.

    id, kind, state, agency and other (slug, name), content, digest (hex), made_by, made_at, over_at, ended_at;
    signatures: name, agency, signed_at; missing: per place that is free, the names of agencies that may take it;
    can_sign, and reasons why not; whole: whether everything is still what was signed.
    """
    found = proposals.read(db, proposal_id)
    return _described(db, found, _kind(found, db, actor), actor)


def listing(db: Tx, actor: Principal) -> list[dict[str, Any]]:
    """The proposals that concern the actor's agency, as `described`: open ones first, then newest first."""
    now = clock.now(db)
    signed = exists().where(
        ProposalSignature.proposal_id == Proposal.id, ProposalSignature.agency_id == actor.agency_id
    )
    mine = or_(Proposal.agency_id == actor.agency_id, Proposal.other_agency_id == actor.agency_id, signed)
    still_open = (Proposal.state == OPEN) & (Proposal.over_at > now)
    chosen = select(Proposal.__table__).where(or_(still_open, mine))
    rows = db.all(chosen.order_by(~still_open, Proposal.made_at.desc(), Proposal.id).limit(MOST))
    found = [proposals.from_row(row, now) for row in rows]
    known = [(each, KINDS[each.kind]) for each in found if each.kind in KINDS]
    return [
        _described(db, each, kind, actor)
        for each, kind in known
        if proposals.concerns(db, kind, each, actor).allowed
    ]


def waiting(db: Tx, actor: Principal) -> int:
    """How many proposals wait for this administrator's signature."""
    return sum(each["can_sign"] for each in listing(db, actor))


def _kind(found: Proposed, db: Tx, actor: Principal) -> Kind:
    kind = KINDS.get(found.kind)
    if kind is None or not proposals.concerns(db, kind, found, actor).allowed:
        raise NoSuchProposal()
    return kind


def _described(db: Tx, found: Proposed, kind: Kind, actor: Principal) -> dict[str, Any]:
    signed, is_open = proposals.signatures(db, found.id), found.state == OPEN
    places = kind.places(db, found) if is_open else []
    decision = proposals.may_sign(kind, found, places, signed, actor)
    free = proposals.left(places, [row.agency_id for row in signed])
    names = _agencies(
        db, {found.agency_id, found.other_agency_id, *(row.agency_id for row in signed)}.union(*free)
    )
    people = _people(db, [found.made_by, *(row.person_id for row in signed)])
    return {
        "id": found.id,
        "kind": found.kind,
        "state": found.state,
        "agency": names[found.agency_id],
        "other": names[found.other_agency_id] if found.other_agency_id else None,
        "content": found.content,
        "digest": found.digest.hex(),
        "made_by": people[found.made_by],
        "made_at": found.made_at,
        "over_at": found.over_at,
        "ended_at": found.ended_at,
        "signatures": [
            {
                "name": people[row.person_id],
                "agency": names[row.agency_id]["name"],
                "signed_at": row.signed_at,
            }
            for row in signed
        ],
        "missing": [sorted(names[agency]["name"] for agency in place) for place in free],
        "can_sign": is_open and decision.allowed,
        "reasons": [reason.code for reason in decision.failed] if is_open else [],
        "whole": proposals.verified(db, found),
    }


def _agencies(db: Tx, ids: set[UUID | None]) -> dict[UUID, dict[str, str]]:
    chosen = select(Agency.id, Agency.slug, Agency.name).where(Agency.id.in_([each for each in ids if each]))
    return {row.id: {"slug": row.slug, "name": row.name} for row in db.all(chosen)}


def _people(db: Tx, ids: Sequence[UUID]) -> dict[UUID, str]:
    return {row.id: row.name for row in db.all(select(Person.id, Person.name).where(Person.id.in_(ids)))}

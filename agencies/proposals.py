"""Proposals: one shape for everything that takes several people's signatures.

A kind says whose signatures are wanted, as places: each place is the set of agencies of which an administrator may
take it, and no person takes two. Who proposes signs at once where they can. When the last place is taken, the kind's
effect happens in the same transaction, after every signature was checked again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update

from agencies import holders, notices, people, signing
from agencies.agreement_models import Proposal, ProposalSignature
from agencies.errors import NoSuchProposal, NotYoursToSign, ProposalEnded, SignatureBroken
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from marketplace.foundation.ids import new_id
from security.canonical import canonical_bytes
from security.decision import Decision, refused
from security.log import audit
from security.principal import Context, Principal, Role

OPEN, IN_FORCE, WITHDRAWN, OVER = "open", "in_force", "withdrawn", "over"
OPEN_FOR = timedelta(days=14)
PURPOSE = "agreement"
"""What the agency's key signs here; keeps a signed agreement from passing for signed rules."""

Place = frozenset[UUID]


@dataclass(frozen=True, slots=True)
class Sealed:
    """A secret that belongs to a proposal, sealed by `agencies.keys.small_secrets`."""

    key_id: str
    wrapped: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposal as it lies in its row; `state` is `over` where its time has run out."""

    id: UUID
    kind: str
    agency_id: UUID
    other_agency_id: UUID | None
    content: dict[str, Any]
    digest: bytes
    state: str
    made_by: UUID
    made_at: datetime
    over_at: datetime
    ended_at: datetime | None
    sealed: Sealed | None = field(repr=False)


def _nobody(_: Proposed) -> frozenset[UUID]:
    return frozenset()


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of proposal. `barred` names people (ids) who may not sign this one: whom it is about."""

    name: str
    places: Callable[[Tx, Proposed], Sequence[Place]]
    take_effect: Callable[[Tx, Proposed, Principal, Context], None]
    barred: Callable[[Proposed], frozenset[UUID]] = _nobody


def make(
    tx: Tx,
    kind: Kind,
    *,
    agency_id: UUID,
    content: dict[str, Any],
    actor: Principal,
    context: Context,
    other_agency_id: UUID | None = None,
    sealed: Sealed | None = None,
    signs: bool = True,
) -> UUID:
    """Put something up for signature; whoever proposes signs at once unless `signs` says otherwise.

    `content` is plain JSON without secrets. Raises NotPermitted, NotYoursToSign, and what the kind's effect raises
    where the first signature is enough.
    """
    _forget_secrets_of_what_is_over(tx)
    now, proposal_id = clock.now(tx), new_id()
    if sealed is not None:
        content = content | {"secret": _secret_digest(sealed)}
    made = Proposed(
        id=proposal_id,
        kind=kind.name,
        agency_id=agency_id,
        other_agency_id=other_agency_id,
        content=content,
        digest=_digest(kind.name, agency_id, other_agency_id, content),
        state=OPEN,
        made_by=actor.person_id,
        made_at=now,
        over_at=now + OPEN_FOR,
        ended_at=None,
        sealed=sealed,
    )
    _insert(tx, made)
    _record(tx, "agreement.propose", made, actor, context)
    if signs:
        made = sign(tx, kind, proposal_id, actor=actor, context=context)
    if made.state == OPEN:
        signed = [row.agency_id for row in signatures(tx, proposal_id)]
        free = left(kind.places(tx, made), signed)
        _tell(tx, made, frozenset().union(*free), "agreement.waits", but=actor)
    return proposal_id


def sign(tx: Tx, kind: Kind, proposal_id: UUID, *, actor: Principal, context: Context) -> Proposed:
    """Sign in the name of the actor's agency; the last signature brings it into force. Returns how it stands then.

    Raises NoSuchProposal, ProposalEnded, NotPermitted, NotYoursToSign, SignatureBroken.
    """
    found = _locked(tx, kind, proposal_id)
    if found.state != OPEN:
        raise ProposalEnded(state=found.state)
    people.still_holds(tx, actor, Role.AGENCY_ADMIN)
    signed = signatures(tx, proposal_id)
    places = kind.places(tx, found)
    may_sign(kind, found, places, signed, actor).or_raise(NotYoursToSign, target=_target(found))
    _check_earlier(tx, found, signed)
    _add_signature(tx, found, actor)
    _record(tx, "agreement.sign", found, actor, context)
    if taken(places, [*(row.agency_id for row in signed), actor.agency_id]) < len(places):
        return found
    kind.take_effect(tx, found, actor, context)
    _end(tx, found, IN_FORCE)
    _record(tx, "agreement.in_force", found, actor, context)
    _tell(tx, found, {row.agency_id for row in signed}, "agreement.in_force", but=actor)
    return read(tx, proposal_id)


def withdraw(tx: Tx, kind: Kind, proposal_id: UUID, *, actor: Principal, context: Context) -> None:
    """Take an open proposal back, or decline it: any administrator whose signature it has or wants may.

    Raises NoSuchProposal, ProposalEnded, NotPermitted, NotYoursToSign.
    """
    found = _locked(tx, kind, proposal_id)
    if found.state != OPEN:
        raise ProposalEnded(state=found.state)
    if found.made_by != actor.person_id:
        people.still_holds(tx, actor, Role.AGENCY_ADMIN)
        concerns(tx, kind, found, actor).or_raise(NotYoursToSign, target=_target(found))
    _end(tx, found, WITHDRAWN)
    _record(tx, "agreement.withdraw", found, actor, context)


def may_sign(
    kind: Kind, found: Proposed, places: Sequence[Place], signed: Sequence[Any], actor: Principal
) -> Decision:
    """Whether this administrator may take one of the places that are left; every reason why not."""
    failed = Decision()
    if actor.person_id in kind.barred(found):
        failed &= refused("own_affair", remedy="ask_colleague")
    if any(row.person_id == actor.person_id for row in signed):
        return failed & refused("second_person", remedy="ask_colleague")
    before = [row.agency_id for row in signed]
    if taken(places, [*before, actor.agency_id]) <= taken(places, before):
        failed &= refused("signing_agency", remedy="ask_other_agency")
    return failed


def concerns(tx: Tx, kind: Kind, found: Proposed, actor: Principal) -> Decision:
    """Whether a proposal is an affair of the actor's agency: it is part of it, or its signature is wanted."""
    parts = {found.agency_id, found.other_agency_id}.union(*kind.places(tx, found))
    parts |= {row.agency_id for row in signatures(tx, found.id)}
    return Decision() if actor.agency_id in parts else refused("signing_agency", remedy="ask_other_agency")


def taken(places: Sequence[Place], agencies: Sequence[UUID]) -> int:
    """How many places the signatures of these agencies can take at most, each signature one place."""
    padded = [*agencies, *[None] * len(places)]
    return max(
        (
            sum(agency in place for place, agency in zip(places, order, strict=True) if agency)
            for order in permutations(padded, len(places))
        ),
        default=0,
    )


def left(places: Sequence[Place], agencies: Sequence[UUID]) -> list[Place]:
    """The places that these signatures leave free."""
    free = list(places)
    for agency in agencies:
        fitting = [place for place in free if agency in place]
        if fitting:
            free.remove(min(fitting, key=len))
    return free


def read(db: Tx, proposal_id: UUID) -> Proposed:
    """A proposal as it stands now. Raises NoSuchProposal."""
    row = db.one_or_none(select(Proposal.__table__).where(Proposal.id == proposal_id))
    if row is None:
        raise NoSuchProposal()
    return from_row(row, clock.now(db))


def signatures(db: Tx, proposal_id: UUID) -> Sequence[Any]:
    """Who signed: person_id, agency_id, key_id, signature, signed_at; in order."""
    chosen = select(ProposalSignature.__table__).where(ProposalSignature.proposal_id == proposal_id)
    return db.all(chosen.order_by(ProposalSignature.signed_at, ProposalSignature.person_id))


def verified(db: Tx, found: Proposed) -> bool:
    """Whether content, sealed secret and every signature are what was signed."""
    return _content_is_whole(found) and all(_verifies(db, found, row) for row in signatures(db, found.id))


def from_row(row: Any, now: datetime) -> Proposed:
    """A proposal from its row."""
    given = {name: getattr(row, name) for name in Proposed.__slots__ if name not in ("sealed", "state")}
    given["digest"] = bytes(row.digest)
    sealed = None if row.secret_key_id is None else Sealed(row.secret_key_id, bytes(row.secret_wrapped))
    state = OVER if row.state == OPEN and row.over_at <= now else row.state
    return Proposed(**given, state=state, sealed=sealed)


def _locked(tx: Tx, kind: Kind, proposal_id: UUID) -> Proposed:
    mine = (Proposal.id == proposal_id, Proposal.kind == kind.name)
    if tx.scalar(select(Proposal.id).where(*mine).with_for_update()) is None:
        raise NoSuchProposal()
    return read(tx, proposal_id)


def _insert(tx: Tx, made: Proposed) -> None:
    row = {name: getattr(made, name) for name in Proposed.__slots__ if name != "sealed"}
    row["secret_key_id"] = made.sealed.key_id if made.sealed else None
    row["secret_wrapped"] = made.sealed.wrapped if made.sealed else None
    tx.execute(insert(Proposal), row)


def _add_signature(tx: Tx, found: Proposed, actor: Principal) -> None:
    made = signing.sign(tx, actor.agency_id, PURPOSE, _signed(found, actor.person_id))
    tx.execute(
        insert(ProposalSignature),
        {
            "proposal_id": found.id,
            "person_id": actor.person_id,
            "agency_id": actor.agency_id,
            "key_id": made.key_id,
            "signature": made.value,
            "signed_at": clock.now(tx),
        },
    )


def _check_earlier(tx: Tx, found: Proposed, signed: Sequence[Any]) -> None:
    """What was signed before must still be what lies here: somebody with the database in hand could have changed it."""
    if not _content_is_whole(found) or not all(_verifies(tx, found, row) for row in signed):
        raise SignatureBroken(target=_target(found))


def _content_is_whole(found: Proposed) -> bool:
    if found.sealed is not None and _secret_digest(found.sealed) != found.content.get("secret"):
        return False
    return found.digest == _digest(found.kind, found.agency_id, found.other_agency_id, found.content)


def _verifies(db: Tx, found: Proposed, row: Any) -> bool:
    made = signing.Signature(row.key_id, bytes(row.signature))
    return signing.verifies(db, row.agency_id, PURPOSE, _signed(found, row.person_id), made)


def _signed(found: Proposed, person_id: UUID) -> dict[str, str]:
    """What one signature covers: the proposal, its digest, and who signed."""
    return {"proposal": str(found.id), "digest": found.digest.hex(), "person": str(person_id)}


def _digest(kind: str, agency_id: UUID, other: UUID | None, content: dict[str, Any]) -> bytes:
    whole = {
        "format": "marketplace-proposal-1",
        "kind": kind,
        "agency": str(agency_id),
        "other": str(other) if other else None,
        "content": content,
    }
    return hashlib.sha256(canonical_bytes(whole)).digest()


def _secret_digest(sealed: Sealed) -> str:
    """Stands in the content, so that nobody can lay another secret beside what was signed."""
    return hashlib.sha256(sealed.wrapped).hexdigest()


def _end(tx: Tx, found: Proposed, state: str) -> None:
    """Close an open proposal; the sealed secret goes with it."""
    ended = update(Proposal).where(Proposal.id == found.id, Proposal.state == OPEN)
    tx.execute(ended.values(state=state, ended_at=clock.now(tx), secret_key_id=None, secret_wrapped=None))


def _forget_secrets_of_what_is_over(tx: Tx) -> None:
    over = update(Proposal).where(Proposal.state == OPEN, Proposal.over_at <= clock.at(tx))
    tx.execute(
        over.where(Proposal.secret_key_id.is_not(None)).values(secret_key_id=None, secret_wrapped=None)
    )


def _tell(tx: Tx, found: Proposed, agencies: AbstractSet[UUID], kind: str, *, but: Principal) -> None:
    """A notice for the administrators of these agencies, not for whoever has just acted."""
    for agency_id in agencies:
        for person_id in holders.people_of(tx, agency_id, (Role.AGENCY_ADMIN,)):
            if person_id != but.person_id:
                notices.post(tx, person_id, kind, path=f"/agency/agreements/{found.id}")


def _target(found: Proposed) -> audit.Target:
    return audit.Target("agreement", found.id, found.agency_id)


def _record(tx: Tx, act: str, found: Proposed, actor: Principal, context: Context) -> None:
    detail = {"kind": found.kind, "digest": found.digest.hex()}
    audit.record(tx, act, _target(found), actor=actor, context=context, detail=detail)

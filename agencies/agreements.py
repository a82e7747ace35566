"""Every kind of proposal there is, in one table, and what people do with one whose kind they do not know."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from agencies import enrolment, proposals, sharing
from agencies.errors import NoSuchProposal
from agencies.proposals import Kind, Proposed
from marketplace.foundation.db import Tx
from security.principal import Context, Principal

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (enrolment.ENROL, enrolment.CHANGE, sharing.TERMS)}


def sign(tx: Tx, proposal_id: UUID, *, actor: Principal, context: Context) -> Proposed:
    """Sign a proposal of any kind. Raises what `proposals.sign` raises."""
    return proposals.sign(tx, _kind(tx, proposal_id), proposal_id, actor=actor, context=context)


def withdraw(tx: Tx, proposal_id: UUID, *, actor: Principal, context: Context) -> None:
    """Withdraw or decline a proposal of any kind. Raises what `proposals.withdraw` raises."""
    proposals.withdraw(tx, _kind(tx, proposal_id), proposal_id, actor=actor, context=context)


def _kind(tx: Tx, proposal_id: UUID) -> Kind:
    found = KINDS.get(proposals.read(tx, proposal_id).kind)
    if found is None:
        raise NoSuchProposal()
    return found

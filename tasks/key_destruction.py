"""Destroying keys, as far as payloads go: how many become unreadable is counted at the proposal and at the end."""

from __future__ import annotations

from uuid import UUID

from agencies import key_destruction, proposals
from marketplace.foundation.db import Tx
from security.principal import Context, Principal
from tasks import rewrapping


def propose(tx: Tx, key_id: str, *, actor: Principal, context: Context) -> UUID:
    """Propose to destroy a key of the actor's agency. Returns the proposal's id.

    Raises NoSuchKey, KeyStillNeeded, NotPermitted, KeyTrouble.
    """
    key = key_destruction.of_agency(key_id, actor.agency_slug)
    payloads = rewrapping.lost_with(tx, key.id)
    return key_destruction.propose(tx, key.id, payloads, actor=actor, context=context)


def destroy(db: Tx, proposal_id: UUID) -> None:
    """Destroy the key of a proposal that is in force, unless more hangs on it by now than was signed.

    Safe to repeat. Raises KeyStillNeeded, KeyTrouble.
    """
    key_id = proposals.read(db, proposal_id).content["key"]
    key_destruction.destroy(db, proposal_id, rewrapping.lost_with(db, key_id))

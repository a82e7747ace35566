"""From a draft to rules that hold: examples agree, a second factor is fresh, one of two signers wins."""

from __future__ import annotations

from hashlib import sha256

from sqlalchemy import insert, update

from agencies import people, signing, step_up
from agencies.models import Agency
from agencies.rules import drafting, examples, reading
from agencies.rules.errors import (
    DraftChanged,
    ExamplesDisagree,
    NothingDrafted,
    NothingToSign,
    RulesChanged,
    RulesUnreadable,
)
from agencies.rules.models import AccessRuleVersion
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from security.canonical import canonical_bytes
from security.log import audit
from security.principal import Context, Principal, Role


def sign(
    tx: Tx, *, revision: int | None = None, note: str | None = None, actor: Principal, context: Context
) -> int:
    """Sign the actor's draft for their agency, so that it holds from now on. Returns its number.

    Raises NotPermitted, NeedsStepUp, NothingDrafted, DraftChanged (it is not of `revision`), RulesChanged (another
    administrator signed since the draft was begun), NothingToSign, ExamplesDisagree.
    """
    people.still_holds(tx, actor, Role.AGENCY_ADMIN)
    step_up.require(tx, context)
    draft = drafting.read(tx, actor)
    if draft is None:
        raise NothingDrafted()
    if revision is not None and draft.revision != revision:
        raise DraftChanged()
    made = drafting.checked(draft.body, actor.agency_slug)
    faults = examples.faults(made)
    if faults:
        raise ExamplesDisagree(errors=faults)
    return _put_in_force(tx, draft, note, actor, context)


def _put_in_force(tx: Tx, draft: drafting.Draft, note: str | None, actor: Principal, context: Context) -> int:
    number = reading.number_in_force(tx, actor.agency_id)
    if number != draft.based_on or not _raised(tx, actor, number):
        raise RulesChanged()
    body = canonical_bytes(draft.body)
    if _says_the_same(tx, actor, body):
        raise NothingToSign()
    digest = sha256(body).digest()
    signed = signing.sign(tx, actor.agency_id, reading.PURPOSE, reading.what_is_signed(number + 1, digest))
    tx.execute(
        insert(AccessRuleVersion),
        {
            "agency_id": actor.agency_id,
            "number": number + 1,
            "body": body.decode(),
            "digest": digest,
            "key_id": signed.key_id,
            "signature": signed.value,
            "signed_by": actor.membership_id,
            "signed_at": clock.now(tx),
            "note": note,
        },
    )
    drafting.remove(tx, actor)
    audit.record(
        tx,
        "rules.sign",
        audit.Target("rules", actor.agency_id, actor.agency_id),
        actor=actor,
        context=context,
        detail={"number": number + 1, "digest": digest.hex(), "rules": len(draft.body["rules"])},
    )
    return number + 1


def _raised(tx: Tx, actor: Principal, number: int) -> bool:
    """Whether this transaction is the one that raises the number: of two signers at once, one waits and then loses."""
    mine = (Agency.id == actor.agency_id, Agency.rules_version <= number)
    return tx.execute(update(Agency).where(*mine).values(rules_version=number + 1)).rowcount == 1


def _says_the_same(tx: Tx, actor: Principal, body: bytes) -> bool:
    """Whether the rules in force are these very rules; those that cannot be verified are no rules to keep."""
    try:
        _, before = reading.in_force(tx, actor.agency_id)
    except RulesUnreadable:
        return False
    return canonical_bytes(before) == body

"""Submitting: a claim becomes a contribution, and the microtask may have all it wants.

Claim, participation, contribution and microtask change together. A late answer is accepted as long as its place is
still free; otherwise it is refused and the text is handed back, never lost silently.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select, update

from agencies import device_keys
from marketplace.foundation import clock, jobs
from marketplace.foundation.db import Tx, insert
from marketplace.foundation.ids import new_id
from security.log import audit
from security.principal import Context, Principal
from security.sealing import Protection
from tasks import claims, drafts, form, payloads
from tasks.errors import AlreadyAnswered, BadSealing, ClaimOver, NeedsDevice, NotSealed
from tasks.facts import CampaignFacts
from tasks.models import Claim, Contribution, Microtask, Participation
from tasks.payloads import Sealed
from tasks.questions import Value


@dataclass(frozen=True, slots=True)
class SealedAnswer:
    """An answer as a device sealed it: to the campaign's key, under the id that the device chose for it."""

    contribution_id: UUID
    sealed: Sealed


def submit(tx: Tx, claim_id: UUID, answer: Any, *, actor: Principal, context: Context) -> UUID:
    """Submit `answer` for a claim: one value per question and perhaps a note; for sealed work a SealedAnswer of them.

    Returns the contribution's id. Raises NotEligible with every rule that has come to fail; NotSealed; BadSealing;
    NeedsDevice; BadAnswer with the places; AlreadyAnswered; ClaimOver when the claim has ended and its place is taken.
    """
    held = claims.mine(tx, claim_id, actor)
    campaign = claims.may_work(tx, held, actor, context)
    kept = _checked(tx, campaign, held.microtask_id, actor, answer)
    late = not _end_claim(tx, held)
    undecided = _count_answer(tx, held.microtask_id, places=1 if late else 0)
    if undecided is None or not _mark_answered(tx, held, actor, was="lapsed" if late else "claimed"):
        raise ClaimOver()
    contribution_id = _keep(tx, campaign, held.microtask_id, actor, kept)
    drafts.discard(tx, held.microtask_id, actor)
    target = campaign.target("microtask", held.microtask_id)
    audit.record(tx, "contribution.submit", target, actor=actor, context=context, detail={"late": late})
    if undecided and campaign.protection is not Protection.END_TO_END:
        # Last, because the waiting job row stays locked until COMMIT.
        jobs.record(tx, "campaign.settle", {"campaign_id": campaign.id}, merge_key=f"consensus:{campaign.id}")
    return contribution_id


def _checked(
    tx: Tx, campaign: CampaignFacts, microtask_id: UUID, actor: Principal, answer: Any
) -> dict[str, Value] | SealedAnswer:
    """The answer as it may be stored. What lies end to end is checked as far as one can who cannot read it."""
    if not campaign.sealed:
        return form.checked(campaign.form, answer)
    if not isinstance(answer, SealedAnswer):
        raise NotSealed()
    device = device_keys.of_person(tx, actor.person_id, answer.sealed.signer)
    if device is None:
        raise NeedsDevice()
    ref = payloads.answer(microtask_id, answer.contribution_id)
    value = payloads.check_sealed(tx, campaign, ref, answer.sealed, device.signing_key)
    if value is not None:
        form.checked(campaign.form, value)
    return answer


def _end_claim(tx: Tx, held: claims.Held) -> bool:
    """End the live claim, or take up again one that lapsed. True: it was live, so its place is still held.

    A claim whose time is over but which nothing has ended yet still holds its place. Asked in statements, not of
    `held`: in the meantime another tab may have answered or given back, or the slot may have ended it.
    """
    ended = (
        update(Claim)
        .where(Claim.id == held.id)
        .values(live=False, ended="submitted", expires_at=None, views=0)
    )
    if tx.execute(ended.where(Claim.live)).rowcount:
        return True
    if tx.execute(ended.where(Claim.ended == "lapsed")).rowcount:
        return False
    how = tx.scalar(select(Claim.ended).where(Claim.id == held.id))
    raise AlreadyAnswered() if how == "submitted" else ClaimOver()


def _count_answer(tx: Tx, microtask_id: UUID, *, places: int) -> bool | None:
    """Count one answer, taking `places` free places for it. Whether all answers are in; None: no place is free."""
    row = tx.one_or_none(
        update(Microtask)
        .where(Microtask.id == microtask_id, Microtask.need >= places, Microtask.answers < Microtask.wanted)
        .values(
            answers=Microtask.answers + 1,
            need=Microtask.need - places,
            open=Microtask.need > places,
            undecided=Microtask.answers + 1 >= Microtask.wanted,
        )
        .returning(Microtask.undecided)
    )
    return None if row is None else bool(row.undecided)


def _mark_answered(tx: Tx, held: claims.Held, actor: Principal, *, was: str) -> bool:
    """Note the answer at the participation. False: the item is in the person's hands by another claim."""
    mine = and_(
        Participation.person_id == actor.person_id,
        Participation.microtask_id == held.microtask_id,
        Participation.state == was,
    )
    return tx.execute(update(Participation).where(mine).values(state="answered")).rowcount == 1


def _keep(
    tx: Tx,
    campaign: CampaignFacts,
    microtask_id: UUID,
    actor: Principal,
    answer: dict[str, Value] | SealedAnswer,
) -> UUID:
    if isinstance(answer, SealedAnswer):
        contribution_id, plain = answer.contribution_id, None
        ref = payloads.answer(microtask_id, contribution_id)
        payload_id = payloads.keep_sealed(tx, campaign, [(ref, answer.sealed)])[0]
    else:
        contribution_id, plain, payload_id = new_id(), answer, None
    row = {
        "id": contribution_id,
        "person_id": actor.person_id,
        "microtask_id": microtask_id,
        "revision": 1,
        "day": clock.now(tx).date(),
        "answer": plain,
        "payload_id": payload_id,
    }
    # Asked for, not counted: of rows that were not inserted, not every driver says that there were none.
    new = insert(tx, Contribution).values(row).on_conflict_do_nothing(index_elements=["id"])
    if tx.one_or_none(new.returning(Contribution.id)) is None:
        raise BadSealing(problem="contribution")
    return contribution_id

"""The statements that hand out places: taking and leasing is one act of the database, never read-then-write (D3, D4).

On PostgreSQL each verb is one statement; on SQLite the same steps run inside one `BEGIN IMMEDIATE` transaction. Both
use the same conditions. The places of a microtask: `need` may be claimed, live claims hold some, answers used some.

Every verb locks in one order, so that no two wait crosswise: claim, microtask (several in id order), participation.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, literal, or_, select, tuple_, update

from marketplace.foundation import clock, sequence
from marketplace.foundation.db import Query, Tx, insert
from marketplace.foundation.ids import new_id
from tasks.errors import AlreadyYours
from tasks.facts import CampaignFacts
from tasks.models import Campaign, CampaignProgress, Claim, Microtask, Participation, QueuePlace

SECOND_LOOK = 500
"""How many open items the second look from the start considers."""

MAY_OPEN_AGAIN = ("given_back", "lapsed")


def next_item(tx: Tx, campaign: CampaignFacts, person_id: UUID) -> UUID | None:
    """Lease the next open microtask that the person never had; returns the claim's id, None when there is none.

    The first look skips items that somebody is writing to at this moment. The second waits for them: otherwise it
    would say that nothing is left while a place is free.
    """
    if campaign.queue == "any":
        first = Pick(_from_a_random_start(tx, campaign.id, person_id), waits=False)
        second = Pick(_open_in(campaign.id, person_id))
    else:
        first = Pick(_from_own_place(campaign.id, person_id), waits=False, moves_place=True)
        second = Pick(_from_the_start(campaign.id, person_id))
    return _lease(tx, campaign, person_id, first) or _lease(tx, campaign, person_id, second)


def has_next(person_id: UUID) -> ColumnElement[bool]:
    """SQL, correlated to Campaign: whether *next* would find something, or the person holds something already.

    Looks where *next* looks: from the person's own place, then once more, bounded, from the start.
    """
    mine = (QueuePlace.person_id == person_id, QueuePlace.campaign_id == Campaign.id)
    place = select(QueuePlace.seq).where(*mine).correlate(Campaign).scalar_subquery()
    open_here = select(Microtask.id).where(Microtask.campaign_id == Campaign.id, Microtask.open)
    ahead = open_here.where(Microtask.seq > func.coalesce(place, 0), _never_had(person_id))
    first = open_here.order_by(Microtask.seq).limit(SECOND_LOOK).correlate(Campaign).subquery()
    mine_of_first = (Participation.person_id == person_id, Participation.microtask_id == first.c.id)
    again = select(first.c.id).where(~exists().where(*mine_of_first))
    held = select(Claim.id).where(Claim.campaign_id == Campaign.id, Claim.person_id == person_id, Claim.live)
    return or_(*(exists(look.correlate(Campaign)) for look in (ahead, again, held)))


def this_item(tx: Tx, campaign: CampaignFacts, person_id: UUID, microtask_id: UUID) -> UUID | None:
    """Lease one microtask, also again after giving it back; None when it has no place or is the person's already."""
    had = exists().where(
        Participation.person_id == person_id,
        Participation.microtask_id == Microtask.id,
        Participation.state.not_in(MAY_OPEN_AGAIN),
    )
    query = select(Microtask.id, Microtask.seq).where(Microtask.id == microtask_id, Microtask.open, ~had)
    return _lease(tx, campaign, person_id, Pick(query, again=MAY_OPEN_AGAIN))


@dataclass(frozen=True, slots=True)
class Pick:
    """Which microtask to take: a query for id and seq, and how.

    `waits` for whoever writes to it; `moves_place`: the person's place in the queue follows; `again`: the states of
    an earlier participation that the claim takes up again.
    """

    query: Query
    waits: bool = True
    moves_place: bool = False
    again: tuple[str, ...] = ()


def _never_had(person_id: UUID) -> ColumnElement[bool]:
    mine = (Participation.person_id == person_id, Participation.microtask_id == Microtask.id)
    return ~exists().where(*mine)


def _open_in(campaign_id: UUID, person_id: UUID) -> Query:
    return (
        select(Microtask.id, Microtask.seq)
        .where(Microtask.campaign_id == campaign_id, Microtask.open, _never_had(person_id))
        .order_by(Microtask.seq)
        .limit(1)
    )


def _from_own_place(campaign_id: UUID, person_id: UUID) -> Query:
    mine = (QueuePlace.person_id == person_id, QueuePlace.campaign_id == campaign_id)
    place = select(QueuePlace.seq).where(*mine).scalar_subquery()
    return _open_in(campaign_id, person_id).where(Microtask.seq > func.coalesce(place, 0))


def _from_a_random_start(tx: Tx, campaign_id: UUID, person_id: UUID) -> Query:
    """From a random item onwards. Drawn by number, which is dense: a returned item's `seq` lies far behind the rest."""
    total = tx.scalar(select(CampaignProgress.total).where(CampaignProgress.campaign_id == campaign_id))
    number = secrets.randbelow(total) + 1
    drawn = (Microtask.campaign_id == campaign_id, Microtask.number == number)
    start = tx.scalar(select(Microtask.seq).where(*drawn))
    return _open_in(campaign_id, person_id).where(Microtask.seq >= start)


def _from_the_start(campaign_id: UUID, person_id: UUID) -> Query:
    considered = (
        select(Microtask.id)
        .where(Microtask.campaign_id == campaign_id, Microtask.open)
        .order_by(Microtask.seq)
        .limit(SECOND_LOOK)
    )
    return _open_in(campaign_id, person_id).where(Microtask.id.in_(considered))


def _lease(tx: Tx, campaign: CampaignFacts, person_id: UUID, pick: Pick) -> UUID | None:
    lease = _lease_in_one if tx.dialect == "postgresql" else _lease_in_steps
    return lease(tx, campaign, person_id, pick)


def _lease_in_one(tx: Tx, campaign: CampaignFacts, person_id: UUID, pick: Pick) -> UUID | None:
    picked = pick.query.with_for_update(skip_locked=not pick.waits, of=Microtask).cte("picked")
    took = (
        update(Microtask)
        .where(Microtask.id == picked.c.id, Microtask.need > 0)
        .values(need=Microtask.need - 1, open=Microtask.need > 1)
        .returning(Microtask.id, Microtask.seq)
        .cte("took")
    )
    had = (
        _participating(tx, select(literal(person_id), took.c.id, literal("claimed")), pick.again)
        .returning(Participation.microtask_id)
        .cte("had")
    )
    ends = clock.at(tx, timedelta(minutes=campaign.claim_minutes))
    row = (new_id(), had.c.microtask_id, campaign.id, person_id, True, ends, 0)
    claim = (
        insert(tx, Claim)
        .from_select(list(_CLAIM), select(*(_literal(value) for value in row)))
        .returning(Claim.id, Claim.microtask_id)
        .cte("claim_made")
    )
    outcome = select(took.c.id, claim.c.id.label("claim_id"))
    outcome = outcome.select_from(took.outerjoin(claim, claim.c.microtask_id == took.c.id))
    if pick.moves_place:
        place = select(literal(person_id), literal(campaign.id), took.c.seq)
        outcome = outcome.add_cte(_moved(tx, place).cte("place"))
    made = tx.one_or_none(outcome)
    if made is not None and made.claim_id is None:
        # The statement waited for the person's other tab, which has the item by now; undo what was taken here.
        raise AlreadyYours()
    return made.claim_id if made else None


def _lease_in_steps(tx: Tx, campaign: CampaignFacts, person_id: UUID, pick: Pick) -> UUID | None:
    item = tx.one_or_none(pick.query)
    if item is None:
        return None
    took = update(Microtask).where(Microtask.id == item.id, Microtask.need > 0)
    if tx.execute(took.values(need=Microtask.need - 1, open=Microtask.need > 1)).rowcount == 0:
        return None
    participation = select(literal(person_id), literal(item.id), literal("claimed"))
    tx.execute(_participating(tx, participation, pick.again))
    if pick.moves_place:
        tx.execute(_moved(tx, select(literal(person_id), literal(campaign.id), literal(item.seq))))
    claim_id, ends = new_id(), clock.now(tx) + timedelta(minutes=campaign.claim_minutes)
    row = (claim_id, item.id, campaign.id, person_id, True, ends, 0)
    tx.execute(insert(tx, Claim).values(dict(zip(_CLAIM, row, strict=True))))
    return claim_id


_CLAIM = ("id", "microtask_id", "campaign_id", "person_id", "live", "expires_at", "extensions")


def _literal(value: Any) -> ColumnElement[Any]:
    return value if isinstance(value, ColumnElement) else literal(value)


def _participating(tx: Tx, row: Query, again: tuple[str, ...]) -> Any:
    """Note that the person has the item; where they had it before only in a state that may be taken up `again`."""
    noted = insert(tx, Participation).from_select(["person_id", "microtask_id", "state"], row)
    keys = ["person_id", "microtask_id"]
    if not again:
        return noted.on_conflict_do_nothing(index_elements=keys)
    return noted.on_conflict_do_update(
        index_elements=keys, set_={"state": "claimed"}, where=Participation.state.in_(again)
    )


def _moved(tx: Tx, row: Query) -> Any:
    """The person's place in the queue, from a row of person, campaign and seq."""
    place = insert(tx, QueuePlace).from_select(["person_id", "campaign_id", "seq"], row)
    return place.on_conflict_do_update(
        index_elements=["person_id", "campaign_id"], set_={"seq": place.excluded.seq}
    )


def give_back(tx: Tx, claim_id: UUID, microtask_id: UUID, person_id: UUID) -> bool:
    """End a live claim of the person and free its place, at the tail of the queue. False: it was not live."""
    ended = _ended("given_back").where(Claim.id == claim_id, Claim.person_id == person_id, Claim.live)
    if tx.execute(ended).rowcount == 0:
        return False
    _free(tx, {microtask_id: 1})
    mine = and_(Participation.person_id == person_id, Participation.microtask_id == microtask_id)
    tx.execute(update(Participation).where(mine).values(state="given_back"))
    return True


def lapse(tx: Tx, limit: int = 1_000) -> list[Any]:
    """End the claims whose time is over and free their places. Returns rows (id, microtask, campaign, person).

    Claims that somebody is submitting at this moment are locked and skipped: waiting for them could deadlock.
    """
    over = (
        select(Claim.id)
        .where(Claim.live, Claim.expires_at <= clock.at(tx))
        .order_by(Claim.expires_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    gone = tx.execute(
        _ended("lapsed")
        .where(Claim.id.in_(over), Claim.live)
        .returning(Claim.id, Claim.microtask_id, Claim.campaign_id, Claim.person_id)
    ).all()
    _free(tx, Counter(claim.microtask_id for claim in gone))
    _note(tx, gone, "lapsed")
    return list(gone)


def end_all(tx: Tx, campaign_id: UUID) -> set[UUID]:
    """End every live claim of a campaign and free its place. Returns the people who held them.

    Claims that somebody is submitting at this moment are waited for: their answers count.
    """
    gone = tx.execute(
        _ended("given_back")
        .where(Claim.campaign_id == campaign_id, Claim.live)
        .returning(Claim.microtask_id, Claim.person_id)
    ).all()
    _free(tx, Counter(claim.microtask_id for claim in gone))
    _note(tx, gone, "given_back")
    return {claim.person_id for claim in gone}


def _note(tx: Tx, gone: Sequence[Any], state: str) -> None:
    """Note at each participation how its claim ended."""
    pairs = [(claim.person_id, claim.microtask_id) for claim in gone]
    if pairs:
        theirs = tuple_(Participation.person_id, Participation.microtask_id).in_(pairs)
        tx.execute(update(Participation).where(theirs).values(state=state))


def _ended(how: str) -> Any:
    # No count of how often it was opened outlives the claim: it would be a trace of how somebody works.
    return update(Claim).values(live=False, ended=how, expires_at=None, views=0)


def _free(tx: Tx, places: Mapping[UUID, int]) -> None:
    """Give places back; an item that comes back stands at the tail. In id order, so that two never wait crosswise."""
    for microtask_id in sorted(places):
        tx.execute(
            update(Microtask)
            .where(Microtask.id == microtask_id)
            .values(
                need=Microtask.need + places[microtask_id],
                open=True,
                seq=sequence.following(tx, "microtask_seq"),
            )
        )

"""The statements that hand out places: taking and leasing is one act of the database, never read-then-write (D3, D4).

On PostgreSQL each verb is one statement; on SQLite the same steps run inside one `BEGIN IMMEDIATE` transaction. Both
use the same conditions. The places of a microtask: `need` may be claimed, live claims hold some, answers used some.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, literal, select, update
from sqlalchemy.dialects import postgresql

from marketplace.foundation import clock, sequence
from marketplace.foundation.db import Query, Tx, insert
from marketplace.foundation.ids import new_id
from tasks.facts import CampaignFacts
from tasks.models import Claim, Microtask, Participation, QueuePlace

SECOND_LOOK = 500
"""How many open items the second look from the start considers."""

MAY_OPEN_AGAIN = ("given_back", "lapsed")


def next_item(tx: Tx, campaign: CampaignFacts, person_id: UUID) -> UUID | None:
    """Lease the next open microtask that the person never had; returns the claim's id, None when there is none."""
    look = _from_a_random_start if campaign.queue == "any" else _from_own_place
    moves = campaign.queue == "listed"
    claim_id = _lease(tx, campaign, person_id, look(tx, campaign.id, person_id), moves_place=moves)
    if claim_id is None:
        claim_id = _lease(tx, campaign, person_id, _from_the_start(campaign.id, person_id), moves_place=False)
    return claim_id


def this_item(tx: Tx, campaign: CampaignFacts, person_id: UUID, microtask_id: UUID) -> UUID | None:
    """Lease one microtask, also again after giving it back; None when it has no place or is the person's already."""
    had = exists().where(
        Participation.person_id == person_id,
        Participation.microtask_id == Microtask.id,
        Participation.state.not_in(MAY_OPEN_AGAIN),
    )
    pick = select(Microtask.id, Microtask.seq).where(Microtask.id == microtask_id, Microtask.open, ~had)
    return _lease(tx, campaign, person_id, pick, moves_place=False)


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


def _from_own_place(_tx: Tx, campaign_id: UUID, person_id: UUID) -> Query:
    mine = (QueuePlace.person_id == person_id, QueuePlace.campaign_id == campaign_id)
    place = select(QueuePlace.seq).where(*mine).scalar_subquery()
    return _open_in(campaign_id, person_id).where(Microtask.seq > func.coalesce(place, 0))


def _from_a_random_start(tx: Tx, campaign_id: UUID, person_id: UUID) -> Query:
    first, last = func.min(Microtask.seq), func.max(Microtask.seq)
    ends = select(first.label("first"), (last - first).label("width"))
    row = tx.execute(ends.where(Microtask.campaign_id == campaign_id, Microtask.open)).one()
    # SQLite's random() is a 64-bit integer, PostgreSQL's a fraction; the database draws in neither case twice alike.
    draw = func.random() if tx.dialect == "postgresql" else func.abs(func.random() % 10_000) / 10_000.0
    start = select((literal(row.first or 0) + draw * literal(row.width or 0)).label("seq")).scalar_subquery()
    return _open_in(campaign_id, person_id).where(Microtask.seq >= start)


def _from_the_start(campaign_id: UUID, person_id: UUID) -> Query:
    considered = (
        select(Microtask.id)
        .where(Microtask.campaign_id == campaign_id, Microtask.open)
        .order_by(Microtask.seq)
        .limit(SECOND_LOOK)
    )
    return _open_in(campaign_id, person_id).where(Microtask.id.in_(considered))


def _lease(
    tx: Tx, campaign: CampaignFacts, person_id: UUID, pick: Query, *, moves_place: bool
) -> UUID | None:
    lease = _lease_in_one if tx.dialect == "postgresql" else _lease_in_steps
    return lease(tx, campaign, person_id, pick, moves_place)


def _lease_in_one(
    tx: Tx, campaign: CampaignFacts, person_id: UUID, pick: Query, moves_place: bool
) -> UUID | None:
    picked = pick.with_for_update(skip_locked=True, of=Microtask).cte("picked")
    took = (
        update(Microtask)
        .where(Microtask.id == picked.c.id, Microtask.need > 0)
        .values(need=Microtask.need - 1, open=Microtask.need > 1)
        .returning(Microtask.id, Microtask.seq)
        .cte("took")
    )
    had = postgresql.insert(Participation).from_select(
        ["person_id", "microtask_id", "state"], select(literal(person_id), took.c.id, literal("claimed"))
    )
    had = had.on_conflict_do_update(index_elements=["person_id", "microtask_id"], set_={"state": "claimed"})
    claim = (
        postgresql.insert(Claim)
        .from_select(
            ["id", "microtask_id", "campaign_id", "person_id", "live", "expires_at", "extensions"],
            select(
                literal(new_id()),
                took.c.id,
                literal(campaign.id),
                literal(person_id),
                literal(True),
                clock.at(tx, timedelta(minutes=campaign.claim_minutes)),
                literal(0),
            ),
        )
        .returning(Claim.id)
        .add_cte(had.cte("had"))
    )
    if moves_place:
        place = postgresql.insert(QueuePlace).from_select(
            ["person_id", "campaign_id", "seq"], select(literal(person_id), literal(campaign.id), took.c.seq)
        )
        place = place.on_conflict_do_update(
            index_elements=["person_id", "campaign_id"], set_={"seq": place.excluded.seq}
        )
        claim = claim.add_cte(place.cte("place"))
    taken: UUID | None = tx.scalar(claim)
    return taken


def _lease_in_steps(
    tx: Tx, campaign: CampaignFacts, person_id: UUID, pick: Query, moves_place: bool
) -> UUID | None:
    item = tx.one_or_none(pick)
    if item is None:
        return None
    took = update(Microtask).where(Microtask.id == item.id, Microtask.need > 0)
    if tx.execute(took.values(need=Microtask.need - 1, open=Microtask.need > 1)).rowcount == 0:
        return None
    had = insert(tx, Participation).values(person_id=person_id, microtask_id=item.id, state="claimed")
    tx.execute(
        had.on_conflict_do_update(index_elements=["person_id", "microtask_id"], set_={"state": "claimed"})
    )
    if moves_place:
        place = insert(tx, QueuePlace).values(person_id=person_id, campaign_id=campaign.id, seq=item.seq)
        tx.execute(
            place.on_conflict_do_update(
                index_elements=["person_id", "campaign_id"], set_={"seq": place.excluded.seq}
            )
        )
    claim_id = new_id()
    tx.execute(
        insert(tx, Claim).values(
            id=claim_id,
            microtask_id=item.id,
            campaign_id=campaign.id,
            person_id=person_id,
            live=True,
            expires_at=clock.now(tx) + timedelta(minutes=campaign.claim_minutes),
            extensions=0,
        )
    )
    return claim_id


def give_back(tx: Tx, claim_id: UUID, microtask_id: UUID, person_id: UUID) -> bool:
    """End a live claim of the person and free its place, at the tail of the queue. False: it was not live."""
    ended = _ended("given_back").where(Claim.id == claim_id, Claim.person_id == person_id, Claim.live)
    if tx.execute(ended).rowcount == 0:
        return False
    mine = and_(Participation.person_id == person_id, Participation.microtask_id == microtask_id)
    tx.execute(update(Participation).where(mine).values(state="given_back"))
    _free(tx, {microtask_id: 1})
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
    freed: dict[UUID, int] = {}
    for claim in gone:
        mine = and_(
            Participation.person_id == claim.person_id, Participation.microtask_id == claim.microtask_id
        )
        tx.execute(update(Participation).where(mine).values(state="lapsed"))
        freed[claim.microtask_id] = freed.get(claim.microtask_id, 0) + 1
    _free(tx, freed)
    return list(gone)


def _ended(how: str) -> Any:
    return update(Claim).values(live=False, ended=how, expires_at=None)


def _free(tx: Tx, places: dict[UUID, int]) -> None:
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

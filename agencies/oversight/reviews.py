"""Access review: an agency looks at every role and clearance that its people hold, and keeps or revokes each.

Administrators decide about roles, officers about clearances, nobody about their own. A round freezes what there is to
look at; what ended meanwhile is gone and needs no decision.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update

from agencies import clearances, holders, memberships, notices, people, roles
from agencies.oversight import review_items
from agencies.oversight.models import AccessReview, AccessReviewItem
from agencies.oversight.review_items import GONE, KEPT, REVOKED, Item
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from marketplace.foundation.db import insert as upsert
from marketplace.foundation.errors import Conflict, InvalidInput, NotFound
from marketplace.foundation.ids import new_id
from security import duties
from security.decision import ALLOWED, Decision, refused
from security.log import audit
from security.permissions import Permission
from security.principal import Context, Principal, Role

CHOICES = (KEPT, REVOKED)
DECIDING = (Role.AGENCY_ADMIN, Role.SECURITY_OFFICER)
LONGEST = timedelta(days=366)


class BadReview(InvalidInput):
    """A review is due on a day from today on, at most a year ahead."""


class ReviewRunning(Conflict):
    """Your agency has a review that is not closed yet. One at a time."""


class ReviewOver(Conflict):
    """This review is closed. Nothing more is decided in it."""


class NotAllDecided(Conflict):
    """Something is not decided yet. A review is closed when nothing is left."""


class BadDecisions(InvalidInput):
    """Some of this cannot be decided so; nothing was changed."""


def open_round(tx: Tx, due: date | None, *, actor: Principal, context: Context) -> UUID:
    """Open a review and freeze what there is to look at. Returns its id.

    Raises NotPermitted, BadReview, ReviewRunning.
    """
    people.still_may(tx, actor, Permission.REVIEW_ACCESS)
    now = clock.now(tx)
    if due is None or not now.date() <= due <= now.date() + LONGEST:
        raise BadReview(errors={"due": [BadReview().message]})
    review_id = new_id()
    row = {
        "id": review_id, "agency_id": actor.agency_id, "opened_by": actor.person_id, "opened_at": now, "due": due,
    }  # fmt: skip
    made = upsert(tx, AccessReview).values(row).on_conflict_do_nothing()
    if tx.scalar(made.returning(AccessReview.id)) is None:
        raise ReviewRunning()
    items = review_items.held(tx, actor.agency_id)
    if items:
        tx.execute(
            insert(AccessReviewItem), [{"id": new_id(), "review_id": review_id} | item for item in items]
        )
    held = Counter("clearances" if item["grant_id"] is None else "roles" for item in items)
    detail = {"roles": held["roles"], "clearances": held["clearances"]}
    _record(tx, "review.open", review_id, actor, context, detail)
    for person_id in holders.people_of(tx, actor.agency_id, DECIDING):
        if person_id != actor.person_id:
            notices.post(tx, person_id, "review.opened", path=f"/record/reviews/{review_id}")
    return review_id


def decide(
    tx: Tx, review_id: UUID, decisions: Mapping[UUID, str], *, actor: Principal, context: Context
) -> None:
    """Keep or revoke several things, all of them or none. What ended meanwhile is put down as gone.

    Raises NotPermitted, NotFound, ReviewOver; BadDecisions with a code per item: choice, decided, own_affair, role.
    """
    # The agency first, as in every act on roles: two who decide at the same moment take turns.
    memberships.hold_agency(tx, actor.agency_id)
    now_holds = people.still_may(tx, actor, Permission.REVIEW_ACCESS).roles
    _open_one(tx, review_id, actor)
    review_items.mark_gone(tx, review_id)
    items = {row.id: row for row in review_items.of(tx, review_id) if row.id in decisions}
    faults = {
        item: code
        for item in decisions
        if (code := _fault(items.get(item), decisions[item], now_holds, actor))
    }
    if faults:
        raise BadDecisions(errors={str(item): [code] for item, code in faults.items()})
    made: Counter[str] = Counter()
    for row in sorted(items.values(), key=lambda row: (row.person_id, row.id)):
        decision = row.decision or decisions[row.id]
        made[decision] += 1
        if row.decision is None:
            _carry_out(tx, row, decision, actor, context)
    _record(tx, "review.decide", review_id, actor, context, dict(made))


def close(tx: Tx, review_id: UUID, *, actor: Principal, context: Context) -> None:
    """Close a review in which everything is decided that somebody may decide; what is nobody's stays as it is.

    Raises NotPermitted, NotFound, ReviewOver, NotAllDecided.
    """
    people.still_may(tx, actor, Permission.REVIEW_ACCESS)
    _open_one(tx, review_id, actor)
    review_items.mark_gone(tx, review_id)
    rows = review_items.of(tx, review_id)
    nobodys = _nobodys(tx, rows, actor.agency_id)
    if any(row.decision is None and row.id not in nobodys for row in rows):
        raise NotAllDecided()
    tx.execute(update(AccessReview).where(AccessReview.id == review_id).values(closed_at=clock.now(tx)))
    made = Counter(row.decision for row in rows)
    counts = {word: made[word] for word in (KEPT, REVOKED, GONE)} | {"undecided": made[None]}
    _record(tx, "review.close", review_id, actor, context, counts)


def listing(db: Tx, actor: Principal) -> Sequence[Any]:
    """The agency's reviews, newest first: id, opened_at, due, closed_at, items, left (not decided yet)."""
    mine = AccessReview.agency_id == actor.agency_id
    rows = db.all(
        select(AccessReview.id, AccessReview.opened_at, AccessReview.due, AccessReview.closed_at)
        .where(mine)
        .order_by(AccessReview.opened_at.desc())
    )
    decided = db.all(
        select(AccessReviewItem.review_id, AccessReviewItem.decision)
        .join(AccessReview, AccessReview.id == AccessReviewItem.review_id)
        .where(mine)
    )
    items = Counter(row.review_id for row in decided)
    left = Counter(row.review_id for row in decided if row.decision is None)
    return [{**row._mapping, "items": items[row.id], "left": left[row.id]} for row in rows]


def one(tx: Tx, review_id: UUID, *, actor: Principal, context: Context) -> dict[str, Any]:
    """A review with how many things are `left` undecided, how many of them are `waiting` for somebody who may decide,
    and its `items` by name: id, name, membership_id, role or level (the other is None), last_used,
    decision, decided_by, `mine` (whether this reader may decide it) and `nobodys` (whether nobody may: it belongs to
    the only one whose office it would be). Reading it goes on the record.

    What has ended is "gone" here as soon as it has. Raises NotFound.
    """
    row = _one(tx, review_id, actor)
    held = review_items.of(tx, review_id)
    nobodys = _nobodys(tx, held, actor.agency_id)
    items = [
        _shown(item, actor, closed=row.closed_at is not None) | {"nobodys": item.id in nobodys}
        for item in held
    ]
    undecided = [item for item in items if item["decision"] is None]
    _record(tx, "review.read", review_id, actor, context, {"items": len(items)})
    waiting = sum(not item["nobodys"] for item in undecided)
    return {**row._mapping, "items": items, "left": len(undecided), "waiting": waiting}


def may_decide(item: Item, now_holds: frozenset[Role], actor: Principal) -> Decision:
    """Whether somebody with these roles decides about this thing: by its kind, and never about their own."""
    needed = _office(item)
    of_role = ALLOWED if needed in now_holds else refused("role", "ask_colleague", roles=needed.value)
    return duties.not_oneself(actor.person_id, item.person_id) & of_role


def _office(item: Item) -> Role:
    """Whose office it is to decide about this thing."""
    return Role.SECURITY_OFFICER if item.grant_id is None else Role.AGENCY_ADMIN


def _nobodys(tx: Tx, items: Sequence[Item], agency_id: UUID) -> set[UUID]:
    """What nobody may decide at the moment, because it is held by the only one whose office that would be."""
    deciding = {role: set(holders.people_of(tx, agency_id, (role,))) for role in DECIDING}
    return {item.id for item in items if not deciding[_office(item)] - {item.person_id}}


def _fault(item: Item | None, choice: str, now_holds: frozenset[Role], actor: Principal) -> str | None:
    """Why this cannot be decided so; None where it can, also where it is gone by now."""
    if item is None or choice not in CHOICES:
        return "choice"
    if item.decision in CHOICES:
        return "decided"
    failed = may_decide(item, now_holds, actor).failed
    return failed[0].code if failed else None


def _carry_out(tx: Tx, item: Item, decision: str, actor: Principal, context: Context) -> None:
    if item.grant_id is None and decision == REVOKED:
        clearances.withdraw(tx, item.membership_id, actor=actor, context=context)
    elif item.grant_id is not None and decision == KEPT:
        roles.review(tx, item.grant_id, actor=actor, context=context)
    elif item.grant_id is not None:
        # Whoever decides about others' roles is an administrator themself: the agency is never left without one.
        roles.end(tx, item.grant_id, actor=actor, context=context)
    made = {"decision": decision, "decided_by": actor.person_id, "decided_at": clock.now(tx)}
    tx.execute(update(AccessReviewItem).where(AccessReviewItem.id == item.id).values(made))


def _shown(item: Item, actor: Principal, *, closed: bool) -> dict[str, Any]:
    decision = item.decision or (None if item.held_now else GONE)
    decides = decision is None and not closed and may_decide(item, actor.roles, actor).allowed
    return {
        "id": item.id,
        "name": item.name,
        "membership_id": item.membership_id,
        "role": item.held if item.grant_id is not None else None,
        "level": item.held if item.grant_id is None else None,
        "last_used": item.last_used,
        "decision": decision,
        "decided_by": item.decided_by,
        "own": item.person_id == actor.person_id,
        "mine": decides,
    }


def _open_one(tx: Tx, review_id: UUID, actor: Principal) -> None:
    if _one(tx, review_id, actor, hold=True).closed_at is not None:
        raise ReviewOver()


def _one(db: Tx, review_id: UUID, actor: Principal, *, hold: bool = False) -> Any:
    chosen = select(AccessReview.id, AccessReview.opened_at, AccessReview.due, AccessReview.closed_at).where(
        AccessReview.id == review_id, AccessReview.agency_id == actor.agency_id
    )
    row = db.one_or_none(chosen.with_for_update() if hold else chosen)
    if row is None:
        raise NotFound()
    return row


def _record(
    tx: Tx, act: str, review_id: UUID, actor: Principal, context: Context, detail: dict[str, Any]
) -> None:
    target = audit.Target("review", review_id, actor.agency_id)
    audit.record(tx, act, target, actor=actor, context=context, detail=detail)

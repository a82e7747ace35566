"""Claims: taking one, opening its item, submitting, keeping it longer, giving it back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from marketplace.api.door import api, done_once, existing, refuses, takes_body
from marketplace.api.replies import reply, reply_once
from marketplace.api.schemas import Claim, Claims, Contribution, DeviceQuery, Item, Submission
from marketplace.edge import sealed_json
from marketplace.edge.acting import current_context, current_principal
from marketplace.foundation.db import Tx, reading, transaction
from marketplace.foundation.errors import InvalidInput
from tasks import claims, contributions, opening, queries
from tasks.errors import (
    AlreadyAnswered,
    AlreadyTaken,
    AlreadyYours,
    BadAnswer,
    BadSealing,
    ClaimOver,
    DeviceBeyondProof,
    KeyUnavailable,
    NeedsDevice,
    NoMoreExtensions,
    NoSuchCampaign,
    NoSuchClaim,
    NoSuchMicrotask,
    NotEligible,
    NothingLeftToClaim,
    NotSealed,
    SealerUnknown,
    Shredded,
)
from tasks.opening import SealedItem


@api.post("/campaigns/<id:campaign_id>/claims")
@refuses(NoSuchCampaign, NotEligible, NothingLeftToClaim)
@done_once
@api.response(201, Claim)
def claim_next(campaign_id: UUID | None) -> Response:
    """Claim the next item of a campaign.

    The claim is yours until `expires_at`. *Next* never offers you an item twice. No body is needed.
    """
    wanted, principal, context = existing(campaign_id, NoSuchCampaign), current_principal(), current_context()
    return reply_once(
        lambda tx: claims.claim_next(tx, wanted, actor=principal, context=context), _claimed, 201, _location
    )


@api.post("/microtasks/<id:microtask_id>/claims")
@refuses(NoSuchMicrotask, NotEligible, AlreadyTaken, AlreadyYours, AlreadyAnswered)
@done_once
@api.response(201, Claim)
def claim_one(microtask_id: UUID | None) -> Response:
    """Claim this very item, for example again after giving it back.

    No body is needed.
    """
    wanted, principal, context = (
        existing(microtask_id, NoSuchMicrotask),
        current_principal(),
        current_context(),
    )
    return reply_once(
        lambda tx: claims.claim_one(tx, wanted, actor=principal, context=context), _claimed, 201, _location
    )


@api.get("/claims")
@refuses()
@api.response(200, Claims)
def list_claims() -> Response:
    """List what is in your hands, and what became of what you submitted."""
    with reading() as db:
        return reply(queries.my_work(db, current_principal(), current_context()))


@api.get("/claims/<id:claim_id>")
@refuses(NoSuchClaim)
@api.response(200, Claim)
def get_claim(claim_id: UUID | None) -> Response:
    """Read a claim of yours, with its campaign's instructions and form.

    The item itself is opened apart, because opening it is on the record.
    """
    with reading() as db:
        return reply(
            queries.claim(db, existing(claim_id, NoSuchClaim), current_principal(), current_context())
        )


@api.get("/claims/<id:claim_id>/payload")
@refuses(
    NoSuchClaim, NotEligible, ClaimOver, KeyUnavailable, NeedsDevice, DeviceBeyondProof, SealerUnknown, Shredded,
    InvalidInput,
)  # fmt: skip
@api.arguments(DeviceQuery, location="query")
@api.response(200, Item)
def open_item(query: dict[str, Any], claim_id: UUID | None) -> Response:
    """Open the item of a live claim.

    Each opening is on the record: who, what, when, from which network zone. The item of a sealed campaign comes sealed
    for the device key that you name: docs/sealing.md says how to open it.
    """
    wanted, principal, context = existing(claim_id, NoSuchClaim), current_principal(), current_context()
    with transaction() as tx:
        found = opening.open_item(tx, wanted, actor=principal, context=context, device=query["device"])
    if isinstance(found, SealedItem):
        return reply({"claim_id": wanted, "item": None, "sealed": sealed_json.item_of(found)})
    return reply({"claim_id": wanted, "item": found, "sealed": None})


@api.post("/claims/<id:claim_id>/contribution")
@refuses(
    NoSuchClaim, NotEligible, BadAnswer, AlreadyAnswered, ClaimOver, KeyUnavailable, NeedsDevice, NotSealed,
    BadSealing, Shredded,
)  # fmt: skip
@takes_body
@done_once
@api.arguments(Submission)
@api.response(201, Contribution)
def submit(body: dict[str, Any], claim_id: UUID | None) -> Response:
    """Submit your answer, in `answer`; to a sealed campaign in `sealed`, and nothing of it in the clear.

    A late answer is accepted as long as its place is still free.
    """
    wanted, principal, context = existing(claim_id, NoSuchClaim), current_principal(), current_context()
    sealed = body["sealed"]
    answer = body["answer"] if sealed is None else sealed_json.answer_in(sealed)
    return reply_once(
        lambda tx: contributions.submit(tx, wanted, answer, actor=principal, context=context),
        lambda _, made: {"id": made, "claim_id": wanted},
        201,
    )


@api.post("/claims/<id:claim_id>/release")
@refuses(NoSuchClaim, ClaimOver)
@done_once
@api.response(200, Claim)
def release(claim_id: UUID | None) -> Response:
    """Give a claim back.

    No reason is asked and nothing is held against you. No body is needed.
    """
    wanted, principal, context = existing(claim_id, NoSuchClaim), current_principal(), current_context()
    return reply_once(
        lambda tx: claims.release(tx, wanted, actor=principal, context=context),
        lambda tx, _: _claimed(tx, wanted),
    )


@api.post("/claims/<id:claim_id>/extend")
@refuses(NoSuchClaim, NotEligible, ClaimOver, NoMoreExtensions)
@done_once
@api.response(200, Claim)
def extend(claim_id: UUID | None) -> Response:
    """Keep a live claim for another claim period, from now.

    No body is needed.
    """
    wanted, principal, context = existing(claim_id, NoSuchClaim), current_principal(), current_context()
    return reply_once(
        lambda tx: claims.extend(tx, wanted, actor=principal, context=context),
        lambda tx, _: _claimed(tx, wanted),
    )


def _claimed(tx: Tx, claim_id: UUID | None) -> dict[str, Any]:
    return queries.claim(tx, existing(claim_id, NoSuchClaim), current_principal(), current_context())


def _location(claim_id: UUID | None) -> dict[str, str]:
    return {"Location": f"/api/v1/claims/{claim_id}"}

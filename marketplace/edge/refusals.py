"""A refusal is an act too: it goes on the record in a transaction of its own, after the request's was rolled back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import structlog
from flask import g, request
from sqlalchemy.exc import SQLAlchemyError

from agencies import sign_in
from agencies.errors import NotSignedIn, SignInExpired
from agencies.keys import UnknownKey
from agencies.sessions import Acting
from marketplace.edge.acting import anonymous_context
from marketplace.foundation.db import Tx, transaction
from marketplace.foundation.errors import DomainError, NotFound, Refused, Unavailable
from security.log import audit
from security.sealing import SealingError
from tasks import facts
from tasks.errors import BadSealing, BadTrace, KeyNotShared, KeyUnavailable, NotSealed

_KINDS = ("claim_id", "microtask_id", "campaign_id")
SEALING = (BadSealing, BadTrace, KeyNotShared, NotSealed)
"""What somebody sent that is not sealed as it has to be."""
BROKEN = (SealingError, KeyUnavailable, UnknownKey)
"""What lies here and does not open. That the keeper of the keys does not answer is no act of anybody."""

log = structlog.get_logger(__name__)


def put_on_record(error: DomainError, reference: str) -> bool:
    """Record a refusal. False when it could not be recorded: the answer must then stay a refusal, 503.

    Somebody who has not signed in yet is shown the way, not recorded; an id that does not exist is recorded for a
    signed-in person, because for them hidden and absent look the same. What was sealed for something else, and sealed
    content that does not open, is recorded too: either may be an attempt.
    """
    acting, signing_in = g.get("acting"), g.get("failed_sign_in")
    if signing_in is not None:
        return _recorded(reference, lambda tx: _failed_sign_in(tx, signing_in, error, reference))
    if isinstance(error, NotSignedIn) or not isinstance(error, (Refused, NotFound, *SEALING, *BROKEN)):
        return True
    if isinstance(error, NotFound) and acting is None:
        return True
    return _recorded(reference, lambda tx: _refused(tx, acting, error, reference))


def of_sign_in(agency_id: UUID) -> None:
    """Say that what fails in this request is a sign-in at this agency: it is recorded as that, once."""
    g.failed_sign_in = agency_id


def _recorded(reference: str, write: Callable[[Tx], None]) -> bool:
    try:
        with transaction() as tx:
            write(tx)
    except (Unavailable, SQLAlchemyError) as trouble:
        log.error("refusal.unrecorded", reference=reference, error=type(trouble).__name__)
        return False
    return True


def _refused(tx: Tx, acting: Acting | None, error: DomainError, reference: str) -> None:
    audit.record(
        tx,
        "access.refuse",
        _target(tx, error),
        actor=acting.principal if acting else None,
        context=acting.context if acting else anonymous_context(),
        outcome=audit.FAILED if isinstance(error, BROKEN) else audit.REFUSED,
        reference=reference,
        detail=_detail(error) | {"route": request.endpoint},
    )


def _failed_sign_in(tx: Tx, agency_id: UUID, error: DomainError, reference: str) -> None:
    audit.record(
        tx,
        "sign_in.fail",
        audit.Target("agency", agency_id, agency_id),
        actor=None,
        context=sign_in.seen_by(tx, agency_id, anonymous_context()),
        outcome=audit.REFUSED if isinstance(error, (Refused, SignInExpired)) else audit.FAILED,
        reference=reference,
        detail=_detail(error),
    )


def _detail(error: DomainError) -> dict[str, Any]:
    reasons = [reason.code for reason in error.facts.get("reasons") or ()]
    found: dict[str, Any] = {"error": type(error).__name__, "reasons": reasons}
    if error.facts.get("problem"):
        found["problem"] = error.facts["problem"]
    return found


def _target(tx: Tx, error: DomainError) -> audit.Target:
    """What the refused request was about, also where the person may not know of it: its agency's officers do."""
    named = {name: value for name, value in (request.view_args or {}).items() if isinstance(value, UUID)}
    found = error.facts.get("target") or facts.target_of(tx, **{key: named.get(key) for key in _KINDS})
    return found or audit.Target("route", request.endpoint)

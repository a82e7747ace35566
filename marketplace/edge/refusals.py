"""A refusal is an act too: it goes on the record in a transaction of its own, after the request's was rolled back."""

from __future__ import annotations

from uuid import UUID

import structlog
from flask import g, request

from agencies.errors import NotSignedIn
from marketplace.edge.acting import anonymous_context
from marketplace.foundation.db import Tx, transaction
from marketplace.foundation.errors import DomainError, NotFound, Refused, Unavailable
from security.log import audit
from tasks import facts

_KINDS = ("claim_id", "microtask_id", "campaign_id")

log = structlog.get_logger(__name__)


def put_on_record(error: DomainError, reference: str) -> bool:
    """Record a refusal. False when it could not be recorded: the answer must then stay a refusal, 503.

    Somebody who has not signed in yet is shown the way, not recorded; an id that does not exist is recorded for a
    signed-in person, because for them hidden and absent look the same.
    """
    acting = g.get("acting")
    if isinstance(error, NotSignedIn) or not isinstance(error, (Refused, NotFound)):
        return True
    if isinstance(error, NotFound) and acting is None:
        return True
    try:
        with transaction() as tx:
            audit.record(
                tx,
                "access.refuse",
                _target(tx, error),
                actor=acting.principal if acting else None,
                context=acting.context if acting else anonymous_context(),
                outcome=audit.REFUSED,
                reference=reference,
                detail={
                    "error": type(error).__name__,
                    "reasons": [reason.code for reason in error.facts.get("reasons") or ()],
                    "route": request.endpoint,
                },
            )
    except Unavailable:
        log.error("refusal.unrecorded", reference=reference)
        return False
    return True


def _target(tx: Tx, error: DomainError) -> audit.Target:
    """What the refused request was about, also where the person may not know of it: its agency's officers do."""
    named = {name: value for name, value in (request.view_args or {}).items() if isinstance(value, UUID)}
    found = error.facts.get("target") or facts.target_of(tx, **{key: named.get(key) for key in _KINDS})
    return found or audit.Target("route", request.endpoint)

"""A mutating request is done once per Idempotency-Key (D5): a repeat gets the first answer again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from flask import request

from marketplace.edge.acting import current_principal, is_api, settings
from marketplace.edge.problems import MissingIdempotencyKey
from marketplace.edge.step_up import SENT_AGAIN
from marketplace.foundation import idempotency
from marketplace.foundation.db import Tx
from marketplace.foundation.ids import keyed_digest

NOT_COMPARED = frozenset({"csrf_token", "idempotency_key", SENT_AGAIN})
"""Fields that say how a form came, not what it asks for."""
LONGEST_KEY = 80


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the act made, and whether it was made by an earlier call with the same key."""

    result_id: UUID | None
    repeated: bool


def once(tx: Tx, act: Callable[[], UUID | None], *, status: int = 200, part: str = "") -> Outcome:
    """Run `act` unless its key was used before; its result's id is what a repeat is answered with.

    `part` names one of several acts of the same request that each have a transaction of their own.
    Raises MissingIdempotencyKey, KeyUsedDifferently, and whatever `act` raises (then the key stays unused).
    """
    principal, key = current_principal(), _key(part)
    earlier = idempotency.begin(tx, principal.person_id, key, _digest())
    if earlier is not None:
        return Outcome(earlier.result_id, repeated=True)
    result_id = act()
    idempotency.complete(tx, principal.person_id, key, status=status, result_id=result_id)
    return Outcome(result_id, repeated=False)


def _is_json() -> bool:
    """Whether the key comes in a header: from programs, and from our own scripts, which send no form."""
    return is_api() or request.is_json


def _key(part: str) -> str:
    key = request.headers.get("Idempotency-Key") if _is_json() else request.form.get("idempotency_key")
    if not key or len(key + part) > LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise MissingIdempotencyKey()
    return key + part


def _digest() -> bytes:
    """A keyed digest of method, path and body; keyed, because the body may be sensitive and short."""
    if _is_json():
        body = request.get_data()
    else:
        pairs = sorted(
            (name, value) for name, value in request.form.items(multi=True) if name not in NOT_COMPARED
        )
        body = "\x00".join(f"{name}={value}" for name, value in pairs).encode()
    return keyed_digest(settings().secret_key, request.method.encode(), request.path.encode(), body)

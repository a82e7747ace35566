"""What goes out: plain dicts as JSON, written by orjson; the schemas only describe them (design D4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import orjson
from flask import Response, request

from marketplace.edge.once import once
from marketplace.foundation.db import Tx, transaction

FORM = orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS
"""Moments are UTC with a Z and whole seconds; days are ISO dates; ids are canonical UUIDs."""


def reply(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """`data` (dicts, lists, texts, numbers, ids, moments, days) as a JSON response."""
    response = Response(orjson.dumps(data, option=FORM), status, mimetype="application/json")
    response.headers.update(headers or {})
    return response


def reply_unless_known(data: Any) -> Response:
    """The same with an ETag: 304 without a body for a caller that already has exactly this."""
    response = reply(data)
    response.add_etag()
    response.make_conditional(request)
    return response


def reply_once(
    act: Callable[[Tx], UUID | None],
    shown: Callable[[Tx, UUID | None], dict[str, Any]],
    status: int = 200,
    headers: Callable[[UUID | None], Mapping[str, str]] = lambda _: {},
) -> Response:
    """Do `act` once per Idempotency-Key, in the one transaction of this request, and show its result as it is now.

    A repeat is answered like the first call, from the id of its result, with `Idempotency-Replayed: true`.
    """
    with transaction() as tx:
        outcome = once(tx, lambda: act(tx), status=status)
        made = reply(shown(tx, outcome.result_id), status, headers(outcome.result_id))
    if outcome.repeated:
        made.headers["Idempotency-Replayed"] = "true"
    return made


def reply_done(act: Callable[[Tx], UUID | None], status: int = 200) -> Response:
    """The same where there is nothing to show but that it is done, and the id of what came of it, if any."""
    return reply_once(act, lambda _, made: {"id": made, "done": True}, status)

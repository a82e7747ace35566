"""Requests for keys as JSON, the same for pages and programs."""

from __future__ import annotations

import json
from typing import Any

from marketplace.edge import sealed_json
from tasks.key_requests import Desk, Request


def desk_of(found: Desk) -> dict[str, Any]:
    """What waits at one campaign for a holder of its key."""
    return {
        "campaign": found.campaign.id,
        "key_id": found.campaign.key_id,
        "key": sealed_json.part_of(found.key),
        "requests": [request_of(each) for each in found.requests],
        "waiting": list(found.waiting),
    }


def request_of(found: Request) -> dict[str, Any]:
    """One request, with what is to be checked before its key is given."""
    return {
        "name": found.name,
        "claim": found.claim_id,
        "microtask": found.microtask_id,
        "number": found.number,
        "device": found.device,
        "until": found.until,
        "header": json.loads(found.header),
        "key_id": found.key_id,
        "slot": found.slot.decode("ascii"),
        "evidence": found.evidence,
    }

"""Requests for keys as JSON, the same for pages and programs."""

from __future__ import annotations

import json
from typing import Any

from marketplace.edge import sealed_json
from security.sealing import base64url
from tasks.key_recovery import Recovery
from tasks.key_requests import Desk, Request

MOST_KNOWN = 150
"""So many names of requests fit the line of one address."""


def known_in(text: str) -> frozenset[str]:
    """The names of requests that somebody has already, from a text with dots between them."""
    return frozenset(text.split(".")[:MOST_KNOWN])


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


def recovery_of(found: Recovery) -> dict[str, Any]:
    """A campaign's key for the agency's offline key; its slot is bytes, and so in base64url as the envelope is."""
    part = found.key
    return {
        "campaign": found.campaign.id,
        "key_id": found.campaign.key_id,
        "key": {
            "header": json.loads(part.header),
            "envelope": base64url.encoded(part.envelope),
            "purpose": part.purpose.value,
            "key_id": part.key_id,
            "slot": base64url.encoded(part.slot),
            "signature": None if part.signature is None else base64url.encoded(part.signature),
            "signer": part.signer,
        },
        "device": dict(found.device),
    }

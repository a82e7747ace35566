"""Whether a device may have the key to an item: the marketplace's decision, on the witnessed record.

When the holder of a claim asks for a key, the marketplace decides and puts that on the record: which item, for which
device, until when. Whoever gives keys looks for that entry before they do. So the marketplace cannot have a key given
that it does not answer for later, in front of everybody who watches the record.

Pure: the entry as `tasks.key_requests` shows it (JSON values), trusted keys and a time go in; that it holds, or the
first thing that does not, comes out.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from security import key_transparency
from security.key_transparency import EntryWrong, EvidenceRefused, EvidenceUnreadable
from security.notes import Verifier

ACT = "key.ask"


class AskedTooLate(EvidenceRefused):
    """What was asked for is over: the claim has ended by now."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a device asks for: its thumbprint, ids of campaign and item, and the claim's end (seconds since 1970)."""

    device: str
    campaign: str
    microtask: str
    until: int


def verify(
    shown: Mapping[str, Any],
    asked: Asked,
    *,
    trusted_log_key: Verifier,
    trusted_witnesses: Collection[Verifier],
    now: datetime,
    quorum: int = 1,
) -> int:
    """The number of the entry by which the marketplace let `asked` in. `shown`: {"entry", "checkpoint"}.

    Raises EvidenceRefused with the first thing that does not hold.
    """
    if not isinstance(shown, Mapping) or shown.keys() != {"entry", "checkpoint"}:
        raise EvidenceUnreadable()
    number, body = key_transparency.witnessed(
        shown,
        trusted_log_key=trusted_log_key,
        trusted_witnesses=trusted_witnesses,
        now=now,
        quorum=quorum,
    )
    if _said(body) != (ACT, "done", "microtask", asked.microtask, asked.campaign, asked.device, asked.until):
        raise EntryWrong()
    if asked.until <= now.timestamp():
        raise AskedTooLate()
    return number


def _said(body: bytes) -> tuple[Any, ...]:
    try:
        entry = json.loads(body.decode("utf-8"))
        thing, detail = entry["resource"], entry["detail"]
        return (
            entry["activity_name"],
            entry["status"],
            thing["type"],
            thing["uid"],
            thing["group"],
            detail["device"],
            detail["until"],
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        raise EntryWrong() from None

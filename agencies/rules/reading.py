"""The rules that hold, read so that nobody but the agency can have written them."""

from __future__ import annotations

import json
from collections import OrderedDict
from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select

from agencies import signing
from agencies.models import Agency
from agencies.rules.errors import RulesUnreadable
from agencies.rules.models import AccessRuleVersion
from marketplace.foundation.db import Tx

if TYPE_CHECKING:
    from security.access.rules import RuleSet

PURPOSE = "access rules"
FORMAT = "marketplace-rules-1"
MOST_KEPT = 1024
"""As many verified rule sets as one process keeps."""

_kept: OrderedDict[tuple[UUID, int], RuleSet] = OrderedDict()
_lock = Lock()


def current(db: Tx, agency_id: UUID, number: int) -> RuleSet:
    """The rules of an agency, of which its row says that `number` holds (0: it has none of its own).

    Raises RulesUnreadable where they are missing, changed, or not signed by the agency: whoever asks must refuse.
    Verified once per process and number; rules of a number never change.
    """
    with _lock:
        known = _kept.get((agency_id, number))
    if known is not None:
        return known
    read = _read(db, agency_id, number)
    with _lock:
        _kept[agency_id, number] = read
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    return read


def forget() -> None:
    """Forget what this process has verified."""
    with _lock:
        _kept.clear()


def _read(db: Tx, agency_id: UUID, number: int) -> RuleSet:
    """Read and verify. The newest version is what holds: a row put back to an older number does not bring it back."""
    chosen = select(AccessRuleVersion).where(AccessRuleVersion.agency_id == agency_id)
    row = db.one_or_none(chosen.order_by(AccessRuleVersion.number.desc()).limit(1))
    if row is None and number == 0:
        return parsed(empty(db, agency_id))
    if row is None or row.number < number:
        raise RulesUnreadable(number=number)
    return verified(db, agency_id, row)


def verified(db: Tx, agency_id: UUID, row: Any) -> RuleSet:
    """The rules of a version, once its digest and its signature hold. Raises RulesUnreadable."""
    if sha256(row.body.encode()).digest() != bytes(row.digest):
        raise RulesUnreadable(number=row.number)
    signature = signing.Signature(row.key_id, bytes(row.signature))
    if not signing.verifies(db, agency_id, PURPOSE, what_is_signed(row.number, row.digest), signature):
        raise RulesUnreadable(number=row.number)
    try:
        return parsed(json.loads(row.body))
    except ValueError:
        raise RulesUnreadable(number=row.number) from None


def what_is_signed(number: int, digest: bytes) -> dict[str, Any]:
    """What the agency's key signs: the digest of the rules, and the number under which they hold."""
    return {"number": number, "digest": bytes(digest).hex()}


def empty(db: Tx, agency_id: UUID) -> dict[str, Any]:
    """The rules of an agency that has none of its own, as JSON."""
    return {
        "format": FORMAT,
        "agency": db.scalar(select(Agency.slug).where(Agency.id == agency_id)),
        "rules": [],
    }


def parsed(body: dict[str, Any]) -> RuleSet:
    """A rule set from its JSON. Raises InvalidRules."""
    from security.access.rules import RuleSet

    return RuleSet.parse(body)

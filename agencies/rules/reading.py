"""The rules that hold, read so that nobody but the agency can have written them."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from threading import Lock
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from agencies import signing
from agencies.models import Agency, Membership, Person
from agencies.rules.errors import NoSuchRules, RulesUnreadable
from agencies.rules.models import AccessRuleVersion
from marketplace.foundation.db import Query, Tx
from security.access.documents import FORMAT
from security.access.errors import InvalidRules
from security.access.rules import RuleSet

PURPOSE = "access rules"
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
    row = _newest(db, agency_id)
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
    except (ValueError, InvalidRules):
        raise RulesUnreadable(number=row.number) from None


@dataclass(frozen=True, slots=True)
class Version:
    """Rules as they were signed, verified. `signed_by` is the administrator's name."""

    number: int
    body: dict[str, Any]
    digest: bytes
    key_id: str
    signature: bytes
    signed_by: str
    signed_at: datetime
    note: str | None


def in_force(db: Tx, agency_id: UUID) -> tuple[int, dict[str, Any]]:
    """The number and the rules that hold for an agency, as JSON. Raises RulesUnreadable."""
    row = _newest(db, agency_id)
    if row is None:
        return 0, empty(db, agency_id)
    verified(db, agency_id, row)
    return row.number, json.loads(row.body)


def number_in_force(db: Tx, agency_id: UUID) -> int:
    """The number that the next signature follows, whether or not what it stands for can be verified."""
    newest = select(func.max(AccessRuleVersion.number)).where(AccessRuleVersion.agency_id == agency_id)
    said = select(Agency.rules_version).where(Agency.id == agency_id)
    return max(db.scalar(newest) or 0, db.scalar(said) or 0)


def comparable(db: Tx, agency_id: UUID) -> dict[str, Any]:
    """What a draft is compared with: what holds, or no rules at all where that cannot be verified."""
    try:
        return in_force(db, agency_id)[1]
    except RulesUnreadable:
        return empty(db, agency_id)


def version(db: Tx, agency_id: UUID, number: int) -> Version:
    """One version that was signed. Raises NoSuchRules, RulesUnreadable."""
    chosen = _signed().where(AccessRuleVersion.agency_id == agency_id, AccessRuleVersion.number == number)
    row = db.one_or_none(chosen)
    if row is None:
        raise NoSuchRules()
    verified(db, agency_id, row)
    return Version(
        row.number,
        json.loads(row.body),
        bytes(row.digest),
        row.key_id,
        bytes(row.signature),
        row.name,
        row.signed_at,
        row.note,
    )


def listing(db: Tx, agency_id: UUID) -> Sequence[Any]:
    """Every version of an agency, newest first: number, name of who signed, signed_at, note, digest."""
    chosen = _signed().where(AccessRuleVersion.agency_id == agency_id)
    return db.all(chosen.order_by(AccessRuleVersion.number.desc()))


def _newest(db: Tx, agency_id: UUID) -> Any:
    chosen = select(AccessRuleVersion.__table__).where(AccessRuleVersion.agency_id == agency_id)
    return db.one_or_none(chosen.order_by(AccessRuleVersion.number.desc()).limit(1))


def _signed() -> Query:
    return (
        select(AccessRuleVersion.__table__, Person.name)
        .join(Membership, Membership.id == AccessRuleVersion.signed_by)
        .join(Person, Person.id == Membership.person_id)
    )


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
    return RuleSet.parse(body)

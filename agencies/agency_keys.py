"""The public halves of the keys that an agency keeps itself; the private halves never come here.

`processing` is online, with the agency's own worker: it lets people in and settles items where work is sealed end to
end. `recovery` is offline, for the day on which everything else is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update

from agencies import people
from agencies.device_models import AgencyKey
from agencies.errors import BadAgencySettings, NoSuchAgencyKey
from agencies.models import Agency
from marketplace.foundation import clock
from marketplace.foundation.db import Query, Tx
from marketplace.foundation.ids import new_id
from security.log import audit
from security.principal import Context, Principal, Role
from security.sealing import SealingError, base64url, keys, recovery, thumbprints
from security.sealing.recovery import Suite

PROCESSING, RECOVERY = "processing", "recovery"
KINDS = (PROCESSING, RECOVERY)
P256, HYBRID = "p256", "mlkem768_x25519"
PRIVATE = frozenset({"d", "seed"})
"""Members that only private halves have."""
SUITES: Mapping[str, Suite] = {P256: Suite.P256, HYBRID: Suite.HYBRID}


@dataclass(frozen=True, slots=True)
class PublicHalf:
    """A registered public key. `key_id` is made of the key itself: whoever has the key can compare it."""

    kind: str
    suite: str
    key_id: str
    public_key: Mapping[str, Any] = field(repr=False)
    added_at: datetime
    ended_at: datetime | None = None

    @property
    def for_recovery(self) -> recovery.PublicKey:
        """The key as `recovery.wrap` takes it. Raises KeyRefused, AlgorithmRefused."""
        return recovery.PublicKey(SUITES[self.suite], _bytes(self.public_key))


def current(db: Tx, agency_id: UUID, kind: str) -> PublicHalf | None:
    """The key of a kind that an agency has registered; None where there is none."""
    row = db.one_or_none(
        _of(agency_id).where(AgencyKey.kind == kind, AgencyKey.ended_at.is_(None)),
    )
    return None if row is None else PublicHalf(**row._mapping)


def listing(db: Tx, agency_id: UUID) -> list[PublicHalf]:
    """Every key that an agency ever registered, those that hold first, then the newest."""
    rows = db.all(_of(agency_id).order_by(AgencyKey.ended_at.is_not(None), AgencyKey.added_at.desc()))
    return [PublicHalf(**row._mapping) for row in rows]


def register(tx: Tx, kind: str, public_key: object, *, actor: Principal, context: Context) -> PublicHalf:
    """Register the public half of a key of the actor's agency, in place of the one before it, which ends.

    `public_key` is a JWK of a P-256 key, or {"raw": base64url} of a hybrid one (recovery only). The key that holds
    already stays as it is. Raises NotPermitted, and BadAgencySettings with `errors` at "public_key" or "kind".
    """
    people.still_holds(tx, actor, Role.AGENCY_ADMIN)
    if kind not in KINDS:
        raise BadAgencySettings(errors={"kind": ["There is no such kind of key."]})
    suite, key_id, checked = _read(kind, public_key)
    # One at a time: of two administrators the second replaces what the first registered.
    tx.execute(select(Agency.id).where(Agency.id == actor.agency_id).with_for_update(key_share=True))
    held = listing(tx, actor.agency_id)
    same = next((each for each in held if dict(each.public_key) == checked), None)
    if same is not None and same.kind == kind and same.ended_at is None:
        return same
    if same is not None:
        raise _refused(
            "This key was registered here before and has ended. Make a new one."
            if same.kind == kind
            else "This is the agency's other key. Each of the two needs its own."
        )
    _end(tx, [each for each in held if each.kind == kind and each.ended_at is None], actor, context)
    made = PublicHalf(kind, suite, key_id, checked, clock.now(tx))
    tx.execute(
        insert(AgencyKey),
        {
            "id": new_id(),
            "agency_id": actor.agency_id,
            "kind": kind,
            "suite": suite,
            "key_id": key_id,
            "public_key": checked,
            "added_by": actor.person_id,
            "added_at": made.added_at,
        },
    )
    _record(tx, "agency_key.add", made, actor, context)
    return made


def end(tx: Tx, key_id: str, *, actor: Principal, context: Context) -> None:
    """End a key of the actor's agency: nothing is sealed to it from now on; what lies sealed to it already, stays so.

    Ending twice is the same as once. Raises NotPermitted, NoSuchAgencyKey.
    """
    people.still_holds(tx, actor, Role.AGENCY_ADMIN)
    held = [each for each in listing(tx, actor.agency_id) if each.key_id == key_id]
    if not held:
        raise NoSuchAgencyKey()
    _end(tx, [each for each in held if each.ended_at is None], actor, context)


def _of(agency_id: UUID) -> Query:
    names = (AgencyKey.kind, AgencyKey.suite, AgencyKey.key_id, AgencyKey.public_key)
    return select(*names, AgencyKey.added_at, AgencyKey.ended_at).where(AgencyKey.agency_id == agency_id)


def _end(tx: Tx, held: list[PublicHalf], actor: Principal, context: Context) -> None:
    for each in held:
        mine = (AgencyKey.agency_id == actor.agency_id, AgencyKey.key_id == each.key_id)
        ended = update(AgencyKey).where(*mine, AgencyKey.ended_at.is_(None)).values(ended_at=clock.now(tx))
        if tx.execute(ended).rowcount:
            _record(tx, "agency_key.end", each, actor, context)


def _record(tx: Tx, act: str, key: PublicHalf, actor: Principal, context: Context) -> None:
    target = audit.Target("agency_key", key.key_id, actor.agency_id)
    detail = {"kind": key.kind, "suite": key.suite}
    audit.record(tx, act, target, actor=actor, context=context, detail=detail)


def _read(kind: str, given: object) -> tuple[str, str, dict[str, Any]]:
    """Suite, key id and the key in its normal form, from what was given."""
    if not isinstance(given, Mapping):
        raise _refused("Give the public key as a JSON object.")
    if PRIVATE & given.keys():
        raise _refused("This is a private key. Keep it, and give the public half only.")
    suite = HYBRID if set(given) == {"raw"} else P256
    if suite == HYBRID and kind != RECOVERY:
        raise _refused("Only a recovery key can be of this suite.")
    try:
        if kind == PROCESSING:
            return suite, thumbprints.of(given), dict(given)
        public = recovery.PublicKey(SUITES[suite], _bytes(given))
    except (SealingError, ValueError):
        raise _refused("This is no public key of a kind that is used here.") from None
    return suite, public.key_id, dict(given)


def _bytes(public_key: Mapping[str, Any]) -> bytes:
    """The key as it goes into a slot. Raises SealingError, ValueError."""
    if "raw" in public_key:
        raw = public_key["raw"]
        return base64url.decoded(raw if isinstance(raw, str) else "!")
    return keys.point_bytes(keys.read_public(public_key))


def _refused(said: str) -> BadAgencySettings:
    return BadAgencySettings(errors={"public_key": [said]})

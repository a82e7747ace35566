"""Tokens by which programs act for a person. Over after a stated time; only a digest is kept."""

from __future__ import annotations

from datetime import timedelta
from functools import cache

from sqlalchemy import bindparam, insert

from agencies import people
from agencies.errors import AccessTokenRefused
from agencies.models import ApiToken, Membership
from agencies.sessions import Acting
from agencies.zones import zone_of
from marketplace.foundation import clock
from marketplace.foundation.db import Moment, Query, Tx
from marketplace.foundation.ids import digest, new_id, new_token
from security.log import audit
from security.principal import Context, Principal

PREFIX = "mkt_"
"""So that secret scanners recognise a token that was pasted somewhere."""


def make(tx: Tx, *, name: str, valid_for: timedelta, actor: Principal, context: Context) -> str:
    """Make a token for `actor`. Returns it once; it cannot be read again."""
    token, reference = new_token(PREFIX), new_id().hex
    tx.execute(
        insert(ApiToken),
        {
            "token": digest(token),
            "reference": reference,
            "membership_id": actor.membership_id,
            "name": name,
            "over_at": clock.now(tx) + valid_for,
        },
    )
    audit.record(tx, "token.make", audit.Target("token", reference), actor=actor, context=context)
    return token


@cache
def _acting_by_token() -> Query:
    # Built once: every request of a program reads it, and building it took as long as running it.
    now = bindparam("now", type_=Moment)
    return (
        people.acting(now)
        .join(ApiToken, ApiToken.membership_id == Membership.id)
        .add_columns(ApiToken.reference)
        .where(ApiToken.token == bindparam("token"), ApiToken.over_at > now)
    )


def read(db: Tx, token: str, address: str | None) -> Acting:
    """Who a token acts for. Raises AccessTokenRefused for one that is unknown or over."""
    row = db.one_or_none(_acting_by_token(), {"now": clock.now(db), "token": digest(token)})
    if row is None:
        raise AccessTokenRefused()
    zone = zone_of(address, row)
    return Acting(people.principal_from(row), Context("api", zone, session=row.reference, address=address))

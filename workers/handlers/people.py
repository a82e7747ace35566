"""Jobs about people: memberships whose time is over, and what somebody may no longer hold."""

from uuid import UUID

from agencies import leaving
from marketplace.foundation.db import Tx
from tasks import leaving as claims
from workers.handling import handles


@handles("people.end_due")
def end_due(tx: Tx) -> None:
    leaving.end_due(tx)


@handles("person.leave")
def leave(tx: Tx, person_id: str) -> None:
    claims.end_claims(tx, UUID(person_id))

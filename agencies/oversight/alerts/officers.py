"""Who oversees an agency now: its security officers, and the marketplace's officer where that is one of its people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from agencies import holders
from marketplace.foundation.db import Tx
from security.principal import Role

OFFICERS = (Role.SECURITY_OFFICER, Role.MARKETPLACE_OFFICER)


def listing(db: Tx, agency_id: UUID) -> Sequence[Any]:
    """The officers of an agency, as `holders.listing` has them."""
    return holders.listing(db, agency_id, OFFICERS)


def agencies_with_one(db: Tx) -> frozenset[UUID]:
    """The agencies that somebody oversees."""
    return holders.agencies_with_one(db, OFFICERS)

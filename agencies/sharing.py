"""Terms between agencies: without them, a task that one posts stays inside it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, update

from agencies.models import SharingTerms
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from marketplace.foundation.ids import new_id
from security.labels import Level


def put_in_force(
    tx: Tx, owner: UUID, guest: UUID, *, level: Level, content: dict[str, Any], until: datetime | None = None
) -> UUID:
    """Let people of `guest` do work of `owner` up to `level`; earlier terms between the two end. Returns the id.

    Only for terms that both administrators have signed, and for the demo's seed.
    """
    now, terms_id = clock.now(tx), new_id()
    pair = (SharingTerms.owner_agency_id == owner, SharingTerms.guest_agency_id == guest)
    tx.execute(update(SharingTerms).where(*pair, SharingTerms.ended_at.is_(None)).values(ended_at=now))
    tx.execute(
        insert(SharingTerms),
        {
            "id": terms_id,
            "owner_agency_id": owner,
            "guest_agency_id": guest,
            "level": int(level),
            "content": content,
            "since": now,
            "until": until,
        },
    )
    return terms_id

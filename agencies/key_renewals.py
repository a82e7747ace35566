"""Putting the making of a key on the record, once: whoever made it may have been killed before that.

The rooms of work write the record and never read it, so that is asked here.
"""

from __future__ import annotations

from uuid import UUID

from marketplace.foundation.db import Tx
from security.log import audit, recorded
from security.principal import Context

ACT = "keys.renew"


def put_on_record(tx: Tx, key_id: str, agency_id: UUID | None, slots: int, context: Context) -> None:
    """That this key was made, with how many slots are to move to it; nothing where the record says so already."""
    if not recorded.has(tx, ACT, key_id):
        target = audit.Target("key", key_id, agency_id)
        audit.record(tx, ACT, target, actor=None, context=context, detail={"slots": slots})

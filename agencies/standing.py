"""When somebody's standing has become less: what they hold is looked at again."""

from __future__ import annotations

from uuid import UUID

from marketplace.foundation import jobs
from marketplace.foundation.db import Tx


def frees_claims(tx: Tx, person_id: UUID) -> None:
    """Have the claims end that no membership of the person allows any more; their places go to others.

    A job, because agencies know nothing of tasks; recorded with the change, so that both happen or neither.
    """
    jobs.record(tx, "person.leave", {"person_id": person_id}, merge_key=f"person.leave:{person_id}")

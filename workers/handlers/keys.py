"""Jobs about keys: one that two administrators signed away is destroyed by its keeper, and that goes on the record."""

from uuid import UUID

from agencies import key_destruction
from marketplace.foundation.db import Tx, reading
from tasks import key_destruction as destruction
from workers.handling import handles


def _destroyed(proposal_id: str) -> None:
    with reading() as db:
        destruction.destroy(db, UUID(proposal_id))


@handles(key_destruction.JOB_KIND, prepare=_destroyed)
def destroy(tx: Tx, _: None, proposal_id: str) -> None:
    key_destruction.record(tx, UUID(proposal_id))

"""A lease row elects one of several processes; when it stops renewing, another takes over."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import String, or_
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.foundation import clock
from marketplace.foundation.db import Base, Moment, Tx, insert


class Lease(Base):
    """Who does a thing that only one should do, and until when."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    holder: Mapped[str] = mapped_column(String(80))
    until: Mapped[datetime] = mapped_column(Moment)


def hold(tx: Tx, name: str, holder: str, length: timedelta) -> bool:
    """Take or renew the lease. False: somebody else holds it."""
    now = clock.now(tx)
    mine = insert(tx, Lease).values(name=name, holder=holder, until=now + length)
    mine = mine.on_conflict_do_update(
        index_elements=["name"],
        set_={"holder": mine.excluded.holder, "until": mine.excluded.until},
        where=or_(Lease.holder == holder, Lease.until < now),
    )
    return tx.scalar(mine.returning(Lease.name)) is not None

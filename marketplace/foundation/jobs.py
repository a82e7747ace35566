"""A job is a row; RQ is only the doorbell (design D1).

`record` writes the row in the business transaction, so that change and job live or die together. After COMMIT the
doorbell rings; whatever was not rung, or was rung for nobody, is found by the sweep. `take` hands a row to one
runner by one conditional UPDATE that raises the token; effect and `finish` share one transaction, and `finish`
holds only for the token that was taken. A handler may therefore run twice, but its effect is committed once.

Arguments are ids only: a job row is readable by operators.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Index,
    Integer,
    String,
    and_,
    case,
    delete,
    exists,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, aliased, mapped_column

from marketplace.foundation import clock
from marketplace.foundation.db import Base, Json, Moment, Tx, insert, where
from marketplace.foundation.errors import Conflict, NotFound

READY, RUNNING, DONE, DEAD = "ready", "running", "done", "dead"


@dataclass(frozen=True, slots=True)
class Kind:
    """How jobs of one kind run: on which queue, how long one run may take, how often it is tried."""

    queue: str
    lease: timedelta = timedelta(seconds=60)
    attempts: int = 5


KINDS: Mapping[str, Kind] = {
    "alerts.look": Kind("short", attempts=1),
    "campaign.move_year": Kind("short"),
    "campaign.settle": Kind("short"),
    "campaign.shred": Kind("short"),
    "campaigns.shred_due": Kind("short"),
    "claims.end_due": Kind("short"),
    "campaigns.settle_left": Kind("short"),
    "device_keys.keep_entries": Kind("short"),
    "devices.forget": Kind("short"),
    "drafts.shred_of": Kind("short"),
    "drafts.shred_over": Kind("short"),
    "jobs.forget_done": Kind("short"),
    "keys.destroy": Kind("short", lease=timedelta(minutes=5)),
    "key_requests.tell": Kind("short"),
    "look_ups.tell": Kind("short"),
    "notice.send": Kind("short", attempts=8),
    "numbers.count": Kind("short"),
    "numbers.count_all": Kind("short"),
    "people.end_due": Kind("short"),
    "person.leave": Kind("short"),
    "record.check": Kind("files", lease=timedelta(minutes=30), attempts=1),
    "record.check_all": Kind("files", lease=timedelta(hours=2), attempts=1),
    "record.expire": Kind("short"),
    "sessions.forget_ended": Kind("short"),
    "witness.ask": Kind("short", attempts=1),
    "witness.ask_all": Kind("short", attempts=1),
}
"""Every kind of job. A handler without a row here, or a row without a handler, fails a test."""

QUEUES = ("short", "files")


class Job(Base):
    """One piece of work to do; the module says how a row lives."""

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint("state IN ('ready', 'running', 'done', 'dead')", name="state"),
        Index("uq_job_once_key", "once_key", unique=True),
        Index("uq_job_merge_key_ready", "merge_key", unique=True, **where("state = 'ready'")),
        Index("uq_job_merge_key_running", "merge_key", unique=True, **where("state = 'running'")),
        Index("ix_job_ready", "run_at", **where("state = 'ready'")),
        Index("ix_job_running", "lease_until", **where("state = 'running'")),
        Index("ix_job_dead", "id", **where("state = 'dead'")),
    )

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    args: Mapped[dict[str, str]] = mapped_column(Json)
    state: Mapped[str] = mapped_column(String(8), default=READY)
    run_at: Mapped[datetime] = mapped_column(Moment)
    lease_until: Mapped[datetime | None] = mapped_column(Moment)
    token: Mapped[int] = mapped_column(Integer, default=0)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    once_key: Mapped[str | None] = mapped_column(String(120))
    merge_key: Mapped[str | None] = mapped_column(String(120))
    reason: Mapped[str | None] = mapped_column(String(400))
    recorded_at: Mapped[datetime] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)


WAITS = text("state = 'ready'")
"""The condition of the index for merge keys, as a constant: PostgreSQL's plan for a statement that was prepared does
not find a partial index through a parameter."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A job in the hands of one runner; `token` is the proof."""

    id: int
    kind: str
    args: Mapping[str, str]
    token: int
    attempts: int


class UnknownKind(NotFound):
    """There is no job of this kind."""


class NotDead(Conflict):
    """Only a job that was given up can be tried again."""


def record(
    tx: Tx,
    kind: str,
    args: Mapping[str, Any] | None = None,
    *,
    run_at: datetime | None = None,
    once_key: str | None = None,
    merge_key: str | None = None,
) -> int | None:
    """Write a job row and remember to ring for it after COMMIT.

    With `once_key` a second row is never written (returns None). With `merge_key` at most one row waits: recording
    again moves its `run_at` to the one named, or forward to now, never back. The conflicting row stays locked until
    COMMIT, so no runner can have finished reading before this transaction's change is visible: no wake-up is lost.
    """
    if kind not in KINDS:
        raise UnknownKind(kind=kind)
    now = clock.now(tx)
    due = run_at or now
    row = insert(tx, Job).values(
        kind=kind, args={name: str(value) for name, value in (args or {}).items()}, state=READY, run_at=due,
        token=0, attempts=0, once_key=once_key, merge_key=merge_key, recorded_at=now,
    )  # fmt: skip
    if once_key is not None:
        row = row.on_conflict_do_nothing(index_elements=["once_key"])
    elif merge_key is not None:
        row = row.on_conflict_do_update(
            index_elements=["merge_key"],
            index_where=WAITS,
            set_={"run_at": due if run_at else case((Job.run_at < due, Job.run_at), else_=due)},
        )
    job_id: int | None = tx.scalar(row.returning(Job.id))
    if job_id is not None and due <= now:
        tx.bells[job_id] = KINDS[kind].queue
    return job_id


def take(tx: Tx, job_id: int) -> Taken | None:
    """Take the job if it is due (or its runner's lease is over) and nothing with its merge key runs; else None."""
    other = aliased(Job)
    runs_already = exists().where(
        other.merge_key == Job.merge_key, other.state == RUNNING, other.id != Job.id
    )
    kind = tx.scalar(select(Job.kind).where(Job.id == job_id))
    if kind not in KINDS:
        return None  # a newer release's kind is for a newer worker
    now, how = clock.now(tx), KINDS[kind]
    if _gave_no_sign(tx, job_id, now, how.attempts):
        return None
    statement = (
        update(Job)
        .where(Job.id == job_id, _is_due(now), ~runs_already)
        .values(state=RUNNING, token=Job.token + 1, attempts=Job.attempts + 1, lease_until=now + how.lease)
        .returning(Job.id, Job.kind, Job.args, Job.token, Job.attempts)
    )
    try:
        row = tx.one_or_none(statement)
    except IntegrityError:
        return None  # another runner took its twin in the same moment
    return Taken(row.id, row.kind, row.args, row.token, row.attempts) if row else None


def _gave_no_sign(tx: Tx, job_id: int, now: datetime, most: int) -> bool:
    """Give up a job whose last runner ended without a word: one that kills its worker must not do so for ever."""
    silent = update(Job).where(
        Job.id == job_id, Job.state == RUNNING, Job.lease_until < now, Job.attempts >= most
    )
    reason = f"no runner came back from {most} attempts"
    return tx.execute(silent.values(state=DEAD, lease_until=None, ended_at=now, reason=reason)).rowcount == 1


def finish(tx: Tx, job: Taken) -> bool:
    """Mark it done, in the transaction of its effect. False: the lease was lost, so the effect must be rolled back."""
    ended = update(Job).where(Job.id == job.id, Job.token == job.token, Job.state == RUNNING)
    return tx.execute(ended.values(state=DONE, lease_until=None, ended_at=clock.now(tx))).rowcount == 1


def fail(tx: Tx, job: Taken, reason: str) -> str | None:
    """Put it back with a pause that doubles (2 s … 1 h), or give it up. Returns the new state, None if not ours.

    `reason` is a type and a place, never a message of foreign code: messages quote data.
    """
    now = clock.now(tx)
    most = KINDS[job.kind].attempts if job.kind in KINDS else 1
    pause = timedelta(seconds=min(3600, 2**job.attempts))
    given_up = job.attempts >= most
    mine = (Job.id == job.id, Job.token == job.token, Job.state == RUNNING)
    ended = update(Job).where(*mine).values(run_at=now + pause, lease_until=None, reason=reason[:400])
    if given_up:
        state: str | None = tx.scalar(ended.values(state=DEAD, ended_at=now).returning(Job.state))
        return state
    return _back_to_ready(tx, ended, now)


def retry(tx: Tx, job_id: int) -> None:
    """Let a job that was given up start over, at once."""
    now = clock.now(tx)
    again = update(Job).where(Job.id == job_id, Job.state == DEAD).values(run_at=now, attempts=0)
    kind = tx.scalar(select(Job.kind).where(Job.id == job_id))
    if kind is None:
        raise NotFound()
    if _back_to_ready(tx, again, now) is None:
        raise NotDead(job=job_id)
    tx.bells[job_id] = KINDS[kind].queue if kind in KINDS else "short"


def due(db: Tx, limit: int = 500) -> dict[int, str]:
    """Rows that somebody should look at now: id → queue. The sweep rings for them."""
    known = Job.kind.in_(list(KINDS))
    rows = db.all(
        select(Job.id, Job.kind).where(_is_due(clock.now(db)), known).order_by(Job.run_at).limit(limit)
    )
    return {row.id: KINDS[row.kind].queue for row in rows}


def forget_done(tx: Tx, older_than: timedelta = timedelta(days=2)) -> int:
    """Delete rows that were done long ago. A slot's time does not come back, so its once_key may go with it."""
    return tx.execute(
        delete(Job).where(Job.state == DONE, Job.ended_at < clock.now(tx) - older_than)
    ).rowcount


def listing(db: Tx, *, state: str | None = None, limit: int = 100) -> Sequence[Any]:
    """Rows for operators, newest first: id, kind, args, state, run_at, attempts, reason, ended_at."""
    chosen = select(Job.id, Job.kind, Job.args, Job.state, Job.run_at, Job.attempts, Job.reason, Job.ended_at)
    if state is not None:
        chosen = chosen.where(Job.state == state)
    return db.all(chosen.order_by(Job.id.desc()).limit(limit))


def _is_due(now: datetime) -> Any:
    return or_(
        and_(Job.state == READY, Job.run_at <= now),
        and_(Job.state == RUNNING, Job.lease_until < now),
    )


def _back_to_ready(tx: Tx, change: Any, now: datetime) -> str | None:
    """Let the changed row wait again; where a twin with its merge key waits, that one does the work and this is done.

    Returns the new state, None when no row was changed. A twin that is recorded at this very moment is not seen but
    met at the unique index, after waiting for its COMMIT: then this row is done as well.
    """
    twin = aliased(Job)
    waits = exists().where(twin.merge_key == Job.merge_key, twin.state == READY, twin.id != Job.id)
    unless = {"state": case((waits, DONE), else_=READY), "ended_at": case((waits, now), else_=None)}
    try:
        with tx.connection.begin_nested():
            state: str | None = tx.scalar(change.values(**unless).returning(Job.state))
    except IntegrityError:
        state = tx.scalar(change.values(state=DONE, ended_at=now).returning(Job.state))
    return state

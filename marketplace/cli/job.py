"""`marketplace job`: work in the background, for operators. Jobs hold ids, never content."""

from __future__ import annotations

import click

from marketplace.cli.opening import opened
from marketplace.cli.speech import JSON, listed
from marketplace.foundation import jobs
from marketplace.foundation.db import reading, transaction
from security.log import audit
from security.principal import Context

STATES = (jobs.READY, jobs.RUNNING, jobs.DONE, jobs.DEAD)
FIELDS = ("id", "kind", "args", "state", "run_at", "attempts", "reason", "ended_at")


@click.group()
def job() -> None:
    """See background jobs; retry those given up.

    These commands need the marketplace's database settings (MARKET_HOME, MARKET_DATABASE_URL), no token.
    """


@job.command("list")
@click.option(
    "--state", type=click.Choice(STATES), help="Only jobs in this state; dead: given up after all tries."
)
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="How many, newest first."
)
@JSON
def list_(state: str | None, limit: int, json_wanted: bool) -> None:
    """List jobs, newest first.

    Example: marketplace job list --state dead
    """
    opened()
    with reading() as db:
        found = [dict(zip(FIELDS, row, strict=True)) for row in jobs.listing(db, state=state, limit=limit)]
    rows = [
        (
            row["id"],
            row["kind"],
            row["state"],
            row["attempts"],
            f"{row['run_at']:%Y-%m-%d %H:%M:%S}Z",
            row["reason"] or "",
        )
        for row in found
    ]
    head = ("JOB", "KIND", "STATE", "TRIES", "RUN AT", "REASON")
    listed(found, json_wanted, head, rows, none="There are no such jobs." if state else "There are no jobs.")


@job.command()
@click.argument("job_id", type=click.IntRange(1, 2**63 - 1), metavar="ID")
def retry(job_id: int) -> None:
    """Start a job again that was given up. ID is its number; see: marketplace job list --state dead

    It runs at once, with all its tries. The retry is on the security record.

    Example: marketplace job retry 4711
    """
    opened()
    with transaction() as tx:
        jobs.retry(tx, job_id)
        audit.record(tx, "job.retry", audit.Target("job", str(job_id)), actor=None, context=Context("cli"))
    click.echo(f"Job {job_id} runs again.")

"""indexes by which a payload's deletion is checked and a device's signatures are found; entries of devices are kept

Whatever refers to a payload is looked through whenever one is deleted, and a draft is at each saving. The indexes are
built while the tables are written.

Revision ID: 0016
Revises: 0015
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

INDEXES: dict[str, tuple[str, str, str | None]] = {
    "ix_campaign_key_payload_id": ("campaign", "key_payload_id", "key_payload_id IS NOT NULL"),
    "ix_microtask_payload_id": ("microtask", "payload_id", "payload_id IS NOT NULL"),
    "ix_contribution_payload_id": ("contribution", "payload_id", "payload_id IS NOT NULL"),
    "ix_result_payload_id": ("result", "payload_id", "payload_id IS NOT NULL"),
    "ix_draft_payload_id": ("draft", "payload_id", None),
    "ix_payload_signer": ("payload", "signer", "signer IS NOT NULL"),
}
"""Table, column and condition of each."""


def upgrade() -> None:
    postgres = op.get_bind().dialect.name == "postgresql"
    # What was added is committed before indexes are built: a run that is broken off there can be started again.
    column, blob = ("COLUMN IF NOT EXISTS", "BYTEA") if postgres else ("COLUMN", "BLOB")
    op.execute(f"ALTER TABLE device_key ADD {column} entry_number BIGINT")
    op.execute(
        f"ALTER TABLE device_key ADD {column} entry_body {blob} "
        "CONSTRAINT ck_device_key_entry CHECK ((entry_number IS NULL) = (entry_body IS NULL))"
    )
    if not postgres:
        _build({})
        return
    with op.get_context().autocommit_block():
        # Each waits for the transactions that were open before it, which may take longer than a lock is waited for.
        op.execute("SET lock_timeout = 0")
        _drop_broken_off()
        _build({"postgresql_concurrently": True, "if_not_exists": True})
        op.execute("RESET lock_timeout")


def _drop_broken_off() -> None:
    """Building that was broken off leaves an index that is never used, and whose name would be taken for a whole one."""
    unusable = sa.text(
        "SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid "
        "WHERE NOT indisvalid AND relname = ANY(:names)"
    )
    for name in op.get_bind().scalars(unusable, {"names": list(INDEXES)}).all():
        op.execute(f"DROP INDEX CONCURRENTLY {name}")


def _build(how: dict[str, Any]) -> None:
    for name, (table, column, condition) in INDEXES.items():
        where = None if condition is None else sa.text(condition)
        op.create_index(name, table, [column], postgresql_where=where, sqlite_where=where, **how)

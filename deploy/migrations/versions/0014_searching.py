"""indexes by which a long record is searched, built while it is written

The index over objects is made anew: their ids are looked for by how they begin, whatever the database's collation.

Revision ID: 0014
Revises: 0013
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

INDEXES: dict[str, tuple[list[str], str | None]] = {
    "ix_audit_entry_act_number": (["act", "number"], None),
    "ix_audit_entry_not_done": (["outcome", "number"], "outcome <> 'done'"),
    "ix_audit_entry_campaign_id_number": (["campaign_id", "number"], "campaign_id IS NOT NULL"),
    "ix_audit_entry_device_id_number": (["device_id", "number"], "device_id IS NOT NULL"),
    "ix_audit_entry_session_number": (["session", "number"], "session IS NOT NULL"),
}


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        _build({})
        return
    with op.get_context().autocommit_block():
        _build({"postgresql_concurrently": True, "if_not_exists": True})
        op.create_index(
            "ix_audit_entry_object",
            "audit_entry",
            ["object_id", "number"],
            postgresql_ops={"object_id": "varchar_pattern_ops"},
            postgresql_concurrently=True,
            if_not_exists=True,
        )
        op.drop_index(
            "ix_audit_entry_object_id_number",
            table_name="audit_entry",
            postgresql_concurrently=True,
            if_exists=True,
        )


def _build(how: dict[str, Any]) -> None:
    for name, (columns, condition) in INDEXES.items():
        where = None if condition is None else sa.text(condition)
        op.create_index(name, "audit_entry", columns, postgresql_where=where, sqlite_where=where, **how)
    if not how:
        op.create_index("ix_audit_entry_object", "audit_entry", ["object_id", "number"])
        op.drop_index("ix_audit_entry_object_id_number", table_name="audit_entry")

"""an entry of the record says from which device it came and by which rules it was decided

What is pending is altered before what has a number: whoever writes an act and reads the record meets the locks in this
order too, so nobody waits for somebody who waits for them.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("audit_pending", "audit_entry"):
        op.add_column(table, sa.Column("device_id", sa.String(length=40), nullable=True))
        op.add_column(table, sa.Column("rules", sa.String(length=64), nullable=True))
    op.add_column("web_session", sa.Column("device_id", sa.String(length=40), nullable=True))

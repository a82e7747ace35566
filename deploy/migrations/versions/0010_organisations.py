"""what a provider said of somebody's organisation when they were let in

Old code neither reads nor writes the column. What it leaves empty is learned at the next sign-in.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("identity", sa.Column("organisation", sa.String(length=255), nullable=True))

"""sessions

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

from marketplace.foundation import db

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass

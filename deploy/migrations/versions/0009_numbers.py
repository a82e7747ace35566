"""numbers

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

from marketplace.foundation import db

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass

"""need_to_know

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

from marketplace.foundation import db

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass

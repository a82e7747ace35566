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
    op.add_column("sign_in_attempt", sa.Column("invitation", sa.LargeBinary(), nullable=True))
    op.create_table(
        "held_form",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session", sa.String(length=40), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("over_at", db.Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["session"],
            ["web_session.reference"],
            name=op.f("fk_held_form_session"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_held_form")),
    )
    op.create_index("ix_held_form_over_at", "held_form", ["over_at"])
    op.create_index(op.f("ix_held_form_session"), "held_form", ["session"])

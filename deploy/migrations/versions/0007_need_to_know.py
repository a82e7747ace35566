"""campaigns under need-to-know, and who was let into them until when

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "campaign", sa.Column("need_to_know", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.create_table(
        "need_to_know_grant",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("granted_by", sa.Uuid(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_need_to_know_grant_campaign_id")
        ),
        sa.ForeignKeyConstraint(
            ["granted_by"], ["membership.id"], name=op.f("fk_need_to_know_grant_granted_by")
        ),
        sa.ForeignKeyConstraint(
            ["membership_id"], ["membership.id"], name=op.f("fk_need_to_know_grant_membership_id")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "membership_id", name=op.f("pk_need_to_know_grant")),
    )
    op.create_index("ix_need_to_know_grant_membership_id", "need_to_know_grant", ["membership_id"])

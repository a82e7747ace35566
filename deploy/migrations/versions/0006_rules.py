"""access rules of agencies: signed versions, and drafts

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

from marketplace.foundation import db

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "access_rule_version",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("key_id", sa.String(length=120), nullable=False),
        sa.Column("signature", sa.LargeBinary(length=64), nullable=False),
        sa.Column("signed_by", sa.Uuid(), nullable=False),
        sa.Column("signed_at", db.Moment(timezone=True), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint("number >= 1", name=op.f("ck_access_rule_version_number")),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"], name=op.f("fk_access_rule_version_agency_id")
        ),
        sa.ForeignKeyConstraint(
            ["signed_by"], ["membership.id"], name=op.f("fk_access_rule_version_signed_by")
        ),
        sa.PrimaryKeyConstraint("agency_id", "number", name=op.f("pk_access_rule_version")),
    )
    op.create_table(
        "access_rule_draft",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("based_on", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("changed_at", db.Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_access_rule_draft_agency_id")),
        sa.ForeignKeyConstraint(
            ["author_id"], ["membership.id"], name=op.f("fk_access_rule_draft_author_id")
        ),
        sa.PrimaryKeyConstraint("agency_id", "author_id", name=op.f("pk_access_rule_draft")),
    )

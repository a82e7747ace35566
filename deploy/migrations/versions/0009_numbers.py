"""the register of numbers about people, and the view that is the only way to them

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

IN_FORCE = "withdrawn_at IS NULL"


def upgrade() -> None:
    op.create_table(
        "number_approval",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("k", sa.SmallInteger(), nullable=False),
        sa.Column("approved_by", sa.Uuid(), nullable=False),
        sa.Column("approved_at", db.Moment(timezone=True), nullable=False),
        sa.Column("withdrawn_at", db.Moment(timezone=True), nullable=True),
        sa.CheckConstraint("k >= 10", name=op.f("ck_number_approval_k")),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_number_approval_agency_id")),
        sa.ForeignKeyConstraint(["approved_by"], ["person.id"], name=op.f("fk_number_approval_approved_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_number_approval")),
    )
    op.create_index(
        "uq_number_approval_in_force",
        "number_approval",
        ["agency_id", "code"],
        unique=True,
        postgresql_where=sa.text(IN_FORCE),
        sqlite_where=sa.text(IN_FORCE),
    )
    op.create_table(
        "number_cell",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("cell", sa.String(length=40), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("shown", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_number_cell_agency_id")),
        sa.PrimaryKeyConstraint("agency_id", "code", "cell", name=op.f("pk_number_cell")),
    )
    op.execute(
        """
        CREATE VIEW released_number AS
        SELECT c.agency_id, c.code, c.cell, c.day, (c.shown + 2) / 5 * 5 AS people
        FROM number_cell c
        JOIN number_approval a ON a.agency_id = c.agency_id AND a.code = c.code AND a.question = c.question
        WHERE a.withdrawn_at IS NULL AND c.shown >= a.k AND c.people >= a.k
        """
    )

"""proposals with their signatures, and the tree of units

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

from marketplace.foundation import db

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _proposals()
    _units()


def _proposals() -> None:
    op.create_table(
        "proposal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("other_agency_id", sa.Uuid(), nullable=True),
        sa.Column("content", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", db.Moment(timezone=True), nullable=False),
        sa.Column("over_at", db.Moment(timezone=True), nullable=False),
        sa.Column("ended_at", db.Moment(timezone=True), nullable=True),
        sa.Column("secret_key_id", sa.String(length=120), nullable=True),
        sa.Column("secret_wrapped", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("state IN ('open', 'in_force', 'withdrawn')", name=op.f("ck_proposal_state")),
        sa.CheckConstraint("(state = 'open') = (ended_at IS NULL)", name=op.f("ck_proposal_ended")),
        sa.CheckConstraint(
            "(secret_key_id IS NULL) = (secret_wrapped IS NULL)", name=op.f("ck_proposal_secret")
        ),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_proposal_agency_id")),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_proposal_made_by")),
        sa.ForeignKeyConstraint(["other_agency_id"], ["agency.id"], name=op.f("fk_proposal_other_agency_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal")),
    )
    op.create_index(op.f("ix_proposal_agency_id"), "proposal", ["agency_id"])
    op.create_index(op.f("ix_proposal_other_agency_id"), "proposal", ["other_agency_id"])
    _partial("ix_proposal_open", "proposal", ["made_at"], "state = 'open'")
    op.create_table(
        "proposal_signature",
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.String(length=120), nullable=False),
        sa.Column("signature", sa.LargeBinary(length=64), nullable=False),
        sa.Column("signed_at", db.Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_proposal_signature_agency_id")),
        sa.ForeignKeyConstraint(["key_id"], ["signing_key.id"], name=op.f("fk_proposal_signature_key_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_proposal_signature_person_id")),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["proposal.id"], name=op.f("fk_proposal_signature_proposal_id")
        ),
        sa.PrimaryKeyConstraint("proposal_id", "person_id", name=op.f("pk_proposal_signature")),
    )
    op.create_index(op.f("ix_proposal_signature_agency_id"), "proposal_signature", ["agency_id"])


def _units() -> None:
    op.create_table(
        "unit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("temporary", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("until", db.Moment(timezone=True), nullable=True),
        sa.Column("ended_at", db.Moment(timezone=True), nullable=True),
        sa.Column("merged_into_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("NOT temporary OR until IS NOT NULL", name=op.f("ck_unit_temporary")),
        sa.CheckConstraint("parent_id IS NULL OR parent_id <> id", name=op.f("ck_unit_parent")),
        sa.CheckConstraint("merged_into_id IS NULL OR ended_at IS NOT NULL", name=op.f("ck_unit_merged")),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_unit_agency_id")),
        sa.ForeignKeyConstraint(["merged_into_id"], ["unit.id"], name=op.f("fk_unit_merged_into_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["unit.id"], name=op.f("fk_unit_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit")),
    )
    op.create_index(op.f("ix_unit_agency_id"), "unit", ["agency_id"])
    op.create_index(op.f("ix_unit_parent_id"), "unit", ["parent_id"])
    op.create_table(
        "unit_guest",
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_unit_guest_agency_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_unit_guest_unit_id")),
        sa.PrimaryKeyConstraint("unit_id", "agency_id", name=op.f("pk_unit_guest")),
    )
    op.create_index(op.f("ix_unit_guest_agency_id"), "unit_guest", ["agency_id"])
    op.create_table(
        "unit_member",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("home", sa.Boolean(), nullable=False),
        sa.Column("since", db.Moment(timezone=True), nullable=False),
        sa.Column("until", db.Moment(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["membership_id"], ["membership.id"], name=op.f("fk_unit_member_membership_id")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_unit_member_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_member")),
    )
    _partial(
        "uq_unit_member_home", "unit_member", ["membership_id"], "home AND until IS NULL", unique=True
    )
    _partial(
        "uq_unit_member_unit_id_membership_id",
        "unit_member",
        ["unit_id", "membership_id"],
        "until IS NULL",
        unique=True,
    )
    op.create_index("ix_unit_member_membership_id", "unit_member", ["membership_id"])
    op.create_table(
        "unit_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("what", sa.String(length=10), nullable=False),
        sa.Column("was", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("became", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("at", db.Moment(timezone=True), nullable=False),
        sa.CheckConstraint(
            "what IN ('made', 'renamed', 'moved', 'merged', 'ended')", name=op.f("ck_unit_change_what")
        ),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_unit_change_agency_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_unit_change_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_change")),
    )
    op.create_index("ix_unit_change_agency_id_at", "unit_change", ["agency_id", "at"])
    op.create_index(op.f("ix_unit_change_unit_id"), "unit_change", ["unit_id"])


def _partial(name: str, table: str, columns: list[str], condition: str, *, unique: bool = False) -> None:
    op.create_index(
        name,
        table,
        columns,
        unique=unique,
        postgresql_where=sa.text(condition),
        sqlite_where=sa.text(condition),
    )

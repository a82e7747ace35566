"""who may provision an agency's people (SCIM), its users and groups, and what they hold through groups

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

from marketplace.foundation import db

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "scim_credential",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token", sa.LargeBinary(length=32), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", db.Moment(timezone=True), nullable=False),
        sa.Column("over_at", db.Moment(timezone=True), nullable=False),
        sa.Column("ended_at", db.Moment(timezone=True), nullable=True),
        sa.Column("used_on", sa.Date(), nullable=True),
        sa.Column("minute", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("calls", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_scim_credential_agency_id")),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_scim_credential_made_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scim_credential")),
        sa.UniqueConstraint("token", name=op.f("uq_scim_credential_token")),
    )
    op.create_index(op.f("ix_scim_credential_agency_id"), "scim_credential", ["agency_id"], unique=False)
    op.create_table(
        "scim_group",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("display_name", sa.String(length=200), nullable=False),
        sa.Column("display_name_key", sa.String(length=400), nullable=False),
        sa.Column("external_id", sa.String(length=255), nullable=True),
        sa.Column("role", sa.String(length=30), nullable=True),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("changed_at", db.Moment(timezone=True), nullable=False),
        sa.CheckConstraint(
            "role IN ('task_owner', 'appraiser', 'line_manager')", name=op.f("ck_scim_group_role")
        ),
        sa.CheckConstraint("role IS NULL OR unit_id IS NULL", name=op.f("ck_scim_group_one_meaning")),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_scim_group_agency_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_scim_group_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scim_group")),
    )
    op.create_index(
        "ix_scim_group_agency_id_external_id", "scim_group", ["agency_id", "external_id"], unique=False
    )
    op.create_table(
        "scim_user",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=True),
        sa.Column("user_name", sa.String(length=200), nullable=False),
        sa.Column("user_name_key", sa.String(length=400), nullable=False),
        sa.Column("display_name", sa.String(length=200), nullable=True),
        sa.Column("display_name_key", sa.String(length=400), nullable=True),
        sa.Column("formatted", sa.String(length=200), nullable=True),
        sa.Column("family_name", sa.String(length=200), nullable=True),
        sa.Column("given_name", sa.String(length=200), nullable=True),
        sa.Column("preferred_language", sa.String(length=40), nullable=True),
        sa.Column("changed_at", db.Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_scim_user_agency_id")),
        sa.ForeignKeyConstraint(
            ["membership_id"], ["membership.id"], name=op.f("fk_scim_user_membership_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_scim_user_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scim_user")),
        sa.UniqueConstraint("agency_id", "person_id", name=op.f("uq_scim_user_agency_id_person_id")),
        sa.UniqueConstraint("agency_id", "user_name_key", name=op.f("uq_scim_user_agency_id_user_name_key")),
        sa.UniqueConstraint("membership_id", name=op.f("uq_scim_user_membership_id")),
    )
    op.create_index(op.f("ix_scim_user_person_id"), "scim_user", ["person_id"], unique=False)
    op.create_table(
        "scim_email",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.SmallInteger(), nullable=False),
        sa.Column("value", sa.String(length=320), nullable=False),
        sa.Column("value_key", sa.String(length=640), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=True),
        sa.Column("main", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["scim_user.id"], name=op.f("fk_scim_email_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "place", name=op.f("pk_scim_email")),
    )
    op.create_index(op.f("ix_scim_email_value_key"), "scim_email", ["value_key"], unique=False)
    op.create_table(
        "scim_member",
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["scim_group.id"], name=op.f("fk_scim_member_group_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["scim_user.id"], name=op.f("fk_scim_member_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("group_id", "user_id", name=op.f("pk_scim_member")),
    )
    op.create_index(op.f("ix_scim_member_user_id"), "scim_member", ["user_id"], unique=False)
    op.create_table(
        "scim_place",
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["membership_id"], ["membership.id"], name=op.f("fk_scim_place_membership_id")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_scim_place_unit_id")),
        sa.PrimaryKeyConstraint("membership_id", name=op.f("pk_scim_place")),
    )
    op.create_table(
        "scim_role",
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=30), nullable=False),
        sa.ForeignKeyConstraint(["grant_id"], ["role_grant.id"], name=op.f("fk_scim_role_grant_id")),
        sa.ForeignKeyConstraint(
            ["membership_id"], ["membership.id"], name=op.f("fk_scim_role_membership_id")
        ),
        sa.PrimaryKeyConstraint("grant_id", name=op.f("pk_scim_role")),
    )
    op.create_index(op.f("ix_scim_role_membership_id"), "scim_role", ["membership_id"], unique=False)

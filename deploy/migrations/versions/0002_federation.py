"""providers that are registered at run time, sessions that can be told apart, terms between agencies

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

from marketplace.foundation import db

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    uuid = "UUID" if op.get_bind().dialect.name == "postgresql" else "CHAR(32)"
    _new_tables()
    for name in ("vpn_networks", "home_networks", "mail_domains"):
        _list("agency", name)
    _object("agency", "label_names")
    op.add_column("agency", sa.Column("self_join", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("agency", sa.Column("rules_version", sa.Integer(), server_default="0", nullable=False))
    _providers()
    op.add_column("membership", sa.Column("until", db.Moment(timezone=True), nullable=True))
    _constrained("membership", f"home_id {uuid}", "fk_membership_home_id REFERENCES membership (id)")
    _constrained("membership", f"sponsor_id {uuid}", "fk_membership_sponsor_id REFERENCES person (id)")
    _constrained(
        "membership",
        "partner BOOLEAN DEFAULT false NOT NULL",
        "ck_membership_partner CHECK (NOT partner OR (sponsor_id IS NOT NULL AND until IS NOT NULL))",
    )
    _sessions()


def _new_tables() -> None:
    op.create_table(
        "logout_token",
        sa.Column("issuer", sa.String(length=400), nullable=False),
        sa.Column("jti", sa.LargeBinary(length=32), nullable=False),
        sa.Column("over_at", db.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("issuer", "jti", name=op.f("pk_logout_token")),
    )
    op.create_index("ix_logout_token_over_at", "logout_token", ["over_at"])
    op.create_table(
        "sharing_terms",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_agency_id", sa.Uuid(), nullable=False),
        sa.Column("guest_agency_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("content", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("since", db.Moment(timezone=True), nullable=False),
        sa.Column("until", db.Moment(timezone=True), nullable=True),
        sa.Column("ended_at", db.Moment(timezone=True), nullable=True),
        sa.CheckConstraint("level BETWEEN 0 AND 3", name=op.f("ck_sharing_terms_level")),
        sa.CheckConstraint(
            "owner_agency_id <> guest_agency_id", name=op.f("ck_sharing_terms_two_agencies")
        ),
        sa.ForeignKeyConstraint(
            ["guest_agency_id"], ["agency.id"], name=op.f("fk_sharing_terms_guest_agency_id")
        ),
        sa.ForeignKeyConstraint(
            ["owner_agency_id"], ["agency.id"], name=op.f("fk_sharing_terms_owner_agency_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sharing_terms")),
    )
    op.create_index(op.f("ix_sharing_terms_guest_agency_id"), "sharing_terms", ["guest_agency_id"])
    op.create_index(
        "uq_sharing_terms_in_force",
        "sharing_terms",
        ["owner_agency_id", "guest_agency_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
        sqlite_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "signing_key",
        sa.Column("id", sa.String(length=120), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("public", sa.LargeBinary(length=32), nullable=False),
        sa.Column("secret_key_id", sa.String(length=120), nullable=False),
        sa.Column("secret_wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", db.Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_signing_key_agency_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_key")),
    )
    op.create_index(op.f("ix_signing_key_agency_id"), "signing_key", ["agency_id"])


def _providers() -> None:
    _constrained(
        "identity_provider",
        "authentication VARCHAR(24) DEFAULT 'client_secret_basic' NOT NULL",
        "ck_identity_provider_authentication CHECK "
        "(authentication IN ('private_key_jwt', 'client_secret_basic', 'client_secret_post'))",
    )
    _constrained(
        "identity_provider",
        "clearance_ceiling SMALLINT DEFAULT 3 NOT NULL",
        "ck_identity_provider_clearance_ceiling CHECK (clearance_ceiling BETWEEN 0 AND 3)",
    )
    _constrained(
        "identity_provider",
        "status VARCHAR(12) DEFAULT 'active' NOT NULL",
        "ck_identity_provider_status CHECK (status IN ('active', 'suspended'))",
    )
    for name, length in (
        ("required_acr", 120), ("step_up_acr", 120), ("organisation_claim", 60), ("device_claim", 60),
    ):  # fmt: skip
        op.add_column("identity_provider", sa.Column(name, sa.String(length=length), nullable=True))
    _object("identity_provider", "claim_names")
    _list("identity_provider", "organisation_values")


def _sessions() -> None:
    op.add_column(
        "sign_in_attempt",
        sa.Column("purpose", sa.String(length=12), server_default="sign_in", nullable=False),
    )
    op.add_column("sign_in_attempt", sa.Column("session", sa.String(length=40), nullable=True))
    op.add_column("sign_in_attempt", sa.Column("acr", sa.String(length=120), nullable=True))
    op.add_column("sign_in_attempt", sa.Column("max_age", sa.Integer(), nullable=True))
    op.add_column("sign_in_attempt", sa.Column("form_id", sa.Uuid(), nullable=True))
    op.add_column("web_session", sa.Column("issuer", sa.String(length=400), nullable=True))
    op.add_column("web_session", sa.Column("subject", sa.String(length=255), nullable=True))
    op.add_column("web_session", sa.Column("id_token", sa.LargeBinary(), nullable=True))
    op.add_column(
        "web_session", sa.Column("device", sa.String(length=12), server_default="unknown", nullable=False)
    )
    op.add_column("web_session", sa.Column("device_name", sa.String(length=60), nullable=True))
    op.add_column("web_session", sa.Column("zone", sa.String(length=8), nullable=True))
    op.create_index("ix_web_session_issuer_session", "web_session", ["issuer", "issuer_session"])
    op.create_index("ix_web_session_issuer_subject", "web_session", ["issuer", "subject"])


def _constrained(table: str, column: str, constraint: str) -> None:
    """A column with its constraint in one statement: the only way in which SQLite adds a constraint to a table."""
    op.execute(f"ALTER TABLE {table} ADD COLUMN {column} CONSTRAINT {constraint}")


def _list(table: str, name: str) -> None:
    op.add_column(table, sa.Column(name, sa.JSON(none_as_null=True), server_default="[]", nullable=False))


def _object(table: str, name: str) -> None:
    op.add_column(table, sa.Column(name, sa.JSON(none_as_null=True), server_default="{}", nullable=False))

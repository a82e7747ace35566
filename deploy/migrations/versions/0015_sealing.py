"""sealing: how agencies handle content, keys of devices, campaigns' own keys, drafts, released keys

Columns come with their conditions in one statement, which SQLite takes too; a table that others refer to is never made
anew there, since dropping the old one would take what hangs on it along.

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

from marketplace.foundation import db

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TABLES = ("agency_handling", "agency_key", "device_key", "device_enrolment", "draft", "key_release")
"""What a role that serves pages may read and write."""

SLOT_KINDS = "kind IN ('kek', 'campaign', 'device', 'processing', 'recovery')"


def upgrade() -> None:
    postgres = op.get_bind().dialect.name == "postgresql"
    _widen_columns(*(("UUID", "BYTEA") if postgres else ("CHAR(32)", "BLOB")))
    _create_tables()
    _protect_what_is_sealed()
    if postgres:
        _allow_slot_kinds()
        _grant_as_before()
        with op.get_context().autocommit_block():
            op.create_index(
                "ix_payload_slot_key_id",
                "payload_slot",
                ["key_id", "payload_id"],
                postgresql_concurrently=True,
                if_not_exists=True,
            )
    else:
        _make_slots_anew()
        op.create_index("ix_payload_slot_key_id", "payload_slot", ["key_id", "payload_id"])


def _widen_columns(uuid: str, blob: str) -> None:
    for column in (
        f"payload ADD COLUMN signature {blob}",
        "payload ADD COLUMN signer VARCHAR(43) "
        "CONSTRAINT ck_payload_signature CHECK ((signature IS NULL) = (signer IS NULL))",
        "payload ADD COLUMN shredded_on DATE",
        "claim ADD COLUMN views SMALLINT DEFAULT '0' NOT NULL",
        "campaign ADD COLUMN protection VARCHAR(12) DEFAULT 'none' NOT NULL "
        "CONSTRAINT ck_campaign_protection CHECK (protection IN ('none', 'server', 'end_to_end'))",
        "campaign ADD COLUMN keep_until DATE",
        "campaign ADD COLUMN public_key JSON",
        f"campaign ADD COLUMN key_payload_id {uuid} "
        "CONSTRAINT fk_campaign_key_payload_id REFERENCES payload (id)",
    ):
        op.execute(f"ALTER TABLE {column}")


def _protect_what_is_sealed() -> None:
    op.execute("UPDATE campaign SET protection = 'server' WHERE level >= 2")


def _allow_slot_kinds() -> None:
    op.execute("ALTER TABLE payload_slot DROP CONSTRAINT ck_payload_slot_kind")
    op.execute(f"ALTER TABLE payload_slot ADD CONSTRAINT ck_payload_slot_kind CHECK ({SLOT_KINDS}) NOT VALID")
    op.execute("ALTER TABLE payload_slot VALIDATE CONSTRAINT ck_payload_slot_kind")


def _make_slots_anew() -> None:
    """Nothing refers to a slot, so its table can be copied."""
    op.rename_table("payload_slot", "payload_slot_before")
    op.create_table(
        "payload_slot",
        sa.Column("payload_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("key_id", sa.String(length=120), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(SLOT_KINDS, name=op.f("ck_payload_slot_kind")),
        sa.ForeignKeyConstraint(
            ["payload_id"], ["payload.id"], name=op.f("fk_payload_slot_payload_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("payload_id", "kind", "key_id", name=op.f("pk_payload_slot")),
    )
    op.execute(
        "INSERT INTO payload_slot (payload_id, kind, key_id, wrapped) "
        "SELECT payload_id, kind, key_id, wrapped FROM payload_slot_before"
    )
    op.drop_table("payload_slot_before")


def _create_tables() -> None:
    op.create_table(
        "agency_handling",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("protection", sa.String(length=12), nullable=False),
        sa.Column("keep_days", sa.Integer(), nullable=False),
        sa.Column("zones", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("one_at_a_time", sa.Boolean(), nullable=False),
        sa.Column("views", sa.SmallInteger(), nullable=True),
        sa.Column("idle_minutes", sa.SmallInteger(), nullable=True),
        sa.Column("watermark", sa.Boolean(), nullable=False),
        sa.Column("may_export", sa.Boolean(), nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=False),
        sa.Column("changed_at", db.Moment(timezone=True), nullable=False),
        sa.CheckConstraint("(level >= 2) = (protection <> 'none')", name=op.f("ck_agency_handling_sealed")),
        sa.CheckConstraint(
            "protection IN ('none', 'server', 'end_to_end')", name=op.f("ck_agency_handling_protection")
        ),
        sa.CheckConstraint(
            "idle_minutes IS NULL OR idle_minutes BETWEEN 1 AND 240",
            name=op.f("ck_agency_handling_idle_minutes"),
        ),
        sa.CheckConstraint("keep_days BETWEEN 1 AND 36500", name=op.f("ck_agency_handling_keep_days")),
        sa.CheckConstraint("level BETWEEN 0 AND 3", name=op.f("ck_agency_handling_level")),
        sa.CheckConstraint(
            "views IS NULL OR views BETWEEN 1 AND 1000", name=op.f("ck_agency_handling_views")
        ),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_agency_handling_agency_id")),
        sa.ForeignKeyConstraint(["changed_by"], ["person.id"], name=op.f("fk_agency_handling_changed_by")),
        sa.PrimaryKeyConstraint("agency_id", "level", name=op.f("pk_agency_handling")),
    )
    op.create_table(
        "agency_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("suite", sa.String(length=16), nullable=False),
        sa.Column("key_id", sa.String(length=43), nullable=False),
        sa.Column("public_key", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("added_by", sa.Uuid(), nullable=False),
        sa.Column("added_at", db.Moment(timezone=True), nullable=False),
        sa.Column("ended_at", db.Moment(timezone=True), nullable=True),
        sa.CheckConstraint("kind = 'recovery' OR suite = 'p256'", name=op.f("ck_agency_key_processing")),
        sa.CheckConstraint("kind IN ('processing', 'recovery')", name=op.f("ck_agency_key_kind")),
        sa.CheckConstraint("suite IN ('p256', 'mlkem768_x25519')", name=op.f("ck_agency_key_suite")),
        sa.ForeignKeyConstraint(["added_by"], ["person.id"], name=op.f("fk_agency_key_added_by")),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_agency_key_agency_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agency_key")),
    )
    op.create_index(
        "uq_agency_key_current",
        "agency_key",
        ["agency_id", "kind"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
        sqlite_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "device_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("thumbprint", sa.String(length=43), nullable=False),
        sa.Column("encryption_key", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("signing_key", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("salt", sa.String(length=43), nullable=False),
        sa.Column("issuer", sa.String(length=400), nullable=False),
        sa.Column("client_id", sa.String(length=200), nullable=False),
        sa.Column("id_token", sa.LargeBinary(), nullable=False),
        sa.Column("issuer_key", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("place", sa.SmallInteger(), nullable=False),
        sa.Column("enrolled_at", db.Moment(timezone=True), nullable=False),
        sa.Column("revoked_at", db.Moment(timezone=True), nullable=True),
        sa.Column("revoked_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("kind IN ('browser', 'program')", name=op.f("ck_device_key_kind")),
        sa.CheckConstraint("(revoked_at IS NULL) = (revoked_by IS NULL)", name=op.f("ck_device_key_revoked")),
        sa.CheckConstraint("place BETWEEN 1 AND 5", name=op.f("ck_device_key_place")),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_device_key_agency_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_device_key_person_id")),
        sa.ForeignKeyConstraint(["revoked_by"], ["person.id"], name=op.f("fk_device_key_revoked_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_key")),
        sa.UniqueConstraint("thumbprint", name=op.f("uq_device_key_thumbprint")),
    )
    op.create_index(op.f("ix_device_key_agency_id"), "device_key", ["agency_id"], unique=False)
    op.create_index("ix_device_key_person_id", "device_key", ["person_id"], unique=False)
    op.create_index(
        "uq_device_key_place",
        "device_key",
        ["person_id", "place"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
        sqlite_where=sa.text("revoked_at IS NULL"),
    )
    op.create_table(
        "device_enrolment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("session", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("encryption_key", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("signing_key", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("salt", sa.String(length=43), nullable=False),
        sa.Column("over_at", db.Moment(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('browser', 'program')", name=op.f("ck_device_enrolment_kind")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_device_enrolment_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_enrolment")),
    )
    op.create_index("ix_device_enrolment_over_at", "device_enrolment", ["over_at"], unique=False)
    op.create_table(
        "draft",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("microtask_id", sa.Uuid(), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("payload_id", sa.Uuid(), nullable=False),
        sa.Column("keep_until", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_draft_claim_id")),
        sa.ForeignKeyConstraint(["microtask_id"], ["microtask.id"], name=op.f("fk_draft_microtask_id")),
        sa.ForeignKeyConstraint(["payload_id"], ["payload.id"], name=op.f("fk_draft_payload_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_draft_person_id")),
        sa.PrimaryKeyConstraint("person_id", "microtask_id", name=op.f("pk_draft")),
    )
    op.create_index("ix_draft_keep_until", "draft", ["keep_until"], unique=False)
    op.create_index("ix_draft_microtask_id", "draft", ["microtask_id"], unique=False)
    op.create_table(
        "key_release",
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("device_key_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_key_release_campaign_id")),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_key_release_claim_id")),
        sa.ForeignKeyConstraint(
            ["device_key_id"], ["device_key.id"], name=op.f("fk_key_release_device_key_id")
        ),
        sa.PrimaryKeyConstraint("claim_id", "device_key_id", name=op.f("pk_key_release")),
    )
    op.create_index("ix_key_release_device_key_id", "key_release", ["device_key_id"], unique=False)
    op.create_index(
        "ix_key_release_waiting",
        "key_release",
        ["campaign_id"],
        unique=False,
        postgresql_where=sa.text("wrapped IS NULL"),
        sqlite_where=sa.text("wrapped IS NULL"),
    )


def _grant_as_before() -> None:
    """Roles that serve pages write acts down; they get the new tables as they have the others."""
    connection = op.get_bind()
    roles = connection.scalars(
        sa.text(
            "SELECT DISTINCT grantee FROM information_schema.role_table_grants "
            "WHERE table_name = 'audit_pending' AND table_schema = current_schema() AND grantee <> current_user "
            "AND grantee <> 'PUBLIC' AND privilege_type = 'INSERT'"
        )
    ).all()
    quote = connection.dialect.identifier_preparer.quote_identifier
    for role in roles:
        for table in TABLES:
            connection.execute(sa.text(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {quote(role)}"))

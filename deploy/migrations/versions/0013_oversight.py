"""the officer's room: alerts, look-ups, requests, incidents, reviews, saved views

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

from marketplace.foundation import db

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

EVERYTHING = "SELECT, INSERT, UPDATE, DELETE"
RIGHTS = {
    "access_review": EVERYTHING,
    "access_review_item": EVERYTHING,
    # Alerts are found by workers; pages take and close them. A diary only grows.
    "alert": "SELECT, UPDATE",
    "alert_head": "SELECT, UPDATE (id)",
    "alert_rule": EVERYTHING,
    "data_request": EVERYTHING,
    "incident": EVERYTHING,
    "incident_note": "SELECT, INSERT",
    "look_up": EVERYTHING,
    "look_up_person": EVERYTHING,
    "saved_view": EVERYTHING,
}
"""What a role that serves pages may do; the same as deploy/granting.py gives."""


def upgrade() -> None:
    op.create_table(
        "alert_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_alert_head_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_head")),
    )
    op.create_table(
        "access_review",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=False),
        sa.Column("opened_at", db.Moment(timezone=True), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("closed_at", db.Moment(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_access_review_agency_id")),
        sa.ForeignKeyConstraint(["opened_by"], ["person.id"], name=op.f("fk_access_review_opened_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_review")),
    )
    op.create_index(
        "uq_access_review_open",
        "access_review",
        ["agency_id"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
        sqlite_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "alert_rule",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("is_on", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("given", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=False),
        sa.Column("changed_at", db.Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_alert_rule_agency_id")),
        sa.ForeignKeyConstraint(["changed_by"], ["person.id"], name=op.f("fk_alert_rule_changed_by")),
        sa.PrimaryKeyConstraint("agency_id", "kind", name=op.f("pk_alert_rule")),
    )
    op.create_table(
        "data_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", db.Moment(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=8), server_default="asked", nullable=False),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.Column("answered_at", db.Moment(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('asked', 'answered')", name=op.f("ck_data_request_state")),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_data_request_agency_id")),
        sa.ForeignKeyConstraint(["answered_by"], ["person.id"], name=op.f("fk_data_request_answered_by")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_data_request_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_request")),
    )
    op.create_index(
        "uq_data_request_asked",
        "data_request",
        ["agency_id", "person_id"],
        unique=True,
        postgresql_where=sa.text("state = 'asked'"),
        sqlite_where=sa.text("state = 'asked'"),
    )
    op.create_table(
        "incident",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("known_at", db.Moment(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=False),
        sa.Column("opened_at", db.Moment(timezone=True), nullable=False),
        sa.Column("filters", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("first_number", sa.BigInteger(), nullable=False),
        sa.Column("last_number", sa.BigInteger(), nullable=False),
        sa.Column("whole", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("state", sa.String(length=8), server_default="open", nullable=False),
        sa.Column("reported_at", db.Moment(timezone=True), nullable=True),
        sa.Column("reported_how", sa.String(length=300), nullable=True),
        sa.Column("late_because", sa.Text(), nullable=True),
        sa.Column("closed_at", db.Moment(timezone=True), nullable=True),
        sa.Column("finding", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(reported_at IS NULL) = (reported_how IS NULL)", name=op.f("ck_incident_reported")
        ),
        sa.CheckConstraint("(state = 'closed') = (finding IS NOT NULL)", name=op.f("ck_incident_finding")),
        sa.CheckConstraint("state IN ('open', 'closed')", name=op.f("ck_incident_state")),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_incident_agency_id")),
        sa.ForeignKeyConstraint(["opened_by"], ["person.id"], name=op.f("fk_incident_opened_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
    )
    op.create_index("ix_incident_agency_id_known_at", "incident", ["agency_id", "known_at"], unique=False)
    op.create_table(
        "look_up",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("wanted", sa.String(length=200), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("ticket", sa.String(length=60), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_at", db.Moment(timezone=True), nullable=False),
        sa.Column("over_at", db.Moment(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=8), server_default="asked", nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", db.Moment(timezone=True), nullable=True),
        sa.Column("read_at", db.Moment(timezone=True), nullable=True),
        sa.Column("told_after", sa.Date(), nullable=True),
        sa.Column("put_off_because", sa.String(length=300), nullable=True),
        sa.CheckConstraint("kind IN ('name', 'pseudonym')", name=op.f("ck_look_up_kind")),
        sa.CheckConstraint(
            "state IN ('asked', 'granted', 'declined', 'read', 'over')", name=op.f("ck_look_up_state")
        ),
        sa.CheckConstraint(
            "(told_after IS NULL) = (put_off_because IS NULL)", name=op.f("ck_look_up_put_off")
        ),
        sa.CheckConstraint(
            "decided_by IS NULL OR decided_by <> asked_by", name=op.f("ck_look_up_two_people")
        ),
        sa.CheckConstraint(
            "state IN ('asked', 'over') OR decided_by IS NOT NULL", name=op.f("ck_look_up_decided")
        ),
        sa.CheckConstraint("(state = 'read') = (read_at IS NOT NULL)", name=op.f("ck_look_up_read")),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_look_up_agency_id")),
        sa.ForeignKeyConstraint(["asked_by"], ["person.id"], name=op.f("fk_look_up_asked_by")),
        sa.ForeignKeyConstraint(["decided_by"], ["person.id"], name=op.f("fk_look_up_decided_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_look_up")),
    )
    op.create_index("ix_look_up_agency_id_asked_at", "look_up", ["agency_id", "asked_at"], unique=False)
    op.create_table(
        "look_up_person",
        sa.Column("look_up_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("told_at", db.Moment(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["look_up_id"], ["look_up.id"], name=op.f("fk_look_up_person_look_up_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_look_up_person_person_id")),
        sa.PrimaryKeyConstraint("look_up_id", "person_id", name=op.f("pk_look_up_person")),
    )
    op.create_index("ix_look_up_person_person_id", "look_up_person", ["person_id"], unique=False)
    op.create_index(
        "ix_look_up_person_to_tell",
        "look_up_person",
        ["look_up_id"],
        unique=False,
        postgresql_where=sa.text("told_at IS NULL"),
        sqlite_where=sa.text("told_at IS NULL"),
    )
    op.create_table(
        "saved_view",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("filters", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_saved_view_agency_id")),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_saved_view_made_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
    )
    op.create_index("uq_saved_view_agency_id_name", "saved_view", ["agency_id", "name"], unique=True)
    op.create_table(
        "alert",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("about", sa.String(length=200), server_default="", nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("first_number", sa.BigInteger(), nullable=False),
        sa.Column("last_number", sa.BigInteger(), nullable=False),
        sa.Column("facts", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("raised_at", db.Moment(timezone=True), nullable=False),
        sa.Column("last_at", db.Moment(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=8), server_default="open", nullable=False),
        sa.Column("holder_id", sa.Uuid(), nullable=True),
        sa.Column("finding", sa.String(length=16), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("closed_at", db.Moment(timezone=True), nullable=True),
        sa.Column("incident_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("state IN ('open', 'taken', 'closed')", name=op.f("ck_alert_state")),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_alert_agency_id")),
        sa.ForeignKeyConstraint(["holder_id"], ["person.id"], name=op.f("fk_alert_holder_id")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_alert_incident_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
    )
    op.create_index("ix_alert_agency_id_raised_at", "alert", ["agency_id", "raised_at"], unique=False)
    op.create_index(
        "uq_alert_not_closed",
        "alert",
        ["agency_id", "kind", "about"],
        unique=True,
        postgresql_where=sa.text("state <> 'closed'"),
        sqlite_where=sa.text("state <> 'closed'"),
    )
    op.create_table(
        "incident_note",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("at", db.Moment(timezone=True), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_incident_note_incident_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_incident_note_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_note")),
    )
    op.create_index("ix_incident_note_incident_id", "incident_note", ["incident_id"], unique=False)
    op.create_table(
        "access_review_item",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=True),
        sa.Column("held", sa.String(length=30), nullable=False),
        sa.Column("last_used", sa.String(length=7), nullable=True),
        sa.Column("decision", sa.String(length=8), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", db.Moment(timezone=True), nullable=True),
        sa.CheckConstraint(
            "decision IN ('kept', 'revoked', 'gone')", name=op.f("ck_access_review_item_decision")
        ),
        sa.ForeignKeyConstraint(["decided_by"], ["person.id"], name=op.f("fk_access_review_item_decided_by")),
        sa.ForeignKeyConstraint(["grant_id"], ["role_grant.id"], name=op.f("fk_access_review_item_grant_id")),
        sa.ForeignKeyConstraint(
            ["membership_id"], ["membership.id"], name=op.f("fk_access_review_item_membership_id")
        ),
        sa.ForeignKeyConstraint(
            ["review_id"], ["access_review.id"], name=op.f("fk_access_review_item_review_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_review_item")),
    )
    op.create_index("ix_access_review_item_review_id", "access_review_item", ["review_id"], unique=False)
    op.execute(
        "INSERT INTO alert_head (id, number) SELECT 1, COALESCE((SELECT size FROM audit_head WHERE id = 1), 0)"
    )
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        _open_to_web(connection)


def _open_to_web(connection: sa.Connection) -> None:
    """Roles that serve pages write acts down; they get the new tables as they have the others."""
    roles = connection.scalars(
        sa.text(
            "SELECT DISTINCT grantee FROM information_schema.role_table_grants "
            "WHERE table_name = 'audit_pending' AND table_schema = current_schema() AND grantee <> current_user "
            "AND grantee <> 'PUBLIC' AND privilege_type = 'INSERT'"
        )
    ).all()
    quote = connection.dialect.identifier_preparer.quote_identifier
    for role in roles:
        for table, rights in RIGHTS.items():
            connection.execute(sa.text(f"GRANT {rights} ON {table} TO {quote(role)}"))

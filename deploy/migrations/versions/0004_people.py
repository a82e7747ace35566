"""invitations, moves between agencies, roles that are looked at again; a membership that is over stays as history

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

from marketplace.foundation import db

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OPEN = sa.text("ended_at IS NULL")


def upgrade() -> None:
    uuid = "UUID" if op.get_bind().dialect.name == "postgresql" else "CHAR(32)"
    _one_live_membership_per_agency()
    _constrained("role_grant", f"granted_by {uuid}", "fk_role_grant_granted_by REFERENCES person (id)")
    for name in ("review_due", "ended_at"):
        op.add_column("role_grant", sa.Column(name, db.Moment(timezone=True), nullable=True))
    _invitations()
    _moves()


def _one_live_membership_per_agency() -> None:
    """Somebody who comes back gets a new membership: what was unique becomes unique among those that hold."""
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("uq_membership_person_id_agency_id", "membership", type_="unique")
    else:
        _membership_without_its_constraint()
    op.create_index(
        "uq_membership_person_id_agency_id",
        "membership",
        ["person_id", "agency_id"],
        unique=True,
        postgresql_where=OPEN,
        sqlite_where=OPEN,
    )


def _membership_without_its_constraint() -> None:
    """SQLite drops no constraint of a table: make the table anew and put its rows back.

    Rows that point to it are looked at when everything stands again, at the end of the transaction.
    """
    made = op.get_bind().exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = 'membership'").scalar_one()
    unique = "CONSTRAINT uq_membership_person_id_agency_id UNIQUE (person_id, agency_id)"
    without = ", ".join(part for part in _parts(made) if part != unique)
    op.execute("PRAGMA defer_foreign_keys = ON")
    op.execute("CREATE TEMPORARY TABLE membership_before AS SELECT * FROM membership")
    op.execute("DROP TABLE membership")
    op.execute(f"CREATE TABLE membership ({without})")
    op.execute("INSERT INTO membership SELECT * FROM membership_before")
    op.execute("DROP TABLE membership_before")
    op.create_index(op.f("ix_membership_agency_id"), "membership", ["agency_id"], unique=False)


def _parts(statement: str) -> list[str]:
    """The columns and constraints of a CREATE TABLE, split at the commas outside of brackets."""
    inside = statement[statement.index("(") + 1 : statement.rindex(")")]
    parts, depth = [""], 0
    for letter in inside:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [" ".join(part.split()) for part in parts]


def _invitations() -> None:
    op.create_table(
        "invitation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token", sa.LargeBinary(length=32), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("note", sa.String(length=120), nullable=False),
        sa.Column("roles", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("clearance", sa.SmallInteger(), nullable=False),
        sa.Column("compartments", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("partner", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("sponsor_id", sa.Uuid(), nullable=True),
        sa.Column("until", db.Moment(timezone=True), nullable=True),
        sa.Column("membership_id", sa.Uuid(), nullable=True),
        sa.Column("made_at", db.Moment(timezone=True), nullable=False),
        sa.Column("over_at", db.Moment(timezone=True), nullable=False),
        sa.Column("used_at", db.Moment(timezone=True), nullable=True),
        sa.Column("used_by", sa.Uuid(), nullable=True),
        sa.Column("withdrawn_at", db.Moment(timezone=True), nullable=True),
        sa.CheckConstraint("clearance BETWEEN 0 AND 3", name=op.f("ck_invitation_clearance")),
        sa.CheckConstraint(
            "NOT partner OR (sponsor_id IS NOT NULL AND until IS NOT NULL)",
            name=op.f("ck_invitation_partner"),
        ),
        sa.CheckConstraint(
            "used_at IS NULL OR withdrawn_at IS NULL", name=op.f("ck_invitation_one_end")
        ),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_invitation_agency_id")),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_invitation_made_by")),
        sa.ForeignKeyConstraint(["sponsor_id"], ["person.id"], name=op.f("fk_invitation_sponsor_id")),
        sa.ForeignKeyConstraint(
            ["membership_id"], ["membership.id"], name=op.f("fk_invitation_membership_id")
        ),
        sa.ForeignKeyConstraint(["used_by"], ["membership.id"], name=op.f("fk_invitation_used_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("token", name=op.f("uq_invitation_token")),
    )
    op.create_index(op.f("ix_invitation_agency_id"), "invitation", ["agency_id"], unique=False)


def _moves() -> None:
    is_open = sa.text("state = 'open'")
    op.create_table(
        "move",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("from_id", sa.Uuid(), nullable=False),
        sa.Column("from_agency_id", sa.Uuid(), nullable=False),
        sa.Column("to_agency_id", sa.Uuid(), nullable=False),
        sa.Column("until", db.Moment(timezone=True), nullable=True),
        sa.Column("invitation_id", sa.Uuid(), nullable=True),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_at", db.Moment(timezone=True), nullable=False),
        sa.Column("over_at", db.Moment(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("to_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("kind IN ('transfer', 'secondment')", name=op.f("ck_move_kind")),
        sa.CheckConstraint(
            "state IN ('open', 'done', 'declined', 'withdrawn')", name=op.f("ck_move_state")
        ),
        sa.CheckConstraint("(kind = 'secondment') = (until IS NOT NULL)", name=op.f("ck_move_until")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_move_person_id")),
        sa.ForeignKeyConstraint(["from_id"], ["membership.id"], name=op.f("fk_move_from_id")),
        sa.ForeignKeyConstraint(["from_agency_id"], ["agency.id"], name=op.f("fk_move_from_agency_id")),
        sa.ForeignKeyConstraint(["to_agency_id"], ["agency.id"], name=op.f("fk_move_to_agency_id")),
        sa.ForeignKeyConstraint(["invitation_id"], ["invitation.id"], name=op.f("fk_move_invitation_id")),
        sa.ForeignKeyConstraint(["asked_by"], ["person.id"], name=op.f("fk_move_asked_by")),
        sa.ForeignKeyConstraint(["to_id"], ["membership.id"], name=op.f("fk_move_to_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_move")),
    )
    op.create_index(op.f("ix_move_from_agency_id"), "move", ["from_agency_id"], unique=False)
    op.create_index(
        "ix_move_to_agency_id", "move", ["to_agency_id"], postgresql_where=is_open, sqlite_where=is_open
    )
    op.create_index(
        "uq_move_open",
        "move",
        ["from_id", "kind", "to_agency_id"],
        unique=True,
        postgresql_where=is_open,
        sqlite_where=is_open,
    )
    op.create_table(
        "move_approval",
        sa.Column("move_id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("at", db.Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["move_id"], ["move.id"], name=op.f("fk_move_approval_move_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_move_approval_agency_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_move_approval_person_id")),
        sa.PrimaryKeyConstraint("move_id", "agency_id", name=op.f("pk_move_approval")),
    )


def _constrained(table: str, column: str, constraint: str) -> None:
    """A column with its constraint in one statement: the only way in which SQLite adds a constraint to a table."""
    op.execute(f"ALTER TABLE {table} ADD COLUMN {column} CONSTRAINT {constraint}")

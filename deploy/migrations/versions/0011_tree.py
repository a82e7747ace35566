"""the tree over the security record: tiles, checkpoints, witnesses and their cosignatures

Entries that have a number already get their place in the tree here. Roles that serve the web may from now on add to
the record and no longer change or delete what is on it.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

from marketplace.foundation import db
from security import tiles

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

BATCH = 20_000
LOCKED = ("audit_pending", "audit_entry", "audit_head")


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "audit_tile",
        sa.Column("level", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("number", number, autoincrement=False, nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "number", name=op.f("pk_audit_tile")),
    )
    op.create_table(
        "audit_checkpoint",
        sa.Column("size", number, autoincrement=False, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("signed_at", db.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_audit_checkpoint")),
    )
    op.create_table(
        "audit_witness",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("key", sa.String(length=400), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=True),
        sa.Column("url", sa.String(length=400), nullable=True),
        sa.Column("size", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("seen_at", db.Moment(timezone=True), nullable=True),
        sa.Column("refused", sa.SmallInteger(), nullable=True),
        sa.Column("refused_at", db.Moment(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_audit_witness")),
    )
    op.create_table(
        "audit_cosignature",
        sa.Column("size", number, autoincrement=False, nullable=False),
        sa.Column("witness", sa.String(length=200), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("moment", db.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("size", "witness", name=op.f("pk_audit_cosignature")),
    )
    op.add_column("audit_head", sa.Column("key", sa.String(length=400), nullable=True))
    connection = op.get_bind()
    _plant(connection)
    if connection.dialect.name == "postgresql":
        _lock(connection)


def _plant(connection: sa.Connection) -> None:
    size = 0
    while True:
        leaves = connection.scalars(
            sa.text("SELECT leaf FROM audit_entry WHERE number >= :size ORDER BY number LIMIT :limit"),
            {"size": size, "limit": BATCH},
        ).all()
        if not leaves:
            return
        edges = {
            level: bytes(
                connection.scalar(
                    sa.text("SELECT hashes FROM audit_tile WHERE level = :level AND number = :number"),
                    {"level": level, "number": tile},
                )
            )
            for level, tile in ((each.level or 0, each.number) for each in tiles.edge(size))
        }
        for (level, tile), hashes in tiles.grown(size, edges, [bytes(leaf) for leaf in leaves]).items():
            place = {"level": level, "number": tile}
            connection.execute(sa.text("DELETE FROM audit_tile WHERE level = :level AND number = :number"), place)
            connection.execute(
                sa.text("INSERT INTO audit_tile (level, number, hashes) VALUES (:level, :number, :hashes)"),
                place | {"hashes": hashes},
            )
        size += len(leaves)


def _lock(connection: sa.Connection) -> None:
    """Take from every role but the owner what nobody needs who only writes acts down."""
    roles = connection.scalars(
        sa.text(
            "SELECT DISTINCT grantee FROM information_schema.role_table_grants "
            "WHERE table_name = 'audit_pending' AND table_schema = current_schema() AND grantee <> current_user "
            "AND grantee <> 'PUBLIC'"
        )
    ).all()
    quote = connection.dialect.identifier_preparer.quote_identifier
    for role in roles:
        for table in LOCKED:
            connection.execute(sa.text(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {quote(role)}"))
        for table in ("audit_tile", "audit_checkpoint", "audit_witness", "audit_cosignature"):
            connection.execute(sa.text(f"GRANT SELECT ON {table} TO {quote(role)}"))

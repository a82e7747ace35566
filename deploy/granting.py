"""What the role of the web processes may do in PostgreSQL.

Counts of people lie in `number_cell`, which only workers write and nobody reads but the view `released_number`. A role
of its own for the web makes that a rule of the database: no page can show a count by another path. In the same way
the web writes acts on the security record and can neither change nor delete one.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, Engine, text

from deploy.tables import metadata
from marketplace.foundation.errors import InvalidInput

EVERYTHING = ("SELECT", "INSERT", "UPDATE", "DELETE")
LESS: Mapping[str, tuple[str, ...]] = {
    "number_cell": (),
    # Acts are written down and never changed; numbers, tree and signatures are the clock's.
    "audit_pending": ("SELECT", "INSERT"),
    "audit_entry": ("SELECT",),
    "audit_head": ("SELECT",),
    "audit_tile": ("SELECT",),
    "audit_checkpoint": ("SELECT",),
    # Alerts are found by workers; pages take and close them, holding the head meanwhile. A diary only grows.
    "alert": ("SELECT", "UPDATE"),
    "alert_head": ("SELECT", "UPDATE (id)"),
    "incident_note": ("SELECT", "INSERT"),
}
"""What the web may do to a table where that is not everything."""
ONLY_ERASED = frozenset({"number_cell"})
"""Withdrawing an approval deletes what was counted; deleting does not show it."""


class UnknownRole(InvalidInput):
    """There is no such role in this database. Create it first: CREATE ROLE … LOGIN."""


class NoRoles(InvalidInput):
    """This database knows no roles. Only PostgreSQL does."""


def grant(engine: Engine, role: str) -> None:
    """Give `role` what web processes need, and take what they must not have. Raises UnknownRole, NoRoles."""
    if engine.dialect.name != "postgresql":
        raise NoRoles()
    with engine.begin() as connection:
        if connection.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}) is None:
            raise UnknownRole(role=role)
        _grant(connection, engine.dialect.identifier_preparer.quote_identifier(role))


def _grant(connection: Connection, role: str) -> None:
    for table in sorted(metadata.tables):
        connection.execute(text(f"REVOKE ALL ON {table} FROM {role}"))
        rights = LESS.get(table, EVERYTHING)
        if rights:
            connection.execute(text(f"GRANT {', '.join(rights)} ON {table} TO {role}"))
    for table in ONLY_ERASED:
        connection.execute(text(f"GRANT DELETE ON {table} TO {role}"))
        # A DELETE with a condition reads the columns it names: whose number it is, never how many people.
        connection.execute(text(f"GRANT SELECT (agency_id, code) ON {table} TO {role}"))
    connection.execute(text(f"GRANT SELECT ON released_number, alembic_version TO {role}"))
    connection.execute(text(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}"))

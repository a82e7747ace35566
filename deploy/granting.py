"""What the role of the web processes may do in PostgreSQL.

Counts of people lie in `number_cell`, which only workers write and nobody reads but the view `released_number`. A role
of its own for the web makes that a rule of the database: no page can show a count by another path.
"""

from __future__ import annotations

from sqlalchemy import Connection, Engine, text

from deploy.tables import metadata
from marketplace.foundation.errors import InvalidInput

NOT_FOR_THE_WEB = frozenset({"number_cell"})
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
        if table in NOT_FOR_THE_WEB:
            connection.execute(text(f"REVOKE ALL ON {table} FROM {role}"))
        else:
            connection.execute(text(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {role}"))
    for table in ONLY_ERASED:
        connection.execute(text(f"GRANT DELETE ON {table} TO {role}"))
        # A DELETE with a condition reads the columns it names: whose number it is, never how many people.
        connection.execute(text(f"GRANT SELECT (agency_id, code) ON {table} TO {role}"))
    connection.execute(text(f"GRANT SELECT ON released_number, alembic_version TO {role}"))
    connection.execute(text(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}"))

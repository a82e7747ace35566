"""The role of the web processes: it serves every page, and cannot read a count of people."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, insert, make_url, select, text
from sqlalchemy.exc import ProgrammingError

from agencies.numbers import register
from agencies.numbers.models import NumberCell
from agencies.oversight import incidents
from agencies.oversight.alerts import handling
from agencies.oversight.models import Alert
from deploy import granting
from deploy.tables import metadata
from marketplace.foundation import clock, db
from marketplace.foundation.db import reading, transaction
from security.log import queries
from security.log.filtering import Filters
from security.principal import Principal, Role
from tasks import numbers
from tests.builders import AT_WORK, a_campaign, a_contribution, a_person, some_people

PASSWORD = uuid.uuid4().hex
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
"""Only PostgreSQL knows roles."""


@pytest.fixture
def web_role(database: Engine) -> Iterator[str]:
    name = f"web_{uuid.uuid4().hex[:8]}"
    with database.begin() as connection:
        connection.execute(text(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'"))
    yield name
    with database.begin() as connection:
        connection.execute(text(f"DROP OWNED BY {name}"))
        connection.execute(text(f"DROP ROLE {name}"))


@pytest.fixture
def council(database: Engine, web_role: str) -> Iterator[Principal]:
    """A works council that has agreed, twelve colleagues, and a process that is signed in as the web's role."""
    council = a_person("north", roles=(Role.WORKS_COUNCIL,))
    some_people(12, "north")
    with transaction() as tx:
        register.approve(tx, "members", actor=council, context=AT_WORK)
        numbers.count(tx, council.agency_id)
    granting.grant(database, web_role)
    as_web = db.engine_for(
        database.url.set(username=web_role, password=PASSWORD).render_as_string(hide_password=False)
    )
    db.bind(as_web)
    yield council
    db.bind(database)
    as_web.dispose()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_database_without_roles_says_so(database: Engine) -> None:
    with pytest.raises(granting.NoRoles):
        granting.grant(database, "web")


@on_postgresql
def test_an_unknown_role_is_said_to_be_unknown(database: Engine) -> None:
    with pytest.raises(granting.UnknownRole):
        granting.grant(database, "nobody_here")


@on_postgresql
def test_the_web_sees_what_may_be_shown(council: Principal) -> None:
    with reading() as connection:
        rows = register.listing(connection, council.agency_id)
    assert [row["cells"][0]["people"] for row in rows if row["cells"]] == [15]


@on_postgresql
def test_the_web_cannot_read_a_count_by_another_path(council: Principal) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), reading() as connection:
        connection.all(select(NumberCell.people))


@on_postgresql
def test_the_web_can_withdraw_an_agreement(council: Principal) -> None:
    with transaction() as tx:
        register.withdraw(tx, "members", actor=council, context=AT_WORK)
    with reading() as connection:
        assert register.approved(connection, council.agency_id) == {}


@on_postgresql
def test_people_work_while_the_web_has_a_role_of_its_own(council: Principal) -> None:
    assert a_contribution(a_campaign(), a_person())


@on_postgresql
def test_officers_work_while_the_web_has_a_role_of_its_own(database: Engine, council: Principal) -> None:
    officer = a_person("north", roles=(Role.SECURITY_OFFICER,))
    alert = _raised(database, officer)
    who: dict[str, Any] = {"actor": officer, "context": AT_WORK}
    with transaction() as tx:
        handling.take(tx, alert, **who)
        incident = incidents.open_one(
            tx, "A laptop", clock.now(tx), {"act": "claim.take"}, alert_id=alert, **who
        )
        incidents.note(tx, incident, "It was found.", **who)
        handling.close(tx, alert, "incident", "", **who)
        queries.entries(tx, Filters(), **who)
    with reading() as connection:
        assert connection.scalar(select(Alert.state).where(Alert.id == alert)) == "closed"


@on_postgresql
@pytest.mark.parametrize("table", ["alert", "incident_note", "audit_entry"])
def test_the_web_deletes_nothing_of_what_happened(council: Principal, table: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), transaction() as tx:
        tx.execute(text(f"DELETE FROM {table}"))


@on_postgresql
def test_the_web_cannot_say_that_the_record_was_looked_at(council: Principal) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), transaction() as tx:
        tx.execute(text("UPDATE alert_head SET number = 99"))


def _raised(database: Engine, officer: Principal) -> uuid.UUID:
    """An alert as a worker raises it."""
    alert_id, now = uuid.uuid4(), datetime.now(UTC)
    with database.begin() as connection:
        connection.execute(
            insert(Alert).values(
                id=alert_id, agency_id=officer.agency_id, kind="many_views", about="somebody", first=0, last=1,
                facts={}, raised_at=now, last_at=now,
            )
        )  # fmt: skip
    return alert_id


@on_postgresql
def test_every_table_is_granted_or_left_out_on_purpose(database: Engine, council: Principal) -> None:
    plain = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(make_url(plain).render_as_string(hide_password=False)) as connection:
        rows: Any = connection.execute(
            "SELECT table_name FROM information_schema.role_table_grants WHERE grantee LIKE 'web\\_%' "
            "AND privilege_type = 'SELECT'"
        ).fetchall()
    assert set(metadata.tables) - {name for (name,) in rows} == {
        table for table, rights in granting.LESS.items() if not rights
    }

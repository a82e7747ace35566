"""D18: the security record and the work record are two, and nothing joins them."""

import ast
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from marketplace.foundation.db import reading, transaction
from security.log.models import LogSubject
from tasks import queries, results
from tasks.models import Microtask
from tests.builders import AT_WORK, a_campaign, a_contribution, a_person, an_owner, found, one, settled
from tests.principles.schema import tables_of

ROOT = Path(__file__).parents[2]
LOG = {table.name for table in tables_of("security.log")}
WORK = tables_of("tasks")


def references(tables: list[Any]) -> set[tuple[str, str]]:
    return {
        (f"{table.name}.{key.parent.name}", key.column.table.name)
        for table in tables
        for key in table.foreign_keys
    }


def test_no_work_table_refers_to_the_security_record() -> None:
    assert not {(source, target) for source, target in references(WORK) if target in LOG}


def test_the_security_record_refers_to_no_other_table() -> None:
    assert references(tables_of("security.log")) == set()


def test_only_the_person_knows_their_own_place_in_the_record() -> None:
    joined = {(source, target) for source, target in references(tables_of("agencies")) if target in LOG}
    assert joined == {("person.subject_id", "log_subject")}


def test_no_work_table_has_a_column_for_a_pseudonym_or_subject() -> None:
    names = {column.name for table in WORK for column in table.columns}
    assert not {"subject_id", "pseudonym", "session", "leaf"} & names


@pytest.mark.parametrize("path", sorted((ROOT / "tasks").rglob("*.py")), ids=lambda path: path.name)
def test_the_work_rooms_write_the_record_and_never_read_it(path: Path) -> None:
    imported = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("security.log"):
            imported |= {f"{node.module}.{alias.name}" for alias in node.names}
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names if alias.name.startswith("security.log")}
    assert imported <= {"security.log.audit", "security.log.audit.Target"}


def test_no_page_of_the_work_record_shows_a_pseudonym_of_the_other(database: Engine) -> None:
    owner, person = an_owner("north"), a_person("south")
    campaign = a_campaign(owner, items=1, redundancy=1)
    a_contribution(campaign, person)
    settled(campaign)
    with transaction() as tx:
        shown = [
            results.open_result(tx, campaign, one(select(Microtask.id)), actor=owner, context=AT_WORK),
            list(results.export(tx, campaign, actor=owner, context=AT_WORK)),
        ]
    with reading() as db:
        shown += [queries.room(db, campaign, owner, AT_WORK), queries.my_work(db, person, AT_WORK)]
    for subject in found(select(LogSubject.pseudonym, LogSubject.id)):
        assert subject.pseudonym not in str(shown)
        assert str(subject.id) not in str(shown)

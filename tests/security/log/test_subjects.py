"""Pseudonyms: drawn at random, nobody's twice, and not made from the person."""

import re
from uuid import uuid4

from sqlalchemy import Engine, select

from marketplace.foundation.db import reading, transaction
from security.log import subjects
from security.log.models import LogSubject
from tests.builders import found, one
from tests.together import losers, together


def made() -> None:
    with transaction() as tx:
        subjects.make(tx)


def test_a_pseudonym_is_a_bird_and_a_number(database: Engine) -> None:
    made()
    assert re.fullmatch(r"[a-z]+-\d{2,}", one(select(LogSubject.pseudonym)))


def test_nobody_has_the_name_of_somebody_else(database: Engine) -> None:
    assert losers(together(*[made] * 8)) == []
    names = [row.pseudonym for row in found(select(LogSubject.pseudonym))]
    assert len(set(names)) == 8


def test_each_salt_is_its_own(database: Engine) -> None:
    for _ in range(3):
        made()
    assert len({bytes(row.salt) for row in found(select(LogSubject.salt))}) == 3


def test_a_pseudonym_leads_to_its_subject(database: Engine) -> None:
    made()
    with reading() as db:
        assert subjects.find(db, one(select(LogSubject.pseudonym))) == one(select(LogSubject.id))


def test_a_pseudonym_nobody_has_leads_nowhere(database: Engine) -> None:
    with reading() as db:
        assert subjects.find(db, "dodo-00") is None


def test_pseudonyms_are_still_found_when_the_short_ones_run_out(database: Engine) -> None:
    with transaction() as tx:
        taken = [
            {"id": uuid4(), "salt": b"s", "pseudonym": f"{bird}-{number:02d}"}
            for bird in subjects.BIRDS
            for number in range(100)
        ]
        tx.execute(LogSubject.__table__.insert(), taken)
        new = subjects.make(tx)
    assert re.fullmatch(r"[a-z]+-\d{3,}", one(select(LogSubject.pseudonym).where(LogSubject.id == new)))

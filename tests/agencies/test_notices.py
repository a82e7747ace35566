"""Notices: told to one person, sent by a job, opened by nobody else."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select

from agencies import notices
from agencies.models import Notice
from marketplace.foundation.db import reading, transaction
from marketplace.foundation.errors import NotFound
from marketplace.foundation.jobs import Job
from security.principal import Principal
from tests.builders import a_person, found, one, rolled_back


def told(person: Principal, kind: str = "claim.lapsed", path: str = "/work") -> UUID:
    with transaction() as tx:
        return notices.post(tx, person.person_id, kind, path=path, campaign="Strikes")


def read_by(person: Principal, notice: UUID) -> Any:
    with transaction() as tx:
        return notices.mark_read(tx, notice, actor=person)


def unread(person: Principal) -> int:
    with reading() as db:
        return notices.unread(db, person.person_id)


def test_a_notice_is_sent_by_a_job_of_its_own(database: Engine) -> None:
    notice = told(a_person())
    assert [tuple(row) for row in found(select(Job.kind, Job.args))] == [
        ("notice.send", {"notice_id": str(notice)})
    ]


def test_what_did_not_happen_is_told_to_nobody(database: Engine) -> None:
    person = a_person()
    rolled_back(lambda tx: notices.post(tx, person.person_id, "claim.lapsed", path="/", campaign="x"))
    assert (unread(person), found(select(Job.id))) == (0, [])


def test_an_unknown_kind_is_refused(database: Engine) -> None:
    with pytest.raises(ValueError, match="no notice"):
        told(a_person(), kind="person.praised")


def test_opening_leads_on_and_counts_as_read(database: Engine) -> None:
    person = a_person()
    notice = told(person, path="/campaigns/1/room")
    assert read_by(person, notice) == "/campaigns/1/room"
    assert unread(person) == 0


def test_opening_again_keeps_the_first_time(database: Engine) -> None:
    person = a_person()
    notice = told(person)
    read_by(person, notice)
    first = one(select(Notice.read_at))
    read_by(person, notice)
    assert one(select(Notice.read_at)) == first


def test_somebody_elses_notice_is_not_there(database: Engine) -> None:
    notice = told(a_person())
    with pytest.raises(NotFound):
        read_by(a_person(), notice)


def test_a_person_sees_their_own_newest_first(database: Engine) -> None:
    person = a_person()
    told(a_person())
    first = told(person)
    second = told(person)
    with reading() as db:
        assert [row.id for row in notices.listing(db, person.person_id)] == [second, first]


def test_what_was_sent_is_not_sent_again(database: Engine) -> None:
    notice = told(a_person())
    with transaction() as tx:
        assert notices.to_send(tx, notice) is not None
        notices.mark_sent(tx, notice)
    with reading() as db:
        assert notices.to_send(db, notice) is None

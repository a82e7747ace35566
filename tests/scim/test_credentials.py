"""SCIM credentials: one agency each, told once, over in time, ended at once, counted."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import Engine, select, update

from agencies.errors import NoSuchProvider, NotPermitted
from agencies.scim import credentials
from agencies.scim.errors import BadCredential, NoSuchCredential, TooManyCalls
from agencies.scim.models import ScimCredential
from marketplace.foundation import clock
from marketplace.foundation.db import reading, transaction
from security.log.models import AuditPending
from security.principal import Role
from tests.builders import AT_WORK, a_person, changed, found, one
from tests.scim.conftest import Directory
from tests.together import losers, together


def status(directory: Directory) -> int:
    return directory.send("GET", "/Users").status_code


def test_only_a_digest_is_kept(directory: Directory) -> None:
    kept = one(select(ScimCredential.token))
    assert directory.token.startswith("mks_")
    assert directory.token.encode() not in kept
    assert len(kept) == 32


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer mks_wrong", "Basic bWtzOng=", "bearer\tx"]
)
def test_without_a_good_one_nothing_opens(directory: Directory, header: str) -> None:
    answer = directory.app.test_client().get("/scim/v2/Users", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.mimetype == "application/scim+json"
    assert "Bearer" in answer.headers["WWW-Authenticate"]


def test_a_refused_one_is_on_the_record(directory: Directory) -> None:
    directory.token = "mks_wrong"
    assert status(directory) == 401
    row = found(select(AuditPending.__table__).order_by(AuditPending.id.desc()))[0]
    assert (row.act, row.channel, row.outcome) == ("access.refuse", "scim", "refused")
    assert row.detail["error"] == "CredentialRefused"


def test_one_that_ended_or_is_over_opens_nothing(directory: Directory) -> None:
    assert status(directory) == 200
    with transaction() as tx:
        past = clock.now(tx) - timedelta(seconds=1)
    changed(update(ScimCredential).values(over_at=past))
    assert status(directory) == 401
    changed(update(ScimCredential).values(over_at=past + timedelta(days=1)))
    assert status(directory) == 200
    with transaction() as tx:
        credentials.end(tx, one(select(ScimCredential.id)), actor=directory.admin, context=AT_WORK)
    assert status(directory) == 401


def minute_of(moment: datetime) -> int:
    return int(moment.timestamp() // 60)


def test_its_calls_are_counted_and_limited(directory: Directory) -> None:
    with transaction() as tx:
        following = (
            minute_of(clock.now(tx)) + 1
        )  # counts in this minute and in the next: one may begin meanwhile
    changed(update(ScimCredential).values(calls=credentials.CALLS_PER_MINUTE, minute=following))
    answer = directory.send("GET", "/Users")
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "60"
    assert answer.mimetype == "application/scim+json"
    changed(update(ScimCredential).values(minute=0))
    assert status(directory) == 200
    assert one(select(ScimCredential.calls)) == 1
    assert one(select(ScimCredential.used_on)) is not None


def test_no_call_slips_past_the_limit(directory: Directory) -> None:
    with transaction() as tx:
        moment = clock.now(tx)
    changed(update(ScimCredential).values(calls=credentials.CALLS_PER_MINUTE - 2, minute=minute_of(moment)))

    def enter() -> None:
        with transaction() as tx:
            tx._now = moment
            credentials.enter(tx, directory.token, None)

    assert losers(together(*[enter] * 6)) == [TooManyCalls] * 4


@pytest.mark.parametrize(
    ("ahead", "refused"), [(-1, False), (0, True), (1, True), (2, False)], ids=["past", "now", "next", "far"]
)
def test_a_call_that_began_before_the_minute_counts_in_it(
    directory: Directory, ahead: int, refused: bool
) -> None:
    """Else such a call would begin the count of its own minute again, and the next one that of the new minute."""
    with transaction() as tx:
        moment = clock.now(tx)
    full = {"calls": credentials.CALLS_PER_MINUTE, "minute": minute_of(moment) + ahead}
    changed(update(ScimCredential).values(full))

    def enter() -> None:
        with transaction() as tx:
            tx._now = moment
            credentials.enter(tx, directory.token, None)

    if refused:
        with pytest.raises(TooManyCalls):
            enter()
        assert one(select(ScimCredential.minute)) == full["minute"]
    else:
        enter()
        assert one(select(ScimCredential.calls)) == 1
        assert one(select(ScimCredential.minute)) == minute_of(moment)


def test_administrators_make_and_end_those_of_their_agency(directory: Directory, other: Directory) -> None:
    mine = one(select(ScimCredential.id).where(ScimCredential.agency_id == directory.agency_id))
    with pytest.raises(NoSuchCredential), transaction() as tx:
        credentials.end(tx, mine, actor=other.admin, context=AT_WORK)
    with pytest.raises(NoSuchCredential), transaction() as tx:
        credentials.end(tx, uuid4(), actor=directory.admin, context=AT_WORK)
    owner = a_person("health", roles=(Role.TASK_OWNER,))
    with pytest.raises(NotPermitted), transaction() as tx:
        credentials.make(tx, name="x", days=1, actor=owner, context=AT_WORK)
    with reading() as db:
        assert [row.id for row in credentials.listing(db, directory.agency_id)] == [mine]


@pytest.mark.parametrize(
    ("name", "days"), [("", 1), ("  ", 1), ("a" * 101, 1), ("x", 0), ("x", 366), ("x", -1)]
)
def test_a_name_and_an_end_are_needed(directory: Directory, name: str, days: int) -> None:
    with pytest.raises(BadCredential), transaction() as tx:
        credentials.make(tx, name=name, days=days, actor=directory.admin, context=AT_WORK)


def test_an_agency_without_sign_in_has_none(database: Engine, app: Flask) -> None:
    admin = a_person("new", roles=(Role.AGENCY_ADMIN,))
    with pytest.raises(NoSuchProvider), transaction() as tx:
        credentials.make(tx, name="x", days=1, actor=admin, context=AT_WORK)


def test_making_and_ending_is_on_the_record(directory: Directory) -> None:
    with transaction() as tx:
        made, _ = credentials.make(tx, name="x", days=3, actor=directory.admin, context=AT_WORK)
        credentials.end(tx, made, actor=directory.admin, context=AT_WORK)
    rows = found(select(AuditPending.__table__).where(AuditPending.object_id == str(made)))
    assert [row.act for row in rows] == ["scim_credential.make", "scim_credential.end"]
    assert {row.subject_id for row in rows} == {directory.admin.subject_id}

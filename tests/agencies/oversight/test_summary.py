"""The quarterly summary: counts of entries and things, of the reader's agency, and nothing about a person."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import Engine, delete, insert, select, update

from agencies.errors import NotPermitted
from agencies.models import RoleGrant
from agencies.oversight import incidents, reviews, summary
from agencies.oversight.models import Alert, LookUp
from agencies.oversight.summary import Quarter
from marketplace.foundation.db import transaction
from marketplace.foundation.errors import NotFound
from marketplace.foundation.ids import new_id
from security import notes
from security.labels import Level
from security.log import audit, checkpoints, sequencer
from security.log.models import AuditPending, LogSubject
from security.principal import JOB, Principal, Role
from tests.builders import AT_WORK, a_person, changed, found

SUMMER = Quarter(2026, 3)
IN_IT = datetime(2026, 8, 15, tzinfo=UTC)


@pytest.fixture
def officer(database: Engine) -> Principal:
    officer = a_person("north", roles=(Role.SECURITY_OFFICER,))
    changed(delete(AuditPending))
    return officer


def entered(actor: Principal | None, act: str, at: datetime = IN_IT, count: int = 1, **given: Any) -> None:
    target = audit.Target(
        "microtask", None, given.pop("of", actor and actor.agency_id), level=given.pop("level", None)
    )
    with transaction() as tx:
        for _ in range(count):
            context = AT_WORK if actor else JOB
            audit.record(tx, act, target, actor=actor, context=context, **given)
        tx.execute(update(AuditPending).values(at=at))
        sequencer.sequence(tx)


def read(actor: Principal, quarter: Quarter = SUMMER) -> dict[str, Any]:
    with transaction() as tx:
        return summary.read(tx, quarter, actor=actor, context=AT_WORK)


def this_quarter() -> Quarter:
    return summary.of(datetime.now(UTC))


class TestQuarters:
    @pytest.mark.parametrize(
        ("moment", "quarter"),
        [("2026-01-01", "2026-Q1"), ("2026-03-31", "2026-Q1"), ("2026-04-01", "2026-Q2"), ("2026-12-31", "2026-Q4")],
    )  # fmt: skip
    def test_are_those_of_the_calendar(self, moment: str, quarter: str) -> None:
        at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
        found = summary.of(at)
        assert str(found) == quarter
        assert found.since <= at < found.until
        assert summary.parse(quarter) == found

    @pytest.mark.parametrize(
        "text", ["", "2026", "2026-Q5", "2026-Q0", "2026-q4", "26-Q4", "９９９９-Q4", "0001-Q1"]
    )
    def test_that_are_none_are_not_found(self, text: str) -> None:
        with pytest.raises(NotFound):
            summary.parse(text)

    def test_are_kept_from_the_oldest_entry_until_now(self, officer: Principal) -> None:
        entered(officer, "claim.take", datetime.now(UTC) - timedelta(days=200))
        with transaction() as tx:
            kept = summary.kept(tx, officer)
        assert kept[0] == this_quarter()
        assert 3 <= len(kept) <= 4
        assert all(newer.since > older.since for newer, older in pairwise(kept))

    def test_without_an_entry_there_is_this_one(self, officer: Principal) -> None:
        with transaction() as tx:
            assert summary.kept(tx, officer) == [this_quarter()]

    def test_that_has_not_begun_is_not_found(self, officer: Principal) -> None:
        with pytest.raises(NotFound):
            read(officer, this_quarter().following)


class TestEntries:
    def test_are_counted_by_act_within_the_quarter(self, officer: Principal) -> None:
        entered(officer, "claim.take", count=3)
        entered(officer, "claim.take", outcome="refused")
        entered(officer, "claim.take", SUMMER.since - timedelta(seconds=1))
        entered(officer, "claim.take", SUMMER.until)
        assert read(officer)["acts"] == [("claim.take", 3, 1)]

    def test_are_those_that_concern_the_agency(self, officer: Principal) -> None:
        other = a_person("south")
        changed(delete(AuditPending))
        entered(other, "claim.take")
        entered(other, "payload.view", of=officer.agency_id, level=Level.SENSITIVE)
        assert read(officer)["acts"] == [("payload.view", 1, 0)]

    def test_refusals_are_counted_by_rule(self, officer: Principal) -> None:
        for detail in (
            {"error": "NotEligible", "reasons": ["clearance", "skill"], "route": "web.claim"},
            {"error": "NotEligible", "reasons": ["clearance"], "route": "api.claim_one"},
            {"error": "NotPermitted", "reasons": [], "route": "web.record"},
        ):
            entered(officer, "access.refuse", outcome="refused", detail=detail)
        assert read(officer)["refusals"] == {"clearance": 2, "NotPermitted": 1, "skill": 1}

    def test_views_and_exports_are_counted_by_label_and_zone(self, officer: Principal) -> None:
        entered(officer, "payload.view", count=2, level=Level.SENSITIVE)
        entered(officer, "payload.view", level=Level.PUBLIC)
        entered(officer, "payload.view", level=Level.PUBLIC, outcome="refused")
        entered(officer, "result.export", level=Level.INTERNAL)
        found = read(officer)
        assert found["views"] == [("public", "office", 1), ("sensitive", "office", 2)]
        assert found["exports"] == [("internal", "office", 1)]

    def test_what_expired_is_counted_by_label(self, officer: Principal) -> None:
        entered(None, "entry.expire", detail={"none": 3, "public": 2})
        entered(None, "entry.expire", detail={"none": 4})
        entered(None, "entry.expire", SUMMER.until, detail={"none": 9})
        assert read(officer)["expired"] == {"public": 2, "none": 7}


class TestTables:
    def test_alerts_are_counted_by_kind_and_finding(self, officer: Principal) -> None:
        stranger = a_person("south", roles=(Role.SECURITY_OFFICER,))
        for who, state, finding in (
            (officer, "closed", "explained"), (officer, "closed", "explained"), (officer, "open", None),
            (stranger, "closed", "misuse"),
        ):  # fmt: skip
            row = {
                "id": new_id(), "agency_id": who.agency_id, "kind": "refusals", "about": str(new_id()), "first": 0,
                "last": 0, "facts": {}, "raised_at": IN_IT, "last_at": IN_IT, "state": state, "finding": finding,
            }  # fmt: skip
            changed(insert(Alert).values(row))
        assert read(officer)["alerts"] == [("refusals", "explained", 2), ("refusals", "open", 1)]

    def test_look_ups_are_counted_by_purpose(self, officer: Principal) -> None:
        second = a_person("north", roles=(Role.DATA_PROTECTION,))
        for state, told_after in (
            ("asked", None), ("granted", None), ("declined", date(2026, 9, 1)), ("over", None),
        ):  # fmt: skip
            decided = second.person_id if state in ("granted", "declined") else None
            row = {
                "id": new_id(), "agency_id": officer.agency_id, "kind": "pseudonym", "wanted": "heron-42",
                "purpose": "investigation", "ticket": "T-1", "asked_by": officer.person_id, "asked_at": IN_IT,
                "over_at": IN_IT, "state": state, "decided_by": decided, "told_after": told_after,
                "put_off_because": "Not yet." if told_after else None,
            }  # fmt: skip
            changed(insert(LookUp).values(row))
        assert read(officer)["look_ups"] == {
            "investigation": {"asked": 4, "granted": 1, "declined": 1, "put_off": 1}
        }

    def test_incidents_say_whether_they_were_reported_in_time(self, officer: Principal) -> None:
        now = datetime.now(UTC)
        for hours, reported, late in (
            (1, False, ""),
            (100, False, ""),
            (10, True, ""),
            (90, True, "Unclear."),
        ):
            with transaction() as tx:
                known_at = now - timedelta(hours=hours)
                incident = incidents.open_one(
                    tx, "Something", known_at, {"since": "2020-01-01"}, actor=officer, context=AT_WORK
                )
                if reported:
                    incidents.report(
                        tx, incident, now, "By letter", late_because=late, actor=officer, context=AT_WORK
                    )
        found = [
            row["reported"]
            for quarter in {summary.of(now - timedelta(hours=hours)) for hours in (0, 100)}
            for row in read(officer, quarter)["incidents"]
        ]
        assert sorted(found) == ["in_time", "late", "not_yet", "over"]

    def test_reviews_and_the_seal_are_said(self, officer: Principal) -> None:
        entered(officer, "claim.take")
        with transaction() as tx:
            checkpoints.sign(tx, notes.signer("market.example/log", notes.LOG, bytes(32)))
            reviews.open_round(tx, datetime.now(UTC).date(), actor=officer, context=AT_WORK)
        found = read(officer, this_quarter())
        assert (found["seal"]["signed"], found["seal"]["cosigned"]) == (1, 0)
        assert [(row["items"], row["left"]) for row in found["reviews"]] == [(2, 2)]
        assert read(officer)["reviews"] == []


def test_reading_it_is_on_the_record(officer: Principal) -> None:
    read(officer)
    [row] = found(AuditPending.__table__.select())
    assert (row.act, row.object_kind, row.object_id) == ("summary.read", "summary", "2026-Q3")


def test_it_takes_the_role_that_is_held_now(officer: Principal) -> None:
    changed(update(RoleGrant).values(ended_at=datetime.now(UTC)))
    with pytest.raises(NotPermitted):
        read(officer)


def test_nothing_in_it_names_anybody(officer: Principal) -> None:
    maja = a_person("north", name="Maja")
    entered(maja, "payload.view", level=Level.SENSITIVE)
    told = str(read(officer))
    pseudonyms = [row.pseudonym for row in found(select(LogSubject.pseudonym))]
    assert not [
        word for word in (*pseudonyms, "Maja", str(maja.subject_id), str(maja.person_id)) if word in told
    ]

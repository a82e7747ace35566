"""The job that looks at the record: what it raises, for whom, what it adds, and that it does so once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, insert, select, update

from agencies.models import Notice
from agencies.oversight.alerts import looking
from agencies.oversight.models import Alert, AlertHead, AlertRule
from marketplace.foundation.db import Tx, transaction
from security.labels import Level
from security.log import audit
from security.log.models import AuditEntry, AuditHead, AuditPending
from security.principal import Principal, Role
from tests.agencies.oversight.alerts.noticing import NOON, alerts, at, every, happened, looked, put
from tests.builders import a_person, changed, found, one, rolled_back
from tests.together import together

VIEW, NEW = "payload.view", {"new_device": True}
NIGHT = 12 * 60.0


@pytest.fixture
def officer(database: Engine) -> Principal:
    """The security officer of "north". What they did so far is not on the record."""
    made = a_person("north", roles=(Role.SECURITY_OFFICER,))
    changed(delete(AuditPending))
    return made


def somebody(agency: str = "north") -> Principal:
    made = a_person(agency)
    changed(delete(AuditPending))
    return made


def setting(officer: Principal, kind: str, on: bool = True, **values: Any) -> None:
    row = {
        "agency_id": officer.agency_id, "kind": kind, "is_on": on, "given": values,
        "changed_by": officer.person_id, "changed_at": NOON,
    }  # fmt: skip
    changed(insert(AlertRule).values(row))


def told(person: Principal) -> list[str]:
    rows = found(
        select(Notice.path).where(Notice.person_id == person.person_id, Notice.kind == "alert.raised")
    )
    return [row.path for row in rows]


class TestRaising:
    def test_many_views(self, officer: Principal) -> None:
        person = somebody()
        happened(VIEW, person, *every(31), level=Level.SENSITIVE)
        [alert] = looked()
        assert (alert.agency_id, alert.kind, alert.about) == (
            person.agency_id,
            "many_views",
            str(person.subject_id),
        )
        assert (alert.subject_id, alert.state, alert.holder_id) == (person.subject_id, "open", None)
        assert (alert.first_number, alert.last_number, alert.last_at) == (0, 30, at(3.0))
        assert alert.facts == {
            "count": 31, "since": at(0).isoformat(), "zone": "office", "agency": str(person.agency_id),
            "level": "sensitive",
        }  # fmt: skip

    def test_as_many_as_the_rule_allows_raise_none(self, officer: Principal) -> None:
        happened(VIEW, somebody(), *every(30))
        assert list(looked()) == []

    def test_two_people_are_not_added_up(self, officer: Principal) -> None:
        for person in (somebody(), somebody()):
            happened(VIEW, person, *every(20))
        assert list(looked()) == []

    def test_nobody_is_not_a_person(self, officer: Principal) -> None:
        happened(VIEW, None, *every(40), NIGHT, of=officer.agency_id)
        assert list(looked()) == []

    def test_repeated_refusals(self, officer: Principal) -> None:
        happened("access.refuse", somebody(), *every(11))
        assert [row.kind for row in looked()] == ["refusals"]

    def test_being_asked_to_sign_in_again_is_no_refusal(self, officer: Principal) -> None:
        happened("access.refuse", somebody(), *every(11), detail={"error": "NeedsStepUp", "reasons": []})
        assert list(looked()) == []

    def test_sign_ins_that_fail_belong_to_a_device(self, officer: Principal) -> None:
        agency = audit.Target("agency", officer.agency_id, officer.agency_id)
        device = f"d-{7:016x}"
        happened("sign_in.fail", None, *every(11), target=agency, session=None, device_id=device)
        [alert] = looked()
        assert (alert.kind, alert.about, alert.subject_id) == ("refusals", device, None)

    def test_a_new_device_then_a_bulk_of_views(self, officer: Principal) -> None:
        person = somebody()
        happened("sign_in.succeed", person, 0, detail=NEW, of=person.agency_id)
        happened(VIEW, person, *every(10, 1))
        [alert] = looked()
        assert (alert.kind, alert.facts["count"], alert.first_number) == ("new_device_bulk", 10, 0)

    def test_a_known_device_raises_none(self, officer: Principal) -> None:
        person = somebody()
        happened("sign_in.succeed", person, 0, detail={"new_device": False}, of=person.agency_id)
        happened(VIEW, person, *every(10, 1))
        assert list(looked()) == []

    @pytest.mark.parametrize("act", [VIEW, "result.view", "result.list", "result.export"])
    def test_content_outside_agreed_hours(self, officer: Principal, act: str) -> None:
        happened(act, somebody(), NIGHT)
        assert [row.kind for row in looked()] == ["outside_hours"]

    def test_what_is_no_content_has_no_hours(self, officer: Principal) -> None:
        happened("claim.take", somebody(), NIGHT)
        assert list(looked()) == []

    def test_the_export_of_protected_results(self, officer: Principal) -> None:
        happened("result.export", somebody(), 0, level=Level.INTERNAL)
        assert list(looked()) == []
        happened("result.export", somebody(), 0, level=Level.SENSITIVE)
        assert [row.kind for row in looked()] == ["sensitive_export"]

    def test_it_is_on_the_record_under_nobodys_name(self, officer: Principal) -> None:
        happened("result.export", somebody(), 0, level=Level.SENSITIVE)
        [alert] = looked()
        row = found(select(AuditPending.__table__).where(AuditPending.act == "alert.raise"))[0]
        assert (row.subject_id, row.object_kind, row.object_id) == (None, "alert", str(alert.id))
        assert (row.object_agency_id, row.detail) == (alert.agency_id, {"kind": "sensitive_export"})


class TestWhoIsTold:
    def test_every_officer_of_the_agency_but_whom_it_is_about(self, officer: Principal) -> None:
        other = a_person("north", roles=(Role.SECURITY_OFFICER,))
        stranger = a_person("south", roles=(Role.SECURITY_OFFICER,))
        marketplace = a_person("north", roles=(Role.MARKETPLACE_OFFICER,))
        person = somebody()
        happened("result.export", other, 0, level=Level.SENSITIVE)
        [alert] = looked()
        path = f"/record/alerts/{alert.id}"
        assert [told(each) for each in (officer, marketplace, other, stranger, person)] == [
            [path],
            [path],
            [],
            [],
            [],
        ]

    def test_the_owner_of_the_data_and_the_agency_of_the_person(self, officer: Principal) -> None:
        guest = somebody("south")
        happened(VIEW, guest, *every(31), of=officer.agency_id)
        assert {row.agency_id for row in looked()} == {officer.agency_id, guest.agency_id}

    def test_an_agency_counts_only_what_concerns_it(self, officer: Principal) -> None:
        guest, west = somebody("south"), somebody("west")
        happened(VIEW, guest, *every(20), of=officer.agency_id)
        happened(VIEW, guest, *every(20), of=west.agency_id)
        assert [row.agency_id for row in looked()] == [guest.agency_id]

    def test_another_agency_does_not_learn_of_a_new_device(self, officer: Principal) -> None:
        guest = somebody("south")
        happened("sign_in.succeed", guest, 0, detail=NEW, of=guest.agency_id)
        happened(VIEW, guest, *every(10, 1), of=officer.agency_id)
        assert [row.agency_id for row in looked()] == [guest.agency_id]

    @pytest.mark.parametrize(
        ("act", "kind", "about", "detail"),
        [
            ("witness.contradict", "witness_contradicts", "w/1", {"status": 409, "size": 3}),
            ("witness.behind", "witness_behind", "w/1", {"size": 3}),
            ("clock.jump", "clock_jump", "", {"seconds": -40}),
            ("record.fault", "gap", "", {"kind": "entry_missing", "number": 3}),
        ],
    )
    def test_what_concerns_the_record_concerns_every_agency_with_an_officer(
        self, officer: Principal, act: str, kind: str, about: str, detail: dict[str, Any]
    ) -> None:
        market = a_person("market", roles=(Role.MARKETPLACE_OFFICER,))
        somebody("south")
        target = audit.Target("witness" if about else "log", about or None)
        happened(act, None, 0, 1, target=target, detail=detail, session=None)
        rows = looked()
        assert {row.agency_id for row in rows} == {officer.agency_id, market.agency_id}
        assert {(row.kind, row.about, row.subject_id, row.facts["count"]) for row in rows} == {
            (kind, about, None, 2)
        }
        assert len(told(officer)) == len(told(market)) == 1

    def test_a_jump_and_a_fault_say_what_they_are(self, officer: Principal) -> None:
        happened("clock.jump", None, 0, target=audit.Target("log"), detail={"seconds": -40})
        happened(
            "record.fault", None, 0, target=audit.Target("fault"), detail={"kind": "root_wrong", "number": 8}
        )
        facts = {row.kind: row.facts for row in looked()}
        assert facts["clock_jump"]["seconds"] == -40
        assert (facts["gap"]["fault"], facts["gap"]["number"]) == ("root_wrong", 8)

    def test_two_witnesses_are_two_alerts(self, officer: Principal) -> None:
        for name in ("w/1", "w/2"):
            happened("witness.behind", None, 0, target=audit.Target("witness", name), detail={"size": 0})
        assert sorted(row.about for row in looked()) == ["w/1", "w/2"]


class TestRules:
    def test_an_agency_has_its_own(self, officer: Principal) -> None:
        guest = somebody("south")
        setting(officer, "many_views", count=5, minutes=10)
        happened(VIEW, guest, *every(6), of=officer.agency_id)
        assert [row.agency_id for row in looked()] == [officer.agency_id]

    def test_what_is_switched_off_raises_none(self, officer: Principal) -> None:
        setting(officer, "sensitive_export", on=False, level="sensitive")
        happened("result.export", somebody(), 0, level=Level.SENSITIVE)
        assert list(looked()) == []

    def test_a_row_about_the_record_itself_switches_nothing_off(self, officer: Principal) -> None:
        setting(officer, "clock_jump", on=False)
        happened("clock.jump", None, 0, target=audit.Target("log"), detail={"seconds": 9})
        assert [row.kind for row in looked()] == ["clock_jump"]


class TestGoingOn:
    def test_more_of_the_same_is_added(self, officer: Principal) -> None:
        person = somebody()
        happened(VIEW, person, *every(31))
        looked()
        happened(VIEW, person, 5)
        [alert] = looked()
        # Number 31 is the entry that the alert was raised.
        assert (alert.facts["count"], alert.last_number, alert.last_at) == (32, 32, at(5))
        assert len(told(officer)) == 1

    def test_also_when_somebody_has_taken_it(self, officer: Principal) -> None:
        person = somebody()
        happened("result.export", person, 0, level=Level.SENSITIVE)
        looked()
        changed(update(Alert).values(state="taken", holder_id=officer.person_id))
        happened("result.export", person, 1, level=Level.RESTRICTED)
        [alert] = looked()
        assert (alert.state, alert.facts["count"], alert.facts["level"]) == ("taken", 2, "restricted")

    def test_what_comes_late_counts_at_its_time(self, officer: Principal) -> None:
        person = somebody()
        happened(VIEW, person, *every(30))
        happened(VIEW, person, *every(20, 100))
        assert list(looked()) == []
        happened(VIEW, person, 1.05)
        [alert] = looked()
        assert (alert.first_number, alert.last_number) == (0, 50)
        assert (alert.facts["since"], alert.last_at) == (at(0).isoformat(), at(2.9))

    def test_an_earlier_one_that_comes_late_moves_the_beginning(self, officer: Principal) -> None:
        person = somebody()
        happened(VIEW, person, *every(31))
        looked()
        happened(VIEW, person, -1)
        [alert] = looked()
        assert (alert.facts["since"], alert.facts["count"]) == (at(-1).isoformat(), 32)

    def test_what_an_officer_has_closed_is_not_told_again(self, officer: Principal) -> None:
        person = somebody()
        happened(VIEW, person, *every(31))
        looked()
        changed(update(Alert).values(state="closed"))
        happened(VIEW, person, *every(30, 4))
        assert len(looked()) == 1
        happened(VIEW, person, 7.5)
        assert [(row.state, row.facts["count"]) for row in looked()] == [("closed", 31), ("open", 31)]


class TestOnce:
    def test_nothing_is_looked_at_twice(self, officer: Principal) -> None:
        happened(VIEW, somebody(), *every(31))
        looked()
        before = list(alerts())
        assert [list(looked()), list(looked(1))] == [before, before]
        assert one(select(AlertHead.number)) == one(select(AuditHead.size))

    def test_what_was_rolled_back_is_looked_at_again(self, officer: Principal) -> None:
        happened(VIEW, somebody(), *every(31))
        rolled_back(looking.look)
        assert (list(alerts()), one(select(AlertHead.number))) == ([], 0)
        assert len(looked()) == 1

    def test_a_batch_says_whether_there_is_more(self, officer: Principal) -> None:
        happened(VIEW, somebody(), *every(3))
        with transaction() as tx:
            assert looking.look(tx, 2)
            assert not looking.look(tx, 2)
            assert not looking.look(tx, 2)

    def test_two_at_once_raise_one(self, officer: Principal) -> None:
        happened(VIEW, somebody(), *every(40))

        def look() -> None:
            more = True
            while more:
                with transaction() as tx:
                    more = looking.look(tx, 8)

        together(*[look] * 4)
        assert [(row.kind, row.facts["count"]) for row in alerts()] == [("many_views", 40)]


ENTRY = st.tuples(
    st.sampled_from([VIEW, VIEW, VIEW, "sign_in.succeed", "access.refuse", "result.export", "clock.jump"]),
    st.integers(0, 1),  # who
    st.integers(0, 1),  # whose data
    st.integers(0, 600),  # when
    st.sampled_from(["s", "t"]),
    st.integers(0, 3),
)


def _written(tx: Tx, entries: list[Any], people: list[Principal]) -> None:
    for number, (act, who, whose, minute, session, level) in enumerate(entries):
        put(
            tx, AuditEntry, number=number, act=act, at=at(minute / 4), outcome="done",
            subject_id=people[who].subject_id, agency_id=people[who].agency_id,
            object_agency_id=people[whose].agency_id, session=session, level=level, zone=["office", "home"][who],
            channel="web", body=b"", leaf=b"",
            detail={"new_device": True, "seconds": number},
        )  # fmt: skip
    tx.execute(update(AuditHead).values(size=len(entries)))


def _raised(tx: Tx, batch: Callable[[], int], total: int) -> list[tuple[Any, ...]]:
    tx.execute(delete(Alert))
    tx.execute(update(AlertHead).values(number=0))
    done = 0
    while done < total:
        limit = batch()
        looking.look(tx, limit)
        done += limit
    rows = tx.all(select(Alert.__table__).order_by(Alert.agency_id, Alert.kind, Alert.about))
    return [
        (
            row.agency_id,
            row.kind,
            row.about,
            row.subject_id,
            row.first_number,
            row.last_number,
            row.last_at,
            row.facts,
        )
        for row in rows
    ]


@pytest.fixture
def pair(officer: Principal) -> list[Principal]:
    """Two people of different agencies, and rules of the first that little is enough for."""
    setting(officer, "many_views", count=3, minutes=10)
    setting(officer, "refusals", count=2, minutes=5)
    setting(officer, "new_device_bulk", count=2, minutes=20)
    return [somebody("north"), somebody("south")]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries=st.lists(ENTRY, min_size=1, max_size=60), data=st.data())
def test_where_a_batch_ends_makes_no_difference(
    pair: list[Principal], entries: list[Any], data: st.DataObject
) -> None:
    def both(tx: Tx) -> None:
        _written(tx, entries, pair)
        at_once = _raised(tx, lambda: len(entries), len(entries))
        assert _raised(tx, lambda: data.draw(st.integers(1, 10)), len(entries)) == at_once

    rolled_back(both)

"""Incidents: opened with a search as their scope, held, reported within 72 hours, closed with a finding."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, delete, insert, select, update

from agencies.errors import NotPermitted
from agencies.models import Notice, RoleGrant
from agencies.oversight import incidents
from agencies.oversight.alerts.errors import AlertAboutYou, AlertClosed
from agencies.oversight.incidents import AlertInIncident, BadIncident, IncidentOver, ReportedAlready
from agencies.oversight.models import Alert, Incident, IncidentNote
from marketplace.foundation.db import reading, transaction
from marketplace.foundation.errors import NotFound
from marketplace.foundation.ids import new_id
from security.labels import Level
from security.log import audit, expiring, sequencer, tree
from security.log.expiring import Hold
from security.log.models import AuditEntry, AuditPending, LogSubject
from security.principal import Principal, Role
from tests.builders import AT_WORK, a_person, changed, found, one


@pytest.fixture
def officer(database: Engine) -> Principal:
    officer = a_person("north", roles=(Role.SECURITY_OFFICER,))
    changed(delete(AuditPending))
    return officer


EVER = {"since": "2020-01-01"}
"""A search that finds everything there is, and asks for less."""


def now() -> datetime:
    return datetime.now(UTC)


def entered(actor: Principal, act: str = "payload.view", count: int = 1, **target: Any) -> None:
    """So many entries, numbered."""
    with transaction() as tx:
        for _ in range(count):
            given: dict[str, Any] = {"kind": "microtask", "agency_id": actor.agency_id} | target
            audit.record(tx, act, audit.Target(**given), actor=actor, context=AT_WORK)
        sequencer.sequence(tx)


def opened(officer: Principal, words: Mapping[str, str] | None = None, **given: Any) -> UUID:
    known_at = given.pop("known_at", now() - timedelta(hours=2))
    title = given.pop("title", "A laptop was left on a train")
    with transaction() as tx:
        return incidents.open_one(tx, title, known_at, words or EVER, **given, actor=officer, context=AT_WORK)


def read(incident: UUID, officer: Principal) -> dict[str, Any]:
    with transaction() as tx:
        return incidents.one(tx, incident, actor=officer, context=AT_WORK)


def acted(officer: Principal, name: str, incident: UUID, *given: Any, **more: Any) -> None:
    with transaction() as tx:
        getattr(incidents, name)(tx, incident, *given, **more, actor=officer, context=AT_WORK)


def faults(act: Any) -> dict[str, Any]:
    with pytest.raises(BadIncident) as refused:
        act()
    errors: dict[str, Any] = refused.value.facts["errors"]
    return errors


def recorded() -> list[Any]:
    return list(found(select(AuditPending.__table__).order_by(AuditPending.id)))


def pseudonym(person: Principal) -> str:
    return str(one(select(LogSubject.pseudonym).where(LogSubject.id == person.subject_id)))


class TestScope:
    def test_is_what_the_words_find_in_counts_of_entries_and_things(self, officer: Principal) -> None:
        maja, karim = a_person("north"), a_person("south")
        changed(delete(AuditPending))
        item, campaign = new_id(), new_id()
        given: dict[str, Any] = {
            "agency_id": officer.agency_id,
            "level": Level.SENSITIVE,
            "campaign_id": campaign,
        }
        entered(karim, id=new_id(), agency_id=karim.agency_id)
        entered(maja, count=2, id=item, **given)
        entered(karim, id=new_id(), **given)
        entered(maja, "result.export", **given)
        scope = read(opened(officer), officer)["scope"]
        assert (scope.entries, scope.first, scope.last) == (4, 1, 4)
        assert list(scope.people) == sorted([pseudonym(maja), pseudonym(karim)])
        assert (scope.views, scope.items, scope.exports) == (3, 2, 1)
        assert scope.labels == {"sensitive": 4}
        assert list(scope.campaigns) == [campaign]
        assert set(scope.agencies) == {maja.agency_id, karim.agency_id}

    def test_is_narrowed_by_the_words_of_the_desk(self, officer: Principal) -> None:
        maja, other = a_person("north"), a_person("north")
        changed(delete(AuditPending))
        entered(other)
        entered(maja)
        incident = opened(officer, {"pseudonym": pseudonym(maja), "act": "payload.view"})
        scope = read(incident, officer)["scope"]
        assert (scope.entries, scope.first, scope.last, list(scope.people)) == (1, 1, 1, [pseudonym(maja)])

    def test_of_words_that_find_nothing_holds_nothing(self, officer: Principal) -> None:
        entered(officer, count=3)
        incident = opened(officer, {"pseudonym": "nobody-1"})
        assert read(incident, officer)["scope"].entries == 0
        with transaction() as tx:
            [hold] = incidents.holds(tx)
        assert hold.first > hold.last

    def test_of_today_is_still_that_day_tomorrow(self, officer: Principal) -> None:
        words = read(opened(officer, {"period": "today"}), officer)["words"]
        assert words == {"since": now().date().isoformat(), "readings": "hidden"}

    def test_grows_with_what_goes_on_and_is_held(self, officer: Principal) -> None:
        entered(officer)
        incident = opened(officer, {"act": "payload.view"})
        entered(officer)
        last = read(incident, officer)["scope"].last
        assert last > 0
        with transaction() as tx:
            assert incidents.holds(tx) == [Hold(officer.agency_id, 0, last)]

    def test_of_what_was_empty_at_first_is_held_once_there_is_something(self, officer: Principal) -> None:
        incident = opened(officer, {"act": "payload.view"})
        entered(officer)
        scope = read(incident, officer)["scope"]
        with transaction() as tx:
            assert incidents.holds(tx) == [Hold(officer.agency_id, scope.first, scope.last)]

    def test_of_a_closed_incident_is_held_no_more(self, officer: Principal) -> None:
        entered(officer)
        acted(officer, "close", opened(officer), "Found again, untouched.")
        with transaction() as tx:
            assert incidents.holds(tx) == []


class TestOpening:
    def test_is_on_the_record_without_the_words_that_were_typed(self, officer: Principal) -> None:
        entered(officer, count=2)
        incident = opened(officer, title="Maja Svensson lost a laptop")
        row = recorded()[-1]
        assert (row.act, row.object_kind, row.object_id) == ("incident.open", "incident", str(incident))
        assert row.detail == {"entries": 2, "first": 0, "last": 1, "alert": False}

    def test_tells_officers_and_data_protection_of_the_agency_and_nobody_else(
        self, officer: Principal
    ) -> None:
        colleague = a_person("north", roles=(Role.SECURITY_OFFICER,))
        protection = a_person("north", roles=(Role.DATA_PROTECTION,))
        a_person("north", roles=(Role.AGENCY_ADMIN,))
        a_person("south", roles=(Role.SECURITY_OFFICER, Role.DATA_PROTECTION))
        left = a_person("north", roles=(Role.SECURITY_OFFICER,))
        changed(update(RoleGrant).where(RoleGrant.membership_id == left.membership_id).values(ended_at=now()))
        incident = opened(officer)
        told = {row.person_id: (row.kind, row.path) for row in found(Notice.__table__.select())}
        quarter = f"{now().year}-Q{(now().month + 2) // 3}"
        assert told == {
            colleague.person_id: ("incident.opened", f"/record/incidents/{incident}"),
            protection.person_id: ("incident.opened", f"/record/summary/{quarter}"),
        }

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"title": "ab"}, "title"),
            ({"title": "a" * 121}, "title"),
            ({"known_at": None}, "known_at"),
            ({"known_at": datetime(2999, 1, 1, tzinfo=UTC)}, "known_at"),
            ({"known_at": datetime(1999, 1, 1, tzinfo=UTC)}, "known_at"),
        ],
    )
    def test_takes_a_title_and_a_moment_that_has_been(
        self, officer: Principal, wrong: dict[str, Any], field: str
    ) -> None:
        assert set(faults(lambda: opened(officer, **wrong))) == {field}

    def test_takes_an_alert_into_the_incident_once(self, officer: Principal) -> None:
        alert = an_alert(officer)
        incident = opened(officer, alert_id=alert)
        assert one(select(Alert.incident_id)) == incident
        with pytest.raises(AlertInIncident):
            opened(officer, alert_id=alert)

    def test_does_not_know_another_agencys_alert(self, officer: Principal) -> None:
        alert = an_alert(a_person("south", roles=(Role.SECURITY_OFFICER,)))
        with pytest.raises(NotFound):
            opened(officer, alert_id=alert)
        assert found(select(Incident.id)) == []

    def test_takes_the_role_that_is_held_now(self, officer: Principal) -> None:
        changed(update(RoleGrant).values(ended_at=now()))
        with pytest.raises(NotPermitted):
            opened(officer)


def an_alert(officer: Principal, **given: Any) -> UUID:
    alert = new_id()
    row = {
        "id": alert, "agency_id": officer.agency_id, "kind": "denials", "first": 0, "last": 0, "facts": {},
        "raised_at": now(), "last_at": now(),
    } | given  # fmt: skip
    changed(insert(Alert).values(row))
    return alert


class TestReporting:
    def test_is_due_seventy_two_hours_after_it_was_known(self, officer: Principal) -> None:
        known_at = now() - timedelta(hours=70, minutes=30)
        shown = read(opened(officer, known_at=known_at), officer)
        assert (shown["report_by"] - known_at, shown["hours_left"]) == (timedelta(hours=72), 1)

    def test_is_over_after_that(self, officer: Principal) -> None:
        shown = read(opened(officer, known_at=now() - timedelta(hours=75)), officer)
        assert shown["hours_left"] < 0

    def test_in_time_needs_no_reason(self, officer: Principal) -> None:
        incident = opened(officer)
        acted(officer, "report", incident, now() - timedelta(hours=1), "By the authority’s form")
        row = recorded()[-1]
        assert (row.act, row.detail) == ("incident.report", {"late": False})
        assert read(incident, officer)["reported"] == "By the authority’s form"

    def test_late_needs_the_reason(self, officer: Principal) -> None:
        incident = opened(officer, known_at=now() - timedelta(hours=80))
        late = lambda reason: acted(  # noqa: E731
            officer, "report", incident, now() - timedelta(hours=1), "By letter", late_because=reason
        )
        assert set(faults(lambda: late(""))) == {"late_because"}
        late("The extent was unclear.")
        assert recorded()[-1].detail == {"late": True}
        assert read(incident, officer)["late_because"] == "The extent was unclear."

    def test_keeps_no_reason_that_nobody_asked_for(self, officer: Principal) -> None:
        incident = opened(officer)
        acted(officer, "report", incident, now(), "By letter", late_because="It was not late.")
        assert read(incident, officer)["late_because"] is None

    def test_cannot_have_happened_before_it_was_known_or_after_now(self, officer: Principal) -> None:
        incident = opened(officer)
        for moment in (now() - timedelta(hours=3), now() + timedelta(hours=1), None):
            when = moment
            assert set(faults(lambda: acted(officer, "report", incident, when, "By letter"))) == {  # noqa: B023
                "reported_at"
            }

    def test_happens_once(self, officer: Principal) -> None:
        incident = opened(officer)
        acted(officer, "report", incident, now(), "By letter")
        with pytest.raises(ReportedAlready):
            acted(officer, "report", incident, now(), "By letter")


class TestDiary:
    def test_has_every_note_with_the_pseudonym_of_who_wrote_it(self, officer: Principal) -> None:
        incident = opened(officer)
        acted(officer, "note", incident, "The train company was called.")
        colleague = a_person("north", roles=(Role.SECURITY_OFFICER,))
        acted(colleague, "note", incident, "It was found.")
        diary = read(incident, officer)["diary"]
        assert [(line.by, line.text) for line in diary] == [
            (pseudonym(officer), "The train company was called."),
            (pseudonym(colleague), "It was found."),
        ]

    def test_is_on_the_record_without_its_text(self, officer: Principal) -> None:
        acted(officer, "note", opened(officer), "The train company was called.")
        assert (recorded()[-1].act, recorded()[-1].detail) == ("incident.note", None)

    def test_takes_no_empty_note(self, officer: Principal) -> None:
        incident = opened(officer)
        assert set(faults(lambda: acted(officer, "note", incident, ""))) == {"text"}

    def test_stays_when_the_incident_is_closed_and_takes_no_more(self, officer: Principal) -> None:
        incident = opened(officer)
        acted(officer, "note", incident, "The train company was called.")
        acted(officer, "close", incident, "Found again, untouched.")
        for name, given in (("note", ["More."]), ("close", ["More."]), ("report", [now(), "By letter"])):
            with pytest.raises(IncidentOver):
                acted(officer, name, incident, *given)
        assert len(found(select(IncidentNote.id))) == 1

    def test_a_closing_says_what_was_found(self, officer: Principal) -> None:
        incident = opened(officer)
        assert set(faults(lambda: acted(officer, "close", incident, "no"))) == {"finding"}
        acted(officer, "close", incident, "Found again, untouched.")
        assert (recorded()[-1].act, recorded()[-1].detail) == ("incident.close", {"reported": False})
        shown = read(incident, officer)
        assert (shown["state"], shown["finding"]) == ("closed", "Found again, untouched.")


class TestWhatIsHeld:
    @pytest.mark.parametrize(
        "words", [{}, {"readings": "shown"}, {"readings": "hidden"}, {"act": "nonsense"}]
    )
    def test_is_never_everything(self, officer: Principal, words: dict[str, str]) -> None:
        with pytest.raises(BadIncident) as refusal, transaction() as tx:
            incidents.open_one(tx, "A laptop", now(), words, actor=officer, context=AT_WORK)
        assert refusal.value.facts["errors"] == {"scope": ["everything"]}

    def test_what_the_marketplaces_officer_measured_is_held_whole(self, database: Engine) -> None:
        officer = a_person("west", roles=(Role.MARKETPLACE_OFFICER,))
        entered(a_person("south"))
        opened(officer)
        with reading() as db:
            [hold] = incidents.holds(db)
        assert hold.agency_id is None

    def test_a_hold_of_everything_keeps_others_entries(self, database: Engine) -> None:
        entered(a_person("south"))
        month = dict.fromkeys(("public", "internal", "sensitive", "restricted", "none"), 1)
        with transaction() as tx:
            tx.execute(update(AuditEntry).values(at=now() - timedelta(days=90)))
            assert expiring.expire(tx, month, [Hold(None, 0, tree.size(tx))]) == 0
            assert expiring.expire(tx, month) > 0

    def test_what_happens_after_it_was_closed_is_not_in_it(self, officer: Principal) -> None:
        entered(officer)
        incident = opened(officer)
        acted(officer, "close", incident, "Nothing was lost.")
        entered(officer, count=0)
        before = read(incident, officer)["scope"].entries
        entered(officer)
        assert read(incident, officer)["scope"].entries == before > 0


class TestFromAnAlert:
    def test_an_officer_opens_none_from_an_alert_about_themselves(self, officer: Principal) -> None:
        alert = an_alert(officer, subject_id=officer.subject_id)
        with pytest.raises(AlertAboutYou):
            opened(officer, alert_id=alert)

    def test_a_closed_alert_stays_closed(self, officer: Principal) -> None:
        alert = an_alert(officer, state="closed")
        with pytest.raises(AlertClosed):
            opened(officer, alert_id=alert)


class TestReadings:
    def test_are_left_out_as_at_the_desk(self, officer: Principal) -> None:
        entered(officer, "log.read")
        entered(officer)
        assert read(opened(officer), officer)["scope"].entries == 1

    @pytest.mark.parametrize("words", [{"since": "2020-01-01", "readings": "shown"}, {"act": "log.read"}])
    def test_are_in_where_the_search_asks_for_them(self, officer: Principal, words: dict[str, str]) -> None:
        entered(officer, "log.read")
        assert read(opened(officer, words), officer)["scope"].entries == 1


class TestReach:
    def test_another_agencys_officer_finds_nothing(self, officer: Principal) -> None:
        incident = opened(officer)
        stranger = a_person("south", roles=(Role.SECURITY_OFFICER,))
        with transaction() as tx:
            assert incidents.listing(tx, stranger) == []
        for act in (
            lambda: read(incident, stranger),
            lambda: acted(stranger, "note", incident, "Hello there."),
            lambda: acted(stranger, "close", incident, "Hello there."),
            lambda: acted(stranger, "report", incident, now(), "By letter"),
        ):
            with pytest.raises(NotFound):
                act()

    def test_reading_is_on_the_record_and_names_whom_the_search_is_about(self, officer: Principal) -> None:
        maja = a_person("north")
        incident = opened(officer, {"pseudonym": pseudonym(maja)})
        read(incident, officer)
        row = recorded()[-1]
        assert (row.act, row.object_kind, row.object_id) == ("log.read", "person", str(maja.subject_id))
        assert pseudonym(maja) not in str(row.detail)

    def test_open_ones_come_first_then_the_newest(self, officer: Principal) -> None:
        opened(officer, title="The oldest", known_at=now() - timedelta(days=9))
        done = opened(officer, title="The closed one")
        opened(officer, title="The newest")
        acted(officer, "close", done, "Nothing was lost.")
        with transaction() as tx:
            titles = [row["title"] for row in incidents.listing(tx, officer)]
        assert titles == ["The newest", "The oldest", "The closed one"]

"""Alerts by forms alone: what an officer sees, and what they do with one. No name stands beside a pseudonym."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, select, update

from agencies.models import Notice, RoleGrant
from agencies.oversight.alerts import looking
from agencies.oversight.models import Alert, AlertHead, AlertRule
from marketplace.foundation.db import reading, transaction
from marketplace.foundation.ids import new_id
from marketplace.web import alert_words
from security.labels import Level
from security.log import audit, sequencer, tree
from security.log.models import AuditEntry, AuditPending, LogSubject
from security.principal import Context, Principal, Role, Zone
from tests.web.stage import Stage
from tests.web.test_claims import english, form_of

AT_HOME = Context("web", Zone.HOME, "managed", session="a-session")
RULES = "/record/alert-rules"


@pytest.fixture
def quiet(stage: Stage) -> Iterator[Stage]:
    """Everything so far has been looked at, and nothing of it is an alert."""
    stage.number_entries()
    with transaction() as tx:
        tx.execute(update(AlertHead).values(number=tree.size(tx)))
        tx.execute(delete(Alert))
        tx.execute(delete(AlertRule))
    yield stage
    with transaction() as tx:
        tx.execute(delete(Alert))
        tx.execute(delete(AlertRule))


def happened(stage: Stage, login: str, act: str, count: int = 1, **target: Any) -> list[UUID]:
    """An act of somebody, so often, and the alerts that it raised."""
    person = stage.person(login)
    stage.number_entries()
    with transaction() as tx:
        for _ in range(count):
            audit.record(
                tx,
                act,
                audit.Target("microtask", new_id(), person.agency_id, **target),
                actor=person,
                context=AT_HOME,
            )
        sequencer.sequence(tx)
        while looking.look(tx):
            pass
        rows = tx.all(select(Alert.id).where(Alert.state != "closed", Alert.subject_id == person.subject_id))
        return [row.id for row in rows]


def exported(stage: Stage, login: str = "karim") -> UUID:
    """The alert about somebody who exported sensitive results."""
    with transaction() as tx:
        # At night this would be an alert as well; it is not what is tested here.
        tx.execute(delete(AlertRule))
        officer = stage.person("haas")
        row = {
            "agency_id": officer.agency_id, "kind": "outside_hours", "is_on": False, "given": HOURS,
            "changed_by": officer.person_id, "changed_at": datetime.now(UTC),
        }  # fmt: skip
        tx.execute(AlertRule.__table__.insert(), row)  # type: ignore[attr-defined]
    [alert] = happened(stage, login, "result.export", level=Level.SENSITIVE)
    return alert


HOURS = {"days": [0], "from": "06:00", "until": "20:00", "zone": "Europe/Brussels"}


def page_of(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return html.unescape(answer.get_data(as_text=True))


def posted(client: FlaskClient, page: str, path: str, **given: Any) -> Any:
    return client.post(path, data=form_of(page, path) | given)


def pseudonym(person: Principal) -> str:
    with reading() as db:
        return str(db.scalar(select(LogSubject.pseudonym).where(LogSubject.id == person.subject_id)))


def of(alert: UUID) -> Any:
    with reading() as db:
        return db.one_or_none(select(Alert.__table__).where(Alert.id == alert))


class TestReading:
    def test_the_list_says_what_happened_and_about_whom(self, quiet: Stage) -> None:
        alert, officer = exported(quiet), english(quiet, "haas")
        page = page_of(officer, "/record/alerts")
        assert f'href="/record/alerts/{alert}"' in page
        assert "1 export of results labelled “Official: sensitive”" in page
        assert pseudonym(quiet.person("karim")) in page
        assert "home" in page

    def test_the_record_shows_what_waits_above_it(self, quiet: Stage) -> None:
        alert, officer = exported(quiet), english(quiet, "haas")
        page = page_of(officer, "/record")
        assert f'href="/record/alerts/{alert}#why"' in page
        assert f'href="/record/alerts/{alert}/hand-on"' in page
        look = re.search(r'href="(/record\?[^"]*pseudonym=[^"]*)">Look into it', page)
        assert look is not None
        assert "exported results" in page_of(officer, look[1])

    def test_an_alert_says_why_it_is_one(self, quiet: Stage) -> None:
        page = page_of(english(quiet, "haas"), f"/record/alerts/{exported(quiet)}")
        assert "Somebody exports results labelled “Official: sensitive” or higher." in page
        assert f'href="{RULES}#sensitive_export"' in page

    def test_what_is_closed_is_not_among_the_open_ones(self, quiet: Stage) -> None:
        alert, officer = exported(quiet), english(quiet, "haas")
        with transaction() as tx:
            tx.execute(update(Alert).values(state="closed", finding="mistake"))
        assert f"/record/alerts/{alert}" not in page_of(officer, "/record/alerts?state=open")
        assert f"/record/alerts/{alert}" not in page_of(officer, "/record")
        closed = page_of(officer, "/record/alerts?state=closed")
        assert f"/record/alerts/{alert}" in closed
        assert "Closed: A mistake" in closed

    @pytest.mark.parametrize(
        "address", ["?state=secret", "?page=0", "?page=-1", "?page=x", "?page=99999", "?page=٣"]
    )
    def test_an_address_that_makes_no_sense_shows_a_list(self, quiet: Stage, address: str) -> None:
        assert "Alerts" in page_of(english(quiet, "haas"), f"/record/alerts{address}")

    def test_more_than_a_page_is_turned(self, quiet: Stage) -> None:
        exported(quiet)
        with transaction() as tx:
            [row] = tx.all(select(Alert.__table__))
            for number in range(50):
                copy = dict(row._mapping) | {
                    "id": new_id(), "about": f"copy-{number}", "raised_at": row.raised_at + timedelta(seconds=1),
                }  # fmt: skip
                tx.execute(Alert.__table__.insert(), copy)  # type: ignore[attr-defined]
        officer = english(quiet, "haas")
        assert f"/record/alerts/{row.id}" not in page_of(officer, "/record/alerts")
        assert 'href="/record/alerts?page=2" rel="next"' in page_of(officer, "/record/alerts")
        assert f"/record/alerts/{row.id}" in page_of(officer, "/record/alerts?page=2")
        assert "48 more alerts" in page_of(officer, "/record")

    def test_the_officer_of_another_agency_finds_nothing(self, quiet: Stage) -> None:
        alert, stranger = exported(quiet), english(quiet, "sofie")
        assert str(alert) not in page_of(stranger, "/record/alerts")
        assert str(alert) not in page_of(stranger, "/record")
        for path in ("", "/hand-on"):
            assert stranger.get(f"/record/alerts/{alert}{path}").status_code == 404

    def test_reading_one_is_on_the_record_for_whom_it_is_about(self, quiet: Stage) -> None:
        alert, officer = exported(quiet), english(quiet, "haas")
        quiet.number_entries()
        page_of(officer, f"/record/alerts/{alert}")
        with reading() as db:
            [row] = db.all(select(AuditPending.__table__).where(AuditPending.act == "log.read"))
        assert (row.object_id, row.detail) == (
            str(quiet.person("karim").subject_id),
            {"alert": "sensitive_export"},
        )

    @pytest.mark.parametrize(
        "path", ["/record/alerts", "/record/alerts/{alert}", "/record", "/record/alerts/{alert}/hand-on"]
    )
    def test_no_name_stands_beside_a_pseudonym(self, quiet: Stage, path: str) -> None:
        alert = exported(quiet)
        page = page_of(english(quiet, "haas"), path.format(alert=alert))
        main = page[page.index("<main") : page.index("</main>")]
        names = [quiet.person(login).name for login in ("karim", "haas", "ines")]
        has_pseudonym = re.search(r"\b[a-z]+-\d\d+\b", main) is not None
        assert not (has_pseudonym and any(name in main for name in names))
        assert quiet.person("karim").name not in main


class TestActing:
    def test_taking_then_closing(self, quiet: Stage) -> None:
        alert, officer = exported(quiet), english(quiet, "haas")
        path = f"/record/alerts/{alert}"
        page = page_of(officer, path)
        answer = posted(officer, page, f"{path}/take")
        assert (answer.status_code, answer.location) == (303, path)
        page = page_of(officer, path)
        assert "Taken by you" in page
        answer = posted(officer, page, f"{path}/close", finding="explained", note="An agreed export.")
        assert (answer.status_code, answer.location) == (303, path)
        page = page_of(officer, path)
        assert "An agreed export." in page
        assert "Explained" in page
        assert "/close" not in page

    def test_a_form_with_faults_comes_back_with_what_was_typed(self, quiet: Stage) -> None:
        alert, officer = exported(quiet), english(quiet, "haas")
        path = f"/record/alerts/{alert}"
        note = "Agreed. " * 80
        answer = posted(officer, page_of(officer, path), f"{path}/close", finding="", note=note)
        page = html.unescape(answer.get_data(as_text=True))
        assert answer.status_code == 422
        assert "Choose what was found." in page
        assert "Write at most 500 characters." in page
        assert note.strip() in page
        assert of(alert).state == "open"

    def test_handing_on_to_a_colleague(self, quiet: Stage) -> None:
        alert, officer = exported(quiet), english(quiet, "haas")
        colleague = quiet.person("ines")
        with transaction() as tx:
            grant = {
                "id": new_id(), "membership_id": colleague.membership_id, "role": Role.SECURITY_OFFICER,
                "since": datetime(2026, 1, 1, tzinfo=UTC),
            }  # fmt: skip
            tx.execute(RoleGrant.__table__.insert(), grant)  # type: ignore[attr-defined]
        try:
            path = f"/record/alerts/{alert}/hand-on"
            page = page_of(officer, path)
            assert colleague.name in page
            answer = posted(officer, page, path, to=str(colleague.membership_id))
            assert (answer.status_code, of(alert).holder_id) == (303, colleague.person_id)
            assert "Taken by another officer" in page_of(officer, f"/record/alerts/{alert}")
            with reading() as db:
                told = db.scalar(select(Notice.path).where(Notice.kind == "alert.handed_on"))
            assert told == f"/record/alerts/{alert}"
        finally:
            with transaction() as tx:
                tx.execute(delete(RoleGrant).where(RoleGrant.id == grant["id"]))

    def test_handing_on_to_nobody_says_so_beside_the_field(self, quiet: Stage) -> None:
        alert, officer = exported(quiet), english(quiet, "haas")
        path = f"/record/alerts/{alert}/hand-on"
        answer = posted(officer, page_of(officer, path), path, to="")
        assert answer.status_code == 422
        assert 'id="to-error"' in answer.get_data(as_text=True)

    def test_what_a_colleague_did_first_is_said_in_a_sentence(self, quiet: Stage) -> None:
        alert, officer = exported(quiet), english(quiet, "haas")
        path = f"/record/alerts/{alert}"
        page = page_of(officer, path)
        with transaction() as tx:
            tx.execute(update(Alert).values(state="closed", finding="misuse"))
        answer = posted(officer, page, f"{path}/take")
        assert answer.status_code == 409
        assert "This alert is closed" in answer.get_data(as_text=True)

    def test_an_alert_about_oneself_is_for_a_colleague(self, quiet: Stage) -> None:
        alert, officer = exported(quiet, "haas"), english(quiet, "haas")
        path = f"/record/alerts/{alert}"
        page = page_of(officer, path)
        assert "This alert is about you." in page
        assert "/take" not in page
        assert "/close" not in page
        forged = form_of(page_of(officer, f"{path}/hand-on"), "/hand-on")
        answer = officer.post(f"{path}/close", data=forged | {"finding": "explained"})
        assert (answer.status_code, of(alert).state) == (403, "open")

    def test_an_incident_can_be_opened_from_it(self, quiet: Stage) -> None:
        alert, officer = exported(quiet), english(quiet, "haas")
        page = page_of(officer, f"/record/alerts/{alert}")
        assert f'href="/record/incidents/new?alert={alert}"' in page
        form = page_of(officer, f"/record/incidents/new?alert={alert}")
        sent = form_of(form, "/record/incidents") | {"title": "An export", "known_at": "2026-01-02T03:04"}
        incident = officer.post("/record/incidents", data=sent).location
        scope = page_of(officer, incident)
        assert re.search(r'href="/record\?[^"]*pseudonym=', scope), "its scope is what the alert was about"


class TestRules:
    def test_every_rule_is_a_sentence_with_its_values(self, quiet: Stage) -> None:
        page = page_of(english(quiet, "haas"), RULES)
        assert "One person opens more than 30 items within 10 minutes." in page
        assert "outside Mon, Tue, Wed, Thu and Fri, 06:00 to 20:00 (Europe/Brussels)" in page
        assert "10 items or more within 30 minutes." in page
        assert "These cannot be adjusted or switched off." in page

    def test_adjusting_one(self, quiet: Stage) -> None:
        officer = english(quiet, "haas")
        path = f"{RULES}/many_views"
        given = {"on": "yes", "many_views-count": "12", "many_views-minutes": "20"}
        answer = posted(officer, page_of(officer, RULES), path, **given)
        assert (answer.status_code, answer.location) == (303, f"{RULES}#many_views")
        assert "One person opens more than 12 items within 20 minutes." in page_of(officer, RULES)
        assert "more than 30 items" in page_of(english(quiet, "sofie"), RULES)

    def test_agreed_hours_have_days(self, quiet: Stage) -> None:
        officer = english(quiet, "haas")
        hours = {
            "outside_hours-from": "22:00",
            "outside_hours-until": "06:00",
            "outside_hours-zone": "Europe/Berlin",
        }
        given = {"on": "yes", "outside_hours-days": ["5", "6"]} | hours
        posted(officer, page_of(officer, RULES), f"{RULES}/outside_hours", **given)
        page = page_of(officer, RULES)
        assert "outside Sat and Sun, 22:00 to 06:00 (Europe/Berlin)" in page
        assert len(re.findall(r'name="outside_hours-days" value="\d" checked', page)) == 2

    def test_faults_stand_beside_the_fields_with_what_was_typed(self, quiet: Stage) -> None:
        officer = english(quiet, "haas")
        given = {"many_views-count": "100000", "many_views-minutes": "soon"}
        answer = posted(officer, page_of(officer, RULES), f"{RULES}/many_views", **given)
        page = html.unescape(answer.get_data(as_text=True))
        assert answer.status_code == 422
        assert 'id="many_views-count-error"' in page
        assert "Write a number from 5 to 100." in page
        assert 'value="100000"' in page
        assert 'value="soon"' in page
        assert "One person opens more than 30 items" in page

    def test_switching_one_off_is_shown_and_on_the_record(self, quiet: Stage) -> None:
        officer = english(quiet, "haas")
        given = {"many_views-count": "30", "many_views-minutes": "10"}
        posted(officer, page_of(officer, RULES), f"{RULES}/many_views", **given)
        assert "Switched off since" in page_of(officer, RULES)
        assert "Switched off by your agency: Many items within a short time." in page_of(
            officer, "/record/alerts"
        )
        assert happened(quiet, "karim", "claim.take", 40) == []
        with reading() as db:
            detail = db.scalar(
                select(AuditEntry.detail)
                .where(AuditEntry.act == "alert_rule.set")
                .order_by(AuditEntry.number.desc())
            )
        assert detail["on"] is False

    @pytest.mark.parametrize("kind", ["gap", "everything"])
    def test_there_is_no_form_for_what_is_nobodys_to_set(self, quiet: Stage, kind: str) -> None:
        officer = english(quiet, "haas")
        hidden = form_of(page_of(officer, RULES), "/many_views")
        assert officer.post(f"{RULES}/{kind}", data=hidden).status_code == 404


FACTS: dict[str, Any] = {
    "count": 41, "since": "2026-05-05T21:15:00+00:00", "zone": "home", "level": "sensitive", "seconds": -40,
    "agency": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "title"),
    [
        ("new_device_bulk", "New device, then 41 items in 6 minutes"),
        ("many_views", "41 items opened in 6 minutes"),
        ("sensitive_export", "41 exports of results labelled up to “Official: sensitive”"),
        ("outside_hours", "Content opened 41 times outside agreed hours"),
        ("refusals", "41 refusals in 6 minutes"),
        ("witness_contradicts", "The witness “w/1” contradicts the record"),
        ("witness_behind", "The witness “w/1” has fallen behind"),
        ("clock_jump", "The clock jumped by -40 s"),
        ("gap", "41 places in the record do not fit"),
    ],
)
def test_every_kind_has_a_line_and_a_page(quiet: Stage, kind: str, title: str) -> None:
    officer, alert = quiet.person("haas"), new_id()
    last = datetime.fromisoformat(FACTS["since"]) + timedelta(minutes=5, seconds=30)
    row = {
        "id": alert, "agency_id": officer.agency_id, "kind": kind, "about": "w/1", "first_number": 3,
        "last_number": 99, "facts": FACTS, "raised_at": last, "last_at": last, "state": "open",
    }  # fmt: skip
    with transaction() as tx:
        tx.execute(Alert.__table__.insert(), row)  # type: ignore[attr-defined]
    client = english(quiet, "haas")
    for path in ("/record", "/record/alerts", f"/record/alerts/{alert}", f"/record/alerts/{alert}/hand-on"):
        assert title in page_of(client, path)
    page = page_of(client, f"/record/alerts/{alert}")
    assert str(alert_words.REASONS[kind]) in page

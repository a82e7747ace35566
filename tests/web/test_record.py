"""The officer's desk: the seal, the search in an address, the timeline, what a row leads to, files, saved views."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from flask_babel import force_locale
from sqlalchemy import insert, select, update

from agencies.oversight.models import Alert
from marketplace.foundation import clock
from marketplace.foundation.db import reading, transaction
from marketplace.web.record_proof import Proof, described
from security import verifier
from security.log.models import AuditEntry, AuditPending, LogSubject
from security.log.sealed import Follower, Seal, State
from tests.web import stage as stages
from tests.web.stage import Stage
from tests.web.test_claims import english, form_of
from tests.web.test_pages import rows, text_of


@pytest.fixture
def officer(stage: Stage) -> FlaskClient:
    return english(stage, "haas")


def chips(page: str) -> dict[str, str]:
    """Chips of a page: what they say, and where they lead."""
    found = re.findall(r'<a class="chip" href="([^"]+)"><b>([^<]+)</b> <span dir="auto">([^<]+)</span>', page)
    return {f"{name} {label}": unescape(href) for href, name, label in found}


def asked(page_or_address: str) -> dict[str, str]:
    """The words of a search in an address."""
    return {name: word for name, (word,) in parse_qs(urlsplit(page_or_address).query).items()}


def heading(page: str) -> str:
    found = re.search(r'<h2 id="over-time">([^<]+)</h2>', page)
    assert found is not None
    return found[1]


class TestSearch:
    def test_every_word_is_a_chip_that_leads_to_the_search_without_it(self, officer: FlaskClient) -> None:
        page = text_of(officer, "/record?act=payload.view&label=sensitive&period=today")
        shown = chips(page)
        assert set(shown) == {"act viewed an item", "label Official: sensitive", "time Today"}
        assert asked(shown["time Today"]) == {"act": "payload.view", "label": "sensitive"}

    @pytest.mark.parametrize(
        ("typed", "words"),
        [
            ("heron-42", {"pseudonym": "heron-42"}),
            ("R-7K2M-4Q", {"reference": "R-7K2M-4Q"}),
            ("D-0123456789ABCDEF", {"device": "d-0123456789abcdef"}),
            ("0123456789abcdef", {"session": "0123456789abcdef"}),
            ("5e6f7a8b", {"object": "5e6f7a8b"}),
        ],
    )
    def test_what_was_typed_becomes_a_word_in_the_address(
        self, officer: FlaskClient, typed: str, words: dict[str, str]
    ) -> None:
        answer = officer.get("/record", query_string={"q": typed, "act": "", "label": "sensitive"})
        assert answer.status_code == 303
        assert asked(answer.location) == {"label": "sensitive"} | words

    def test_the_id_of_a_campaign_means_everything_in_it(self, stage: Stage, officer: FlaskClient) -> None:
        campaign = str(stage.campaign())
        answer = officer.get(f"/record?q={campaign}&before=100")
        assert asked(answer.location) == {"campaign": campaign}
        page = text_of(officer, answer.location)
        assert "claimed an item</td>" in page
        assert any(name.startswith("campaign ") for name in chips(page))

    def test_an_address_says_nothing_twice_and_nothing_empty(self, officer: FlaskClient) -> None:
        answer = officer.get("/record?q=&period=week&act=&outcome=refused")
        assert (answer.status_code, asked(answer.location)) == (303, {"period": "week", "outcome": "refused"})
        assert officer.get(answer.location).status_code == 200

    def test_what_is_not_recognised_stays_in_its_field_and_is_explained(self, officer: FlaskClient) -> None:
        page = text_of(officer, "/record?q=zeppelin")
        assert re.search(r'name="q"[^>]*value="zeppelin"', page)
        assert "Not understood and left out: what you typed." in page
        assert "A pseudonym looks like heron-42" in page

    def test_words_without_a_field_survive_the_next_search(self, officer: FlaskClient) -> None:
        page = text_of(officer, "/record?pseudonym=heron-42&session=0123456789abcdef&period=week")
        form = form_of(page, "/record")
        assert (form["pseudonym"], form["session"]) == ("heron-42", "0123456789abcdef")

    def test_a_search_for_a_person_s_name_finds_no_name(self, officer: FlaskClient) -> None:
        page = text_of(officer, "/record?q=Maja%20Lindqvist")
        main = page[page.index("<section") : page.index("</main>")].replace('value="Maja Lindqvist"', "")
        assert "Maja" not in main


class TestRows:
    def test_device_and_session_lead_to_all_of_theirs(self, stage: Stage, officer: FlaskClient) -> None:
        self._from_a_device(stage)
        page = text_of(officer, "/record?act=claim.take")
        device = re.search(r'href="(/record\?device=d-[0-9a-f]{16})"', page)
        session = re.search(r'href="(/record\?session=[0-9a-f]{16})"', page)
        assert device is not None
        assert session is not None
        for link in (device, session):
            found = rows(text_of(officer, link[1]))
            assert len([row for row in found if 'class="at' in row]) == 1

    def test_a_campaign_leads_to_everything_in_it(self, stage: Stage, officer: FlaskClient) -> None:
        page = text_of(officer, "/record?act=contribution.submit")
        assert f'href="/record?campaign={stage.campaign()}"' in page
        assert "Wildlife strikes 1990" in page

    def test_whom_somebody_chose_by_name_is_a_person_and_no_more(
        self, stage: Stage, officer: FlaskClient
    ) -> None:
        given = [row for row in rows(text_of(officer, "/record?act=need_to_know.give")) if 'class="at' in row]
        assert given
        assert all(">a person</span>" in row and "person=" not in row for row in given)

    def test_whom_somebody_followed_is_a_pseudonym_that_can_be_followed(
        self, stage: Stage, officer: FlaskClient
    ) -> None:
        with reading() as db:
            maja = LogSubject.id == stage.person("maja").subject_id
            pseudonym = db.scalar(select(LogSubject.pseudonym).where(maja))
        text_of(officer, f"/record?pseudonym={pseudonym}")
        stage.number_entries()
        link = f"/record?person={pseudonym}"
        assert f'href="{link}"' in text_of(officer, "/record?act=log.read")
        found = [row for row in rows(text_of(officer, f"{link}&readings=shown")) if 'class="at' in row]
        assert found
        assert all("read the record</td>" in row for row in found)

    @staticmethod
    def _from_a_device(stage: Stage) -> None:
        """As if one of the entries that the officer sees had been made on a device of its own."""
        seen = AuditEntry.object_agency_id == stage.person("haas").agency_id
        with transaction() as tx:
            number = tx.scalar(
                select(AuditEntry.number)
                .where(AuditEntry.act == "claim.take", seen)
                .order_by(AuditEntry.number.desc())
            )
            of = {"device_id": f"d-{uuid4().hex[:16]}", "session": uuid4().hex[:16]}
            tx.execute(update(AuditEntry).where(AuditEntry.number == number).values(of))


@pytest.fixture(autouse=True)
def nothing_waits(stage: Stage) -> None:
    """What other tests raised would be marked in every list."""
    with transaction() as tx:
        tx.execute(update(Alert).where(Alert.state != "closed").values(state="closed"))


class TestTimeline:
    def test_without_words_it_is_the_last_seven_days(self, officer: FlaskClient) -> None:
        assert re.fullmatch(r"[\d,]+ entries in the last 7 days", heading(text_of(officer, "/record")))

    def test_the_table_behind_it_has_the_same_counts(self, stage: Stage, officer: FlaskClient) -> None:
        page = text_of(officer, "/record?act=contribution.submit")
        total = int(heading(page).split()[0].replace(",", ""))
        cells = re.findall(r'<td class="figure end">([\d,]+)</td>', page)
        assert total == sum(int(cell.replace(",", "")) for cell in cells) > 0

    def test_a_line_of_the_table_leads_to_its_entries(self, officer: FlaskClient) -> None:
        page = text_of(officer, "/record?act=contribution.submit&period=today")
        line = re.search(
            r'<th scope="row"><a href="(/record\?[^"]*since=[^"]*)">[^<]+</a></th><td[^>]*>(\d+)', page
        )
        assert line is not None
        within = text_of(officer, unescape(line[1]))
        assert heading(within).split()[0] == line[2]
        assert set(asked(unescape(line[1]))) == {"act", "since", "until"}

    def test_the_drawing_says_its_finding_in_words(self, officer: FlaskClient) -> None:
        page = text_of(officer, "/record?act=contribution.submit")
        titles = re.findall(r'<title id="timeline-\w+">([^<]+)</title>', page)
        assert len(titles) == 2
        assert re.fullmatch(r"Most entries at .+: [\d,]+; refused: 0", titles[0])

    def test_limits_that_leave_no_time_have_no_timeline(self, officer: FlaskClient) -> None:
        page = text_of(officer, "/record?since=2020-05-02&until=2020-05-01")
        assert "over-time" not in page
        assert "No entry fits these filters." in page

    def test_the_reading_of_list_and_timeline_is_one_entry(self, stage: Stage, officer: FlaskClient) -> None:
        stage.number_entries()
        text_of(officer, "/record?period=month")
        with reading() as db:
            added = db.all(select(AuditPending.act))
        assert [row.act for row in added] == ["log.read"]


class TestUnderAlert:
    def test_its_entries_are_marked_in_list_and_timeline_until_it_is_closed(
        self, stage: Stage, officer: FlaskClient
    ) -> None:
        address = "/record?act=contribution.submit"
        maja = stage.person("maja").subject_id
        with reading() as db:
            mine = (AuditEntry.subject_id == maja, AuditEntry.act == "contribution.submit")
            numbers = [row.number for row in db.all(select(AuditEntry.number).where(*mine))]
            pseudonym = db.scalar(select(LogSubject.pseudonym).where(LogSubject.id == maja))
        alert_id = self._raised(stage, min(numbers), max(numbers))
        try:
            page = text_of(officer, address)
            marked = [row for row in rows(page) if 'class="alert' in row]
            assert marked
            assert all(f">{pseudonym}</a>" in row for row in marked)
            counts = re.findall(r'<td class="figure end">([\d,]+)</td>', page)
            assert sum(int(count) for count in counts[1::3]) == len(numbers)
            assert f"under alert: {len(numbers)}</title>" in page
        finally:
            with transaction() as tx:
                tx.execute(update(Alert).where(Alert.id == alert_id).values(state="closed"))
        page = text_of(officer, address)
        assert "under alert: " not in page
        assert 'class="alert' not in "".join(rows(page))

    @staticmethod
    def _raised(stage: Stage, first: int, last: int) -> Any:
        alert_id, haas, maja = uuid4(), stage.person("haas"), stage.person("maja")
        with transaction() as tx:
            now = clock.now(tx)
            facts = {"count": 40, "since": now.isoformat(), "zone": "home", "agency": str(maja.agency_id)}
            tx.execute(
                insert(Alert).values(
                    id=alert_id, agency_id=haas.agency_id, kind="many_views", about=str(maja.subject_id),
                    subject_id=maja.subject_id, first_number=first, last_number=last, facts=facts,
                    raised_at=now, last_at=now,
                )
            )  # fmt: skip
        return alert_id


class TestFiles:
    def test_the_export_holds_what_the_page_searched_for(self, officer: FlaskClient) -> None:
        page = text_of(officer, "/record?act=contribution.submit&outcome=done")
        link = re.search(r'href="(/record\.csv[^"]*)"', page)
        assert link is not None
        answer = officer.get(unescape(link[1]))
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert answer.headers["Content-Disposition"] == 'attachment; filename="record.csv"'
        found = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True))))
        assert {row["act"] for row in found} == {"contribution.submit"}
        assert f"{len(found)} entries" in heading(page)

    def test_an_export_of_what_was_not_understood_leads_to_the_page_that_says_so(
        self, officer: FlaskClient
    ) -> None:
        answer = officer.get("/record.csv?since=yesterday")
        assert (answer.status_code, answer.location) == (303, "/record?since=yesterday")
        assert "Not understood and left out" in text_of(officer, answer.location)

    def test_the_proof_of_a_page_holds_without_the_marketplace(
        self, stage: Stage, officer: FlaskClient, tmp_path: Path
    ) -> None:
        stage.number_entries()
        stage.seal()
        page = text_of(officer, "/record?act=contribution.submit")
        link = re.search(r'href="(/record/proof\.json\?[^"]*)"', page)
        assert link is not None
        answer = officer.get(unescape(link[1]))
        assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
        file = tmp_path / "proof.json"
        file.write_bytes(answer.data)
        verifier.main([str(file), "--log", str(stages.LOG.verifier)])
        newest = re.search(r'class="number[^>]*>.*?([\d,]+)</td>', page)
        assert newest is not None
        part = json.loads(answer.data)["parts"][0]
        assert part["first"] + len(part["entries"]) - 1 == int(newest[1].replace(",", ""))


class TestSavedViews:
    def test_a_view_is_saved_found_and_dropped(self, stage: Stage, officer: FlaskClient) -> None:
        page = text_of(officer, "/record?outcome=refused&period=week")
        form = form_of(page, "/record/views")
        answer = officer.post("/record/views", data=form | {"name": "Refused this week"})
        assert (answer.status_code, asked(answer.location)) == (303, {"outcome": "refused", "period": "week"})
        link = re.search(
            r'href="([^"]+)">Saved: Refused this week<', text_of(english(stage, "haas"), "/record")
        )
        assert link is not None
        assert asked(unescape(link[1])) == {"outcome": "refused", "period": "week"}
        page = text_of(officer, "/record")
        drop = re.search(r'action="(/record/views/[^"]+/drop)"', page)
        assert drop is not None
        assert officer.post(drop[1], data=form_of(page, drop[1])).status_code == 303
        assert "Refused this week" not in text_of(officer, "/record")

    def test_what_is_wrong_stands_beside_the_field_and_nothing_typed_is_lost(
        self, officer: FlaskClient
    ) -> None:
        page = text_of(officer, "/record?outcome=refused")
        form = form_of(page, "/record/views")
        answer = officer.post("/record/views", data=form | {"name": "x" * 90})
        again = answer.get_data(as_text=True)
        assert answer.status_code == 422
        assert "Give it a name of at most 80 characters." in again
        assert f'value="{"x" * 90}"' in again
        assert form_of(again, "/record/views")["outcome"] == "refused"
        assert set(chips(again)) == {"outcome Refused"}

    def test_there_is_nothing_to_save_without_a_search(self, officer: FlaskClient) -> None:
        assert 'action="/record/views"' not in text_of(officer, "/record")


NORTH, SOUTH = uuid4(), uuid4()


class _Agency:
    def __init__(self, name: str) -> None:
        self.name = name


AGENCIES = {NORTH: _Agency("North"), SOUTH: _Agency("South")}


class TestSeal:
    """One value, one sentence."""

    def said(self, stage: Stage, state: State, *followers: Follower, **given: Any) -> Proof:
        with stage.app.test_request_context(), force_locale("en"):
            return described(Seal(state, followers=followers, **given), AGENCIES)

    def test_sealed(self, stage: Stage) -> None:
        found = self.said(
            stage,
            State.SEALED,
            Follower(NORTH, ("n",), True, False),
            Follower(SOUTH, ("s",), False, False),
            size=1_284_908,
            age=timedelta(seconds=1.7),
        )
        assert found.tone == "done"
        assert found.finding == "Sealed by 1 of 2 agencies, 2 s ago."
        assert found.meaning == "Whole up to entry 1,284,907; nothing rewritten, nothing missing."
        assert [each.state for each in found.agencies] == ["cosigned", "waiting"]

    def test_behind(self, stage: Stage) -> None:
        found = self.said(
            stage,
            State.BEHIND,
            Follower(NORTH, ("n",), True, False),
            size=11,
            newer=1204,
            age=timedelta(hours=3),
        )
        assert (found.tone, found.finding) == ("look", "Sealed by 1 of 1 agency, 3 h ago.")
        assert found.meaning == (
            "Whole up to entry 10; nothing rewritten, nothing missing. "
            "1,204 newer entries are signed by the marketplace only."
        )

    def test_contradicted(self, stage: Stage) -> None:
        found = self.said(
            stage,
            State.CONTRADICTED,
            Follower(NORTH, ("n",), True, False),
            Follower(SOUTH, ("s",), True, True),
            size=11,
        )
        assert (found.tone, found.finding) == ("danger", "The witness of South contradicts this record.")
        assert "nothing missing" not in found.meaning

    def test_unwitnessed(self, stage: Stage) -> None:
        found = self.said(stage, State.UNWITNESSED, size=3, age=timedelta(seconds=2))
        assert (found.tone, found.finding) == ("plain", "Signed by the marketplace, 2 s ago.")
        assert found.meaning == "No agency’s witness follows yet."
        waiting = self.said(stage, State.UNWITNESSED, Follower(NORTH, ("n",), False, False), size=3)
        assert waiting.meaning == "No agency’s witness has answered yet."

    def test_unsigned(self, stage: Stage) -> None:
        found = self.said(stage, State.UNSIGNED)
        assert (found.tone, found.finding) == ("plain", "Nothing is signed yet.")

    def test_a_witness_of_nobody_we_know_is_called_by_its_own_name(self, stage: Stage) -> None:
        found = self.said(stage, State.CONTRADICTED, Follower(None, ("west.example/w",), False, True))
        assert found.finding == "The witness of west.example/w contradicts this record."

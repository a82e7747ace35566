"""What single pages do beyond looking right: filters, sign-in, results, record, operation, notices, refusals."""

from __future__ import annotations

import csv
import io
import re
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from flask_babel import force_locale
from sqlalchemy import select

from agencies.models import Notice
from marketplace.edge.problems import describe
from marketplace.foundation import jobs
from marketplace.foundation.db import reading
from marketplace.web.problem_page import problem_page
from security.oidc import errors as oidc
from tests import on_device
from tests.web.stage import Stage
from tests.web.test_claims import english, form_of


def text_of(client: FlaskClient, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status
    return answer.get_data(as_text=True)


class TestBoard:
    def test_a_filter_stands_in_the_address_and_as_a_chip_without_it(self, stage: Stage) -> None:
        page = text_of(english(stage, "maja"), "/work?agency=civil-aviation&minutes=2&q=airport")
        assert re.search(r'name="agency"[^>]*value="civil-aviation" checked', page)
        chips = dict(re.findall(r'<a class="chip" href="([^"]+)"><b>(\w+)</b>', page))
        assert chips == {
            "/work?minutes=2&amp;q=airport": "agency",
            "/work?agency=civil-aviation&amp;q=airport": "minutes",
        }

    def test_a_list_of_nothing_does_not_speak_of_the_best_match(self, stage: Stage) -> None:
        client = english(stage, "maja")
        assert "best match" not in text_of(client, "/work?q=zeppelin")
        page = text_of(client, "/work?q=german")
        assert "best match" not in page
        assert "None of these can be started yet." in page

    @pytest.mark.parametrize(
        "query", ["minutes=soon", "level=secret", "q=%00", "agency=&skill=", "minutes=-1"]
    )
    def test_a_filter_that_makes_no_sense_is_left_out(self, stage: Stage, query: str) -> None:
        assert "campaigns you can start now" in text_of(english(stage, "maja"), f"/work?{query}")

    def test_the_suggestion_gives_way_to_a_search(self, stage: Stage) -> None:
        client = english(stage, "maja")
        assert "Start next suitable" in text_of(client, "/work")
        assert "Start next suitable" not in text_of(client, "/work?minutes=2")

    def test_an_empty_list_says_what_there_would_be_without_the_filter(self, stage: Stage) -> None:
        page = text_of(english(stage, "maja"), "/work?q=zeppelin")
        assert "Nothing fits your filter. Without it there are 4 campaigns." in page

    def test_a_missing_skill_is_named_with_what_would_help(self, stage: Stage) -> None:
        page = text_of(english(stage, "maja"), "/work")
        assert (
            "Asks for: the skill <b>German to English</b>. If you have it, say so under “My skills”." in page
        )


class TestSignIn:
    def test_it_names_every_agency(self, stage: Stage) -> None:
        page = text_of(stage.client(), "/sign-in")
        for agency in ("Civil Aviation Office", "Digital Service", "National Archive"):
            assert agency in page

    def test_the_agency_used_last_comes_first(self, stage: Stage) -> None:
        client = stage.client()
        client.set_cookie("market_agency", "national-archive")
        client.set_cookie("language", "en")
        page = text_of(client, "/sign-in")
        assert page.index("National Archive") < page.index("Civil Aviation Office")
        assert page.count("You used this last time on this device") == 1

    def test_an_unknown_agency_is_not_found(self, stage: Stage) -> None:
        text_of(stage.client(), "/sign-in/nobody", 404)

    def test_who_is_signed_in_goes_on(self, stage: Stage) -> None:
        answer = stage.client("maja").get("/sign-in?then=/my-work")
        assert (answer.status_code, answer.location) == (303, "/my-work")

    @pytest.mark.parametrize(
        "then", ["https://elsewhere.example", "//elsewhere.example", "/\\elsewhere.example"]
    )
    def test_it_leads_to_our_own_pages_only(self, stage: Stage, then: str) -> None:
        assert stage.client("maja").get("/sign-in", query_string={"then": then}).location == "/work"

    def test_signing_out_ends_the_session(self, stage: Stage) -> None:
        client = english(stage, "tom")
        answer = client.post("/sign-out", data=form_of(text_of(client, "/my-work"), "/sign-out"))
        assert answer.status_code == 303
        assert client.get("/my-work").location.startswith("/sign-in")

    @pytest.mark.parametrize(
        ("error", "title", "help_"),
        [
            (oidc.SignInDeclined(), "The sign-in was cancelled", "whenever you like"),
            (oidc.CallbackIssuerMissing(), "Your agency’s answer cannot be accepted", "Sign in once more."),
            (
                oidc.AudienceWrong(),
                "Your agency’s answer cannot be accepted",
                "Tell your agency’s administrator",
            ),
            (oidc.SignInTooWeak(), "Your agency’s answer cannot be accepted", "second factor"),
        ],
        ids=lambda value: getattr(value, "code", ""),
    )
    def test_a_refused_answer_of_an_agency_has_its_own_page(
        self, stage: Stage, error: oidc.SignInRefused, title: str, help_: str
    ) -> None:
        with stage.app.test_request_context("/sign-in/civil-aviation/callback"), force_locale("en"):
            answer = problem_page(describe(error, "R-TEST-01"), 403, "R-TEST-01")
        page = answer.get_data(as_text=True)
        assert f"<h1>{title}</h1>" in page
        assert help_ in page
        assert '<a class="ds-button" href="/sign-in">Sign in</a>' in page
        assert "Ask the owner" not in page
        assert "held against you" not in page


class TestRoom:
    def test_worth_a_look_is_where_not_all_agreed(self, stage: Stage) -> None:
        page = text_of(english(stage, "ines"), f"/campaigns/{stage.campaign()}/room")
        assert re.search(r"All agreed</dt><dd>67.?% .*?8 items are worth a look<", page, re.DOTALL)

    def test_the_owner_finds_the_room_from_the_campaign(self, stage: Stage) -> None:
        page = text_of(english(stage, "ines"), f"/campaigns/{stage.campaign()}")
        assert f'href="/campaigns/{stage.campaign()}/room">Open the room</a>' in page
        assert "One step away" not in page
        assert "Open the room" not in text_of(english(stage, "maja"), f"/campaigns/{stage.campaign()}")


class TestResults:
    def test_a_sealed_value_stays_closed_in_the_list(self, stage: Stage) -> None:
        page = text_of(english(stage, "ines"), f"/campaigns/{stage.campaign()}/results")
        assert page.count(">Item ") == 24
        assert "A species" not in page
        assert "sealed" in page

    def test_a_result_has_its_sentence_and_its_trace_by_day(self, stage: Stage) -> None:
        path = f"/campaigns/{stage.campaign()}/results/{stage.settled_item()}"
        page = text_of(english(stage, "ines"), path)
        assert re.search(r"[123] of 3 chose it\.", page)
        device = on_device.device_of(stage.person("ines")).thumbprint
        trace = english(stage, "ines").get(f"{path}/parts?device={device}").json["trace"]
        assert len([step for step in trace if re.fullmatch(r"[a-z]+-\d{4}", step["alias"])]) == 3
        assert all(re.fullmatch(r"\d{4}-\d{2}-\d{2}", step["day"]) for step in trace)
        main = page[page.index("<main") : page.index("</main>")]
        assert not re.search(r"\d{1,2}:\d{2}", main)

    def test_the_rules_at_the_screen_hold_as_on_the_work_page(self, stage: Stage) -> None:
        """The mark and the closing, in a network that is none of the agency's own."""
        for login, path in (
            ("maja", f"/claims/{stage.claim('maja')}"),
            ("ines", f"/campaigns/{stage.campaign()}/results/{stage.settled_item()}"),
        ):
            client = english(stage, login)
            client.environ_base["REMOTE_ADDR"] = "203.0.113.9"
            page = text_of(client, path)
            assert 'data-idle-minutes="10"' in page, path
            assert re.search(r'data-mark="[0-9A-Z]{4}(-[0-9A-Z]{4}){3} ', page), path
            assert "data-screen-again" in page, path

    def test_the_download_has_a_row_per_result(self, stage: Stage) -> None:
        answer = english(stage, "ines").get(f"/campaigns/{stage.campaign()}/results.csv")
        assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
        rows = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True))))
        assert len(rows) == 24
        assert {row["result"] for row in rows} <= {"species", "group", "nothing", "cannot_tell"}

    def test_another_agencys_room_is_refused_with_the_remedy_as_title(self, stage: Stage) -> None:
        airports = stage.campaign("Is this the same airport?")
        page = text_of(english(stage, "nora"), f"/campaigns/{airports}/room", 403)
        assert "<h1>Ask the owner for the results</h1>" in page
        assert "It is not held against you." in page
        assert re.search(r"R-[0-9A-Z]{4}-[0-9A-Z]{2}", page)


def rows(page: str) -> list[str]:
    """What the tables of a page show, a text per row."""
    return re.findall(r"<tr.*?</tr>", page, re.DOTALL)


class TestRecord:
    def test_entries_are_found_by_act_and_pseudonym(self, stage: Stage) -> None:
        client = english(stage, "haas")
        page = text_of(client, "/record?act=contribution.submit")
        assert "submitted an answer</td>" in page
        assert "claimed an item</td>" not in page
        pseudonym = re.search(r"/record\?pseudonym=([a-z0-9-]+)", page)
        assert pseudonym is not None
        assert pseudonym[1] in text_of(client, f"/record?pseudonym={pseudonym[1]}")

    def test_a_refusal_is_seen_with_its_reason(self, stage: Stage) -> None:
        airports = stage.campaign("Is this the same airport?")
        stage.client("nora").get(f"/campaigns/{airports}/room")
        stage.number_entries()
        page = text_of(english(stage, "haas"), "/record?act=access.refuse")
        assert "Refused</span>" in page
        assert "results of another agency" in page
        reference = re.search(r"R-[0-9A-Z]{4}-[0-9A-Z]{2}", page)
        assert reference is not None
        assert reference[0] in text_of(english(stage, "haas"), f"/record?reference={reference[0].lower()}")

    def test_no_name_of_a_page_or_an_error_in_our_code_is_shown(self, stage: Stage) -> None:
        stage.client("maja").get("/operation")
        stage.number_entries()
        page = text_of(english(stage, "haas"), "/record?act=access.refuse")
        assert "role missing" in page
        assert "NotPermitted" not in page
        assert "web.operation" not in page

    def test_objects_lead_to_all_their_entries(self, stage: Stage) -> None:
        page = text_of(english(stage, "haas"), "/record?act=contribution.submit")
        found = re.search(r'href="(/record\?object=[0-9a-f-]{36})">([0-9a-f]{8})<', page)
        assert found is not None
        assert found[2] in text_of(english(stage, "haas"), found[1])

    def test_readings_of_the_record_are_left_out_until_asked_for(self, stage: Stage) -> None:
        client = english(stage, "haas")
        text_of(client, "/record")
        stage.number_entries()
        assert "read the record</td>" not in text_of(client, "/record")
        assert "read the record</td>" in text_of(client, "/record?readings=shown")
        assert "read the record</td>" not in text_of(client, "/record?readings=shown&readings=hidden")
        assert "read the record</td>" in text_of(client, "/record?act=log.read")

    def test_acts_are_sorted_by_their_words(self, stage: Stage) -> None:
        client = stage.client("haas")
        client.set_cookie("language", "de")
        choices = re.search(
            r'<select[^>]*name="act"[^>]*>(.*?)</select>', text_of(client, "/record"), re.DOTALL
        )
        assert choices is not None
        words = re.findall(r">([^<]+)</option>", choices[1])[1:]
        assert words == sorted(words, key=str.casefold)

    def test_names_stay_closed(self, stage: Stage) -> None:
        page = text_of(english(stage, "haas"), "/record")
        main = page[page.index("<main") : page.index("</main>")]
        for name in ("Maja", "Karim", "Lena Vos", "Ines"):
            assert name not in main

    @pytest.mark.parametrize(
        "query",
        [
            "since=yesterday",
            "until=9999-12-31",
            "label=secret",
            "agency=nobody",
            "act=fly",
            "outcome=perhaps",
            "zone=moon",
            "object=1234567",
            "before=x",
            "before=0",
            "before=-1",
            "before=9223372036854775808",
            f"before={'9' * 5000}",
        ],
    )
    def test_a_filter_that_makes_no_sense_is_named_and_left_out(self, stage: Stage, query: str) -> None:
        client = english(stage, "haas")
        whole, page = text_of(client, "/record"), text_of(client, f"/record?{query}")
        assert "Not understood and left out: " in page
        assert 'class="chip"' not in page
        assert rows(page) == rows(whole) != []

    def test_older_entries_are_one_link_away(self, stage: Stage) -> None:
        client = english(stage, "haas")
        older = re.search(r'<a href="(/record\?[^"]*before=\d+)" rel="next">', text_of(client, "/record"))
        assert older is not None
        text_of(client, older[1].replace("&amp;", "&"))


class TestOperation:
    def test_a_given_up_job_starts_over(self, stage: Stage) -> None:
        client = english(stage, "jan")
        page = text_of(client, "/operation")
        assert "jobs need a decision" in page
        number = re.search(r"/operation/jobs/(\d+)/retry", page)
        assert number is not None
        answer = client.post(f"/operation/jobs/{number[1]}/retry", data=form_of(page, f"{number[1]}/retry"))
        assert answer.status_code == 303
        with reading() as db:
            assert db.scalar(select(jobs.Job.state).where(jobs.Job.id == int(number[1]))) == jobs.READY

    def test_no_content_is_on_the_page(self, stage: Stage) -> None:
        assert "Unknown bird" not in text_of(english(stage, "jan"), "/operation")


class TestNotices:
    def test_opening_a_notice_leads_to_it_and_it_is_no_longer_new(self, stage: Stage) -> None:
        client = english(stage, "maja")
        page = text_of(client, "/notices")
        new = re.search(r"(\d+) are new\.", page)
        assert new is not None
        action = re.search(r'action="(/notices/([^"/]+)/read)"', page)
        assert action is not None
        answer = client.post(action[1], data=form_of(page, action[1]))
        with reading() as db:
            assert answer.location == db.scalar(select(Notice.path).where(Notice.id == UUID(action[2])))
        left = int(new[1]) - 1
        assert re.search(rf"\b{left} (is|are) new\.", text_of(client, "/notices"))


class TestRefusals:
    def test_a_page_of_another_role_names_the_role(self, stage: Stage) -> None:
        page = text_of(english(stage, "maja"), "/record", 403)
        assert "<h1>Ask your administrator for the role security officer</h1>" in page
        assert page.count("administrator") == 2  # in the title and its copy for the tab
        assert "The role security officer" in page

    @pytest.mark.parametrize(
        ("login", "way"),
        [
            ("felix", '<a class="ds-button" href="/agency">Agency</a>'),
            ("haas", '<a class="ds-button" href="/record">Record</a>'),
            ("maja", '<a class="ds-button" href="/work">Find other work</a>'),
        ],
    )
    def test_one_goes_on_where_ones_own_work_begins(self, stage: Stage, login: str, way: str) -> None:
        assert way in text_of(english(stage, login), "/operation", 403)

    def test_an_address_that_leads_nowhere_says_so(self, stage: Stage) -> None:
        assert "There is nothing here" in text_of(english(stage, "maja"), "/nowhere", 404)

    def test_appearance_is_kept_on_the_device(self, stage: Stage) -> None:
        client = english(stage, "maja")
        hidden = form_of(text_of(client, "/help"), "/appearance")
        answer = client.post("/appearance", data=hidden | {"scheme": "dark"})
        assert answer.location == "/help"
        assert 'data-color-scheme="dark"' in text_of(client, "/help")

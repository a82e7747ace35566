"""What an officer sees: acts of the own agency's people or on its data, filtered, and the reading is recorded first."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from agencies.oversight import searches
from marketplace.foundation import clock
from marketplace.foundation.db import transaction
from security.log import queries, sequencer
from security.log.models import AuditPending, LogSubject
from security.principal import Principal, Role
from tests.builders import AT_WORK, a_campaign, a_claim, a_person, an_answer, an_owner, found, one


def numbered() -> None:
    with transaction() as tx:
        sequencer.sequence(tx)


def seen_by(officer: Principal, before: int | None = None, limit: int = 50, **filters: Any) -> dict[str, Any]:
    with transaction() as tx:
        asked = searches.parse(tx, filters).filters
        return queries.entries(tx, asked, actor=officer, context=AT_WORK, before=before, limit=limit)


def acts(page: dict[str, Any]) -> list[str]:
    return [row["act"] for row in page["rows"]]


@pytest.fixture
def people(database: Engine) -> dict[str, Principal]:
    """North posts, somebody of South answers; West has nothing to do with it."""
    owner, person = an_owner("north"), a_person("south")
    campaign = a_campaign(owner, items=1, redundancy=1, level="sensitive")
    an_answer(a_claim(campaign, person), person)
    officers = {slug: a_person(slug, roles=(Role.SECURITY_OFFICER,)) for slug in ("north", "south", "west")}
    numbered()
    return officers | {"owner": owner, "person": person}


class TestWhoSeesWhat:
    def test_the_agency_whose_data_it_was_sees_the_act(self, people: dict[str, Principal]) -> None:
        assert "contribution.submit" in acts(seen_by(people["north"]))

    def test_the_agency_whose_person_it_was_sees_the_act(self, people: dict[str, Principal]) -> None:
        assert "contribution.submit" in acts(seen_by(people["south"]))

    def test_an_agency_that_has_nothing_to_do_with_it_does_not(self, people: dict[str, Principal]) -> None:
        assert not {"contribution.submit", "claim.take", "campaign.post"} & set(acts(seen_by(people["west"])))

    def test_the_marketplace_s_officer_sees_the_acts_of_all(self, people: dict[str, Principal]) -> None:
        officer = a_person("west", roles=(Role.MARKETPLACE_OFFICER,))
        assert {"contribution.submit", "claim.take", "campaign.post"} <= set(acts(seen_by(officer)))

    def test_people_are_called_by_their_pseudonyms(self, people: dict[str, Principal]) -> None:
        pseudonym = one(select(LogSubject.pseudonym).where(LogSubject.id == people["person"].subject_id))
        assert seen_by(people["north"], act="claim.take")["rows"][0]["pseudonym"] == pseudonym

    def test_a_row_holds_no_id_of_a_person(self, people: dict[str, Principal]) -> None:
        row = seen_by(people["north"], act="claim.take")["rows"][0]
        assert people["person"].person_id not in row.values()
        assert people["person"].subject_id not in row.values()


class TestReading:
    def test_is_on_the_record(self, people: dict[str, Principal]) -> None:
        seen_by(people["north"], act="claim.take")
        row = found(select(AuditPending.act, AuditPending.subject_id, AuditPending.detail))[-1]
        assert tuple(row) == ("log.read", people["north"].subject_id, {"act": "claim.take"})

    def test_an_earlier_reading_is_seen_by_the_next(self, people: dict[str, Principal]) -> None:
        seen_by(people["north"])
        numbered()
        assert "log.read" in acts(seen_by(people["north"]))


class TestFilters:
    @pytest.mark.parametrize(
        ("filters", "shown"),
        [
            ({"act": "claim.take"}, ["claim.take"]),
            ({"outcome": "refused"}, []),
            ({"zone": "home"}, []),
            ({"label": "sensitive", "act": "campaign.post"}, ["campaign.post"]),
            ({"label": "public"}, []),
            ({"pseudonym": "dodo-00"}, []),
            ({"act": "claim.take", "zone": "office"}, ["claim.take"]),
        ],
    )
    def test_show_what_fits(
        self, people: dict[str, Principal], filters: dict[str, Any], shown: list[str]
    ) -> None:
        assert acts(seen_by(people["north"], **filters)) == shown

    def test_by_pseudonym_shows_the_acts_of_one(self, people: dict[str, Principal]) -> None:
        pseudonym = one(select(LogSubject.pseudonym).where(LogSubject.id == people["person"].subject_id))
        assert set(acts(seen_by(people["north"], pseudonym=pseudonym))) == {
            "claim.take",
            "contribution.submit",
        }

    def test_a_filter_does_not_widen_what_an_officer_sees(self, people: dict[str, Principal]) -> None:
        pseudonym = one(select(LogSubject.pseudonym).where(LogSubject.id == people["person"].subject_id))
        assert acts(seen_by(people["west"], pseudonym=pseudonym)) == []

    def test_by_time_begins_with_the_moment_and_ends_before_it(self, people: dict[str, Principal]) -> None:
        taken = seen_by(people["north"], act="claim.take")["rows"][0]["at"]
        assert acts(seen_by(people["north"], act="claim.take", since=taken.isoformat())) == ["claim.take"]
        assert acts(seen_by(people["north"], act="claim.take", until=taken.isoformat())) == []

    def test_of_the_future_show_nothing(self, people: dict[str, Principal]) -> None:
        with transaction() as tx:
            tomorrow = clock.now(tx) + timedelta(days=1)
        assert acts(seen_by(people["north"], since=tomorrow.isoformat())) == []


class TestPages:
    def test_newest_first(self, people: dict[str, Principal]) -> None:
        numbers = [row["number"] for row in seen_by(people["north"])["rows"]]
        assert numbers == sorted(numbers, reverse=True)

    def test_read_on_from_where_they_end(self, people: dict[str, Principal]) -> None:
        everything = [row["number"] for row in seen_by(people["north"])["rows"]]
        first = seen_by(people["north"], limit=2)
        rest = seen_by(people["north"], before=first["next"])
        assert [row["number"] for row in first["rows"] + rest["rows"]] == everything

    def test_the_last_page_leads_nowhere(self, people: dict[str, Principal]) -> None:
        assert seen_by(people["north"])["next"] is None

"""The board: what I may do, what is one step away, and nothing of what I may not know."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, update

from marketplace.foundation.db import reading
from security.labels import Level
from security.principal import Principal, Role
from tasks import queries
from tasks.board import Filter, board
from tasks.errors import NoSuchCampaign
from tasks.models import Campaign
from tests.agencies.skills.in_use import wants
from tests.builders import AT_WORK, a_campaign, a_claim, a_contribution, a_person, an_owner, changed, settled


def seen_by(person: Principal, **wanted: Any) -> dict[str, Any]:
    with reading() as db:
        return board(db, person, AT_WORK, Filter(**wanted))


def named(rows: list[dict[str, Any]]) -> list[str]:
    return [row["name"] for row in rows]


class TestWhatIsShown:
    def test_an_open_campaign_that_fits(self, database: Engine) -> None:
        a_campaign(name="Strikes")
        assert named(seen_by(a_person())["can"]) == ["Strikes"]

    def test_a_missing_skill_is_one_step_away(self, database: Engine) -> None:
        a_person(skills=("law",))
        a_campaign(name="Verdicts", skills=["law"])
        shown = seen_by(a_person())
        assert (named(shown["can"]), named(shown["away"])) == ([], ["Verdicts"])

    def test_one_step_away_says_which_skill_and_what_would_help(self, database: Engine) -> None:
        a_person(skills=("law",))
        a_campaign(skills=["law"])
        missing = seen_by(a_person())["away"][0]["missing"]
        assert missing == [{"code": "skill", "args": {"skills": "law"}, "remedy": "add_skill"}]

    def test_a_skill_that_one_has_is_a_reason(self, database: Engine) -> None:
        person = a_person(skills=("law",))
        a_campaign(skills=["law"])
        assert {"code": "have_skill", "args": {"skill": "law"}} in seen_by(person)["can"][0]["reasons"]

    def test_every_row_gives_a_reason(self, database: Engine) -> None:
        a_campaign()
        assert seen_by(a_person())["can"][0]["reasons"]


class TestWhatOneWantsToLearn:
    def test_it_is_a_reason_and_opens_nothing(self, database: Engine) -> None:
        person = a_person()
        a_campaign(name="Verdicts", skills=["law"])
        wants(person, "law")
        shown = seen_by(person)
        assert (named(shown["can"]), named(shown["away"])) == ([], ["Verdicts"])
        assert {"code": "wants_skill", "args": {"skill": "law"}} in shown["away"][0]["reasons"]
        assert shown["away"][0]["missing"][0]["code"] == "skill"

    def test_more_of_ones_skills_come_first_then_what_one_wants_then_the_rest(self, database: Engine) -> None:
        person = a_person(skills=("law", "maths", "art"))
        a_campaign(name="Nothing asked", due=date(2031, 1, 1).isoformat())
        a_campaign(name="Art", skills=["art"], due=date(2031, 1, 1).isoformat())
        a_campaign(name="Law", skills=["law"], due=date(2032, 1, 1).isoformat())
        a_campaign(name="Law and maths", skills=["law", "maths"], due=date(2033, 1, 1).isoformat())
        assert named(seen_by(person)["can"]) == ["Law and maths", "Art", "Law", "Nothing asked"]
        wants(person, "law")
        assert named(seen_by(person)["can"]) == ["Law and maths", "Law", "Art", "Nothing asked"]

    def test_the_same_holds_for_what_is_one_step_away(self, database: Engine) -> None:
        person = a_person()
        a_campaign(name="Art", skills=["art"])
        a_campaign(name="Law", skills=["law"])
        assert named(seen_by(person)["away"]) == ["Art", "Law"]
        wants(person, "law")
        assert named(seen_by(person)["away"]) == ["Law", "Art"]


class TestWhatIsNotShown:
    def hidden(self, campaign: UUID, person: Principal) -> None:
        shown = seen_by(person)
        assert (shown["can"], shown["away"], shown["known"]) == ([], [], 0)
        assert all(not facet or not any(entry[2] for entry in facet) for facet in shown["facets"].values())
        with reading() as db, pytest.raises(NoSuchCampaign):
            queries.described(db, campaign, person, AT_WORK)

    def test_what_one_is_not_cleared_for(self, database: Engine) -> None:
        campaign = a_campaign(an_owner(clearance=Level.RESTRICTED), level="restricted")
        self.hidden(campaign, a_person(clearance=Level.SENSITIVE))

    def test_what_another_audience_is_asked_for(self, database: Engine) -> None:
        self.hidden(a_campaign(audience=["somewhere-else"]), a_person("south"))

    def test_not_even_one_step_away(self, database: Engine) -> None:
        campaign = a_campaign(an_owner(clearance=Level.RESTRICTED), level="restricted", skills=["law"])
        self.hidden(campaign, a_person(clearance=Level.SENSITIVE))

    def test_a_closed_campaign(self, database: Engine) -> None:
        a_campaign()
        changed(update(Campaign).values(state="closed"))
        assert seen_by(a_person())["can"] == []

    def test_a_settled_campaign(self, database: Engine) -> None:
        campaign = a_campaign(items=1, redundancy=1)
        a_contribution(campaign, a_person())
        settled(campaign)
        assert seen_by(a_person())["can"] == []

    def test_a_campaign_whose_every_item_one_has_had(self, database: Engine) -> None:
        posted, person = a_campaign(items=2, redundancy=3), a_person()
        a_contribution(posted, person)
        a_contribution(posted, person)
        assert seen_by(person)["can"] == []

    def test_but_a_campaign_with_an_item_in_hand(self, database: Engine) -> None:
        posted, person = a_campaign(name="Mine", items=1, redundancy=3), a_person()
        a_claim(posted, person)
        assert named(seen_by(person)["can"]) == ["Mine"]

    def test_ones_own_campaign(self, database: Engine) -> None:
        owner = an_owner()
        a_campaign(owner)
        assert seen_by(owner)["can"] == []

    def test_anything_to_who_is_no_contributor(self, database: Engine) -> None:
        a_campaign()
        assert seen_by(a_person(roles=(Role.TASK_OWNER,)))["can"] == []


class TestOrder:
    def test_more_of_my_skills_come_first(self, database: Engine) -> None:
        owner, person = an_owner(), a_person(skills=("law",))
        a_campaign(owner, name="Anything", due=date(2030, 1, 1).isoformat())
        a_campaign(owner, name="Verdicts", skills=["law"])
        assert named(seen_by(person)["can"]) == ["Verdicts", "Anything"]

    def test_then_what_is_due_soonest(self, database: Engine) -> None:
        owner = an_owner()
        a_campaign(owner, name="Later", due="2999-02-01")
        a_campaign(owner, name="Sooner", due="2999-01-01")
        a_campaign(owner, name="Whenever")
        assert named(seen_by(a_person())["can"]) == ["Sooner", "Later", "Whenever"]

    def test_then_the_shortest(self, database: Engine) -> None:
        owner = an_owner()
        a_campaign(owner, name="Long", minutes=20)
        a_campaign(owner, name="Short", minutes=2)
        assert named(seen_by(a_person())["can"]) == ["Short", "Long"]


class TestFilter:
    @pytest.fixture
    def person(self, database: Engine) -> Principal:
        a_campaign(an_owner("north"), name="Strikes", minutes=2, level="public")
        a_campaign(an_owner("west"), name="Glossary", minutes=20, skills=["law"], level="sensitive")
        return a_person("south", skills=("law",))

    @pytest.mark.parametrize(
        ("wanted", "names"),
        [
            ({"agencies": ["north"]}, ["Strikes"]),
            ({"levels": ["sensitive"]}, ["Glossary"]),
            ({"skills": ["law"]}, ["Glossary"]),
            ({"minutes": 10}, ["Strikes"]),
            ({"words": "gloss west"}, ["Glossary"]),
            ({"words": "nothing like it"}, []),
            ({"agencies": ["north"], "levels": ["sensitive"]}, []),
        ],
    )
    def test_shows_what_fits(self, person: Principal, wanted: dict[str, Any], names: list[str]) -> None:
        assert named(seen_by(person, **wanted)["can"]) == names

    def test_facets_count_what_there_is_without_it(self, person: Principal) -> None:
        shown = seen_by(person, agencies=["north"])
        assert [(entry[0], entry[2]) for entry in shown["facets"]["agency"]] == [("north", 1), ("west", 1)]

    def test_known_counts_what_there_is_without_it(self, person: Principal) -> None:
        assert seen_by(person, words="nothing like it")["known"] == 2

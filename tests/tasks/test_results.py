"""Results: who reads them, what the trace tells, what an export holds."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, select

from marketplace.foundation.db import reading, transaction
from security.labels import Level
from security.log.models import AuditPending, LogSubject
from security.principal import Principal, Role
from tasks import queries, results
from tasks.errors import NoSuchCampaign, NoSuchMicrotask, NotForYou, NotSettledYet
from tasks.models import Microtask
from tests.builders import (
    AT_WORK,
    a_campaign,
    a_claim,
    a_contribution,
    a_person,
    an_answer,
    an_owner,
    found,
    one,
    settled,
)


def first_item(campaign: UUID) -> UUID:
    item: UUID = one(
        select(Microtask.id).where(Microtask.campaign_id == campaign).order_by(Microtask.number).limit(1)
    )
    return item


def opened(campaign: UUID, reader: Principal, item: UUID | None = None) -> dict[str, Any]:
    with transaction() as tx:
        return results.open_result(tx, campaign, item or first_item(campaign), actor=reader, context=AT_WORK)


def exported(campaign: UUID, reader: Principal) -> list[dict[str, Any]]:
    with transaction() as tx:
        return list(results.export(tx, campaign, actor=reader, context=AT_WORK))


def room(campaign: UUID, reader: Principal) -> dict[str, Any]:
    with reading() as db:
        return queries.room(db, campaign, reader, AT_WORK)


def every_value(value: Any) -> list[Any]:
    """The leaves of nested lists and dicts."""
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in every_value(inner)]
    if isinstance(value, list | tuple):
        return [leaf for inner in value for leaf in every_value(inner)]
    return [value]


@pytest.fixture
def owner(database: Engine) -> Principal:
    return an_owner("north")


@pytest.fixture
def campaign(owner: Principal) -> UUID:
    """One item that three people answered bat, bird, bat; another that waits."""
    posted = a_campaign(owner, items=2)
    for value in ("bat", "bird", "bat"):
        a_contribution(posted, a_person("south"), value, note=f"a note on {value}")
    settled(posted)
    return posted


class TestOneResult:
    def test_carries_value_agreement_and_item(self, campaign: UUID, owner: Principal) -> None:
        result = opened(campaign, owner)
        assert (result["values"], result["labels"], result["agreeing"], result["answers"]) == (
            {"kind": "bat"},
            {"kind": "A bat"},
            2,
            3,
        )
        assert result["item"] == {"entry": "Entry 1"}

    def test_counts_every_option_also_those_nobody_chose(self, campaign: UUID, owner: Principal) -> None:
        counts = {
            option["value"]: option["count"] for option in opened(campaign, owner)["questions"][0]["counts"]
        }
        assert counts == {"bird": 1, "bat": 2, "unclear": 0}

    def test_the_trace_has_every_answer_with_its_note(self, campaign: UUID, owner: Principal) -> None:
        steps = [
            (step["values"]["kind"], step["note"], step["agrees"])
            for step in opened(campaign, owner)["trace"]
        ]
        assert sorted(steps) == [
            ("bat", "a note on bat", True), ("bat", "a note on bat", True), ("bird", "a note on bird", False),
        ]  # fmt: skip

    def test_days_are_all_the_time_there_is(self, campaign: UUID, owner: Principal) -> None:
        leaves = every_value(opened(campaign, owner))
        assert any(isinstance(leaf, date) for leaf in leaves)
        assert not any(isinstance(leaf, datetime) for leaf in leaves)

    def test_names_no_person(self, campaign: UUID, owner: Principal) -> None:
        words = " ".join(map(str, every_value(opened(campaign, owner))))
        assert "Person" not in words

    def test_appraisers_of_the_agency_read_it(self, campaign: UUID) -> None:
        assert opened(campaign, a_person("north", roles=(Role.APPRAISER,)))["values"] == {"kind": "bat"}

    def test_contributors_do_not(self, campaign: UUID) -> None:
        with pytest.raises(NotForYou) as refused:
            opened(campaign, a_person("north"))
        assert refused.value.facts["reasons"]

    def test_owners_of_other_agencies_do_not(self, campaign: UUID) -> None:
        with pytest.raises(NotForYou):
            opened(campaign, an_owner("south"))

    def test_who_may_not_know_the_campaign_is_told_that_there_is_none(self, database: Engine) -> None:
        restricted = a_campaign(an_owner("north", clearance=Level.RESTRICTED), level="restricted")
        with pytest.raises(NoSuchCampaign):
            opened(restricted, an_owner("north", clearance=Level.SENSITIVE))

    def test_an_item_without_a_result_says_so(self, campaign: UUID, owner: Principal) -> None:
        waiting = one(select(Microtask.id).where(Microtask.number == 2))
        with pytest.raises(NotSettledYet):
            opened(campaign, owner, waiting)

    def test_an_unknown_item_is_no_item(self, campaign: UUID, owner: Principal) -> None:
        with pytest.raises(NoSuchMicrotask):
            opened(campaign, owner, uuid4())

    def test_an_item_of_another_campaign_is_no_item(self, campaign: UUID, owner: Principal) -> None:
        other = a_campaign(owner, items=1)
        with pytest.raises(NoSuchMicrotask):
            opened(campaign, owner, first_item(other))


class TestAliases:
    @pytest.fixture
    def two(self, owner: Principal) -> tuple[Principal, list[str]]:
        """One person in two campaigns, with the names they have there."""
        person, names = a_person("south"), []
        for _ in range(2):
            posted = a_campaign(owner, items=1, redundancy=1)
            a_contribution(posted, person)
            settled(posted)
            names.append(opened(posted, owner)["trace"][0]["alias"])
        return person, names

    def test_differ_between_campaigns(self, two: tuple[Principal, list[str]]) -> None:
        assert two[1][0] != two[1][1]

    def test_are_none_of_the_names_of_the_security_record(self, two: tuple[Principal, list[str]]) -> None:
        pseudonyms = {row.pseudonym for row in found(select(LogSubject.pseudonym))}
        assert pseudonyms.isdisjoint(two[1])

    def test_hold_all_through_one_campaign(self, owner: Principal) -> None:
        person, posted = a_person("south"), a_campaign(owner, items=2, redundancy=1)
        for _ in range(2):
            a_contribution(posted, person)
        settled(posted)
        names = {row["trace"][0][0] for row in exported(posted, owner)}
        assert len(names) == 1

    def test_are_the_same_in_export_and_on_the_page(self, campaign: UUID, owner: Principal) -> None:
        page = {step["alias"] for step in opened(campaign, owner)["trace"]}
        assert page == {alias for alias, _ in exported(campaign, owner)[0]["trace"]}


class TestExport:
    def test_gives_settled_items_in_order(self, owner: Principal) -> None:
        posted = a_campaign(owner, items=3, redundancy=1)
        person = a_person()
        for value in ("bat", "bird", "unclear"):
            a_contribution(posted, person, value)
        settled(posted)
        assert [(row["number"], row["values"]["kind"]) for row in exported(posted, owner)] == [
            (1, "bat"), (2, "bird"), (3, "unclear"),
        ]  # fmt: skip

    def test_leaves_out_what_waits(self, campaign: UUID, owner: Principal) -> None:
        assert [row["number"] for row in exported(campaign, owner)] == [1]

    def test_of_a_sensitive_campaign_is_opened(self, owner: Principal) -> None:
        posted = a_campaign(owner, items=1, redundancy=1, level="sensitive")
        a_contribution(posted, a_person("south"), "bat")
        settled(posted)
        row = exported(posted, owner)[0]
        assert (row["item"], row["values"], row["trace"][0][1]) == (
            {"entry": "Entry 1"}, {"kind": "bat"}, {"kind": "bat"},
        )  # fmt: skip

    def test_days_are_all_the_time_there_is(self, campaign: UUID, owner: Principal) -> None:
        assert not any(isinstance(leaf, datetime) for leaf in every_value(exported(campaign, owner)))

    def test_appraisers_do_not_export(self, campaign: UUID) -> None:
        with pytest.raises(NotForYou):
            exported(campaign, a_person("north", roles=(Role.APPRAISER,)))


class TestRoom:
    def test_counts_items_by_what_they_wait_for(self, owner: Principal) -> None:
        posted = a_campaign(owner, items=4, redundancy=1)
        person = a_person()
        a_contribution(posted, person)
        settled(posted)
        a_contribution(posted, person)
        a_claim(posted, person)
        assert room(posted, owner)["counts"] == {"settled": 1, "undecided": 1, "claimed": 1, "open": 1}

    def test_counts_agreement(self, campaign: UUID, owner: Principal) -> None:
        assert room(campaign, owner)["agreement"] == [{"agreeing": 2, "of": 3, "count": 1}]

    def test_names_nobody_who_worked(self, campaign: UUID, owner: Principal) -> None:
        assert not {"people", "contributors", "trace", "alias"} & set(room(campaign, owner))

    def test_is_closed_to_contributors(self, campaign: UUID) -> None:
        with pytest.raises(NotForYou):
            room(campaign, a_person("north"))


class TestListing:
    def page(self, campaign: UUID, reader: Principal, **given: Any) -> dict[str, Any]:
        with transaction() as tx:
            return results.listing(tx, campaign, actor=reader, context=AT_WORK, **given)

    def test_is_read_page_by_page(self, owner: Principal) -> None:
        posted, person = a_campaign(owner, items=3, redundancy=1), a_person()
        for _ in range(3):
            a_contribution(posted, person)
        settled(posted)
        first = self.page(posted, owner, limit=2)
        second = self.page(posted, owner, after=first["next"], limit=2)
        assert [row["number"] for row in first["rows"] + second["rows"]] == [1, 2, 3]
        assert second["next"] is None

    def test_is_on_the_record(self, campaign: UUID, owner: Principal) -> None:
        self.page(campaign, owner)
        with reading() as db:
            assert (
                db.scalar(select(AuditPending.act).order_by(AuditPending.id.desc()).limit(1)) == "result.list"
            )

    def test_keeps_sealed_values_closed(self, owner: Principal) -> None:
        posted = a_campaign(owner, items=1, redundancy=1, level="sensitive")
        a_contribution(posted, a_person(), "bat")
        settled(posted)
        assert self.page(posted, owner)["rows"][0]["values"] is None


class TestMyWork:
    def test_shows_claims_and_answers_with_days(self, database: Engine) -> None:
        person, posted = a_person(), a_campaign(items=2)
        an_answer(a_claim(posted, person), person)
        a_claim(posted, person)
        with reading() as db:
            work = queries.my_work(db, person, AT_WORK)
        assert [row["number"] for row in work["claims"]] == [2]
        assert [(row["number"], row["state"]) for row in work["answered"]] == [(1, "waiting")]

    def test_shows_nothing_of_others(self, database: Engine) -> None:
        posted = a_campaign()
        a_contribution(posted, a_person())
        with reading() as db:
            assert queries.my_work(db, a_person(), AT_WORK) == {"claims": [], "answered": []}

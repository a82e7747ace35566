"""Lists by SQL and single decisions agree, on the tables themselves: every campaign there is, for every kind of person.

Whatever the one place allows is found by the WHERE, and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, event, insert, select, update

from agencies import sharing
from agencies.models import SharingTerms
from marketplace.foundation import clock
from marketplace.foundation.db import reading, transaction
from marketplace.foundation.ids import new_id
from security.access.remedies import BY_ONESELF
from security.access.rule import ACTIONS
from security.labels import Level
from security.principal import Context, Device, Factor, Principal, Role, Zone
from tasks import access_sql, facts, policies, queries
from tasks.board import board
from tasks.facts import CampaignFacts
from tasks.models import Campaign, NeedToKnowGrant
from tasks.policies import Everywhere
from tests.builders import (
    AT_WORK,
    a_campaign,
    a_claim,
    a_contribution,
    a_person,
    an_agency,
    an_owner,
    changed,
    one,
)
from tests.security.access.rule_sets import OF_AN_AGENCY, a_rule, rule_set

OWNERS_RULES = rule_set(
    a_rule("vpn", does=["know"], must={"one_of": ["context.zone", ["office", "vpn"]]}),
    a_rule("guests", must={"has": ["principal.skills", "law"]}, when={"is": ["principal.agency", "home"]}),
    a_rule("named", does=["results", "claim"], must={"has_all": ["resource.compartments", ["borders"]]}),
)
"""What the agency that owns the work might sign."""

CONTEXTS = [
    AT_WORK,
    Context("api"),
    Context("web", Zone.VPN, Device.ENROLLED, factor=Factor.MULTI),
    Context("web", Zone.HOME, Device.MANAGED, factor=Factor.SINGLE),
]


@pytest.fixture
def agencies(database: Engine) -> dict[str, UUID]:
    """The asking agency `home`, and three others: one shares everything with it, one a little, one nothing any more."""
    made = {slug: an_agency(slug, shares=False) for slug in ("home", "all", "little", "ended")}
    with transaction() as tx:
        for owner, level in (
            ("all", Level.RESTRICTED),
            ("little", Level.INTERNAL),
            ("ended", Level.RESTRICTED),
        ):
            sharing.put_in_force(tx, made[owner], made["home"], level=level, content={})
        over = update(SharingTerms).where(SharingTerms.owner_agency_id == made["ended"])
        tx.execute(
            over.values(until=clock.now(tx) - timedelta(seconds=1), since=clock.now(tx) - timedelta(days=1))
        )
    return made


@pytest.fixture
def somebody(agencies: dict[str, UUID]) -> Principal:
    return a_person("home")


@pytest.fixture
def campaigns(agencies: dict[str, UUID], somebody: Principal) -> dict[UUID, UUID]:
    """Every kind of campaign, with its agency; every second one under need-to-know has let `somebody` in."""
    template = one(select(Campaign.id).where(Campaign.id == a_campaign(an_owner("all"))))
    kinds = product(
        agencies.values(), Level, ([], ["borders"]), (None, ["home"], ["all"]), ([], ["law"]), ("open", "closed"),
        (False, True), (True, False),
    )  # fmt: skip
    rows, grants = [], []
    with transaction() as tx:
        row = tx.execute(select(Campaign.__table__).where(Campaign.id == template)).one()._mapping
        for number, (agency, level, groups, audience, skills, state, secret, own) in enumerate(kinds):
            if own and (groups or skills):
                continue
            given = {
                "id": new_id(), "agency_id": agency, "level": int(level), "compartments": groups,
                "audience": audience, "skills": skills, "state": state, "need_to_know": secret,
            }  # fmt: skip
            rows.append(dict(row) | given | ({"owner_id": somebody.person_id} if own else {}))
            if secret and number % 8 < 4:
                grants.append(given["id"])
        tx.execute(insert(Campaign), rows)
        last = clock.now(tx).date()
        tx.execute(
            insert(NeedToKnowGrant),
            [
                {
                    "campaign_id": campaign, "membership_id": somebody.membership_id,
                    "granted_by": somebody.membership_id, "until": last - timedelta(days=number % 2),
                }
                for number, campaign in enumerate(grants)
            ],
        )  # fmt: skip
    return {row["id"]: row["agency_id"] for row in rows} | {template: agencies["all"]}


def kinds_of(person: Principal) -> Sequence[Principal]:
    """The same person with more or less clearance, compartments, skills and roles."""
    roles = (
        frozenset({Role.CONTRIBUTOR}),
        frozenset({Role.TASK_OWNER}),
        frozenset({Role.APPRAISER, Role.CONTRIBUTOR}),
    )
    choices = product(Level, ((), ("borders",)), ((), ("law",)), roles)
    return [
        replace(person, clearance=level, compartments=frozenset(c), skills=frozenset(s), roles=r)
        for level, c, s, r in choices
    ]


def read_by(who: Principal, rules: Everywhere) -> list[CampaignFacts]:
    """Every campaign as the one place looks at it. More clearance or another role changes no fact about it."""
    with reading() as db:
        rows = db.all(facts.every_campaign_for(db, who))
    return [facts.facts_for(row, rules.at(row.agency_id)) for row in rows]


def listed(who: Principal, context: Context, action: str, rules: Everywhere, **options: Any) -> set[UUID]:
    """The campaigns that the WHERE finds."""
    with reading() as db:
        where = access_sql.may(db, action, who, context, rules, **options)
        return {row.id for row in db.all(select(Campaign.id).where(where))}


@pytest.fixture(params=["marketplace", "agencies"])
def rules(request: pytest.FixtureRequest, agencies: dict[str, UUID]) -> Everywhere:
    if request.param == "marketplace":
        return Everywhere(rule_set(), {}, None)
    with reading() as db:
        now = clock.now(db)
    return Everywhere(OF_AN_AGENCY, {agencies["all"]: OWNERS_RULES, agencies["little"]: policies.CLOSED}, now)


@pytest.mark.parametrize("action", ACTIONS)
def test_the_list_is_what_may_be(
    campaigns: dict[UUID, UUID], somebody: Principal, rules: Everywhere, action: str
) -> None:
    every, found = read_by(somebody, rules), set()
    for number, who in enumerate(kinds_of(somebody)):
        context = CONTEXTS[(number + number // 4) % len(CONTEXTS)]
        allowed = {each.id for each in every if each.decide(action, who, context).allowed}
        assert listed(who, context, action, rules) == allowed, (who, context)
        found.add(len(allowed))
    assert len(found) > 1, "some see more than others"


def test_the_board_leaves_out_only_what_nobody_can_mend_alone(
    campaigns: dict[UUID, UUID], somebody: Principal, rules: Everywhere
) -> None:
    every = read_by(somebody, rules)
    for who in kinds_of(somebody)[::5]:
        expected = {
            each.id
            for each in every
            if each.decide("know", who, AT_WORK).allowed
            and all(reason.remedy in BY_ONESELF for reason in each.decide("claim", who, AT_WORK).failed)
        }
        assert listed(who, AT_WORK, "claim", rules, in_spite_of=BY_ONESELF) == expected


class Loaded:
    """Every value of every row that the database handed out."""

    def __init__(self, engine: Engine) -> None:
        self.statements: list[str] = []
        event.listen(engine, "before_cursor_execute", self._note)

    def _note(self, _c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        self.statements.append(statement)


class TestPages:
    """What may not be known is not loaded, not counted, not found by its words."""

    def test_a_hidden_campaign_changes_no_count_and_no_facet(self, database: Engine) -> None:
        person = a_person("south", clearance=Level.INTERNAL)
        a_campaign(an_owner("north"), name="Seen")
        with reading() as db:
            before = board(db, person, AT_WORK)
        a_campaign(an_owner("north"), name="Hidden", level="sensitive")
        an_agency("west", shares=False)
        a_campaign(an_owner("west"), name="Not shared", level="public")
        with reading() as db:
            assert board(db, person, AT_WORK) == before

    def test_my_work_does_not_name_what_i_may_not_know_any_more(self, database: Engine) -> None:
        person, campaign = a_person("south"), a_campaign(an_owner("north"), level="sensitive")
        a_contribution(campaign, person)
        a_claim(campaign, person)
        with reading() as db:
            assert len(queries.my_work(db, person, AT_WORK)["claims"]) == 1
            less = replace(person, clearance=Level.INTERNAL)
            assert queries.my_work(db, less, AT_WORK) == {"claims": [], "answered": []}

    def test_terms_that_end_take_the_work_away(self, database: Engine) -> None:
        person, campaign = a_person("south"), a_campaign(an_owner("north"))
        with reading() as db:
            assert facts.known(db, campaign, person, AT_WORK).id == campaign
        changed(update(SharingTerms).values(ended_at=_now()))
        with reading() as db:
            assert board(db, person, AT_WORK)["known"] == 0

    def test_ones_own_agency_needs_no_terms(self, database: Engine) -> None:
        an_agency("alone", shares=False)
        campaign = a_campaign(an_owner("alone"))
        with reading() as db:
            assert facts.known(db, campaign, a_person("alone"), AT_WORK).id == campaign

    def test_a_claim_costs_no_query_more_for_rules(self, database: Engine) -> None:
        campaign, person = a_campaign(items=3), a_person()
        a_claim(campaign, person)  # the rules of both agencies are read and verified once per process
        loaded = Loaded(database)
        a_claim(campaign, person)
        assert not [said for said in loaded.statements if "access_rule_version" in said]
        reads = [
            said for said in loaded.statements if said.startswith("SELECT") and "FROM campaign JOIN" in said
        ]
        assert len(reads) == 1


def _now() -> Any:
    with reading() as db:
        return clock.now(db)

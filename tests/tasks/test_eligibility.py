"""Who may know of a campaign, work on it, read its results: each rule with its reason and its remedy."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from security.decision import Decision
from security.labels import Level
from security.principal import Principal, Role
from tasks.eligibility import Terms, may_claim, may_export_results, may_know, may_read_results
from tests.builders import AT_WORK

NORTH, SOUTH = uuid4(), uuid4()

TERMS = Terms(
    campaign_id=uuid4(), agency_id=NORTH, owner_id=uuid4(), level=Level.INTERNAL, compartments=frozenset(),
    audience=None, skills=(), open=True,
)  # fmt: skip

SOMEBODY = Principal(
    person_id=uuid4(), membership_id=uuid4(), agency_id=SOUTH, agency_slug="south", agency_name="South",
    agency_initials="SO", subject_id=uuid4(), name="Somebody", roles=frozenset({Role.CONTRIBUTOR}),
    clearance=Level.INTERNAL, compartments=frozenset(), skills=frozenset(), locale="en",
)  # fmt: skip


def codes(decision: Decision) -> list[tuple[str, str | None]]:
    return [(reason.code, reason.remedy) for reason in decision.failed]


def asked(who: dict[str, Any] | None = None, **terms: Any) -> Decision:
    return may_claim(replace(SOMEBODY, **(who or {})), AT_WORK, replace(TERMS, **terms))


class TestMayClaim:
    def test_somebody_who_meets_every_rule_may(self) -> None:
        assert asked().allowed

    def test_a_closed_campaign(self) -> None:
        assert codes(asked(open=False)) == [("closed", "find_other_work")]

    def test_without_the_role(self) -> None:
        assert codes(asked({"roles": frozenset({Role.OPERATOR})})) == [("role", "ask_administrator")]

    def test_without_the_clearance(self) -> None:
        refused = asked(level=Level.SENSITIVE)
        assert codes(refused) == [("clearance", "ask_security_officer")]
        assert refused.failed[0].args == {"level": "sensitive"}

    def test_without_the_compartment(self) -> None:
        who = {"clearance": Level.RESTRICTED}
        refused = asked(who, level=Level.SENSITIVE, compartments=frozenset({"borders"}))
        assert codes(refused) == [("clearance", "ask_security_officer")]

    def test_a_refusal_never_names_a_compartment(self) -> None:
        refused = asked(level=Level.SENSITIVE, compartments=frozenset({"borders"}))
        assert "borders" not in repr(refused)

    def test_outside_the_audience(self) -> None:
        assert codes(asked(audience=frozenset({"west"}))) == [("agency_audience", "ask_owner")]

    def test_inside_the_audience(self) -> None:
        assert asked(audience=frozenset({"south", "west"})).allowed

    def test_without_a_skill_names_the_missing_ones(self) -> None:
        refused = asked({"skills": frozenset({"dutch"})}, skills=("dutch", "law", "maths"))
        assert codes(refused) == [("skill", "add_skill")]
        assert refused.failed[0].args == {"skills": "law,maths"}

    def test_ones_own_campaign(self) -> None:
        assert codes(asked({"person_id": TERMS.owner_id})) == [("own_campaign", "find_other_work")]

    def test_every_rule_that_fails_is_named(self) -> None:
        refused = asked(
            {"roles": frozenset()}, open=False, level=Level.RESTRICTED, audience=frozenset(), skills=("law",)
        )
        assert [code for code, _ in codes(refused)] == [
            "closed", "role", "clearance", "agency_audience", "skill",
        ]  # fmt: skip


class TestMayKnow:
    def knows(self, who: dict[str, Any] | None = None, **terms: Any) -> bool:
        return may_know(replace(SOMEBODY, **(who or {})), replace(TERMS, **terms))

    def test_who_is_cleared_knows(self) -> None:
        assert self.knows()

    def test_who_is_not_cleared_does_not(self) -> None:
        assert not self.knows(level=Level.SENSITIVE)

    def test_not_even_in_the_agency_that_posted_it(self) -> None:
        assert not self.knows({"agency_id": NORTH}, level=Level.SENSITIVE)

    def test_outside_the_audience_nobody_knows(self) -> None:
        assert not self.knows(audience=frozenset({"west"}))

    def test_the_agency_that_posted_it_knows_though_it_is_no_audience(self) -> None:
        assert self.knows({"agency_id": NORTH}, audience=frozenset({"west"}))

    def test_a_missing_skill_hides_nothing(self) -> None:
        assert self.knows(skills=("law",))


class TestMayReadResults:
    def reads(self, rule: Any = may_read_results, **who: Any) -> Decision:
        told = {"agency_id": NORTH, "roles": frozenset({Role.TASK_OWNER})} | who
        return rule(replace(SOMEBODY, **told), TERMS)

    @pytest.mark.parametrize("role", [Role.TASK_OWNER, Role.APPRAISER])
    def test_owners_and_appraisers_of_the_agency_do(self, role: Role) -> None:
        assert self.reads(roles=frozenset({role})).allowed

    @pytest.mark.parametrize("role", sorted(set(Role) - {Role.TASK_OWNER, Role.APPRAISER}))
    def test_no_other_role_does(self, role: Role) -> None:
        assert codes(self.reads(roles=frozenset({role}))) == [("results_of_agency", "ask_owner")]

    def test_an_owner_of_another_agency_does_not(self) -> None:
        assert not self.reads(agency_id=SOUTH).allowed

    def test_an_owner_who_is_not_cleared_does_not(self) -> None:
        assert not self.reads(clearance=Level.PUBLIC).allowed

    def test_owners_export(self) -> None:
        assert self.reads(may_export_results).allowed

    def test_appraisers_do_not_export(self) -> None:
        refused = self.reads(may_export_results, roles=frozenset({Role.APPRAISER}))
        assert codes(refused) == [("role", "ask_owner")]


_principals = st.builds(
    lambda roles, clearance, compartments, skills, agency: replace(
        SOMEBODY, roles=roles, clearance=clearance, compartments=compartments, skills=skills,
        agency_id=NORTH if agency == "north" else SOUTH, agency_slug=agency,
    ),
    st.frozensets(st.sampled_from(Role)), st.sampled_from(Level), st.frozensets(st.sampled_from("ab")),
    st.frozensets(st.sampled_from("xy")), st.sampled_from(["north", "south"]),
)  # fmt: skip
_terms = st.builds(
    lambda level, compartments, audience, skills, is_open: replace(
        TERMS, level=level, compartments=compartments, audience=audience, skills=skills, open=is_open
    ),
    st.sampled_from(Level), st.frozensets(st.sampled_from("ab")),
    st.none() | st.frozensets(st.sampled_from(["north", "south"])),
    st.lists(st.sampled_from("xy"), unique=True), st.booleans(),
)  # fmt: skip


@settings(deadline=None, max_examples=200)
@given(_principals, _terms)
def test_who_may_claim_may_know(who: Principal, terms: Terms) -> None:
    assert may_know(who, terms) or not may_claim(who, AT_WORK, terms).allowed


@settings(deadline=None, max_examples=200)
@given(_principals, _terms)
def test_who_may_read_results_may_know(who: Principal, terms: Terms) -> None:
    assert may_know(who, terms) or not may_read_results(who, terms).allowed


@settings(deadline=None, max_examples=200)
@given(_principals, _terms)
def test_every_reason_carries_a_remedy(who: Principal, terms: Terms) -> None:
    decisions = may_claim(who, AT_WORK, terms) & may_export_results(who, terms)
    assert all(reason.remedy for reason in decisions.failed)


def test_ids_of_campaigns_decide_nothing() -> None:
    assert asked(campaign_id=UUID(int=0)) == asked()

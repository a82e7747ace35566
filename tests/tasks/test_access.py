"""Who may know of a campaign, work on it, read its results: each rule with its reason and its remedy."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from security.access.rule import ACTIONS
from security.decision import Decision
from security.labels import Level
from security.permissions import Permission, roles_with
from security.principal import Principal, Role
from tasks.access import Policies, Terms, decide
from tests.builders import AT_WORK

NORTH, SOUTH = uuid4(), uuid4()

TERMS = Terms(
    campaign_id=uuid4(), agency_id=NORTH, agency_slug="north", owner_id=uuid4(), level=Level.INTERNAL,
    compartments=frozenset(), audience=None, skills=(), open=True, shared_up_to=Level.RESTRICTED,
)  # fmt: skip

SOMEBODY = Principal(
    person_id=uuid4(), membership_id=uuid4(), agency_id=SOUTH, agency_slug="south", agency_name="South",
    agency_initials="SO", subject_id=uuid4(), name="Somebody", roles=frozenset({Role.CONTRIBUTOR}),
    clearance=Level.INTERNAL, compartments=frozenset(), skills=frozenset(), locale="en",
)  # fmt: skip


AT_HOME = {"agency_id": NORTH, "agency_slug": "north"}
"""Somebody of the agency that posted it."""


def may(action: str, who: Principal, terms: Terms) -> Decision:
    return decide(action, who, AT_WORK, terms, Policies())


def codes(decision: Decision) -> list[tuple[str, str | None]]:
    return [(reason.code, reason.remedy) for reason in decision.failed]


def asked(who: dict[str, Any] | None = None, **terms: Any) -> Decision:
    return may("claim", replace(SOMEBODY, **(who or {})), replace(TERMS, **terms))


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
        assert codes(refused) == [("compartment", "ask_security_officer")]

    def test_a_refusal_never_names_a_compartment(self) -> None:
        refused = asked(level=Level.SENSITIVE, compartments=frozenset({"borders"}))
        assert "borders" not in repr(refused)

    def test_outside_the_audience(self) -> None:
        assert codes(asked(audience=frozenset({"west"}))) == [("agency_audience", "ask_owner")]

    def test_for_other_agencies_only(self) -> None:
        assert codes(asked(AT_HOME, audience=frozenset({"west"}))) == [("agency_audience", "ask_owner")]

    @pytest.mark.parametrize("shared", [None, Level.PUBLIC])
    def test_without_terms_that_cover_the_label(self, shared: Level | None) -> None:
        assert codes(asked(shared_up_to=shared)) == [("sharing_terms", "ask_administrator")]

    def test_under_need_to_know_without_being_let_in(self) -> None:
        assert codes(asked(need_to_know=True)) == [("need_to_know", "ask_owner")]

    def test_under_need_to_know_and_let_in(self) -> None:
        assert asked(need_to_know=True, granted=True).allowed

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
        return may("know", replace(SOMEBODY, **(who or {})), replace(TERMS, **terms)).allowed

    def test_who_is_cleared_knows(self) -> None:
        assert self.knows()

    def test_who_is_not_cleared_does_not(self) -> None:
        assert not self.knows(level=Level.SENSITIVE)

    def test_not_even_in_the_agency_that_posted_it(self) -> None:
        assert not self.knows(AT_HOME, level=Level.SENSITIVE)

    def test_outside_the_audience_nobody_knows(self) -> None:
        assert not self.knows(audience=frozenset({"west"}))

    def test_the_agency_that_posted_it_knows_though_it_is_no_audience(self) -> None:
        assert self.knows(AT_HOME, audience=frozenset({"west"}))

    def test_what_is_not_shared_with_ones_agency_is_not_there(self) -> None:
        assert not self.knows(shared_up_to=None)

    def test_who_is_not_let_in_does_not_know(self) -> None:
        assert not self.knows(AT_HOME, need_to_know=True)

    def test_who_posted_it_knows_without_being_let_in(self) -> None:
        assert self.knows(AT_HOME | {"person_id": TERMS.owner_id}, need_to_know=True)

    def test_a_missing_skill_hides_nothing(self) -> None:
        assert self.knows(skills=("law",))


class TestMayReadResults:
    def reads(self, action: str = "results", **who: Any) -> Decision:
        told = AT_HOME | {"roles": frozenset({Role.TASK_OWNER})} | who
        return may(action, replace(SOMEBODY, **told), TERMS)

    @pytest.mark.parametrize("role", [Role.TASK_OWNER, Role.APPRAISER])
    def test_owners_and_appraisers_of_the_agency_do(self, role: Role) -> None:
        assert self.reads(roles=frozenset({role})).allowed

    @pytest.mark.parametrize("role", sorted(set(Role) - {Role.TASK_OWNER, Role.APPRAISER}))
    def test_no_other_role_does(self, role: Role) -> None:
        assert codes(self.reads(roles=frozenset({role}))) == [("results_of_agency", "ask_owner")]

    def test_an_owner_of_another_agency_does_not(self) -> None:
        assert not self.reads(agency_id=SOUTH, agency_slug="south").allowed

    def test_an_owner_who_is_not_cleared_does_not(self) -> None:
        assert not self.reads(clearance=Level.PUBLIC).allowed

    def test_owners_export(self) -> None:
        assert self.reads("export").allowed

    def test_appraisers_do_not_export(self) -> None:
        refused = self.reads("export", roles=frozenset({Role.APPRAISER}))
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
    lambda level, compartments, audience, skills, is_open, shared: replace(
        TERMS, level=level, compartments=compartments, audience=audience, skills=skills, open=is_open,
        shared_up_to=shared,
    ),
    st.sampled_from(Level), st.frozensets(st.sampled_from("ab")),
    st.none() | st.frozensets(st.sampled_from(["north", "south"])),
    st.lists(st.sampled_from("xy"), unique=True), st.booleans(), st.none() | st.sampled_from(Level),
)  # fmt: skip


@settings(deadline=None, max_examples=300)
@given(_principals, _terms, st.sampled_from(ACTIONS))
def test_who_may_do_anything_may_know(who: Principal, terms: Terms, action: str) -> None:
    assert may("know", who, terms).allowed or not may(action, who, terms).allowed


@settings(deadline=None, max_examples=300)
@given(_principals, _terms, st.sampled_from(ACTIONS))
def test_every_reason_carries_a_remedy(who: Principal, terms: Terms, action: str) -> None:
    assert all(reason.remedy for reason in may(action, who, terms).failed)


def test_the_roles_that_rules_name_are_those_that_carry_the_permission() -> None:
    def doing(action: str) -> set[Role]:
        who = replace(SOMEBODY, **AT_HOME)
        return {role for role in Role if may(action, replace(who, roles=frozenset({role})), TERMS).allowed}

    assert doing("claim") == roles_with(Permission.CLAIM_MICROTASK)
    assert doing("results") == roles_with(Permission.READ_RESULTS)
    assert doing("export") == roles_with(Permission.EXPORT_RESULTS)


def test_ids_of_campaigns_decide_nothing() -> None:
    assert asked(campaign_id=UUID(int=0)) == asked()

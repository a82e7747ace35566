"""Groups of a directory: who is in them, and what an administrator lets them give."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from agencies import memberships, people, roles, units
from agencies.agreement_models import UnitMember
from agencies.errors import NotPermitted
from agencies.people_errors import RoleClash
from agencies.scim import groups, provisioning
from agencies.scim.credentials import enter
from agencies.scim.errors import NoSuchResource, NotGivenByGroups, TwoUnits
from agencies.scim.people import Wanted
from marketplace.foundation.db import reading, transaction
from security.principal import Role
from tests.builders import AT_WORK, a_person, found
from tests.scim.conftest import Directory

OWNER = {Role.CONTRIBUTOR, Role.TASK_OWNER}


def member(directory: Directory, user: Any) -> UUID:
    with reading() as db:
        found_id = people.membership_of(db, directory.issuer, user["externalId"], directory.agency_id)
    assert found_id is not None
    return found_id


def roles_of(directory: Directory, user: Any) -> set[Role]:
    with reading() as db:
        return set(memberships.roles_of(db, member(directory, user)))


def home_of(directory: Directory, user: Any) -> UUID | None:
    mine = (UnitMember.membership_id == member(directory, user), UnitMember.until.is_(None), UnitMember.home)
    rows = found(select(UnitMember.unit_id).where(*mine))
    return rows[0].unit_id if rows else None


def give(directory: Directory, group: Any, **what: Any) -> None:
    with transaction() as tx:
        groups.give(tx, UUID(group["id"]), **what, actor=directory.admin, context=AT_WORK)


def a_unit(directory: Directory, name: str) -> UUID:
    with transaction() as tx:
        return units.make(tx, name, actor=directory.admin, context=AT_WORK)


def add(directory: Directory, group: Any, user: Any) -> Any:
    return directory.patch(group, {"op": "add", "path": "members", "value": [{"value": user["id"]}]})


def remove(directory: Directory, group: Any, user: Any) -> Any:
    return directory.patch(group, {"op": "remove", "path": f'members[value eq "{user["id"]}"]'})


class TestRoles:
    def test_a_group_gives_nothing_until_somebody_says_so(self, directory: Directory) -> None:
        ada = directory.user()
        directory.group(ada, displayName="agency_admin")
        assert roles_of(directory, ada) == {Role.CONTRIBUTOR}

    def test_members_now_and_later_get_the_role_and_lose_it_with_the_group(
        self, directory: Directory
    ) -> None:
        ada, bob = directory.user(), directory.user()
        group = directory.group(ada)
        give(directory, group, role="task_owner")
        assert roles_of(directory, ada) == OWNER
        assert add(directory, group, bob).status_code == 200
        assert roles_of(directory, bob) == OWNER
        assert remove(directory, group, ada).status_code == 200
        assert roles_of(directory, ada) == {Role.CONTRIBUTOR}
        assert directory.send("DELETE", f"/Groups/{group['id']}").status_code == 204
        assert roles_of(directory, bob) == {Role.CONTRIBUTOR}

    def test_a_role_of_two_groups_stays_with_the_second(self, directory: Directory) -> None:
        ada = directory.user()
        first, second = directory.group(ada), directory.group(ada)
        give(directory, first, role="appraiser")
        give(directory, second, role="appraiser")
        remove(directory, first, ada)
        assert Role.APPRAISER in roles_of(directory, ada)
        give(directory, second)
        assert Role.APPRAISER not in roles_of(directory, ada)

    def test_what_was_given_by_hand_is_left_alone(self, directory: Directory) -> None:
        ada = directory.user()
        with transaction() as tx:
            roles.grant(tx, member(directory, ada), Role.TASK_OWNER, actor=directory.admin, context=AT_WORK)
        group = directory.group(ada)
        give(directory, group, role="task_owner")
        remove(directory, group, ada)
        assert roles_of(directory, ada) == OWNER

    def test_who_comes_back_gets_what_the_groups_give(self, directory: Directory) -> None:
        ada = directory.user()
        give(directory, directory.group(ada), role="line_manager")
        for value in (False, True):
            directory.patch(ada, {"op": "replace", "path": "active", "value": value})
        assert roles_of(directory, ada) == {Role.CONTRIBUTOR, Role.LINE_MANAGER}

    @pytest.mark.parametrize("role", sorted(set(Role) - {"task_owner", "appraiser", "line_manager"}))
    def test_no_group_makes_administrators_officers_or_operators(
        self, directory: Directory, role: str
    ) -> None:
        group = directory.group(directory.user())
        with pytest.raises(NotGivenByGroups):
            give(directory, group, role=role)

    def test_duties_stay_apart(self, directory: Directory) -> None:
        ada = directory.user()
        with transaction() as tx:
            roles.grant(
                tx, member(directory, ada), Role.SECURITY_OFFICER, actor=directory.admin, context=AT_WORK
            )
        group = directory.group()
        give(directory, group, role="appraiser")
        assert add(directory, group, ada).status_code == 403
        assert "members" not in directory.get(f"/Groups/{group['id']}")
        full = directory.group(ada)
        with pytest.raises(RoleClash):
            give(directory, full, role="appraiser")

    def test_only_an_administrator_of_the_agency_says_what_it_gives(
        self, directory: Directory, other: Directory
    ) -> None:
        group = directory.group()
        owner = a_person("health", roles=(Role.TASK_OWNER,))
        for actor, error in ((owner, NotPermitted), (other.admin, NoSuchResource)):
            with pytest.raises(error), transaction() as tx:
                groups.give(tx, UUID(group["id"]), role="task_owner", actor=actor, context=AT_WORK)


class TestUnits:
    def test_members_stand_in_the_unit_while_they_are_in_the_group(self, directory: Directory) -> None:
        ada = directory.user()
        unit, group = a_unit(directory, "Registry"), directory.group(ada)
        give(directory, group, unit_id=unit)
        assert home_of(directory, ada) == unit
        remove(directory, group, ada)
        assert home_of(directory, ada) is None

    def test_a_merged_unit_hands_its_people_on(self, directory: Directory) -> None:
        ada, bob = directory.user(), directory.user()
        old, new, group = a_unit(directory, "Old"), a_unit(directory, "New"), directory.group(ada)
        give(directory, group, unit_id=old)
        with transaction() as tx:
            units.merge(tx, old, new, actor=directory.admin, context=AT_WORK)
        add(directory, group, bob)
        assert [home_of(directory, user) for user in (ada, bob)] == [new, new]
        remove(directory, group, ada)
        assert home_of(directory, ada) is None

    def test_two_units_at_once_are_refused(self, directory: Directory) -> None:
        ada = directory.user()
        first, second = directory.group(ada), directory.group(ada)
        give(directory, first, unit_id=a_unit(directory, "One"))
        with pytest.raises(TwoUnits):
            give(directory, second, unit_id=a_unit(directory, "Two"))

    def test_a_unit_of_another_agency_is_not_given(self, directory: Directory, other: Directory) -> None:
        group = directory.group()
        with pytest.raises(NotGivenByGroups):
            give(directory, group, unit_id=a_unit(other, "Theirs"))


class TestMembers:
    def test_users_of_others_are_nobody(self, directory: Directory, other: Directory) -> None:
        group, theirs = directory.group(), other.user()
        answer = add(directory, group, theirs)
        assert (answer.status_code, answer.get_json()["scimType"]) == (400, "invalidValue")

    def test_groups_of_others_are_not_there(self, directory: Directory, other: Directory) -> None:
        theirs = other.group()
        for method in ("GET", "DELETE"):
            assert directory.send(method, f"/Groups/{theirs['id']}").status_code == 404
        assert directory.get("/Groups")["totalResults"] == 0

    def test_a_user_tells_its_groups(self, directory: Directory) -> None:
        ada = directory.user()
        group = directory.group(ada, displayName="Registry")
        told = directory.get(f"/Users/{ada['id']}")["groups"]
        assert [(each["value"], each["display"]) for each in told] == [(group["id"], "Registry")]

    def test_members_are_left_out_where_nobody_asks(self, directory: Directory) -> None:
        directory.group(directory.user())
        listed = directory.get("/Groups", excludedAttributes="members")["Resources"][0]
        assert "members" not in listed
        assert "members" in directory.get("/Groups")["Resources"][0]

    def test_who_is_gone_is_in_no_group(self, directory: Directory) -> None:
        ada = directory.user()
        group = directory.group(ada)
        directory.send("DELETE", f"/Users/{ada['id']}")
        assert "members" not in directory.get(f"/Groups/{group['id']}")

    def test_a_group_in_a_group_is_refused(self, directory: Directory) -> None:
        inner, outer = directory.group(), directory.group()
        value = [{"value": inner["id"], "type": "Group"}]
        answer = directory.patch(outer, {"op": "add", "path": "members", "value": value})
        assert answer.status_code == 400

    def test_a_thousand_members_are_one_call(self, directory: Directory) -> None:
        with transaction() as tx:
            scim = enter(tx, directory.token, None)
            made = [
                provisioning.make(tx, scim, Wanted(f"u{number}", f"s{number}", active=False))
                for number in range(1001)
            ]
        group = directory.group(*({"id": str(user_id)} for user_id in made))
        assert len(group["members"]) == 1001
        answer = directory.send(
            "PUT", f"/Groups/{group['id']}", {"schemas": group["schemas"], "displayName": "Few"}
        )
        assert "members" not in answer.get_json()

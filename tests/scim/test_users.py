"""What becomes of people when their agency's directory makes, changes and ends them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, insert, select, update

from agencies import joining, leaving, people, sessions, tokens
from agencies.errors import AccessTokenRefused, NotAMember
from agencies.models import (
    Agency,
    ApiToken,
    Identity,
    IdentityProvider,
    Membership,
    Person,
    RoleGrant,
    WebSession,
)
from agencies.people_errors import NoLongerAMember
from agencies.scim.models import ScimUser
from marketplace.foundation import clock
from marketplace.foundation.db import reading, transaction
from marketplace.foundation.ids import new_id
from marketplace.foundation.jobs import Job
from security.labels import Level
from security.log.models import AuditPending
from security.oidc import Vouched
from security.principal import Principal, Role
from tasks.models import Claim, Microtask
from tests.builders import AT_WORK, a_campaign, a_claim, a_person, an_owner, changed, found, one
from tests.scim.conftest import PATCH, USER, Directory
from tests.together import together
from workers.run import run

INACTIVE = {"op": "replace", "path": "active", "value": False}
ACTIVE = {"op": "replace", "path": "active", "value": True}


def vouched(directory: Directory, subject: str, **given: Any) -> Vouched:
    return Vouched(directory.issuer, subject, **given)


def membership_of(directory: Directory, subject: str) -> UUID | None:
    with reading() as db:
        return people.membership_of(db, directory.issuer, subject, directory.agency_id)


def principal(directory: Directory, subject: str) -> Principal:
    membership_id = membership_of(directory, subject)
    assert membership_id is not None
    with reading() as db:
        who = people.read(db, membership_id)
    assert who is not None
    return who


def acts() -> list[str]:
    return [row.act for row in found(select(AuditPending.act).order_by(AuditPending.id))]


def forget_the_record() -> int:
    return int(one(select(func.coalesce(func.max(AuditPending.id), 0))))


def since(mark: int) -> list[str]:
    rows = found(select(AuditPending.act).where(AuditPending.id > mark).order_by(AuditPending.id))
    return [row.act for row in rows]


def do_jobs(kind: str) -> None:
    for row in found(select(Job.id).where(Job.kind == kind, Job.state == "ready")):
        run(row.id)


class TestMaking:
    def test_a_user_is_a_member_with_the_lowest_role_and_no_clearance(self, directory: Directory) -> None:
        directory.user(userName="ada", externalId="s-ada", displayName="Ada L.")
        ada = principal(directory, "s-ada")
        assert (ada.name, ada.agency_slug) == ("Ada L.", "health")
        assert (ada.roles, ada.clearance) == ({Role.CONTRIBUTOR}, Level.PUBLIC)

    def test_whoever_was_provisioned_is_found_at_the_first_sign_in(self, directory: Directory) -> None:
        directory.user(externalId="s-ada")
        with transaction() as tx:
            known = joining.membership_for(
                tx, directory.agency_id, vouched(directory, "s-ada"), invitation=None, context=AT_WORK
            )
        assert known == membership_of(directory, "s-ada")
        assert one(select(func.count()).select_from(Membership)) == 2  # the administrator's and hers

    def test_the_same_subject_of_another_provider_is_somebody_else(
        self, directory: Directory, other: Directory
    ) -> None:
        directory.user(externalId="s-1")
        other.user(externalId="s-1")
        mine, theirs = principal(directory, "s-1"), principal(other, "s-1")
        assert mine.person_id != theirs.person_id
        assert theirs.agency_slug == "transport"

    def test_it_is_on_the_record_with_the_credential_and_no_name(self, directory: Directory) -> None:
        mark = forget_the_record()
        directory.user(displayName="Ada Lovelace")
        rows = found(select(AuditPending.__table__).where(AuditPending.id > mark).order_by(AuditPending.id))
        assert [row.act for row in rows] == ["scim_user.make", "person.join"]
        assert {(row.channel, row.subject_id, row.object_agency_id) for row in rows} == {
            ("scim", None, directory.agency_id)
        }
        assert all(row.session for row in rows)
        assert "Lovelace" not in str([row.detail for row in rows])

    def test_a_user_without_external_id_cannot_sign_in_yet(self, directory: Directory) -> None:
        made = directory.user(externalId=None)
        assert "externalId" not in made
        assert found(select(Identity).where(Identity.issuer == directory.issuer)) == []

    @pytest.mark.parametrize("clash", [{"userName": "ADA"}, {"externalId": "s-ada", "userName": "else"}])
    def test_names_and_subjects_are_taken_once(self, directory: Directory, clash: dict[str, str]) -> None:
        directory.user(userName="ada", externalId="s-ada")
        answer = directory.send("POST", "/Users", {"schemas": [USER], "userName": "x"} | clash)
        assert answer.status_code == 409
        assert answer.get_json()["scimType"] == "uniqueness"

    def test_two_at_once_make_one(self, directory: Directory) -> None:
        body = {"schemas": [USER], "userName": "ada", "externalId": "s-ada"}
        answers = together(*[lambda: directory.send("POST", "/Users", body)] * 4)
        assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
        assert one(select(func.count()).select_from(Identity).where(Identity.subject == "s-ada")) == 1

    def test_what_is_not_needed_is_not_kept(self, directory: Directory) -> None:
        made = directory.user(
            schemas=[USER, "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
            password="hunter2-canary",
            phoneNumbers=[{"value": "canary-555"}],
            **{
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"manager": {"value": "canary"}}
            },
        )
        assert "canary" not in str(made)
        assert "canary" not in str(found(select(ScimUser.__table__)))

    def test_the_language_is_where_the_person_begins(self, directory: Directory) -> None:
        directory.user(externalId="s-1", preferredLanguage="nl-BE")
        directory.user(externalId="s-2", preferredLanguage="tlh")
        assert [principal(directory, subject).locale for subject in ("s-1", "s-2")] == ["nl", "en"]

    def test_an_inactive_user_is_no_member_and_does_not_join_by_signing_in(
        self, directory: Directory
    ) -> None:
        changed(_open_to_everybody(directory))
        directory.user(externalId="s-1", active=False)
        assert membership_of(directory, "s-1") is None
        who = vouched(directory, "s-1", organisation="123")
        with pytest.raises(NotAMember), transaction() as tx:
            joining.membership_for(tx, directory.agency_id, who, invitation=None, context=AT_WORK)


def _open_to_everybody(directory: Directory) -> Any:
    changed(
        update(IdentityProvider)
        .where(IdentityProvider.agency_id == directory.agency_id)
        .values(organisation_claim="siret", organisation_values=["123"])
    )
    return update(Agency).where(Agency.id == directory.agency_id).values(self_join=True)


class TestLeaving:
    @pytest.mark.parametrize("way", ["patch", "put", "delete"])
    def test_sessions_and_tokens_end_at_once(self, directory: Directory, way: str) -> None:
        user = directory.user(externalId="s-ada")
        ada = principal(directory, "s-ada")
        with transaction() as tx:
            sessions.begin(tx, ada.membership_id, vouched(directory, "s-ada"))
            token = tokens.make(tx, name="t", valid_for=timedelta(hours=1), actor=ada, context=AT_WORK)
        _end(directory, user, way)
        assert found(select(WebSession.token)) == []
        assert found(select(ApiToken.token).where(ApiToken.membership_id == ada.membership_id)) == []
        with pytest.raises(AccessTokenRefused), reading() as db:
            tokens.read(db, token, None)
        assert membership_of(directory, "s-ada") is None

    @pytest.mark.parametrize("way", ["patch", "delete"])
    def test_claims_go_back_by_a_job_of_the_same_transaction(self, directory: Directory, way: str) -> None:
        campaign = a_campaign(an_owner("health"), items=1, redundancy=1, level="public")
        user = directory.user(externalId="s-ada")
        claim = a_claim(campaign, principal(directory, "s-ada"))
        _end(directory, user, way)
        assert one(select(Claim.live).where(Claim.id == claim))
        do_jobs("person.leave")
        assert not one(select(Claim.live).where(Claim.id == claim))
        assert one(select(Microtask.need)) == 1

    def test_one_who_left_may_not_claim_before_the_job_ran(self, directory: Directory) -> None:
        campaign = a_campaign(an_owner("health"), items=3, level="public")
        user = directory.user(externalId="s-ada")
        ada = principal(directory, "s-ada")
        _end(directory, user, "patch")
        with pytest.raises(NoLongerAMember):
            a_claim(campaign, ada)

    def test_the_record_says_that_the_directory_did_it(self, directory: Directory) -> None:
        user = directory.user()
        mark = forget_the_record()
        _end(directory, user, "patch")
        row = found(
            select(AuditPending.detail).where(AuditPending.id > mark, AuditPending.act == "person.leave")
        )[0]
        assert row.detail == {"reason": "scim"}

    def test_who_comes_back_is_a_member_anew_and_the_same_person(self, directory: Directory) -> None:
        user = directory.user(externalId="s-ada")
        before = principal(directory, "s-ada")
        assert directory.patch(user, INACTIVE).get_json()["active"] is False
        back = directory.patch(user, ACTIVE).get_json()
        after = principal(directory, "s-ada")
        assert (back["id"], back["active"]) == (user["id"], True)
        assert after.person_id == before.person_id
        assert after.membership_id != before.membership_id
        assert one(select(Membership.ended_at).where(Membership.id == before.membership_id)) is not None

    def test_who_was_deleted_and_is_made_again_is_the_same_person(self, directory: Directory) -> None:
        user = directory.user(userName="ada", externalId="s-ada")
        before = principal(directory, "s-ada")
        assert directory.send("DELETE", f"/Users/{user['id']}").status_code == 204
        assert directory.send("GET", f"/Users/{user['id']}").status_code == 404
        again = directory.user(userName="ada", externalId="s-ada")
        assert again["id"] != user["id"]
        assert principal(directory, "s-ada").person_id == before.person_id

    def test_clearance_and_roles_do_not_come_back(self, directory: Directory) -> None:
        user = directory.user(externalId="s-ada")
        changed(
            update(Membership)
            .where(Membership.id == principal(directory, "s-ada").membership_id)
            .values(clearance=2)
        )
        directory.patch(user, INACTIVE)
        directory.patch(user, ACTIVE)
        assert principal(directory, "s-ada").clearance is Level.PUBLIC

    def test_the_last_administrator_stays(self, directory: Directory) -> None:
        admin = next(
            user for user in directory.get("/Users")["Resources"] if "Administrator" in user["displayName"]
        )
        for answer in (directory.patch(admin, INACTIVE), directory.send("DELETE", f"/Users/{admin['id']}")):
            assert answer.status_code == 409
            assert "last administrator" in answer.get_json()["detail"]
        with reading() as db:
            assert people.read(db, directory.admin.membership_id) is not None

    def test_what_fails_changes_nothing(self, directory: Directory) -> None:
        admin = directory.get("/Users")["Resources"][0]
        rename = {"op": "replace", "path": "displayName", "value": "Nobody"}
        assert directory.patch(admin, rename, INACTIVE).status_code == 409
        assert directory.get(f"/Users/{admin['id']}") == admin


def _end(directory: Directory, user: Any, way: str) -> None:
    if way == "patch":
        assert directory.patch(user, INACTIVE).status_code == 200
    elif way == "put":
        body = {"schemas": [USER], "userName": user["userName"], "active": False}
        answer = directory.send("PUT", f"/Users/{user['id']}", body | {"externalId": user["externalId"]})
        assert answer.status_code == 200
    else:
        assert directory.send("DELETE", f"/Users/{user['id']}").status_code == 204


class TestChanging:
    def test_a_name_follows(self, directory: Directory) -> None:
        user = directory.user(externalId="s-ada", displayName="Ada Byron")
        directory.patch(user, {"op": "replace", "path": "displayName", "value": "Ada Lovelace"})
        assert principal(directory, "s-ada").name == "Ada Lovelace"

    @pytest.mark.parametrize(
        "operations",
        [
            [{"op": "Replace", "path": "active", "value": "False"}],
            [{"op": "replace", "value": {"active": False}}],
            [{"op": "Add", "path": 'emails[type eq "work"].value', "value": "a@x.example"}, INACTIVE],
            [{"op": "replace", "value": {"name.givenName": "Ada", "active": False}}],
        ],
        ids=["a word for false", "no path", "a filter that matches nothing", "paths as names"],
    )
    def test_the_ways_of_big_directories_are_understood(
        self, directory: Directory, operations: list[Any]
    ) -> None:
        user = directory.user(externalId="s-ada")
        answer = directory.patch(user, *operations)
        assert answer.status_code == 200, answer.text
        assert membership_of(directory, "s-ada") is None

    def test_put_without_active_leaves_that_as_it_is(self, directory: Directory) -> None:
        user = directory.user(userName="ada", externalId="s-ada")
        directory.patch(user, INACTIVE)
        body = {"schemas": [USER], "userName": "ada", "externalId": "s-ada", "displayName": "Ada"}
        answer = directory.send("PUT", f"/Users/{user['id']}", body).get_json()
        assert (answer["active"], answer["displayName"]) == (False, "Ada")

    def test_another_subject_takes_over_and_the_old_ones_sessions_end(self, directory: Directory) -> None:
        user = directory.user(externalId="s-old")
        with transaction() as tx:
            sessions.begin(tx, principal(directory, "s-old").membership_id, vouched(directory, "s-old"))
        answer = directory.patch(user, {"op": "replace", "path": "externalId", "value": "s-new"})
        assert answer.get_json()["externalId"] == "s-new"
        assert membership_of(directory, "s-old") is None
        assert membership_of(directory, "s-new") is not None
        assert found(select(WebSession.token)) == []

    @pytest.mark.parametrize("op", [{"op": "replace", "value": "s-mallory"}, {"op": "remove"}])
    @pytest.mark.parametrize("role", [Role.SECURITY_OFFICER, Role.AGENCY_ADMIN])
    def test_nobody_takes_over_from_an_officer(self, directory: Directory, role: Role, op: Any) -> None:
        a_person("health", roles=(Role.CONTRIBUTOR, role), identity=(directory.issuer, "s-otto"))
        officer = directory.get("/Users", filter='externalId eq "s-otto"')["Resources"][0]
        answer = directory.patch(officer, op | {"path": "externalId"})
        assert (answer.status_code, answer.get_json()["scimType"]) == (400, "mutability")
        assert membership_of(directory, "s-otto") is not None
        assert membership_of(directory, "s-mallory") is None

    def test_a_clearance_does_not_pass_to_another_subject(self, directory: Directory) -> None:
        a_person("health", clearance=Level.SENSITIVE, identity=(directory.issuer, "s-ada"))
        ada = directory.get("/Users", filter='externalId eq "s-ada"')["Resources"][0]
        mark = forget_the_record()
        directory.patch(ada, {"op": "replace", "path": "externalId", "value": "s-new"})
        assert principal(directory, "s-new").clearance is Level.PUBLIC
        assert "clearance.withdraw" in since(mark)

    @pytest.mark.parametrize(
        ("operations", "said"),
        [
            ([{"op": "replace", "path": "displayName", "value": "A"}] * 501, "tooMany"),
            ([{"op": "replace", "value": {f"x{number}": "A" for number in range(500)}}], "tooMany"),
            ([{"op": "remove", "path": f"emails[{'(' * 200}value eq 'a'{')' * 200}]"}], "invalidPath"),
            ([{"OP": "replace", "VALUE": {f"emails[{'(' * 400}": "A"}}], "invalidPath"),
        ],
    )
    def test_more_work_than_any_directory_needs_is_refused_before_it_is_begun(
        self, directory: Directory, operations: list[Any], said: str
    ) -> None:
        answer = directory.patch(directory.user(), *operations)
        assert (answer.status_code, answer.get_json()["scimType"]) == (400, said)

    def test_a_subject_of_somebody_else_is_refused(self, directory: Directory) -> None:
        directory.user(externalId="s-eve")
        user = directory.user(externalId="s-ada")
        answer = directory.patch(user, {"op": "replace", "path": "externalId", "value": "s-eve"})
        assert (answer.status_code, answer.get_json()["scimType"]) == (409, "uniqueness")
        assert membership_of(directory, "s-ada") is not None

    def test_what_changes_nothing_is_not_on_the_record(self, directory: Directory) -> None:
        user = directory.user()
        mark = forget_the_record()
        answer = directory.patch(
            user, {"op": "replace", "path": "userName", "value": user["userName"]}
        ).get_json()
        assert answer == user
        assert since(mark) == []

    def test_a_change_of_what_has_changed_is_refused(self, directory: Directory) -> None:
        user = directory.user()
        rename = {"op": "replace", "path": "displayName", "value": "One"}
        seen = {"If-Match": user["meta"]["version"]}
        assert directory.patch(user, rename, **seen).status_code == 200
        for answer in (
            directory.patch(user, rename | {"value": "Two"}, **seen),
            directory.send("DELETE", f"/Users/{user['id']}", **seen),
        ):
            assert answer.status_code == 412
            assert answer.mimetype == "application/scim+json"
        assert directory.get(f"/Users/{user['id']}")["displayName"] == "One"

    def test_what_is_known_is_not_sent_again(self, directory: Directory) -> None:
        user = directory.user()
        answer = directory.send("GET", f"/Users/{user['id']}", **{"If-None-Match": user["meta"]["version"]})
        assert (answer.status_code, answer.data) == (304, b"")

    def test_the_version_changes_with_what_people_do_here(self, directory: Directory) -> None:
        user = directory.user(externalId="s-ada")
        ada = principal(directory, "s-ada")
        with transaction() as tx:
            leaving.end_membership(
                tx, ada.membership_id, actor=directory.admin, context=AT_WORK, reason="agency"
            )
        after = directory.get(f"/Users/{user['id']}")
        assert after["active"] is False
        assert after["meta"]["version"] != user["meta"]["version"]


class TestOnesOwnAgencyOnly:
    def test_people_of_others_are_not_there(self, directory: Directory, other: Directory) -> None:
        theirs = other.user(userName="eve", externalId="s-eve")
        path = f"/Users/{theirs['id']}"
        body = {"schemas": [USER], "userName": "eve", "active": False}
        for method, sent in (("GET", None), ("PUT", body), ("DELETE", None)):
            assert directory.send(method, path, sent).status_code == 404
        patch = {"schemas": [PATCH], "Operations": [INACTIVE]}
        assert directory.send("PATCH", path, patch).status_code == 404
        assert directory.get("/Users", filter='userName eq "eve"')["totalResults"] == 0
        assert membership_of(other, "s-eve") is not None

    def test_members_who_joined_by_another_way_are_users(self, directory: Directory) -> None:
        joined = a_person("health", identity=(directory.issuer, "s-bob"), name="Bob")
        bob = directory.get("/Users", filter='externalId eq "s-bob"')["Resources"][0]
        assert (bob["userName"], bob["displayName"], bob["active"]) == ("s-bob", "Bob", True)
        directory.patch(bob, INACTIVE)
        with reading() as db:
            assert people.read(db, joined.membership_id) is None

    def test_people_lent_by_another_agency_are_not_its_users(
        self, directory: Directory, other: Directory
    ) -> None:
        other.user(externalId="s-eve", displayName="Eve")
        eve = principal(other, "s-eve")
        lent = {"id": new_id(), "person_id": eve.person_id, "agency_id": directory.agency_id}
        changed(insert(Membership).values(**lent, clearance=0, compartments=[], home_id=eve.membership_id))
        assert "Eve" not in str(directory.get("/Users"))

    def test_who_moved_away_is_not_brought_back_renamed_or_signed_in_as(
        self, directory: Directory, other: Directory
    ) -> None:
        user = directory.user(externalId="s-ada", displayName="Ada")
        _moves_to(principal(directory, "s-ada"), other)
        deleted = directory.user(externalId="s-bob")
        _moves_to(principal(directory, "s-bob"), other)
        assert directory.patch(user, ACTIVE).status_code == 409
        relink = {"op": "replace", "path": "externalId", "value": "s-mallory"}
        assert directory.patch(user, relink).status_code == 409
        assert directory.send("DELETE", f"/Users/{deleted['id']}").status_code == 204
        body = {"schemas": [USER], "userName": "bob", "externalId": "s-bob"}
        assert directory.send("POST", "/Users", body).status_code == 409
        directory.patch(user, {"op": "replace", "path": "displayName", "value": "Mallory"})
        assert "Mallory" not in {row.name for row in found(select(Person.name))}


def _moves_to(person: Principal, to: Directory) -> None:
    """As a transfer leaves it: the old membership over, a new one at home in the other agency."""
    with transaction() as tx:
        now = clock.now(tx)
        tx.execute(update(Membership).where(Membership.id == person.membership_id).values(ended_at=now))
        tx.execute(update(RoleGrant).where(RoleGrant.membership_id == person.membership_id).values(until=now))
        row = {"id": new_id(), "person_id": person.person_id, "agency_id": to.agency_id}
        tx.execute(insert(Membership), row | {"clearance": 0, "compartments": []})


class TestBadInput:
    @pytest.mark.parametrize(
        ("sent", "status", "keyword"),
        [
            ({}, 400, "invalidValue"),
            ({"schemas": [USER]}, 400, "invalidValue"),
            ({"schemas": [USER], "userName": ""}, 400, "invalidValue"),
            ({"schemas": [USER], "userName": "a" * 201}, 400, "invalidValue"),
            ({"schemas": [USER], "userName": "a\x00b"}, 400, "invalidValue"),
            ({"schemas": [USER], "userName": 7}, 400, "invalidValue"),
            ({"schemas": [USER], "userName": "a", "active": "perhaps"}, 400, "invalidValue"),
            ({"schemas": [USER], "userName": "a", "emails": [{"value": "nobody"}]}, 400, "invalidValue"),
            (
                {"schemas": [USER], "userName": "a", "emails": [{"value": "a@b.example"}] * 11},
                400,
                "invalidValue",
            ),
            ({"schemas": [USER], "userName": "a", "emails": "a@b.example"}, 400, "invalidValue"),
            ({"schemas": ["urn:x"], "userName": "a"}, 400, None),
            ([], 400, "invalidSyntax"),
            ("text", 400, "invalidSyntax"),
        ],
    )
    def test_it_is_refused_in_scims_form(
        self, directory: Directory, sent: Any, status: int, keyword: str | None
    ) -> None:
        answer = directory.send("POST", "/Users", sent)
        assert answer.status_code == status
        said = answer.get_json()
        assert answer.mimetype == "application/scim+json"
        assert said["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
        assert said["status"] == str(status)
        if keyword:
            assert said["scimType"] == keyword
        assert directory.get("/Users")["totalResults"] == 1

    @pytest.mark.parametrize(
        ("raw", "status"),
        [
            (b"{", 400),
            (b'{"userName": "a", "userName": "b"}', 400),
            (b'{"userName": NaN}', 400),
            (b"[" * 100, 400),
            (b"\xff\xfe", 400),
            (b'{"userName": "' + b"a" * 300_000 + b'"}', 413),
        ],
    )
    def test_bad_bytes_are_refused(self, directory: Directory, raw: bytes, status: int) -> None:
        answer = directory.app.test_client().post(
            "/scim/v2/Users",
            data=raw,
            content_type="application/scim+json",
            headers={"Authorization": f"Bearer {directory.token}"},
        )
        assert answer.status_code == status
        assert answer.mimetype == "application/scim+json"

    def test_another_format_is_refused(self, directory: Directory) -> None:
        answer = directory.app.test_client().post(
            "/scim/v2/Users",
            data="<user/>",
            content_type="application/xml",
            headers={"Authorization": f"Bearer {directory.token}"},
        )
        assert answer.status_code == 415

    @pytest.mark.parametrize(
        "operation",
        [
            {"op": "explode", "path": "active"},
            {"op": "remove"},
            {"op": "remove", "path": "userName"},
            {"op": "remove", "path": "active"},
            {"op": "replace", "path": "id", "value": "mine"},
            {"op": "replace", "path": "emails[", "value": "x"},
            {"op": "replace", "path": "emails[type eq]", "value": "x"},
            {"op": "add", "path": "emails", "value": [{"value": "a@b.example"}] * 50},
        ],
    )
    def test_bad_changes_are_refused(self, directory: Directory, operation: dict[str, Any]) -> None:
        user = directory.user(externalId="s-ada")
        answer = directory.patch(user, operation)
        assert answer.status_code == 400, answer.text
        assert directory.get(f"/Users/{user['id']}") == user

    def test_an_unknown_attribute_changes_nothing(self, directory: Directory) -> None:
        user = directory.user()
        answer = directory.patch(user, {"op": "replace", "path": "nickName", "value": "x"})
        assert answer.status_code == 200
        assert answer.get_json() == user

    @pytest.mark.parametrize("path", ["/Nothing", "/Users/nobody", "/Users/../Groups/x", "/Me", "/Bulk"])
    def test_an_address_without_anything_is_answered_in_scims_form(
        self, directory: Directory, path: str
    ) -> None:
        answer = directory.send("GET", path)
        assert answer.status_code in (404, 405, 501)
        assert answer.mimetype == "application/scim+json"


def test_no_answer_tells_of_another_door(app: Flask, directory: Directory) -> None:
    """A credential opens SCIM and nothing else; a person's token does not open SCIM."""
    as_credential = {"Authorization": f"Bearer {directory.token}"}
    assert app.test_client().get("/api/v1/me", headers=as_credential).status_code == 401
    with transaction() as tx:
        token = tokens.make(
            tx, name="t", valid_for=timedelta(hours=1), actor=directory.admin, context=AT_WORK
        )
    as_person = {"Authorization": f"Bearer {token}"}
    assert app.test_client().get("/scim/v2/Users", headers=as_person).status_code == 401

"""Levels, principals and permissions: the small values every rule is made of."""

import dataclasses
import itertools
from uuid import uuid4

import pytest

from security.labels import Level, dominates
from security.permissions import ROLE_PERMISSIONS, Permission, may, roles_with
from security.principal import Context, Principal, Role, Zone


def a_principal(*roles: Role) -> Principal:
    return Principal(
        person_id=uuid4(),
        membership_id=uuid4(),
        agency_id=uuid4(),
        agency_slug="harbour",
        agency_name="Harbour Office",
        agency_initials="HO",
        subject_id=uuid4(),
        name="Ines Vogt",
        roles=frozenset(roles),
        clearance=Level.INTERNAL,
        compartments=frozenset(),
        skills=frozenset(),
        locale="en",
    )


class TestLevels:
    def test_word_and_level_are_inverse(self) -> None:
        assert [Level.parse(level.label_key) for level in Level] == list(Level)

    @pytest.mark.parametrize("word", ["", "Sensitive", "SENSITIVE", "2", "secret", " public"])
    def test_other_words_are_refused(self, word: str) -> None:
        with pytest.raises(ValueError, match="no such level"):
            Level.parse(word)


class TestDominates:
    def test_level_must_reach(self) -> None:
        for clearance, level in itertools.product(Level, Level):
            assert dominates(clearance, set(), level, set()) is (clearance >= level)

    def test_every_compartment_is_needed(self) -> None:
        assert dominates(Level.RESTRICTED, {"a", "b"}, Level.INTERNAL, {"a", "b"})
        assert not dominates(Level.RESTRICTED, {"a"}, Level.PUBLIC, {"a", "b"})

    def test_more_compartments_do_not_replace_a_level(self) -> None:
        assert not dominates(Level.INTERNAL, {"a", "b", "c"}, Level.SENSITIVE, {"a"})


class TestPermissions:
    """The mechanism, not the table over again: the table is read by people."""

    def test_a_role_gives_what_its_row_says(self) -> None:
        for role, permission in itertools.product(Role, Permission):
            assert may(a_principal(role), permission) is (permission in ROLE_PERMISSIONS[role])

    def test_roles_add_up(self) -> None:
        both = a_principal(Role.CONTRIBUTOR, Role.SECURITY_OFFICER)
        assert may(both, Permission.CLAIM_MICROTASK)
        assert may(both, Permission.READ_RECORD)

    def test_without_a_role_nothing_is_allowed(self) -> None:
        assert not any(may(a_principal(), permission) for permission in Permission)

    def test_every_role_has_a_row_and_every_permission_somebody(self) -> None:
        assert set(ROLE_PERMISSIONS) == set(Role)
        assert all(roles_with(permission) for permission in Permission)

    def test_operator_and_officer_touch_no_work(self) -> None:
        content = {
            Permission.SEE_BOARD,
            Permission.SEE_CAMPAIGN,
            Permission.CLAIM_MICROTASK,
            Permission.CONTRIBUTE,
            Permission.READ_RESULTS,
            Permission.EXPORT_RESULTS,
            Permission.APPRAISE,
        }
        assert not ROLE_PERMISSIONS[Role.OPERATOR] & content
        assert not ROLE_PERMISSIONS[Role.SECURITY_OFFICER] & content


class TestContext:
    def test_missing_evidence_is_the_worst_case(self) -> None:
        context = Context("web")
        assert (context.zone, context.device) == (Zone.PUBLIC, "unknown")
        assert (context.acr, context.auth_time) == (None, None)

    def test_address_and_session_stay_out_of_what_is_printed(self) -> None:
        printed = repr(Context("web", address="192.0.2.7", session="s3cret"))
        assert "192.0.2.7" not in printed
        assert "s3cret" not in printed

    def test_values_cannot_be_changed(self) -> None:
        with pytest.raises(dataclasses.FrozenInstanceError):
            a_principal().clearance = Level.RESTRICTED  # type: ignore[misc]

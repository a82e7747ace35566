"""An agency's rules of alerts: its officers set them, switching one off is on the record, and others keep theirs."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, delete, select

from agencies.errors import NotPermitted
from agencies.oversight.alerts import rules
from agencies.oversight.alerts.errors import BadAlertRule, NoSuchRule
from agencies.oversight.alerts.kinds import KINDS, OF_PEOPLE, OF_THE_RECORD, defaults
from agencies.oversight.models import AlertRule
from marketplace.foundation.db import reading, transaction
from security.log.models import AuditPending
from security.principal import Principal, Role
from tests.builders import AT_WORK, a_person, changed, found

MANY = {"count": ["20"], "minutes": ["5"]}


@pytest.fixture
def officer(database: Engine) -> Principal:
    made = a_person("north", roles=(Role.SECURITY_OFFICER,))
    changed(delete(AuditPending))
    return made


def set_by(actor: Principal, kind: str = "many_views", *, on: bool = True, **given: list[str]) -> None:
    with transaction() as tx:
        rules.set_rule(tx, kind, on=on, given=given or MANY, actor=actor, context=AT_WORK)


def of(actor: Principal, kind: str = "many_views") -> rules.Rule:
    with reading() as db:
        return rules.in_force(db, [actor.agency_id])[actor.agency_id, kind]


def on_record() -> list[Any]:
    return list(found(select(AuditPending.__table__).where(AuditPending.act == "alert_rule.set")))


def test_without_anything_set_the_values_of_the_kinds_hold(officer: Principal) -> None:
    with reading() as db:
        held = rules.in_force(db, [officer.agency_id])
    assert {kind: (rule.on, rule.values) for (_, kind), rule in held.items()} == {
        kind: (True, defaults(kind)) for kind in OF_PEOPLE
    }


def test_what_is_set_holds_for_the_agency_and_no_other(officer: Principal) -> None:
    other = a_person("south", roles=(Role.SECURITY_OFFICER,))
    set_by(officer)
    assert of(officer).values == {"count": 20, "minutes": 5}
    assert of(other).values == defaults("many_views")


def test_it_can_be_set_again(officer: Principal) -> None:
    set_by(officer)
    set_by(officer, count=["6"], minutes=["60"])
    assert of(officer).values == {"count": 6, "minutes": 60}


def test_switching_it_off_keeps_the_values_and_is_on_the_record(officer: Principal) -> None:
    set_by(officer, on=False)
    assert (of(officer).on, of(officer).values) == (False, {"count": 20, "minutes": 5})
    [row] = on_record()
    assert (row.subject_id, row.object_kind, row.object_id) == (
        officer.subject_id,
        "alert_rule",
        "many_views",
    )
    assert row.detail == {"on": False, "values": {"count": 20, "minutes": 5}}


def test_a_value_outside_its_bounds_changes_nothing(officer: Principal) -> None:
    with pytest.raises(BadAlertRule):
        set_by(officer, count=["100000"], minutes=["5"])
    assert (of(officer).values, on_record()) == (defaults("many_views"), [])


@pytest.mark.parametrize("kind", [*OF_THE_RECORD, "everything"])
def test_what_is_about_the_record_itself_cannot_be_set(officer: Principal, kind: str) -> None:
    with pytest.raises(NoSuchRule):
        set_by(officer, kind, on=False)
    assert found(select(AlertRule.kind)) == []


@pytest.mark.parametrize(
    "role", [role for role in Role if role not in (Role.SECURITY_OFFICER, Role.MARKETPLACE_OFFICER)]
)
def test_nobody_but_officers_sets_rules(database: Engine, role: Role) -> None:
    with pytest.raises(NotPermitted):
        set_by(a_person(roles=(role,)))


def test_the_marketplaces_officer_sets_those_of_their_own_agency(database: Engine) -> None:
    marketplace = a_person(roles=(Role.MARKETPLACE_OFFICER,))
    set_by(marketplace)
    assert of(marketplace).values == {"count": 20, "minutes": 5}


def test_no_kind_looks_at_what_somebody_made() -> None:
    """Alerts are about content that was exposed: what was submitted, settled or agreed on is in none of them."""
    acts = {act for kind in KINDS.values() for act in kind.acts}
    assert not {act for act in acts if act.startswith(("contribution.", "microtask.", "claim.", "number."))}

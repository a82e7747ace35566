"""How an agency has its work of each level handled."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, select

from agencies import handling
from agencies.errors import BadAgencySettings, NotPermitted
from agencies.handling import DEFAULTS, Handling
from marketplace.foundation.db import reading, transaction
from security.labels import Level
from security.log.models import AuditPending
from security.principal import Principal, Role, Zone
from tests.agencies.agreeing import an_administrator
from tests.builders import AT_WORK, a_person, found

AWAY = {Zone.HOME, Zone.PUBLIC}


def change(actor: Principal, level: Level = Level.SENSITIVE, **given: Any) -> Handling:
    with transaction() as tx:
        return handling.change(tx, level, given, actor=actor, context=AT_WORK)


def of(actor: Principal, level: Level) -> Handling:
    with reading() as db:
        return handling.of(db, actor.agency_id, level)


def test_until_an_agency_says_otherwise_the_levels_own_values_hold(database: Engine) -> None:
    admin = an_administrator("north")
    with reading() as db:
        assert handling.all_of(db, admin.agency_id) == dict(DEFAULTS)
    for level in Level:
        assert of(admin, level) == DEFAULTS[level]


def test_open_work_is_held_by_no_rule_at_the_screen() -> None:
    for level in (Level.PUBLIC, Level.INTERNAL):
        assert DEFAULTS[level] == Handling("none", 365, frozenset(), False, None, None, False, True)


def test_sealed_work_is_guarded_at_home_and_on_public_networks() -> None:
    sensitive, restricted = DEFAULTS[Level.SENSITIVE], DEFAULTS[Level.RESTRICTED]
    assert sensitive == Handling("server", 365, frozenset(AWAY), True, 20, 10, True, False)
    assert (restricted.views, restricted.idle_minutes) == (10, 5)


def test_what_is_left_out_stays(database: Engine) -> None:
    admin = an_administrator("north")
    assert change(admin, protection="end_to_end").views == 20
    now = change(admin, views=None, zones=["public", "vpn", "public"])
    assert (now.protection, now.views, now.zones) == ("end_to_end", None, {Zone.PUBLIC, Zone.VPN})
    assert of(admin, Level.SENSITIVE) == now


def test_a_change_is_about_one_level_of_one_agency(database: Engine) -> None:
    admin, other = an_administrator("north"), an_administrator("south")
    change(admin, keep_days=30)
    assert of(admin, Level.RESTRICTED) == DEFAULTS[Level.RESTRICTED]
    assert of(other, Level.SENSITIVE) == DEFAULTS[Level.SENSITIVE]
    with reading() as db:
        assert handling.all_of(db, admin.agency_id)[Level.SENSITIVE].keep_days == 30


def test_open_work_is_kept_as_long_as_the_agency_says(database: Engine) -> None:
    admin = an_administrator("north")
    assert change(admin, Level.INTERNAL, keep_days=90) == Handling("none", 90)


@pytest.mark.parametrize(
    ("level", "given"),
    [
        (Level.SENSITIVE, {"protection": "none"}),
        (Level.SENSITIVE, {"protection": "rot13"}),
        (Level.SENSITIVE, {"keep_days": 0}),
        (Level.SENSITIVE, {"keep_days": 36_501}),
        (Level.SENSITIVE, {"keep_days": None}),
        (Level.SENSITIVE, {"views": 0}),
        (Level.SENSITIVE, {"views": 1_001}),
        (Level.SENSITIVE, {"idle_minutes": 241}),
        (Level.SENSITIVE, {"idle_minutes": "5"}),
        (Level.SENSITIVE, {"zones": ["moon"]}),
        (Level.SENSITIVE, {"watermark": 1}),
        (Level.SENSITIVE, {"cameras": False}),
        (Level.INTERNAL, {"protection": "server"}),
        (Level.PUBLIC, {"views": 3}),
    ],
)
def test_what_cannot_be_used_is_refused_at_its_field(
    database: Engine, level: Level, given: dict[str, Any]
) -> None:
    admin = an_administrator("north")
    with pytest.raises(BadAgencySettings) as refusal:
        change(admin, level, **given)
    assert list(refusal.value.facts["errors"]) == list(given)
    assert of(admin, level) == DEFAULTS[level]


def test_only_administrators_change_it(database: Engine) -> None:
    officer = a_person("north", roles=(Role.SECURITY_OFFICER, Role.TASK_OWNER))
    with pytest.raises(NotPermitted):
        change(officer, keep_days=30)


def test_the_record_says_what_was_set(database: Engine) -> None:
    admin = an_administrator("north")
    change(admin, views=None, zones=["public", "home"], protection="end_to_end")
    [row] = found(select(AuditPending.__table__).where(AuditPending.act == "handling.set"))
    assert (row.object_kind, row.object_id, row.level) == ("handling", "sensitive", None)
    assert row.detail == {"set": {"protection": "end_to_end", "views": None, "zones": ["home", "public"]}}


def test_nothing_set_is_nothing_done(database: Engine) -> None:
    admin = an_administrator("north")
    assert change(admin) == DEFAULTS[Level.SENSITIVE]
    assert not found(select(AuditPending.id).where(AuditPending.act == "handling.set"))

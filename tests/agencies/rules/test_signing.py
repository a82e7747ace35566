"""Rules are drafted, signed with a fresh second factor, and read back only as the agency signed them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, update

from agencies.errors import NeedsStepUp, NotPermitted
from agencies.models import Agency, RoleGrant
from agencies.rules import RulesUnreadable, current, drafting, reading, signing
from agencies.rules.errors import (
    BadRule,
    DraftChanged,
    ExamplesDisagree,
    NoSuchRule,
    NoSuchRules,
    NothingDrafted,
    NothingToSign,
    RuleNameTaken,
    RulesChanged,
)
from agencies.rules.models import AccessRuleDraft, AccessRuleVersion
from marketplace.foundation.db import Tx, transaction
from marketplace.foundation.db import reading as reads
from security.access.errors import InvalidRules
from security.log.models import AuditPending
from security.principal import Context, Factor, Principal, Role
from tests.builders import AT_WORK, a_person, changed, found, one
from tests.together import together

ADMIN = (Role.CONTRIBUTOR, Role.AGENCY_ADMIN)


def an_admin(agency: str = "north") -> Principal:
    return a_person(agency, roles=ADMIN)


def confirmed(minutes: int = 1, factor: Factor = Factor.MULTI) -> Context:
    """In the office, signed in `minutes` ago."""
    return replace(AT_WORK, factor=factor, auth_time=datetime.now(UTC) - timedelta(minutes=minutes))


def a_rule(name: str = "office-only", **given: Any) -> dict[str, Any]:
    return {
        "id": name,
        "does": ["claim", "open"],
        "must": {"is": ["context.zone", "office"]},
        "reason": {"en": "Only from the office."},
        "remedy": "use_office_network",
        "examples": [
            {"case": {"context.zone": "office"}, "allowed": True, "why": "At the desk."},
            {"case": {"context.zone": "home"}, "allowed": False, "why": "Neighbours look in."},
        ],
    } | given


def keep(admin: Principal, rule: dict[str, Any] | None = None, revision: int = 0, **given: Any) -> None:
    with transaction() as tx:
        drafting.keep_rule(tx, rule or a_rule(), revision=revision, actor=admin, context=AT_WORK, **given)


def sign(admin: Principal, context: Context | None = None, **given: Any) -> int:
    with transaction() as tx:
        return signing.sign(tx, actor=admin, context=context or confirmed(), **given)


def signed(admin: Principal, rule: dict[str, Any] | None = None) -> int:
    keep(admin, rule)
    return sign(admin)


def names_in_force(admin: Principal, number: int | None = None) -> list[str]:
    reading.forget()
    with reads() as db:
        number = number or db.scalar(select(Agency.rules_version).where(Agency.id == admin.agency_id))
        return [rule.id for rule in current(db, admin.agency_id, number).rules]


def test_an_agency_without_rules_has_none_of_its_own(database: Engine) -> None:
    admin = an_admin()
    with reads() as db:
        assert current(db, admin.agency_id, 0).rules == ()


def test_a_draft_holds_for_nobody_until_it_is_signed(database: Engine) -> None:
    admin = an_admin()
    keep(admin)
    assert names_in_force(admin) == []
    assert sign(admin) == 1
    assert names_in_force(admin) == ["office-only"]
    assert one(select(AccessRuleDraft.revision)) is None


@pytest.mark.parametrize(
    "context",
    [AT_WORK, confirmed(minutes=16), confirmed(factor=Factor.SINGLE), replace(AT_WORK, channel="api")],
    ids=["nothing known", "too long ago", "one factor", "a token"],
)
def test_signing_needs_a_second_factor_that_is_fresh(database: Engine, context: Context) -> None:
    admin = an_admin()
    keep(admin)
    with pytest.raises(NeedsStepUp) as refused:
        sign(admin, context)
    assert [reason.remedy for reason in refused.value.facts["reasons"]] == ["step_up"]
    assert names_in_force(admin) == []


def test_the_role_is_read_again_when_it_is_signed(database: Engine) -> None:
    admin = an_admin()
    keep(admin)
    changed(update(RoleGrant).where(RoleGrant.role == Role.AGENCY_ADMIN).values(until=RoleGrant.since))
    with pytest.raises(NotPermitted):
        sign(admin)
    with pytest.raises(NotPermitted):
        keep(admin, a_rule("another"), 1)


def test_the_signature_is_on_the_record_with_the_digest(database: Engine) -> None:
    admin = an_admin()
    signed(admin)
    row = found(select(AuditPending.detail, AuditPending.subject_id).where(AuditPending.act == "rules.sign"))[
        0
    ]
    digest = one(select(AccessRuleVersion.digest))
    assert row.detail == {"number": 1, "digest": bytes(digest).hex(), "rules": 1}
    assert row.subject_id == admin.subject_id


def _longer_body(row: Any) -> dict[str, Any]:
    return {"body": row.body.replace('"home"', '"vpn"')}


def _with_its_digest(row: Any) -> dict[str, Any]:
    from hashlib import sha256

    body = row.body.replace('"rules":[', '"rules":[ ')
    return {"body": body, "digest": sha256(body.encode()).digest()}


@pytest.mark.parametrize(
    "forged",
    [
        _longer_body,
        _with_its_digest,
        lambda row: {"number": 2},
        lambda row: {"signature": bytes(64)},
        lambda row: {"key_id": "somebody.sign.1"},
    ],
    ids=["body", "body and digest", "number", "signature", "key"],
)
def test_rules_that_the_agency_did_not_sign_are_not_read(
    database: Engine, forged: Callable[[Any], dict[str, Any]]
) -> None:
    admin = an_admin()
    signed(admin)
    row = found(select(AccessRuleVersion.__table__))[0]
    changed(update(AccessRuleVersion).values(forged(row)))
    with pytest.raises(RulesUnreadable):
        names_in_force(admin)


def test_rules_of_one_agency_are_not_those_of_another(database: Engine) -> None:
    north, south = an_admin("north"), an_admin("south")
    signed(north)
    changed(update(AccessRuleVersion).values(agency_id=south.agency_id))
    with pytest.raises(RulesUnreadable):
        names_in_force(south, 1)


def test_rules_that_are_gone_are_not_no_rules(database: Engine) -> None:
    admin = an_admin()
    changed(update(Agency).values(rules_version=3))
    with pytest.raises(RulesUnreadable):
        names_in_force(admin)


def test_an_older_number_does_not_bring_older_rules_back(database: Engine) -> None:
    admin = an_admin()
    signed(admin, a_rule("first"))
    keep(admin, a_rule("second"))
    sign(admin)
    changed(update(Agency).values(rules_version=0))
    assert names_in_force(admin) == ["first", "second"]
    assert names_in_force(admin, 1) == ["first", "second"]


def test_verified_rules_are_kept_by_number(database: Engine) -> None:
    admin = an_admin()
    signed(admin)
    with reads() as db:
        first = current(db, admin.agency_id, 1)
        assert current(db, admin.agency_id, 1) is first


def test_examples_that_disagree_keep_rules_from_being_signed(database: Engine) -> None:
    admin = an_admin()
    examples = a_rule()["examples"]
    examples[1]["allowed"] = True
    keep(admin, a_rule(examples=examples))
    with pytest.raises(ExamplesDisagree) as refused:
        sign(admin)
    assert refused.value.facts["errors"] == {
        "office-only.examples[1]": ["The rule does not allow this."],
        "office-only.examples": ["Add an example of what may not be done."],
    }


def test_a_rule_without_examples_is_not_signed(database: Engine) -> None:
    admin = an_admin()
    keep(admin, a_rule(examples=[]))
    with pytest.raises(ExamplesDisagree):
        sign(admin)


def test_of_two_who_sign_at_once_one_wins(database: Engine) -> None:
    one_admin, other = an_admin(), an_admin()
    keep(one_admin, a_rule("first"))
    keep(other, a_rule("second"))
    outcomes = together(
        lambda: signing_or_error(one_admin),
        lambda: signing_or_error(other),
    )
    assert sorted(str(outcome) for outcome in outcomes) == ["1", "RulesChanged"]
    assert len(names_in_force(one_admin)) == 1


def signing_or_error(admin: Principal) -> object:
    try:
        return sign(admin)
    except RulesChanged:
        return "RulesChanged"


def test_who_was_overtaken_looks_again_and_then_signs(database: Engine) -> None:
    early, late = an_admin(), an_admin()
    keep(late, a_rule("late"))
    signed(early, a_rule("early"))
    with pytest.raises(RulesChanged):
        sign(late)
    with transaction() as tx:
        drafting.renew(tx, revision=1, actor=late, context=AT_WORK)
    assert sign(late) == 2
    assert names_in_force(late) == ["late"]


def test_a_draft_that_says_the_same_is_nothing_to_sign(database: Engine) -> None:
    admin = an_admin()
    signed(admin)
    keep(admin, a_rule(), replaces="office-only")
    with pytest.raises(NothingToSign):
        sign(admin)


def test_without_a_draft_there_is_nothing_to_sign_or_discard(database: Engine) -> None:
    admin = an_admin()
    with pytest.raises(NothingDrafted):
        sign(admin)
    with pytest.raises(NothingDrafted), transaction() as tx:
        drafting.discard(tx, actor=admin, context=AT_WORK)


def test_an_older_version_is_taken_up_as_a_new_one(database: Engine) -> None:
    admin = an_admin()
    signed(admin, a_rule("first"))
    keep(admin, a_rule("second"), replaces="first")
    sign(admin)
    with transaction() as tx:
        drafting.take_up(tx, 1, revision=0, actor=admin, context=AT_WORK)
    assert sign(admin, note="Back to the old one.") == 3
    assert names_in_force(admin) == ["first"]
    with reads() as db:
        assert [row.number for row in reading.listing(db, admin.agency_id)] == [3, 2, 1]
        assert reading.version(db, admin.agency_id, 3).note == "Back to the old one."
        with pytest.raises(NoSuchRules):
            reading.version(db, admin.agency_id, 4)


def test_an_older_version_is_the_way_out_of_rules_that_cannot_be_verified(database: Engine) -> None:
    admin = an_admin()
    signed(admin, a_rule("first"))
    keep(admin, a_rule("second"))
    sign(admin)
    changed(update(AccessRuleVersion).where(AccessRuleVersion.number == 2).values(signature=bytes(64)))
    with pytest.raises(RulesUnreadable):
        names_in_force(admin)
    with transaction() as tx:
        drafting.take_up(tx, 1, revision=0, actor=admin, context=AT_WORK)
    assert sign(admin) == 3
    assert names_in_force(admin) == ["first"]


def test_a_second_tab_does_not_undo_the_first(database: Engine) -> None:
    admin = an_admin()
    keep(admin, a_rule("first"))
    for act in (
        lambda tx: drafting.keep_rule(tx, a_rule("b"), revision=0, actor=admin, context=AT_WORK),
        lambda tx: drafting.drop_rule(tx, "first", revision=0, actor=admin, context=AT_WORK),
        lambda tx: signing.sign(tx, revision=0, actor=admin, context=confirmed()),
    ):
        _refused(act, DraftChanged)
    keep(admin, a_rule("second"), 1)
    with transaction() as tx:
        drafting.drop_rule(tx, "first", revision=2, actor=admin, context=AT_WORK)
    with reads() as db:
        draft = drafting.read(db, admin)
    assert draft is not None
    assert [rule["id"] for rule in draft.body["rules"]] == ["second"]


def test_two_tabs_that_begin_at_once_make_one_draft(database: Engine) -> None:
    admin = an_admin()

    def begin(name: str) -> object:
        try:
            keep(admin, a_rule(name))
        except DraftChanged:
            return "refused"
        return "kept"

    outcomes = together(lambda: begin("first"), lambda: begin("second"))
    assert sorted(map(str, outcomes)) == ["kept", "refused"]


@pytest.mark.parametrize(
    ("rule", "given", "error"),
    [
        (a_rule(), {}, RuleNameTaken),
        (a_rule("b"), {"replaces": "nowhere"}, NoSuchRule),
        (a_rule("b", must={"is": ["context.zone", "moon"]}), {}, InvalidRules),
        (a_rule("b", remedy="pray"), {}, InvalidRules),
        (a_rule("b", reason={}), {}, InvalidRules),
        (a_rule("NO"), {}, InvalidRules),
    ],
)
def test_a_rule_that_makes_no_sense_does_not_enter_the_draft(
    database: Engine, rule: dict[str, Any], given: dict[str, Any], error: type[Exception]
) -> None:
    admin = an_admin()
    keep(admin)
    _refused(
        lambda tx: drafting.keep_rule(tx, rule, revision=1, actor=admin, context=AT_WORK, **given), error
    )


def test_rules_of_another_agency_do_not_enter_the_draft(database: Engine) -> None:
    admin = an_admin("north")
    body = {"format": "marketplace-rules-1", "agency": "south", "rules": [a_rule()]}
    _refused(lambda tx: drafting.replace(tx, body, actor=admin, context=AT_WORK), BadRule)
    with transaction() as tx:
        drafting.replace(tx, body | {"agency": "north"}, actor=admin, context=AT_WORK)
    assert sign(admin) == 1


def test_each_administrator_has_a_draft_of_their_own(database: Engine) -> None:
    one_admin, other = an_admin(), an_admin()
    keep(one_admin)
    with reads() as db:
        assert drafting.read(db, other) is None
        assert drafting.begun(db, other).revision == 0


def _refused(act: Callable[[Tx], Any], error: type[Exception]) -> None:
    with pytest.raises(error), transaction() as tx:
        act(tx)

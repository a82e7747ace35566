"""Access review: what people hold is frozen, looked at, kept or revoked; nobody decides about their own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, delete, select, update

from agencies import clearances, leaving, roles
from agencies.errors import NotPermitted
from agencies.models import Membership, RoleGrant
from agencies.oversight import last_used, reviews
from agencies.oversight.models import AccessReviewItem
from agencies.oversight.reviews import BadDecisions, BadReview, NotAllDecided, ReviewOver, ReviewRunning
from marketplace.foundation.db import reading, transaction
from marketplace.foundation.errors import NotFound
from security.labels import Level
from security.log import audit, sequencer
from security.log.acts import ACTS
from security.log.models import AuditPending
from security.principal import Principal, Role
from tests.builders import AT_WORK, a_person, changed, found, one
from tests.together import losers, together


@pytest.fixture
def admin(database: Engine) -> Principal:
    return a_person("north", roles=(Role.AGENCY_ADMIN,), clearance=Level.PUBLIC, name="Ada")


@pytest.fixture
def officer(admin: Principal) -> Principal:
    return a_person("north", roles=(Role.SECURITY_OFFICER,), clearance=Level.PUBLIC, name="Olaf")


@pytest.fixture
def maja(officer: Principal) -> Principal:
    """A contributor with a clearance."""
    maja = a_person("north", clearance=Level.SENSITIVE, name="Maja")
    changed(delete(AuditPending))
    return maja


def today() -> date:
    return datetime.now(UTC).date()


def opened(actor: Principal, due: date | None = None) -> UUID:
    with transaction() as tx:
        return reviews.open_round(tx, due or today() + timedelta(days=30), actor=actor, context=AT_WORK)


def shown(review: UUID, actor: Principal) -> dict[str, Any]:
    with transaction() as tx:
        return reviews.one(tx, review, actor=actor, context=AT_WORK)


def items(review: UUID, actor: Principal) -> dict[tuple[str, str], dict[str, Any]]:
    """The things of a review by name and what is held."""
    return {(item["name"], item["role"] or item["level"]): item for item in shown(review, actor)["items"]}


def decided(review: UUID, actor: Principal, choices: Mapping[tuple[str, str], str]) -> None:
    known = items(review, actor)
    with transaction() as tx:
        chosen = {known[key]["id"]: choice for key, choice in choices.items()}
        reviews.decide(tx, review, chosen, actor=actor, context=AT_WORK)


def faults(review: UUID, actor: Principal, choices: Mapping[tuple[str, str], str]) -> list[str]:
    with pytest.raises(BadDecisions) as refused:
        decided(review, actor, choices)
    return [code for codes in refused.value.facts["errors"].values() for code in codes]


def closed(review: UUID, actor: Principal) -> None:
    with transaction() as tx:
        reviews.close(tx, review, actor=actor, context=AT_WORK)


def recorded(act: str) -> Any:
    return found(select(AuditPending.__table__).where(AuditPending.act == act))[-1]


def entered(
    actor: Principal, act: str, at: datetime, level: Level | None = None, outcome: str = "done"
) -> None:
    with transaction() as tx:
        target = audit.Target("microtask", None, actor.agency_id, level=level)
        audit.record(tx, act, target, actor=actor, context=AT_WORK, outcome=outcome)
        tx.execute(update(AuditPending).values(at=at))
        sequencer.sequence(tx)


class TestOpening:
    def test_freezes_every_role_and_every_clearance_of_the_agency(
        self, maja: Principal, admin: Principal
    ) -> None:
        a_person("south", clearance=Level.RESTRICTED)
        review = opened(admin)
        assert set(items(review, admin)) == {
            ("Ada", "agency_admin"), ("Olaf", "security_officer"), ("Maja", "contributor"), ("Maja", "sensitive"),
        }  # fmt: skip
        a_person("north", name="Nora")
        assert not [name for name, _ in items(review, admin) if name == "Nora"]

    def test_leaves_out_what_has_ended_or_is_still_to_come(self, maja: Principal, admin: Principal) -> None:
        left = a_person("north")
        with transaction() as tx:
            later = datetime.now(UTC) + timedelta(days=9)
            roles.grant(tx, maja.membership_id, Role.APPRAISER, since=later, actor=admin, context=AT_WORK)
            leaving.end_membership(tx, left.membership_id, reason="agency", actor=admin, context=AT_WORK)
        assert len(items(opened(admin), admin)) == 4

    def test_is_on_the_record_in_counts(self, maja: Principal, admin: Principal) -> None:
        review = opened(admin)
        row = recorded("review.open")
        assert (row.object_kind, row.object_id, row.detail) == (
            "review", str(review), {"roles": 3, "clearances": 1},
        )  # fmt: skip

    def test_happens_one_at_a_time(self, maja: Principal, admin: Principal, officer: Principal) -> None:
        review = opened(officer)
        with pytest.raises(ReviewRunning):
            opened(admin)
        decided(review, officer, {("Maja", "sensitive"): "kept"})
        with pytest.raises(NotAllDecided):
            closed(review, officer)

    def test_of_two_at_the_same_moment_one_is_opened(self, maja: Principal, admin: Principal) -> None:
        lost = losers(together(*[lambda: opened(admin)] * 4))
        assert lost == [ReviewRunning] * 3

    @pytest.mark.parametrize("days", [-1, 367])
    def test_takes_a_day_within_a_year(self, maja: Principal, admin: Principal, days: int) -> None:
        with pytest.raises(BadReview):
            opened(admin, today() + timedelta(days=days))

    def test_takes_the_role_that_is_held_now(self, maja: Principal, admin: Principal) -> None:
        with pytest.raises(NotPermitted):
            opened(maja)


class TestLastUse:
    def test_is_the_month_of_the_newest_act_of_the_role(self, maja: Principal, admin: Principal) -> None:
        entered(maja, "claim.take", datetime(2026, 3, 31, 23, 59, tzinfo=UTC))
        entered(maja, "contribution.submit", datetime(2026, 4, 1, tzinfo=UTC))
        entered(maja, "log.read_own", datetime(2026, 6, 1, tzinfo=UTC))
        entered(maja, "claim.take", datetime(2026, 7, 1, tzinfo=UTC), outcome="refused")
        held = items(opened(admin), admin)
        assert held["Maja", "contributor"]["last_used"] == "2026-04"
        assert held["Ada", "agency_admin"]["last_used"] is None

    def test_of_a_clearance_is_that_of_its_level_or_a_higher_one(
        self, maja: Principal, admin: Principal
    ) -> None:
        entered(maja, "payload.view", datetime(2026, 2, 1, tzinfo=UTC), Level.RESTRICTED)
        entered(maja, "payload.view", datetime(2026, 1, 1, tzinfo=UTC), Level.SENSITIVE)
        entered(maja, "payload.view", datetime(2026, 5, 1, tzinfo=UTC), Level.INTERNAL)
        assert items(opened(admin), admin)["Maja", "sensitive"]["last_used"] == "2026-02"

    def test_in_another_agency_does_not_count(self, maja: Principal, admin: Principal) -> None:
        other = a_person("south").agency_id
        with transaction() as tx:
            audit.record(tx, "claim.take", None, actor=maja, context=AT_WORK)
            tx.execute(update(AuditPending).values(agency_id=other))
            sequencer.sequence(tx)
        assert items(opened(admin), admin)["Maja", "contributor"]["last_used"] is None

    def test_is_a_month_and_never_a_count(self) -> None:
        column = AccessReviewItem.__table__.columns["last_used"]
        assert str(column.type) == "VARCHAR(7)"
        assert set(last_used.ACTS_OF) == set(Role)

    def test_knows_only_acts_of_the_record(self) -> None:
        assert {act for acts in last_used.ACTS_OF.values() for act in acts} <= set(ACTS)


class TestDeciding:
    def test_a_role_that_is_kept_is_looked_at_again_in_a_year(
        self, maja: Principal, admin: Principal
    ) -> None:
        review = opened(admin)
        changed(update(RoleGrant).values(review_due=datetime.now(UTC)))
        decided(review, admin, {("Maja", "contributor"): "kept"})
        due = one(select(RoleGrant.review_due).where(RoleGrant.membership_id == maja.membership_id))
        assert due > datetime.now(UTC) + timedelta(days=364)
        assert recorded("role.review").object_id == str(maja.subject_id)
        assert items(review, admin)["Maja", "contributor"]["decision"] == "kept"

    def test_a_role_that_is_revoked_ends(self, maja: Principal, admin: Principal) -> None:
        decided(opened(admin), admin, {("Maja", "contributor"): "revoked"})
        ended = one(select(RoleGrant.ended_at).where(RoleGrant.membership_id == maja.membership_id))
        assert ended is not None
        assert recorded("role.end").object_id == str(maja.subject_id)

    def test_a_clearance_that_is_revoked_is_withdrawn(
        self, maja: Principal, admin: Principal, officer: Principal
    ) -> None:
        review = opened(admin)
        decided(review, officer, {("Maja", "sensitive"): "revoked"})
        assert one(select(Membership.clearance).where(Membership.id == maja.membership_id)) == 0
        assert recorded("clearance.withdraw").object_id == str(maja.subject_id)
        assert recorded("review.decide").detail == {"revoked": 1}
        assert items(review, officer)["Maja", "sensitive"]["decision"] == "revoked"

    def test_a_clearance_that_is_kept_stays_as_it_is(
        self, maja: Principal, admin: Principal, officer: Principal
    ) -> None:
        decided(opened(admin), officer, {("Maja", "sensitive"): "kept"})
        assert one(select(Membership.clearance).where(Membership.id == maja.membership_id)) == 2

    def test_is_for_administrators_about_roles_and_for_officers_about_clearances(
        self, maja: Principal, admin: Principal, officer: Principal
    ) -> None:
        review = opened(admin)
        assert faults(review, admin, {("Maja", "sensitive"): "kept"}) == ["role"]
        assert faults(review, officer, {("Maja", "contributor"): "revoked"}) == ["role"]
        assert [key for key, item in items(review, officer).items() if item["mine"]] == [
            ("Maja", "sensitive")
        ]

    def test_is_for_nobody_about_their_own(self, maja: Principal, admin: Principal) -> None:
        review = opened(admin)
        for choice in ("kept", "revoked"):
            assert faults(review, admin, {("Ada", "agency_admin"): choice}) == ["own_affair"]

    def test_is_all_or_nothing(self, maja: Principal, admin: Principal) -> None:
        review = opened(admin)
        choices = {("Maja", "contributor"): "revoked", ("Ada", "agency_admin"): "kept"}
        assert faults(review, admin, choices) == ["own_affair"]
        assert items(review, admin)["Maja", "contributor"]["decision"] is None

    def test_takes_kept_or_revoked_and_once(self, maja: Principal, admin: Principal) -> None:
        review = opened(admin)
        assert faults(review, admin, {("Maja", "contributor"): "gone"}) == ["choice"]
        decided(review, admin, {("Maja", "contributor"): "kept"})
        assert faults(review, admin, {("Maja", "contributor"): "revoked"}) == ["decided"]

    def test_another_item_than_one_of_the_review_is_none_to_choose(
        self, maja: Principal, admin: Principal
    ) -> None:
        review = opened(admin)
        with pytest.raises(BadDecisions), transaction() as tx:
            reviews.decide(tx, review, {UUID(int=1): "kept"}, actor=admin, context=AT_WORK)


def grant_of(tx: Any, person: Principal) -> UUID:
    grant: UUID = tx.scalar(select(RoleGrant.id).where(RoleGrant.membership_id == person.membership_id))
    return grant


class TestGone:
    def test_is_what_ended_meanwhile(self, maja: Principal, admin: Principal, officer: Principal) -> None:
        review = opened(admin)
        with transaction() as tx:
            roles.end(tx, grant_of(tx, maja), actor=admin, context=AT_WORK)
            clearances.give(tx, maja.membership_id, Level.INTERNAL, actor=officer, context=AT_WORK)
        held = items(review, admin)
        assert held["Maja", "contributor"]["decision"] == held["Maja", "sensitive"]["decision"] == "gone"
        decided(review, admin, {("Maja", "contributor"): "revoked"})
        assert recorded("review.decide").detail == {"gone": 1}

    def test_is_also_what_a_person_held_who_left(self, maja: Principal, admin: Principal) -> None:
        review = opened(admin)
        with transaction() as tx:
            leaving.end_membership(tx, maja.membership_id, reason="agency", actor=admin, context=AT_WORK)
        assert [item["decision"] for item in shown(review, admin)["items"] if item["name"] == "Maja"] == [
            "gone", "gone",
        ]  # fmt: skip

    def test_is_not_a_clearance_that_was_raised(
        self, maja: Principal, admin: Principal, officer: Principal
    ) -> None:
        review = opened(admin)
        with transaction() as tx:
            clearances.give(tx, maja.membership_id, Level.RESTRICTED, actor=officer, context=AT_WORK)
        assert items(review, admin)["Maja", "sensitive"]["decision"] is None


class TestClosing:
    def test_takes_that_everything_is_decided(
        self, maja: Principal, admin: Principal, officer: Principal
    ) -> None:
        second = a_person("north", roles=(Role.AGENCY_ADMIN,), clearance=Level.PUBLIC, name="Bea")
        review = opened(admin)
        with pytest.raises(NotAllDecided):
            closed(review, admin)
        decided(review, second, {("Ada", "agency_admin"): "kept"})
        mine = [key for key, item in items(review, admin).items() if item["mine"]]
        decided(review, admin, dict.fromkeys(mine, "kept"))
        decided(review, officer, {("Maja", "sensitive"): "revoked"})
        assert shown(review, admin)["left"] == 0
        closed(review, admin)
        assert recorded("review.close").detail == {"kept": 4, "revoked": 1, "gone": 0, "undecided": 0}
        with pytest.raises(ReviewOver):
            decided(review, admin, {("Maja", "contributor"): "kept"})
        with pytest.raises(ReviewOver):
            closed(review, admin)
        with reading() as db:
            [row] = reviews.listing(db, admin)
        assert (row["items"], row["left"]) == (5, 0)
        assert opened(admin)


def test_what_nobody_may_decide_does_not_keep_it_open(
    maja: Principal, admin: Principal, officer: Principal
) -> None:
    review = opened(admin)
    mine = [key for key, item in items(review, admin).items() if item["mine"]]
    decided(review, admin, dict.fromkeys(mine, "kept"))
    with pytest.raises(NotAllDecided):
        closed(review, admin)
    decided(review, officer, {("Maja", "sensitive"): "kept"})
    assert (shown(review, admin)["left"], shown(review, admin)["waiting"]) == (1, 0), (
        "the only administrator's role"
    )
    closed(review, admin)
    assert recorded("review.close").detail["undecided"] == 1


def test_reading_it_is_on_the_record(maja: Principal, admin: Principal) -> None:
    review = opened(admin)
    shown(review, admin)
    row = recorded("review.read")
    assert (row.object_id, row.detail) == (str(review), {"items": 4})


def test_another_agency_finds_nothing(maja: Principal, admin: Principal) -> None:
    review = opened(admin)
    stranger = a_person("south", roles=(Role.AGENCY_ADMIN,))
    with reading() as db:
        assert reviews.listing(db, stranger) == []
    for act in (lambda: shown(review, stranger), lambda: closed(review, stranger)):
        with pytest.raises(NotFound):
            act()
    with pytest.raises(NotFound), transaction() as tx:
        reviews.decide(tx, review, {}, actor=stranger, context=AT_WORK)

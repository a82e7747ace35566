"""What takes two signatures takes two people, and what they signed is what takes effect."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, func, select, update

from agencies import agreements, proposals
from agencies.agreement_models import Proposal, ProposalSignature
from agencies.errors import (
    NoSuchProposal,
    NotPermitted,
    NotYoursToSign,
    ProposalEnded,
    SignatureBroken,
)
from agencies.models import Notice, RoleGrant, SharingTerms
from marketplace.foundation import clock
from marketplace.foundation.db import reading, transaction
from security.log.models import AuditPending
from security.principal import Role
from tests.agencies.agreeing import an_administrator, proposed, signed, terms_proposed, withdrawn
from tests.builders import a_person, an_agency, changed, found, one

A, B, C = uuid4(), uuid4(), uuid4()


@pytest.mark.parametrize(
    ("places", "agencies", "taken"),
    [
        ([{A}, {B}], [A], 1),
        ([{A}, {B}], [A, A], 1),
        ([{A}, {B}], [B, A], 2),
        ([{A, B}, {A}], [A, B], 2),
        ([{A, B, C}, {A}], [B, C], 1),
        ([{A}, {A}], [A, A], 2),
        ([{A}], [B], 0),
        ([{A}, {B}], [], 0),
    ],
)
def test_each_signature_takes_one_place(places: list[set[UUID]], agencies: list[UUID], taken: int) -> None:
    frozen = [frozenset(place) for place in places]
    assert proposals.taken(frozen, agencies) == taken
    assert len(proposals.left(frozen, agencies)) == len(places) - taken


def test_whoever_proposes_has_signed(database: Engine) -> None:
    north = an_administrator("north")
    an_administrator("south")
    proposal_id = terms_proposed(north)
    with reading() as db:
        shown = agreements.described(db, proposal_id, north)
    assert [each["name"] for each in shown["signatures"]] == [north.name]
    assert (shown["missing"], shown["can_sign"], shown["reasons"]) == ([["South"]], False, ["second_person"])


def test_the_last_signature_brings_it_into_force(database: Engine) -> None:
    north, south = an_administrator("north"), an_administrator("south")
    proposal_id = terms_proposed(north)
    assert one(select(func.count()).select_from(SharingTerms)) == 0
    assert signed(proposal_id, south).state == proposals.IN_FORCE
    assert one(select(func.count()).select_from(SharingTerms)) == 1


def test_nobody_signs_twice(database: Engine) -> None:
    north = an_administrator("north")
    an_administrator("south")
    with pytest.raises(NotYoursToSign) as refusal:
        signed(terms_proposed(north), north)
    assert [reason.code for reason in refusal.value.facts["reasons"]] == ["second_person"]


def test_a_colleague_cannot_sign_for_the_other_side(database: Engine) -> None:
    north, colleague = an_administrator("north"), an_administrator("north")
    an_administrator("south")
    with pytest.raises(NotYoursToSign) as refusal:
        signed(terms_proposed(north), colleague)
    assert [reason.code for reason in refusal.value.facts["reasons"]] == ["signing_agency"]


def test_what_is_no_affair_of_mine_does_not_exist(database: Engine) -> None:
    north, east = an_administrator("north"), an_administrator("east")
    an_administrator("south")
    proposal_id = terms_proposed(north)
    for act in (signed, withdrawn):
        with pytest.raises(NoSuchProposal):
            act(proposal_id, east)
    with reading() as db:
        assert agreements.listing(db, east) == []
        with pytest.raises(NoSuchProposal):
            agreements.described(db, proposal_id, east)


def test_a_role_that_ended_in_the_meantime_signs_nothing(database: Engine) -> None:
    north, south = an_administrator("north"), an_administrator("south")
    proposal_id = terms_proposed(north)
    with transaction() as tx:
        mine = (RoleGrant.membership_id == south.membership_id, RoleGrant.role == Role.AGENCY_ADMIN)
        tx.execute(update(RoleGrant).where(*mine).values(until=clock.now(tx)))
    with pytest.raises(NotPermitted):
        signed(proposal_id, south)


def test_a_contributor_proposes_nothing(database: Engine) -> None:
    an_agency("south")
    with pytest.raises(NotPermitted):
        terms_proposed(a_person("north"))


def test_a_proposal_is_over_after_two_weeks(database: Engine) -> None:
    north, south = an_administrator("north"), an_administrator("south")
    proposal_id = terms_proposed(north)
    with transaction() as tx:
        past = clock.now(tx) - timedelta(seconds=1)
        tx.execute(update(Proposal).values(over_at=past))
    with pytest.raises(ProposalEnded):
        signed(proposal_id, south)
    with reading() as db:
        assert agreements.described(db, proposal_id, south)["state"] == proposals.OVER


@pytest.mark.parametrize("side", ["north", "south"])
def test_either_side_may_end_the_waiting(database: Engine, side: str) -> None:
    people = {"north": an_administrator("north"), "south": an_administrator("south")}
    proposal_id = terms_proposed(people["north"])
    withdrawn(proposal_id, people[side])
    [row] = found(select(AuditPending.subject_id).where(AuditPending.act == "agreement.withdraw"))
    assert row.subject_id == people[side].subject_id
    with pytest.raises(ProposalEnded):
        signed(proposal_id, people["south"])


def test_content_that_was_changed_behind_our_back_is_not_put_in_force(database: Engine) -> None:
    north, south = an_administrator("north"), an_administrator("south")
    proposal_id = terms_proposed(north)
    content = one(select(Proposal.content)) | {"level": "restricted"}
    changed(update(Proposal).values(content=content))
    with pytest.raises(SignatureBroken):
        signed(proposal_id, south)
    assert one(select(func.count()).select_from(SharingTerms)) == 0


def test_a_signature_that_was_made_up_is_not_counted(database: Engine) -> None:
    north, south = an_administrator("north"), an_administrator("south")
    proposal_id = terms_proposed(north)
    changed(update(ProposalSignature).values(signature=bytes(64)))
    with pytest.raises(SignatureBroken):
        signed(proposal_id, south)


def test_a_secret_that_was_exchanged_is_noticed(database: Engine) -> None:
    north, south = an_administrator("north"), an_administrator("south")
    proposal_id = proposed(north)
    changed(update(Proposal).values(secret_wrapped=b"another secret"))
    with pytest.raises(SignatureBroken):
        signed(proposal_id, south)


def test_no_secret_stands_in_a_proposal_and_none_stays_after_it(database: Engine) -> None:
    north, south = an_administrator("north"), an_administrator("south")
    secret = "a-client-secret-4471"
    provider = {"authentication": "client_secret_basic", "client_secret": secret}
    proposal_id = proposed(north, provider=provider)
    row = found(select(Proposal.__table__))[0]
    assert secret not in json.dumps(row.content)
    assert secret.encode() not in bytes(row.secret_wrapped)
    signed(proposal_id, south)
    assert one(select(Proposal.secret_wrapped)) is None


def test_a_secret_goes_when_its_proposal_is_withdrawn_or_over(database: Engine) -> None:
    north = an_administrator("north")
    an_administrator("south")
    withdrawn(proposed(north), north)
    over = proposed(north)
    with transaction() as tx:
        tx.execute(update(Proposal).where(Proposal.id == over).values(over_at=clock.now(tx)))
    terms_proposed(north)
    assert [row.secret_wrapped for row in found(select(Proposal.secret_wrapped))] == [None] * 3


def test_what_was_in_force_can_be_checked_years_later(database: Engine) -> None:
    north, south = an_administrator("north"), an_administrator("south")
    proposal_id = proposed(north)
    signed(proposal_id, south)
    with reading() as db:
        assert agreements.described(db, proposal_id, north)["whole"]
    changed(update(Proposal).values(content={"agency": {"slug": "north"}}))
    with reading() as db:
        assert not agreements.described(db, proposal_id, north)["whole"]


def test_two_at_once_sign_once_each_and_it_takes_effect_once(database: Engine) -> None:
    north = an_administrator("north")
    southerners = [an_administrator("south") for _ in range(4)]
    proposal_id = terms_proposed(north)

    def attempt(person: object) -> str:
        try:
            return signed(proposal_id, person).state  # type: ignore[arg-type]
        except (ProposalEnded, NotYoursToSign) as refusal:
            return type(refusal).__name__

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(attempt, southerners))
    assert outcomes == ["ProposalEnded"] * 3 + [proposals.IN_FORCE]
    assert one(select(func.count()).select_from(SharingTerms)) == 1


def test_whose_signature_is_missing_is_told_and_later_that_it_holds(database: Engine) -> None:
    north, colleague, south = an_administrator("north"), an_administrator("north"), an_administrator("south")
    proposal_id = terms_proposed(north)
    signed(proposal_id, south)
    rows = found(select(Notice.person_id, Notice.kind, Notice.path).order_by(Notice.place))
    assert [(row.person_id, row.kind) for row in rows][:1] == [(south.person_id, "agreement.waits")]
    assert {(row.person_id, row.kind) for row in rows[1:]} == {
        (north.person_id, "agreement.in_force"),
        (colleague.person_id, "agreement.in_force"),
    }
    assert {row.path for row in rows} == {f"/agency/agreements/{proposal_id}"}


def test_every_step_is_on_the_record(database: Engine) -> None:
    north, south = an_administrator("north"), an_administrator("south")
    proposal_id = terms_proposed(north)
    signed(proposal_id, south)
    rows = found(
        select(AuditPending.act, AuditPending.subject_id, AuditPending.detail)
        .where(AuditPending.object_id == str(proposal_id))
        .order_by(AuditPending.id)
    )
    assert [(row.act, row.subject_id) for row in rows] == [
        ("agreement.propose", north.subject_id),
        ("agreement.sign", north.subject_id),
        ("agreement.sign", south.subject_id),
        ("agreement.in_force", south.subject_id),
    ]
    assert {row.detail["digest"] for row in rows} == {one(select(Proposal.digest)).hex()}

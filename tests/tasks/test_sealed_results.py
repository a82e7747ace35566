"""Consensus outside the server: answers go out sealed, results come in sealed, tracing to exactly those answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, update

from agencies.models import Membership, Notice, RoleGrant
from agencies.people_errors import NoLongerAMember
from marketplace.foundation.db import transaction
from marketplace.foundation.ids import new_id
from security.log.models import AuditPending
from security.principal import Principal, Role, Zone
from security.sealing import Header, SlotPurpose, keys
from tasks import payloads, results, sealed_results, shredding
from tasks.consensus import Answer
from tasks.errors import (
    BadSealing,
    BadTrace,
    KeyUnavailable,
    NeedsDevice,
    NotAHolder,
    NotForYou,
    NotFromHere,
    NotUnderOwnKey,
)
from tasks.models import CampaignProgress, Contribution, Microtask, PayloadSlot, Result, ResultPart
from tasks.payloads import Part
from tasks.questions.deciding import decide
from tasks.results import SealedResult
from tasks.sealed_results import Decided, SealedPage, UndecidedPage
from tests import on_device
from tests.builders import (
    AT_WORK,
    a_campaign,
    a_claim,
    a_contribution,
    a_person,
    an_answer,
    an_owner,
    changed,
    found,
    one,
    settled,
    some_people,
)
from tests.device_keys import a_device
from tests.end_to_end import (
    Posting,
    a_posting,
    agency_keys_of,
    an_end_to_end_owner,
    key_in,
    known,
    opened_with,
)
from tests.witnessed import register_witnesses, witness

QUESTION: dict[str, Any] = {
    "name": "kind",
    "kind": "choice",
    "options": [{"value": each, "label": each} for each in ("bird", "bat", "unclear")],
    "cannot_tell": "unclear",
}


def answered(owner: Principal, values: Sequence[str], items: int = 1, **given: Any) -> Posting:
    """A campaign of which every item has these answers."""
    posting = a_posting(owner, items=items, contributions=len(values), **given)
    posting.post()
    for person, value in zip(some_people(len(values)), values, strict=True):
        for _ in range(items):
            a_contribution(posting.campaign_id, person, value)
    return posting


def undecided(posting: Posting, actor: Principal | None = None, **given: Any) -> UndecidedPage:
    with transaction() as tx:
        return sealed_results.undecided(
            tx,
            posting.campaign_id,
            given.pop("holder", SlotPurpose.DEVICE),
            given.pop("key_id", posting.device.thumbprint),
            actor=actor or posting.owner,
            **{"context": AT_WORK} | given,
        )


def decided(posting: Posting, page: UndecidedPage) -> list[Decided]:
    """What the agency's side makes of a page: it opens the answers, infers, and seals the results."""
    assert page.key is not None
    private = key_in(page.key, posting.device.encryption)
    made = []
    for item in page.items:
        answers = [Answer(contribution_of(part), opened_with(private, part)) for part in item.answers]
        inferred = decide([QUESTION], answers)
        header = payloads.header_of(page.campaign, payloads.result(item.microtask_id, version=1))
        value = on_device.sealed_to_campaign(posting.device, header, page.campaign, inferred.value)
        made.append(
            Decided(
                item.microtask_id,
                value,
                inferred.agreeing,
                inferred.answers,
                inferred.tied,
                inferred.rule,
                tuple(inferred.trace),
            )
        )
    return made


def contribution_of(part: Part) -> UUID:
    contribution = Header.from_bytes(part.header).contribution
    assert contribution is not None
    return contribution


def keep(posting: Posting, given: Sequence[Decided], actor: Principal | None = None) -> int:
    with transaction() as tx:
        return sealed_results.keep(
            tx, posting.campaign_id, given, actor=actor or posting.owner, context=AT_WORK
        )


def export(posting: Posting, actor: Principal, device: str, **given: Any) -> SealedPage:
    with transaction() as tx:
        return sealed_results.export(tx, posting.campaign_id, device, actor=actor, context=AT_WORK, **given)


def test_what_the_agency_decides_is_settled(database: Engine) -> None:
    posting = answered(an_end_to_end_owner(), ("bat", "bird", "bat"), items=2)
    page = undecided(posting)
    assert [item.number for item in page.items] == [1, 2]
    assert keep(posting, decided(posting, page)) == 2
    rows = found(select(Result.agreeing, Result.answers, Result.tied, Result.rule, Result.value))
    assert [tuple(row) for row in rows] == [(2, 3, False, "majority-1", None)] * 2
    assert len(found(select(ResultPart.contribution_id))) == 6
    assert one(select(CampaignProgress.settled)) == 2
    assert found(select(Microtask.id).where(Microtask.undecided)) == []
    told = select(Notice.kind).where(Notice.person_id == posting.owner.person_id)
    assert [row.kind for row in found(told)] == ["campaign.settled"]
    acts = [row.act for row in found(select(AuditPending.act).order_by(AuditPending.id))]
    assert acts[-3:] == ["answer.read", "microtask.settle", "microtask.settle"]
    assert undecided(posting).items == []


def test_who_signed_an_answer_is_not_handed_on(database: Engine) -> None:
    posting = answered(an_end_to_end_owner(), ("bat",))
    assert [(part.signature, part.signer) for part in undecided(posting).items[0].answers] == [(None, None)]
    keep(posting, decided(posting, undecided(posting)))
    step = export(posting, posting.owner, posting.device.thumbprint).rows[0].trace[0]
    assert (step.answer.signature, step.answer.signer) == (None, None)


def test_the_agencys_key_opens_as_the_owners_device_does(database: Engine) -> None:
    owner = an_end_to_end_owner()
    held = agency_keys_of(owner)
    posting = answered(owner, ("bat",), held=held)
    page = undecided(posting, holder=SlotPurpose.PROCESSING, key_id=held.processing_id)
    assert page.key is not None
    private = key_in(page.key, held.processing)
    assert [opened_with(private, part)["kind"] for part in page.items[0].answers] == ["bat"]


def test_it_is_handed_to_nobody_else(database: Engine) -> None:
    posting = answered(an_end_to_end_owner(), ("bat",))
    colleague = an_owner(posting.owner.agency_slug)
    with pytest.raises(NotAHolder):
        undecided(posting, colleague, key_id=on_device.device_of(colleague).thumbprint)
    with pytest.raises(NeedsDevice):
        undecided(posting, colleague)
    with pytest.raises(NotAHolder):
        undecided(posting, holder=SlotPurpose.PROCESSING, key_id="A" * 43)
    with pytest.raises(NotForYou):
        undecided(posting, a_person())


def test_a_result_traces_to_exactly_the_answers_there_are(database: Engine) -> None:
    posting = answered(an_end_to_end_owner(), ("bat", "bird"))
    [right] = decided(posting, undecided(posting))
    for wrong in (
        replace(right, trace=right.trace[:1], answers=1),
        replace(right, trace=(*right.trace, new_id()), answers=3),
        replace(right, trace=(right.trace[0], right.trace[0])),
        replace(right, trace=(*right.trace, right.trace[0]), answers=3),
        replace(right, answers=3),
        replace(right, agreeing=0),
        replace(right, agreeing=3),
        replace(right, rule="oracle-1"),
    ):
        with pytest.raises(BadTrace):
            keep(posting, [wrong])
    with pytest.raises(BadTrace):
        keep(posting, [right, right])
    assert keep(posting, [right]) == 1


def test_a_result_is_sealed_to_the_campaigns_key_and_signed(database: Engine) -> None:
    posting = answered(an_end_to_end_owner(), ("bat",))
    other = answered(posting.owner, ("bat",))
    [right], [foreign] = decided(posting, undecided(posting)), decided(other, undecided(other))
    for wrong in (
        replace(right, value=foreign.value),
        replace(right, value=replace(right.value, signature=bytes(64))),
        replace(right, value=replace(right.value, slots=())),
    ):
        with pytest.raises(BadSealing):
            keep(posting, [wrong])
    colleague = an_owner(posting.owner.agency_slug)
    with pytest.raises(NeedsDevice):
        keep(posting, [right], colleague)


def test_who_decides_is_read_again(database: Engine) -> None:
    posting = answered(an_end_to_end_owner(), ("bat",))
    made = decided(posting, undecided(posting))
    past = datetime.now(UTC) - timedelta(minutes=1)
    changed(update(RoleGrant).values(until=past, ended_at=past))
    with pytest.raises(NotForYou):
        keep(posting, made)
    mine = Membership.id == posting.owner.membership_id
    changed(update(Membership).where(mine).values(ended_at=past))
    with pytest.raises(NoLongerAMember):
        keep(posting, made)


def test_looking_where_nothing_is_undecided_is_not_on_the_record(database: Engine) -> None:
    posting = a_posting(an_end_to_end_owner())
    posting.post()
    page = undecided(posting)
    assert (page.key, page.items) == (None, [])
    assert "answer.read" not in [row.act for row in found(select(AuditPending.act))]
    colleague = an_owner(posting.owner.agency_slug)
    with pytest.raises(NotAHolder):
        undecided(posting, colleague, key_id=on_device.device_of(colleague).thumbprint)


def test_answers_are_not_fetched_from_where_results_are_not_exported(database: Engine) -> None:
    owner = an_end_to_end_owner()
    held = agency_keys_of(owner)
    posting = answered(owner, ("bat",), held=held)
    for holder, key_id in (
        (SlotPurpose.DEVICE, posting.device.thumbprint),
        # Whoever holds the campaign's key opens what is asked for in the name of the agency's, too.
        (SlotPurpose.PROCESSING, held.processing_id),
    ):
        with pytest.raises(NotFromHere):
            undecided(posting, holder=holder, key_id=key_id, context=replace(AT_WORK, zone=Zone.HOME))


def test_deciding_again_changes_nothing(database: Engine) -> None:
    posting = answered(an_end_to_end_owner(), ("bat",), items=2)
    made = decided(posting, undecided(posting))
    assert keep(posting, made[:1]) == 1
    assert keep(posting, made) == 1
    assert keep(posting, made) == 0
    assert one(select(CampaignProgress.settled)) == 2


def test_items_of_another_campaign_are_left_alone(database: Engine) -> None:
    owner = an_end_to_end_owner()
    posting, other = answered(owner, ("bat",)), answered(owner, ("bat",))
    assert keep(other, decided(posting, undecided(posting))) == 0
    assert found(select(Result.microtask_id)) == []


def test_open_items_are_not_decided(database: Engine) -> None:
    posting = answered(an_end_to_end_owner(), ("bat",))
    made = decided(posting, undecided(posting))
    changed(Microtask.__table__.update().values(undecided=False))
    assert keep(posting, made) == 0


def test_only_end_to_end_work_is_decided_so(database: Engine) -> None:
    owner = an_owner()
    campaign_id = a_campaign(owner, level="sensitive")
    posting = replace(a_posting(owner), campaign_id=campaign_id)
    with pytest.raises(NotUnderOwnKey):
        undecided(posting)
    with pytest.raises(NotUnderOwnKey):
        keep(posting, [])


def test_pages_of_undecided_items_follow_each_other(database: Engine) -> None:
    posting = answered(an_end_to_end_owner(), ("bat",), items=3)
    first = undecided(posting, limit=2)
    assert ([item.number for item in first.items], first.next) == ([1, 2], 2)
    rest = undecided(posting, limit=2, after=first.next)
    assert ([item.number for item in rest.items], rest.next) == ([3], None)


def test_results_are_exported_for_a_device(database: Engine) -> None:
    posting = answered(an_end_to_end_owner(), ("bat", "bird", "bat"))
    keep(posting, decided(posting, undecided(posting)))
    page = export(posting, posting.owner, posting.device.thumbprint)
    assert page.key is not None
    private = key_in(page.key, posting.device.encryption)
    [row] = page.rows
    assert row.item is not None
    assert row.value is not None
    assert opened_with(private, row.item) == {"entry": "Entry 1"}
    assert opened_with(private, row.value) == {"kind": "bat"}
    assert sorted(opened_with(private, step.answer)["kind"] for step in row.trace) == ["bat", "bat", "bird"]
    assert (row.agreeing, row.answers, page.next) == (2, 3, None)


def test_what_stands_behind_who_signed_comes_along(database: Engine) -> None:
    register_witnesses()
    owner = an_end_to_end_owner()
    device = a_device(owner)
    posting = answered(owner, ("bat",), device=device)
    keep(posting, decided(posting, undecided(posting)))
    witness()
    here: dict[str, Any] = {"actor": owner, "context": AT_WORK, "device": device.thumbprint}
    with transaction() as tx:
        shown = results.open_result(tx, posting.campaign_id, posting.items[0].microtask_id, **here)
    assert isinstance(shown, SealedResult)
    for told in (shown, export(posting, owner, device.thumbprint)):
        assert list(told.evidence) == [device.thumbprint]
        assert told.evidence[device.thumbprint]["signing_key"] == keys.public_jwk(device.signing)


def test_what_was_shredded_is_exported_without_its_content(database: Engine) -> None:
    posting = answered(an_end_to_end_owner(), ("bat",), items=2)
    keep(posting, decided(posting, undecided(posting)))
    first = one(select(Microtask.id).where(Microtask.number == 1))
    with transaction() as tx:
        shredding.shred_item(tx, first, actor=posting.owner, context=AT_WORK)
    half = export(posting, posting.owner, posting.device.thumbprint)
    assert half.key is not None
    assert [row.item is None for row in half.rows] == [True, False]
    with transaction() as tx:
        shredding.shred_campaign(tx, posting.campaign_id, actor=posting.owner, context=AT_WORK)
    with transaction() as tx:
        shredding.shred_some(tx, posting.campaign_id)
    gone = export(posting, posting.owner, posting.device.thumbprint)
    assert gone.key is None
    assert [(row.number, row.item, row.value, row.agreeing) for row in gone.rows] == [
        (1, None, None, 1), (2, None, None, 1)
    ]  # fmt: skip


def test_server_sealed_results_are_exported_the_same_way(database: Engine) -> None:
    owner, person = an_owner(), a_person()
    campaign_id = a_campaign(owner, items=1, redundancy=1, level="sensitive")
    an_answer(a_claim(campaign_id, person), person)
    settled(campaign_id)
    device = on_device.device_of(owner)
    with transaction() as tx:
        page = sealed_results.export(tx, campaign_id, device.thumbprint, actor=owner, context=AT_WORK)
    value = page.rows[0].value
    assert page.key is None
    assert value is not None
    assert on_device.part_on(device, value) == {"kind": "bird"}


def test_who_may_not_export_does_not_get_parts_either(database: Engine) -> None:
    posting = answered(an_end_to_end_owner(), ("bat",))
    appraiser = a_person(posting.owner.agency_slug, roles=(Role.APPRAISER,))
    with pytest.raises(NotForYou):
        export(posting, appraiser, on_device.device_of(appraiser).thumbprint)
    with pytest.raises(NeedsDevice):
        export(posting, posting.owner, "A" * 43)


def test_without_its_slot_an_answer_is_not_handed_out(database: Engine) -> None:
    posting = answered(an_end_to_end_owner(), ("bat",))
    answer = one(select(Contribution.payload_id))
    changed(PayloadSlot.__table__.delete().where(PayloadSlot.payload_id == answer))
    with pytest.raises(KeyUnavailable):
        undecided(posting)
    assert known(posting.campaign_id).sealed

"""Destroying a key takes two administrators of its agency and a key that nobody needs; then nothing opens any more."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, insert, select, update

from agencies import agreements, proposals
from agencies.agreement_models import Proposal
from agencies.errors import KeyStillNeeded, NoSuchKey, NotPermitted, NotYoursToSign
from agencies.keys import LASTING, KeyringFile, UnknownKey
from agencies.models import IdentityProvider
from marketplace.foundation import clock, jobs
from marketplace.foundation.db import reading, transaction
from marketplace.foundation.ids import new_id
from marketplace.foundation.jobs import Job
from security.log.models import AuditPending
from security.principal import Principal
from security.sealing import keys as sealing_keys
from security.sealing import thumbprints
from tasks import key_destruction, rewrapping
from tasks.models import Campaign, Payload, PayloadSlot
from tests.agencies.agreeing import a_provider, an_administrator, signed
from tests.builders import AT_WORK, a_campaign, a_person, an_owner, changed, found, one
from tests.tasks.test_rewrapping import opened, stored
from workers.run import run

PAST = 2024


def proposed(key_id: str, actor: Principal) -> UUID:
    with transaction() as tx:
        return key_destruction.propose(tx, key_id, actor=actor, context=AT_WORK)


def two_of(agency: str) -> tuple[Principal, Principal]:
    return an_administrator(agency), an_administrator(agency)


def the_job() -> Any:
    [row] = found(select(Job.__table__).where(Job.kind == "keys.destroy"))
    return row


def worked() -> str:
    """What became of the job of destroying."""
    run(the_job().id)
    return str(the_job().state)


def test_two_administrators_sign_and_nothing_opens_any_more(database: Engine, keys: KeyringFile) -> None:
    one_of, other = two_of("north")
    key_id, kept = keys.current("north", PAST), keys.current("north", PAST + 1)
    stored(key_id, 3)
    proposal_id = proposed(key_id, one_of)
    with reading() as db:
        shown = agreements.described(db, proposal_id, other)
    assert shown["content"] == {"key": key_id, "year": PAST, "payloads": 3}
    assert (shown["can_sign"], shown["missing"]) == (True, [["North"]])
    assert signed(proposal_id, other).state == proposals.IN_FORCE
    assert key_id in {each.id for each in keys.listing()}, "a signature waits for no keeper"
    assert worked() == jobs.DONE
    assert [each.id for each in keys.listing() if each.year != LASTING] == [kept]
    with pytest.raises(UnknownKey):
        opened()


def test_it_is_on_the_record(database: Engine, keys: KeyringFile) -> None:
    one_of, other = two_of("north")
    key_id = keys.current("north", PAST)
    stored(key_id, 3)
    proposal_id = proposed(key_id, one_of)
    signed(proposal_id, other)
    acts = [row.act for row in found(select(AuditPending.act).order_by(AuditPending.id))]
    assert acts[-4:] == ["agreement.propose", "agreement.sign", "agreement.sign", "agreement.in_force"]
    worked()
    [row] = found(select(AuditPending.__table__).where(AuditPending.act == "keys.destroy"))
    assert (row.object_kind, row.object_id, row.object_agency_id) == ("key", key_id, one_of.agency_id)
    digest = one(select(Proposal.digest).where(Proposal.id == proposal_id))
    assert row.detail == {"payloads": 3, "digest": bytes(digest).hex()}
    assert row.subject_id is None


def test_one_person_is_not_two(database: Engine, keys: KeyringFile) -> None:
    north, _ = two_of("north")
    proposal_id = proposed(keys.current("north", PAST), north)
    with pytest.raises(NotYoursToSign) as refusal:
        signed(proposal_id, north)
    assert [reason.code for reason in refusal.value.facts["reasons"]] == ["second_person"]


def test_the_key_of_another_agency_does_not_exist(database: Engine, keys: KeyringFile) -> None:
    south = an_administrator("south")
    an_administrator("north")
    for key_id in (keys.current("north", PAST), "south.2024.nothing"):
        with pytest.raises(NoSuchKey):
            proposed(key_id, south)


def test_a_contributor_proposes_nothing(database: Engine, keys: KeyringFile) -> None:
    with pytest.raises(NotPermitted):
        proposed(keys.current("north", PAST), a_person("north"))


@pytest.mark.parametrize("ahead", [0, 1, 30])
def test_the_current_key_of_this_year_or_a_later_one_stays(
    database: Engine, keys: KeyringFile, ahead: int
) -> None:
    north, other = two_of("north")
    with reading() as db:
        year = clock.now(db).year + ahead
    current = keys.current("north", year)
    with pytest.raises(KeyStillNeeded) as refusal:
        proposed(current, north)
    assert refusal.value.facts == {"why": "current"}
    keys.renew("north", year)
    assert signed(proposed(current, north), other).state == proposals.IN_FORCE


def test_a_key_that_secrets_hang_on_stays_until_they_are_moved(database: Engine, keys: KeyringFile) -> None:
    north, _ = two_of("north")
    a_provider("north")
    lasting = keys.current("north", LASTING)
    keys.renew("north", LASTING)
    with pytest.raises(KeyStillNeeded) as refusal:
        proposed(lasting, north)
    assert refusal.value.facts == {"why": "secrets"}
    old = keys.current("north", PAST)
    changed(update(IdentityProvider).values(secret_key_id=old))
    with pytest.raises(KeyStillNeeded):
        proposed(old, north)


def test_a_key_that_came_to_be_needed_is_not_signed_away(database: Engine, keys: KeyringFile) -> None:
    north, other = two_of("north")
    a_provider("north")
    key_id = keys.current("north", PAST)
    proposal_id = proposed(key_id, north)
    changed(update(IdentityProvider).values(secret_key_id=key_id))
    with pytest.raises(KeyStillNeeded):
        signed(proposal_id, other)
    assert found(select(Job.id).where(Job.kind == "keys.destroy")) == []


def test_no_more_is_destroyed_than_was_signed(database: Engine, keys: KeyringFile) -> None:
    north, other = two_of("north")
    key_id = keys.current("north", PAST)
    stored(key_id, 3)
    signed(proposed(key_id, north), other)
    stored(key_id, 1)
    assert worked() == jobs.READY, "it is tried again, and given up in the end"
    assert key_id in {each.id for each in keys.listing()}
    assert found(select(AuditPending.id).where(AuditPending.act == "keys.destroy")) == []


def test_a_job_that_runs_twice_destroys_once(database: Engine, keys: KeyringFile) -> None:
    north, other = two_of("north")
    key_id = keys.current("north", PAST)
    stored(key_id, 2)
    signed(proposed(key_id, north), other)
    keys.destroy(key_id)  # as if the first run had been killed before it could say so
    assert worked() == jobs.DONE
    assert len(found(select(AuditPending.id).where(AuditPending.act == "keys.destroy"))) == 1


def test_an_unsigned_proposal_destroys_nothing(database: Engine, keys: KeyringFile) -> None:
    north, _ = two_of("north")
    key_id = keys.current("north", PAST)
    proposal_id = proposed(key_id, north)
    with pytest.raises(KeyStillNeeded), reading() as db:
        key_destruction.destroy(db, proposal_id)
    assert key_id in {each.id for each in keys.listing()}


def test_what_is_sealed_to_a_campaign_counts_with_the_campaigns_key(
    database: Engine, keys: KeyringFile
) -> None:
    owner = an_owner("north")
    key_id, other = keys.current("north", PAST), keys.current("north", PAST + 1)
    [private] = stored(key_id, 1)
    public = sealing_keys.public_jwk(sealing_keys.new_private())
    campaign = a_campaign(owner, items=1)
    changed(
        update(Campaign)
        .where(Campaign.id == campaign)
        .values(public_key=dict(public), key_payload_id=private)
    )
    answers = [new_id() for _ in range(4)]
    with transaction() as tx:
        tx.execute(insert(Payload), [{"id": each, "header": b"{}", "body": b"sealed"} for each in answers])
        slot = {"kind": "campaign", "key_id": thumbprints.of(public), "wrapped": b"slot"}
        tx.execute(insert(PayloadSlot), [{"payload_id": each} | slot for each in answers])
        beside = {"payload_id": answers[0], "kind": "kek", "key_id": other, "wrapped": b"slot"}
        tx.execute(insert(PayloadSlot), beside)
    with reading() as db:
        assert rewrapping.lost_with(db, key_id) == 1 + 3
        assert rewrapping.lost_with(db, other) == 1
        assert rewrapping.lost_with(db, "north.2024.nothing") == 0

"""Every use-case puts its act on the record, in the transaction of the act itself."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, delete, select

from agencies import sessions, sign_in, tokens
from agencies.oversight import views
from agencies.sign_in import Attempt
from marketplace.foundation.db import Tx, transaction
from security import notes
from security.log import audit, exporting, sequencer, witnesses
from security.log import queries as record
from security.log.acts import ACTS
from security.log.filtering import Filters
from security.log.models import AuditPending
from security.oidc import Vouched
from security.principal import Principal, Role
from tasks import claims, contributions, facts, opening, results, settling
from tasks.errors import BadAnswer
from tasks.models import Microtask
from tests import on_device
from tests.builders import (
    AT_WORK,
    a_campaign,
    a_claim,
    a_person,
    an_answer,
    an_owner,
    changed,
    found,
    item_of,
    one,
    over,
    rolled_back,
    settled,
)

TESTS = Path(__file__).parents[2]
WITNESS = str(notes.signer("north.example/witness", notes.WITNESS, bytes(32)).verifier)
IDENTITY = ("https://north.example", "maja")


@dataclass
class Scene:
    """An owner with a sensitive campaign, a settled one, and a contributor with a claim."""

    owner: Principal
    person: Principal
    officer: Principal
    campaign: UUID
    claim: UUID
    settled: UUID
    settled_item: UUID


@pytest.fixture
def scene(database: Engine) -> Scene:
    owner, person = an_owner("north"), a_person("south", identity=IDENTITY)
    done = a_campaign(owner, items=1, redundancy=1)
    an_answer(a_claim(done, person), person)
    settled(done)
    item = one(select(Microtask.id))
    campaign = a_campaign(owner, items=3, redundancy=1, level="sensitive")
    claim = a_claim(campaign, person)
    officer = a_person("north", roles=(Role.SECURITY_OFFICER,))
    on_device.device_of(person)
    changed(delete(AuditPending))
    return Scene(owner, person, officer, campaign, claim, done, item)


def as_(actor: Principal) -> dict[str, Any]:
    return {"actor": actor, "context": AT_WORK}


def attempt(scene: Scene) -> Attempt:
    return Attempt(scene.person.agency_id, "n", "v", "https://tasks.example/back", "/work")


def _open(tx: Tx, scene: Scene) -> None:
    device = on_device.device_of(scene.person).thumbprint
    opening.open_item(tx, scene.claim, device=device, **as_(scene.person))


def _submit(tx: Tx, scene: Scene, value: str = "bat") -> None:
    campaign, microtask = facts.campaign(tx, scene.campaign), item_of(scene.claim)
    device = on_device.device_of(scene.person)
    answer = on_device.answer_of(device, campaign, microtask, {"kind": value})
    contributions.submit(tx, scene.claim, answer, **as_(scene.person))


def _settle(tx: Tx, scene: Scene) -> None:
    _submit(tx, scene)
    tx.execute(delete(AuditPending))
    settling.settle(tx, scene.campaign)


def _sign_out(tx: Tx, scene: Scene) -> None:
    begun = sessions.begin(tx, scene.person.membership_id, Vouched(*IDENTITY))
    sessions.end(tx, begun.token, **as_(scene.person))


def _step_up(tx: Tx, scene: Scene) -> None:
    begun = sessions.begin(tx, scene.person.membership_id, Vouched(*IDENTITY))
    sign_in.confirm(tx, begun.token, Vouched(*IDENTITY), **as_(scene.person))


def _lapse(tx: Tx, scene: Scene) -> None:
    claims.end_due(tx)


def _export(tx: Tx, scene: Scene) -> None:
    audit.record(tx, "claim.take", **as_(scene.officer))
    sequencer.sequence(tx)
    exporting.after(tx, 0, **as_(scene.officer))


def _drop_view(tx: Tx, scene: Scene) -> None:
    view = views.save(tx, "Refused", {"outcome": "refused"}, **as_(scene.officer))
    tx.execute(delete(AuditPending))
    views.drop(tx, view, **as_(scene.officer))


ACTED: dict[str, Callable[[Tx, Scene], Any]] = {
    "sign_in.begin": lambda tx, s: sign_in.begin(tx, attempt(s), state="s", browser="b", context=AT_WORK),
    "sign_in.succeed": lambda tx, s: sign_in.complete(tx, s.person.agency_id, Vouched(*IDENTITY), AT_WORK),
    "session.end": _sign_out,
    "session.step_up": _step_up,
    "token.make": lambda tx, s: tokens.make(tx, name="import", valid_for=timedelta(days=1), **as_(s.person)),
    "claim.take": lambda tx, s: claims.claim_next(tx, s.campaign, **as_(s.person)),
    "claim.extend": lambda tx, s: claims.extend(tx, s.claim, **as_(s.person)),
    "claim.release": lambda tx, s: claims.release(tx, s.claim, **as_(s.person)),
    "claim.lapse": _lapse,
    "payload.view": _open,
    "contribution.submit": _submit,
    "microtask.settle": _settle,
    "result.view": lambda tx, s: results.open_result(tx, s.settled, s.settled_item, **as_(s.owner)),
    "result.list": lambda tx, s: results.listing(tx, s.settled, **as_(s.owner)),
    "result.export": lambda tx, s: list(results.export(tx, s.settled, **as_(s.owner))),
    "log.export": _export,
    "witness.register": lambda tx, s: witnesses.register(tx, WITNESS, None, **as_(s.officer)),
    "view.save": lambda tx, s: views.save(tx, "Refused", {"outcome": "refused"}, **as_(s.officer)),
    "view.drop": _drop_view,
    "log.read": lambda tx, s: record.entries(tx, Filters(), **as_(s.officer)),
}
BY_THE_MARKETPLACE = {"claim.lapse", "microtask.settle", "sign_in.begin"}
WRITTEN_ELSEWHERE = {
    "alert.close",
    "alert.hand_on",
    "alert.raise",
    "alert.take",
    "alert_rule.set",
    "clock.jump",
    "record.fault",
    "witness.behind",
    "data_request.answer",
    "data_request.ask",
    "data_request.list",
    "data_request.read",
    "log.read_own",
    "look_up.ask",
    "look_up.decline",
    "look_up.grant",
    "look_up.list",
    "look_up.read",
    "look_up.view",
    "person.list",
    "person.tell",
    "person.view",
    "subject.erase",
    "entry.expire",
    "incident.close",
    "incident.note",
    "incident.open",
    "incident.report",
    "review.close",
    "review.decide",
    "review.open",
    "review.read",
    "summary.read",
    "witness.acknowledge",
    "witness.contradict",
    "access.refuse",
    "campaign.keep",
    "campaign.submit",
    "campaign.withdraw",
    "campaign.approve",
    "campaign.send_back",
    "campaign.discard",
    "campaign.pause",
    "campaign.resume",
    "campaign.close",
    "campaign.cancel",
    "campaign.shred",
    "draft.shred",
    "payload.shred",
    "agency.found",
    "agency.set",
    "agency_key.add",
    "agency_key.end",
    "device_key.enrol",
    "device_key.list",
    "device_key.rename",
    "device_key.revoke",
    "device_key.revoke_all",
    "handling.set",
    "agreement.in_force",
    "keys.destroy",
    "keys.renew",
    "keys.rotate",
    "agreement.propose",
    "agreement.sign",
    "agreement.withdraw",
    "answer.read",
    "campaign.post",
    "campaign.add",
    "campaign_key.give",
    "campaign_key.list",
    "campaign_key.read",
    "campaign_key.recover",
    "campaign_key.take_back",
    "claim.withdraw",
    "clearance.give",
    "clearance.withdraw",
    "identity.add",
    "identity.renew",
    "job.retry",
    "logout.take",
    "move.approve",
    "move.ask",
    "move.decline",
    "move.done",
    "key.ask",
    "key.list",
    "key.release",
    "need_to_know.end",
    "need_to_know.give",
    "notice.send",
    "number.approve",
    "number.withdraw",
    "partner.renew",
    "person.invite",
    "person.join",
    "person.leave",
    "person.uninvite",
    "provider.suspend",
    "role.end",
    "role.grant",
    "role.review",
    "rules.draft",
    "rules.sign",
    "scim_credential.end",
    "scim_credential.make",
    "scim_group.change",
    "scim_group.end",
    "scim_group.give",
    "scim_group.make",
    "scim_user.change",
    "scim_user.end",
    "scim_user.make",
    "session.change_hat",
    "sharing.end",
    "sign_in.fail",
    "skill.confirm",
    "skill.declare",
    "skill.drop",
    "skill.import",
    "skill.view",
    "skill.want",
    "skill.withdraw",
    "unit.change",
    "unit.place",
}
"""Tested where they happen: by a test that names the act."""


def pending() -> list[Any]:
    return list(found(select(AuditPending.__table__).order_by(AuditPending.id)))


@pytest.mark.parametrize("act", ACTED)
def test_the_act_is_on_the_record_once(scene: Scene, act: str) -> None:
    if act == "claim.lapse":
        over(scene.claim)
    with transaction() as tx:
        ACTED[act](tx, scene)
    assert [row.act for row in pending()] == [act]


@pytest.mark.parametrize("act", ACTED)
def test_what_did_not_happen_is_not_on_the_record(scene: Scene, act: str) -> None:
    if act == "claim.lapse":
        over(scene.claim)
    rolled_back(lambda tx: ACTED[act](tx, scene))
    assert pending() == []


@pytest.mark.parametrize("act", sorted(set(ACTED) - BY_THE_MARKETPLACE))
def test_the_entry_says_who_under_a_name_of_its_own(scene: Scene, act: str) -> None:
    with transaction() as tx:
        ACTED[act](tx, scene)
    subjects = {scene.person.subject_id, scene.owner.subject_id, scene.officer.subject_id}
    assert pending()[0].subject_id in subjects


@pytest.mark.parametrize("act", sorted(BY_THE_MARKETPLACE))
def test_what_no_signed_in_person_did_names_nobody(scene: Scene, act: str) -> None:
    over(scene.claim)
    with transaction() as tx:
        ACTED[act](tx, scene)
    assert pending()[0].subject_id is None


@pytest.mark.parametrize("act", ["claim.take", "payload.view", "contribution.submit", "microtask.settle"])
def test_the_entry_says_whose_work_of_which_level_it_was(scene: Scene, act: str) -> None:
    with transaction() as tx:
        ACTED[act](tx, scene)
    row = pending()[0]
    assert (row.object_agency_id, row.campaign_id, row.level) == (scene.owner.agency_id, scene.campaign, 2)


@pytest.mark.parametrize(
    "act", ["payload.view", "contribution.submit", "result.view", "result.export", "log.read"]
)
def test_touching_content_has_a_purpose(scene: Scene, act: str) -> None:
    with transaction() as tx:
        ACTED[act](tx, scene)
    assert pending()[0].purpose


def test_posting_is_on_the_record(scene: Scene) -> None:
    a_campaign(scene.owner, items=2)
    row = pending()[0]
    assert (row.act, row.detail) == ("campaign.post", {"items": 2, "contributions": 3})


def test_joining_is_on_the_record(database: Engine) -> None:
    a_person()
    assert [row.act for row in pending()] == ["person.join"]


def test_a_refused_answer_leaves_no_entry_of_a_submission(scene: Scene) -> None:
    with pytest.raises(BadAnswer), transaction() as tx:
        _submit(tx, scene, "whale")
    assert pending() == []


def test_every_act_in_the_table_is_tested_somewhere() -> None:
    assert set(ACTED) | WRITTEN_ELSEWHERE == set(ACTS)
    tests = [file.read_text() for file in TESTS.rglob("test_*.py") if file != Path(__file__)]
    assert [act for act in sorted(WRITTEN_ELSEWHERE) if not any(f'"{act}"' in text for text in tests)] == []


def test_an_act_that_is_not_in_the_table_cannot_be_recorded(database: Engine) -> None:
    with transaction() as tx, pytest.raises(KeyError):
        audit.record(tx, "person.watch", actor=None, context=AT_WORK)

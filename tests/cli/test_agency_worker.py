"""`marketplace worker`: what an agency's own machine does for campaigns that are sealed end to end."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from marketplace.cli import device_file
from marketplace.cli.agency_worker import Keys, every_step
from marketplace.cli.client import Client
from marketplace.cli.processing_key import ProcessingKey
from marketplace.foundation.db import transaction
from security.log.models import AuditPending
from security.principal import Principal
from security.sealing import keys
from tasks import shredding
from tasks.models import Microtask, Payload, PayloadSlot, Result
from tests import on_device
from tests.application import token_of
from tests.builders import AT_WORK, an_owner, changed, found, one
from tests.cli.conftest import Terminal
from tests.cli.test_end_to_end import answered, key_file, owner, private_file
from tests.end_to_end import agency_keys_of

__all__ = ["owner"]


def test_the_agencys_worker_settles_with_its_own_key(served: Terminal, owner: Principal) -> None:
    held = agency_keys_of(owner)
    campaign_id = answered(served, owner)
    key = processing_file(served, held.processing)
    worker = an_owner(owner.agency_slug)
    device = key_file(served, on_device.device_of(worker), "worker.json")
    agency = owner.agency_slug
    words = ("worker", "--agency", agency, "--key", key, "--once")
    silent = served.type(*words, token=token_of(worker))
    assert (silent.exit_code, silent.stdout) == (0, "0 done.\n"), silent.output
    assert "nothing is settled" in silent.stderr
    done = served.type(*words, "--device", device, token=token_of(worker))
    assert (done.exit_code, done.stdout) == (0, "2 done.\n"), done.output
    assert served.type(*words, "--device", device, token=token_of(worker)).stdout == "0 done.\n"
    assert one(select(func.count()).select_from(Result)) == 2
    assert {row.signer for row in results_of(campaign_id)} == {on_device.device_of(worker).thumbprint}


def test_what_is_shredded_and_what_cannot_be_decided_is_left_in_peace(
    served: Terminal, owner: Principal, capsys: pytest.CaptureFixture[str]
) -> None:
    held = agency_keys_of(owner)
    gone, foreign = UUID(answered(served, owner)), UUID(answered(served, owner))
    with transaction() as tx:
        shredding.shred_campaign(tx, gone, actor=owner, context=AT_WORK)
    with transaction() as tx:
        shredding.shred_some(tx, gone)
    of_item = select(PayloadSlot.wrapped).join(Microtask, Microtask.payload_id == PayloadSlot.payload_id)
    changed(update(PayloadSlot).where(PayloadSlot.kind == "campaign").values(wrapped=one(of_item.limit(1))))
    device = device_file.read(served.folder / "device.json")
    its_keys = Keys(owner.agency_slug, ProcessingKey(held.processing), device)
    client = Client(f"http://127.0.0.1:{served.environment['MARKET_PORT']}", token_of(owner))
    assert [every_step(client, its_keys, patient=True) for _ in range(3)] == [0, 0, 0]
    said = capsys.readouterr().err.splitlines()
    assert [line.startswith(f"{foreign}: item ") for line in said] == [True, True], said
    assert [row.act for row in found(select(AuditPending.act))].count("answer.read") == 1


def test_what_the_worker_may_not_open_is_not_asked_for_again_and_again(
    served: Terminal, owner: Principal
) -> None:
    answered(served, owner)
    device = device_file.read(served.folder / "device.json")
    its_keys = Keys(owner.agency_slug, ProcessingKey(keys.new_private()), device)
    client = Client(f"http://127.0.0.1:{served.environment['MARKET_PORT']}", token_of(owner))
    assert [every_step(client, its_keys, patient=True) for _ in range(3)] == [0, 0, 0]
    assert [row.act for row in found(select(AuditPending.act))].count("access.refuse") == 1


def test_a_worker_works_for_one_agency(served: Terminal, owner: Principal) -> None:
    key = processing_file(served, keys.new_private())
    refused = served.type("worker", "--agency", "elsewhere", "--key", key, "--once", token=token_of(owner))
    assert (refused.exit_code, "not for elsewhere" in refused.stderr) == (1, True)


def test_a_campaign_that_the_agencys_key_does_not_hold_is_its_owners(
    served: Terminal, owner: Principal
) -> None:
    answered(served, owner)
    key = processing_file(served, keys.new_private())
    device = served.folder / "device.json"
    done = served.type(
        "worker",
        "--agency",
        owner.agency_slug,
        "--key",
        key,
        "--device",
        device,
        "--once",
        token=token_of(owner),
    )
    assert (done.exit_code, done.stdout) == (0, "0 done.\n"), done.output


@pytest.mark.parametrize("content", ["{}", "x", '{"kty":"EC","crv":"P-256","x":"A","y":"A"}'])
def test_what_is_no_processing_key_is_a_sentence(served: Terminal, owner: Principal, content: str) -> None:
    key = private_file(served, "processing.json", content)
    refused = served.type(
        "worker", "--agency", owner.agency_slug, "--key", key, "--once", token=token_of(owner)
    )
    assert (refused.exit_code, "is not a processing key" in refused.stderr) == (1, True)
    key.chmod(0o644)
    refused = served.type(
        "worker", "--agency", owner.agency_slug, "--key", key, "--once", token=token_of(owner)
    )
    assert "Others may read" in refused.stderr


def processing_file(served: Terminal, private: keys.PrivateKey) -> Path:
    return private_file(served, "processing.json", keys.private_bytes(private).decode())


def results_of(campaign_id: str) -> Any:
    return found(
        select(Payload.signer)
        .join(Result, Result.payload_id == Payload.id)
        .where(Result.campaign_id == UUID(campaign_id))
    )

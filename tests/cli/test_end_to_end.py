"""From the command line of an agency: rows sealed before they are sent, answers decided, results opened here."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import click
import pytest
import requests
from click.testing import Result as Done
from sqlalchemy import Table, func, select

from agencies import agency_keys
from marketplace.cli import device_file, sealed_import
from marketplace.cli.client import Client
from marketplace.cli.files import spec_of
from marketplace.foundation.db import Base, reading, transaction
from security.log.models import AuditPending
from security.principal import Principal, Role
from security.sealing import Header, base64url, recovery
from security.sealing.recovery import Suite
from tasks import table
from tasks.models import Campaign, Contribution, Microtask, Payload, PayloadSlot, Result
from tests import on_device
from tests.application import token_of
from tests.builders import (
    AT_WORK,
    a_campaign,
    a_claim,
    a_contribution,
    a_person,
    an_agency,
    an_answer,
    an_owner,
    changed,
    found,
    let_open,
    one,
    settled,
)
from tests.cli.conftest import Terminal
from tests.device_keys import Device, write_file
from tests.end_to_end import agency_keys_of, an_end_to_end_owner, known

GOOD = "Species name,size\nCanaryGull,small\nCanaryBat,small\n"


@pytest.fixture
def owner(served: Terminal) -> Principal:
    """A task owner who has sensitive work sealed end to end, with a device and its key file."""
    an_agency("harbour", office_networks=["127.0.0.0/8"])  # sealed results are exported from there
    made = an_end_to_end_owner("harbour")
    key_file(served, on_device.device_of(made))
    text = (served.folder / "spec.toml").read_text()
    served.write("spec.toml", 'level = "sensitive"\ncontributions = 2\n' + text)
    return made


def key_file(served: Terminal, device: Device, name: str = "device.json") -> Path:
    """The device's key file in the terminal's folder."""
    return write_file(device, served.folder / name)


def test_rows_are_sealed_before_they_are_sent(served: Terminal, owner: Principal) -> None:
    done = imported(served, owner)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("Imported 2 items as campaign ")
    campaign = known(UUID(done.stdout.splitlines()[0].split()[-1]))
    assert (campaign.protection, campaign.owner_id) == ("end_to_end", owner.person_id)
    assert not_in_the_database(b"Canary")


def test_without_a_device_nothing_is_sent(served: Terminal, owner: Principal) -> None:
    file = served.write("rows.csv", GOOD)
    spec = served.folder / "spec.toml"
    refused = served.type("campaign", "import", file, "--spec", spec, token=token_of(owner))
    assert (refused.exit_code, "Nothing was sent" in refused.stderr) == (1, True)
    stranger = key_file(served, on_device.device_of(an_owner()), "stranger.json")
    refused = imported(served, owner, device=stranger)
    assert (refused.exit_code, "no device of yours" in refused.stderr) == (1, True)
    assert one(select(func.count()).select_from(Campaign)) == 0


def test_bad_rows_are_listed_without_sending_them(served: Terminal, owner: Principal) -> None:
    refused = imported(served, owner, text="Species name,size\nGull,small\n,small\nBat\n")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert [line.split()[0] for line in refused.stderr.splitlines()[2:]] == ["3", "4"]
    assert one(select(func.count()).select_from(Payload)) == 0


def test_who_names_a_device_is_not_made_to_post_openly(served: Terminal) -> None:
    """The server says whether work is sealed before it comes; it is the very party that it is sealed against."""
    owner = an_owner()
    file = key_file(served, on_device.device_of(owner))
    refused = imported(served, owner, device=file)
    assert (refused.exit_code, "Nothing was sent" in refused.stderr) == (1, True)
    assert "without --device" in refused.stderr
    assert one(select(func.count()).select_from(Campaign)) == 0
    rows = served.write("rows.csv", GOOD)
    openly = served.type(
        "campaign", "import", rows, "--spec", served.folder / "spec.toml", token=token_of(owner)
    )
    assert openly.exit_code == 0, openly.output
    assert one(select(Campaign.protection)) == "none"


def test_the_agencys_own_keys_are_shared_with_and_named(served: Terminal, owner: Principal) -> None:
    held = agency_keys_of(owner)
    done = imported(served, owner)
    assert done.exit_code == 0, done.output
    assert held.processing_id in done.stderr
    assert held.recovery.public.key_id in done.stderr


def test_the_command_line_seals_to_an_offline_key_that_browsers_cannot_seal_to(
    served: Terminal, owner: Principal
) -> None:
    offline = recovery.new_private(Suite.HYBRID)
    admin = a_person(owner.agency_slug, roles=(Role.AGENCY_ADMIN,))
    public = {"raw": base64url.encoded(offline.public.data)}
    with transaction() as tx:
        agency_keys.register(tx, "recovery", public, actor=admin, context=AT_WORK)
    done = imported(served, owner)
    assert done.exit_code == 0, done.output
    assert offline.public.key_id in done.stderr
    slot, header = found(
        select(PayloadSlot.wrapped, Payload.header)
        .join(Payload, Payload.id == PayloadSlot.payload_id)
        .where(PayloadSlot.kind == "recovery")
    )[0]
    hash_ = Header.from_bytes(bytes(header)).hash
    assert len(recovery.unwrap(bytes(slot), hash_, offline.public.key_id, offline)) == 32


MANY = "Species name,size\n" + "".join(f"Canary {number},small\n" for number in range(1, 13))


def test_larger_files_go_in_batches(served: Terminal, owner: Principal) -> None:
    agency_keys_of(owner)
    done = imported(served, owner, "--batch", "4096", text=MANY)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("Imported 12 items as campaign ")
    listed = found(select(Microtask.number).order_by(Microtask.number))
    assert [row.number for row in listed] == list(range(1, 13))
    acts = [row.act for row in found(select(AuditPending.act))]
    assert acts.count("campaign.post") == 1
    assert acts.count("campaign.add") >= 2
    campaign_id = UUID(done.stdout.splitlines()[0].split()[-1])
    assert known(campaign_id).owner_id == owner.person_id


def test_what_broke_off_goes_on_behind_what_is_in(served: Terminal, owner: Principal) -> None:
    file = served.write("rows.csv", MANY)
    device = device_file.read(served.folder / "device.json")
    token = token_of(owner)
    url = f"http://127.0.0.1:{served.environment['MARKET_PORT']}"
    spec = spec_of(served.folder / "spec.toml")
    told = Client(url, token).post("/campaigns/sealed/check", json.dumps({"spec": spec}).encode()).json()
    rows = table.items(MANY, told["settings"]["form"])
    with pytest.raises(click.ClickException) as broken:
        sealed_import.post(_OneBatch(url, token), told, rows, device, 6_000)
    campaign_id = one(select(Campaign.id))
    total = one(select(func.count()).select_from(Microtask))
    assert 0 < total < 12
    assert f"{total} of 12 items are known to be in campaign {campaign_id}" in broken.value.message
    words = ("campaign", "import", file, "--spec", served.folder / "spec.toml", "--device",
             served.folder / "device.json", "--into", campaign_id)  # fmt: skip
    for _ in range(2):
        done = served.type(*words, token=token)
        assert done.exit_code == 0, done.output
        assert done.stdout.startswith(f"Imported 12 items as campaign {campaign_id}")
    listed = found(select(Microtask.number).order_by(Microtask.number))
    assert [row.number for row in listed] == list(range(1, 13))
    opened_by_approver(campaign_id)
    person = a_person()
    for _ in range(12):
        a_contribution(campaign_id, person, "bird")
    assert one(select(func.count()).select_from(Campaign)) == 1


@pytest.mark.parametrize("signature", [None, bytes(64)])
def test_nothing_more_is_sealed_to_a_key_that_no_device_is_shown_to_have_made(
    served: Terminal, owner: Principal, signature: bytes | None
) -> None:
    """The marketplace could seal a key of its own for the device, and read everything that comes after."""
    campaign_id = imported(served, owner).stdout.splitlines()[0].split()[-1]
    key = one(select(Campaign.key_payload_id))
    forged: dict[str, Any] = {"signature": signature} | ({} if signature else {"signer": None})
    changed(Payload.__table__.update().where(Payload.id == key).values(**forged))
    refused = imported(served, owner, "--into", campaign_id, text=GOOD + "CanaryOwl,small\n")
    assert refused.exit_code == 1
    assert "SignatureRefused" in refused.stderr or "Nothing was sent." in refused.stderr
    assert one(select(func.count()).select_from(Microtask)) == 2


class _OneBatch(Client):
    """A line that breaks after one batch."""

    def __init__(self, url: str, token: str) -> None:
        super().__init__(url, token)
        self.left = 1

    def post(self, path: str, body: bytes = b"", *, key: str | None = None) -> requests.Response:
        if self.left == 0:
            raise click.ClickException("Nobody answers.")
        self.left -= 1
        return super().post(path, body, key=key)


def test_the_owner_settles_and_opens_the_results(served: Terminal, owner: Principal) -> None:
    campaign_id = answered(served, owner)
    done = served.type(
        "campaign", "settle", campaign_id, "--device", served.folder / "device.json", token=token_of(owner)
    )
    assert (done.exit_code, done.stdout) == (0, "2 items settled\n"), done.output
    again = served.type(
        "campaign", "settle", campaign_id, "--device", served.folder / "device.json", token=token_of(owner)
    )
    assert again.stdout == "0 items settled\n"
    rows = list(csv.DictReader(io.StringIO(exported(served, owner, campaign_id).stdout)))
    assert [(row["number"], row["entry"], row["result"]) for row in rows] == [
        ("1", "CanaryGull", "bird"),
        ("2", "CanaryBat", "bird"),
    ]
    assert (rows[0]["agreeing"], rows[0]["answers"], rows[0]["tied"], rows[0]["rule"]) == (
        "1",
        "2",
        "yes",
        "majority-1",
    )
    assert "CanaryNote" in rows[0]["notes"]
    assert not_in_the_database(b"Canary")
    assert one(select(func.count()).select_from(Result).where(Result.value.is_not(None))) == 0
    acts = [row.act for row in found(select(AuditPending.act))]
    assert (acts.count("microtask.settle"), acts.count("result.export")) == (2, 1)


def test_server_sealed_results_are_opened_here_with_the_same_columns(served: Terminal) -> None:
    an_agency("harbour", office_networks=["127.0.0.0/8"])
    owner, person = an_owner("harbour"), a_person()
    campaign_id = a_campaign(owner, items=1, redundancy=1, level="sensitive")
    an_answer(a_claim(campaign_id, person), person, note="Look again")
    settled(campaign_id)
    key_file(served, on_device.device_of(owner))
    by_server = served.type("campaign", "export", str(campaign_id), token=token_of(owner))
    assert exported(served, owner, str(campaign_id)).stdout == by_server.stdout != ""


def test_an_answer_that_does_not_open_leaves_its_item_undecided(served: Terminal, owner: Principal) -> None:
    campaign_id = answered(served, owner)
    item = one(select(Microtask.id).where(Microtask.number == 1))
    answer = one(select(Contribution.payload_id).where(Contribution.microtask_id == item).limit(1))
    body = bytearray(one(select(Payload.body).where(Payload.id == answer)))
    body[-1] ^= 1
    changed(Payload.__table__.update().where(Payload.id == answer).values(body=bytes(body)))
    done = served.type(
        "campaign", "settle", campaign_id, "--device", served.folder / "device.json", token=token_of(owner)
    )
    assert (done.exit_code, done.stdout) == (1, "1 item settled\n")
    assert done.stderr.splitlines()[-1].split() == ["1", "ChunkRefused"]
    assert found(select(Microtask.number).where(Microtask.undecided))[0].number == 1


def test_a_device_without_the_key_opens_nothing(served: Terminal, owner: Principal) -> None:
    campaign_id = answered(served, owner)
    colleague = an_owner(owner.agency_slug)
    file = key_file(served, on_device.device_of(colleague), "colleague.json")
    refused = served.type("campaign", "settle", campaign_id, "--device", file, token=token_of(colleague))
    assert (refused.exit_code, "does not hold the campaign" in refused.stderr) == (1, True)


def imported(
    served: Terminal, owner: Principal, *words: str, text: str = GOOD, device: Path | None = None
) -> Done:
    return served.type(
        "campaign", "import", served.write("rows.csv", text), "--spec", served.folder / "spec.toml",
        "--device", device or served.folder / "device.json", *words, token=token_of(owner),
    )  # fmt: skip


def answered(served: Terminal, owner: Principal) -> str:
    """A campaign posted from the command line whose items have both their answers, a tie."""
    done = imported(served, owner)
    assert done.exit_code == 0, done.output
    campaign_id = done.stdout.splitlines()[0].split()[-1]
    opened_by_approver(campaign_id)
    for value in ("bird", "unclear"):
        person = a_person()
        for _ in range(2):
            a_contribution(UUID(campaign_id), person, value, note="CanaryNote")
    return campaign_id


def exported(served: Terminal, owner: Principal, campaign_id: str) -> Done:
    done = served.type(
        "campaign", "export", campaign_id, "--device", served.folder / "device.json", token=token_of(owner)
    )
    assert done.exit_code == 0, done.output
    return done


def not_in_the_database(canary: bytes) -> bool:
    """Whether these bytes stand nowhere in any column of any table."""
    with reading() as db:
        for table in Base.metadata.sorted_tables:
            assert isinstance(table, Table)
            for row in db.all(select(table)):
                for value in row:
                    said = bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
                    if canary in said:
                        return False
    return True


def private_file(served: Terminal, name: str, content: str) -> Path:
    path = served.write(name, content)
    path.chmod(0o600)
    return path


def opened_by_approver(campaign_id: UUID | str) -> None:
    with transaction() as tx:
        let_open(tx, UUID(str(campaign_id)))

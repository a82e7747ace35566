"""Device keys for programs: one's own and nobody else's; an agency's watch, which names nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from marketplace.foundation.db import transaction
from security.log.sequencer import sequence
from security.principal import Principal, Role
from tests.application import Program
from tests.builders import a_person
from tests.device_keys import a_device

OFFICER = (Role.SECURITY_OFFICER,)
Made = Callable[[Principal], Program]


def read(mine: Program, path: str) -> Any:
    answer = mine.get(path)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.json


def test_ones_own_devices_are_listed_and_removed(program: Made) -> None:
    person = a_person("north")
    device = a_device(person, name="Import", kind="program")
    a_device(a_person("north"))
    mine = program(person)
    (row,) = read(mine, "/device-keys")["device_keys"]
    assert (row["id"], row["thumbprint"], row["kind"]) == (str(device.id), device.thumbprint, "program")
    assert mine.post(f"/device-keys/{device.id}/remove").status_code == 200
    (row,) = read(mine, "/device-keys")["device_keys"]
    assert (row["live"], row["revoked_at"] is None) == (False, False)


def test_somebody_elses_device_looks_like_none(program: Made) -> None:
    device, mine = a_device(a_person("north")), program(a_person("north"))
    answers = [mine.post(f"/device-keys/{each}/remove") for each in (device.id, uuid4(), "nonsense")]
    assert {(answer.status_code, (answer.json or {})["detail"]) for answer in answers} == {
        (404, "There is no such device, or it was removed.")
    }


def test_no_program_sets_up_a_device(program: Made) -> None:
    mine = program(a_person("north"))
    assert mine.post("/device-keys", json={"name": "Laptop"}).status_code == 405


def test_an_officer_watches_in_pieces(program: Made) -> None:
    devices = [a_device(a_person("north", name="Lena")) for _ in range(3)]
    watching = program(a_person("north", roles=OFFICER))
    with transaction() as tx:
        sequence(tx)
    seen, following = [], 0
    for _ in range(3):
        page = read(watching, f"/agency/device-keys?after={following}&limit=2")
        seen += [(event["event"], event["thumbprint"], event["nonce"]) for event in page["events"]]
        assert "Lena" not in str(page)
        following = page["next"]
    assert seen == [("enrolled", each.thumbprint, each.offered.nonce) for each in devices]


@pytest.mark.parametrize("role", [Role.CONTRIBUTOR, Role.AGENCY_ADMIN, Role.OPERATOR])
def test_nobody_else_watches(program: Made, role: Role) -> None:
    a_device(a_person("north"))
    answer = program(a_person("north", roles=(role,))).get("/agency/device-keys")
    assert answer.status_code == 403


@pytest.mark.parametrize("query", ["after=-1", "limit=0", "limit=501", "after=x", "since=1"])
def test_a_strange_question_is_refused(program: Made, query: str) -> None:
    answer = program(a_person("north", roles=OFFICER)).get(f"/agency/device-keys?{query}")
    assert answer.status_code == 422

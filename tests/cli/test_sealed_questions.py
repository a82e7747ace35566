"""Questions of every kind, end to end: checked and decided on the agency's machine, which also writes the file."""

from __future__ import annotations

import csv
import io
from typing import Any
from uuid import UUID

from marketplace.foundation.db import transaction
from security.principal import Principal
from tasks import contributions
from tasks.questions.deciding import EACH
from tests.application import token_of
from tests.builders import AT_WORK, a_claim, a_person, let_open, sealed_answer
from tests.cli.conftest import Terminal
from tests.cli.test_end_to_end import exported, imported, owner
from tests.questions import ANSWERS

__all__ = ["owner"]
SETTINGS = """
level = "sensitive"
contributions = 2
name = "Strikes"
title = "What was struck?"
purpose = "So that airports know."
instructions = "Read both entries."

[[form.questions]]
name = "choice"
kind = "choice"
label = "Where?"
options = [{ value = "north", label = "North" }, { value = "south", label = "South" }]

[[form.questions]]
name = "yes_no"
kind = "yes_no"
label = "Is it clear?"

[[form.questions]]
name = "several"
kind = "several"
label = "Where else?"
options = [{ value = "north", label = "North" }, { value = "west", label = "West" }]

[[form.questions]]
name = "number"
kind = "number"
label = "How heavy?"
unit = "kg"
min = 0.5
decimals = 2

[[form.questions]]
name = "text"
kind = "text"
label = "What?"

[[form.questions]]
name = "long_text"
kind = "long_text"
label = "Tell more."

[[form.questions]]
name = "date"
kind = "date"
label = "When?"
latest = 2027-03-31

[[form.questions]]
name = "ranking"
kind = "ranking"
label = "What first?"
options = [{ value = "north", label = "N" }, { value = "south", label = "S" }, { value = "west", label = "W" }]

[[form.questions]]
name = "pairwise"
kind = "pairwise"
label = "Which is better?"
first = "entry"
second = "size"

[[form.fields]]
name = "entry"
label = "Entry"
column = "Species name"

[[form.fields]]
name = "size"
label = "Size"
"""


def submit(campaign_id: UUID, person: Principal, answer: dict[str, Any]) -> None:
    claim_id = a_claim(campaign_id, person)
    sealed = sealed_answer(claim_id, person, answer)
    with transaction() as tx:
        contributions.submit(tx, claim_id, sealed, actor=person, context=AT_WORK)


def test_the_agency_decides_every_kind_and_leaves_what_does_not_fit(
    served: Terminal, owner: Principal
) -> None:
    served.write("spec.toml", SETTINGS)
    done = imported(served, owner)
    assert done.exit_code == 0, done.output
    campaign_id = UUID(done.stdout.splitlines()[0].split()[-1])
    with transaction() as tx:
        let_open(tx, campaign_id)
    clear, unclear = a_person(), a_person()
    for answers in (
        (ANSWERS, ANSWERS | {"number": "12.50", "text": " a  GULL", "note": "=n"}),
        (ANSWERS, {}),
    ):
        for person, answer in zip((clear, unclear), answers, strict=True):
            submit(campaign_id, person, dict(answer))

    key = served.folder / "device.json"
    settled = served.type("campaign", "settle", str(campaign_id), "--device", key, token=token_of(owner))
    assert "1 item settled" in settled.stdout
    assert settled.stderr.splitlines()[-1].split() == ["2", "NothingToInfer"]

    (row,) = csv.DictReader(io.StringIO(exported(served, owner, str(campaign_id)).stdout, newline=""))
    assert {name: row[f"result_{name}"] for name in ANSWERS} == {
        name: "; ".join(value) if isinstance(value, list) else value for name, value in ANSWERS.items()
    }
    assert (row["agreeing"], row["answers"], row["tied"], row["rule"]) == ("2", "2", "no", EACH)
    assert row["trace_several"].count(": north, west") == 2
    assert row["notes"].endswith(": =n")

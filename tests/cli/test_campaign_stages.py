"""`marketplace campaign submit`, `approve` and the others move a campaign on; `waiting` lists what waits."""

from __future__ import annotations

import json

import pytest

from security.principal import Role
from tasks.stages import ACTS, Stage
from tests.application import token_of
from tests.builders import a_person, an_owner
from tests.cli.conftest import Terminal
from tests.tasks.test_stages import posted, put, stage_of

ADMIN = (Role.AGENCY_ADMIN,)


@pytest.mark.parametrize("act", ACTS)
def test_each_act_is_a_command(served: Terminal, act: str) -> None:
    owner, approver = an_owner("harbour"), a_person("harbour", roles=ADMIN)
    campaign = posted(owner)
    put(campaign, min(ACTS[act].come_from))
    actor = owner if ACTS[act].by is Role.TASK_OWNER else approver
    more = ("--remark", "Say why.") if ACTS[act].remark else ()
    words = ("campaign", act.replace("_", "-"), str(campaign), *more, "--json")
    done = served.type(*words, token=token_of(actor))
    assert json.loads(done.stdout) == {"id": str(campaign), "stage": ACTS[act].to}
    assert stage_of(campaign) is ACTS[act].to
    late = served.type(*words, token=token_of(actor))
    assert (late.exit_code, "another stage" in late.stderr) == (1, True)


def test_what_waits_is_listed_with_who_posted_it(served: Terminal) -> None:
    owner, approver = an_owner("harbour", name="Ines"), a_person("harbour", roles=ADMIN)
    token = token_of(approver)
    assert "Nothing waits for you." in served.type("campaign", "waiting", token=token).stdout
    campaign = posted(owner)
    listed = served.type("campaign", "waiting", token=token).stdout
    assert str(campaign) in listed
    assert "Ines" in listed


def test_an_import_says_that_it_waits_and_a_draft_that_it_does_not(served: Terminal) -> None:
    owner = an_owner()
    lines = ['name = "Birds"', 'title = "Which?"', 'purpose = "So."', 'instructions = "Choose."']
    lines += ["[form]", 'fields = [{ name = "entry", label = "Entry" }]']
    lines += ["[[form.questions]]", 'name = "kind"', 'kind = "choice"', 'label = "Which?"']
    lines += ['options = [{ value = "a", label = "A" }, { value = "b", label = "B" }]']
    spec, rows = served.write("spec.toml", "\n".join(lines)), served.write("rows.csv", "entry\nx\n")
    words = ("campaign", "import", rows, "--spec", spec)
    assert "waits for an approver" in served.type(*words, token=token_of(owner)).stdout
    assert "It is a draft" in served.type(*words, "--draft", token=token_of(owner)).stdout
    told = json.loads(served.type(*words, "--draft", "--json", token=token_of(owner)).stdout)
    assert told["stage"] == Stage.DRAFT

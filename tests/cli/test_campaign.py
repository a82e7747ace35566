"""`marketplace campaign`: import, list, export."""

from __future__ import annotations

import json
import os
import re
import stat
import tomllib
from pathlib import Path

import pytest
from sqlalchemy import func, select

from marketplace.cli.files import spec_of
from marketplace.foundation.db import reading, transaction
from security.principal import Principal
from tasks import claims, contributions, settling, spec, table
from tasks.models import Campaign
from tests.application import token_of
from tests.builders import AT_WORK, a_campaign, a_person, an_owner
from tests.cli.conftest import Terminal

SAMPLES = Path(__file__).resolve().parents[2] / "deploy" / "samples"
GOOD = "Species name,size\nGull,small\nBat,small\n"


def test_a_file_becomes_a_campaign(served: Terminal) -> None:
    file = served.write("rows.csv", "\ufeff" + GOOD)
    done = _import(served, file)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("Imported 2 items as campaign ")
    campaign = done.stdout.splitlines()[0].split()[-1]
    assert done.stdout.splitlines()[1].endswith(f"/campaigns/{campaign}/room")
    assert _campaigns() == 1


def test_programs_read_json(served: Terminal) -> None:
    file = served.write("rows.csv", GOOD)
    made = json.loads(_import(served, file, "--json").stdout)
    assert (sorted(made), made["items"]) == (["id", "items", "page", "room", "stage"], 2)
    assert made["room"] == f"{made['page']}/room"


def test_one_item_is_no_items(served: Terminal) -> None:
    done = _import(served, served.write("rows.csv", "Species name\nGull\n"))
    assert done.stdout.startswith("Imported 1 item as campaign ")


def test_a_file_that_is_wrong_itself_has_its_own_heading(served: Terminal) -> None:
    refused = _import(served, served.write("rows.csv", "species,size\nGull,small\n"))
    lines = refused.stderr.splitlines()
    assert lines[0].startswith("The file cannot be imported as it is. Nothing was imported")
    assert lines[2].split(maxsplit=1) == [
        "1",
        "The column “Species name” is missing. There is: “species”, “size”.",
    ]


def test_every_bad_row_is_listed_and_nothing_imported(served: Terminal) -> None:
    file = served.write("rows.csv", "Species name,size\nGull,small\n,small\nBat\nOwl,big\n")
    refused = _import(served, file)
    assert (refused.exit_code, refused.stdout) == (1, "")
    lines = refused.stderr.splitlines()
    assert "Nothing was imported" in lines[0]
    assert lines[1].split() == ["LINE", "REASON"]
    assert [line.split()[0] for line in lines[2:]] == ["3", "4"]
    assert "“Species name” is empty" in lines[2]
    assert _campaigns() == 0
    listed = _import(served, file, "--json")
    assert listed.exit_code == 1
    assert [error["row"] for error in json.loads(listed.stdout)["errors"]] == [3, 4]


def test_settings_that_cannot_be_used_are_listed_by_place(served: Terminal) -> None:
    text = (served.folder / "spec.toml").read_text().replace('kind = "choice"', 'kind = "guess"')
    text = text[: text.index("[[form.fields]]")] + "[form]\nfields = [1]\n"
    served.write("spec.toml", "minutes = true\n" + text)
    refused = _import(served, served.write("rows.csv", GOOD))
    assert refused.exit_code == 1
    assert "form.questions.0.kind" in refused.stderr
    assert re.search(r"^minutes +Must be a whole number from 1 to 480\.$", refused.stderr, re.MULTILINE)
    assert re.search(r"^form\.fields\.0 +Must be an object\.$", refused.stderr, re.MULTILINE)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("Species name,size\nM\u00f6we,small\n".encode("latin-1"), "byte 20, in line 2, is 0xf6"),
        (GOOD.encode("utf-16"), "It looks like UTF-16"),
    ],
)
def test_other_encodings_are_refused_with_their_place(
    served: Terminal, content: bytes, sentence: str
) -> None:
    refused = _import(served, served.write("rows.csv", content))
    assert (refused.exit_code, _campaigns()) == (1, 0)
    assert sentence in refused.stderr


def test_settings_that_are_no_toml_are_refused_with_their_place(terminal: Terminal) -> None:
    terminal.write("spec.toml", "name = \n")
    refused = _import(terminal, terminal.write("rows.csv", GOOD), token="mkt_x")
    assert refused.exit_code == 1
    assert "spec.toml is not valid TOML" in refused.stderr
    assert "line 1" in refused.stderr


def test_a_file_that_is_too_large_is_not_sent(served: Terminal) -> None:
    large = served.write("rows.csv", b"x" * (32 * 1024 * 1024))
    refused = _import(served, large, token=token_of(an_owner()))
    assert (refused.exit_code, "32 MB" in refused.stderr) == (1, True)


def test_a_role_that_does_not_fit_is_a_sentence(served: Terminal) -> None:
    refused = _import(served, served.write("rows.csv", GOOD), token=token_of(a_person()))
    assert refused.exit_code == 1
    assert refused.stderr.count("Your role does not include this.") == 1
    assert "this. (reference R-" in refused.stderr


def test_results_are_exported_to_a_file_of_ones_own(served: Terminal) -> None:
    owner = an_owner()
    campaign = _settled(owner)
    out = served.folder / "results.csv"
    done = served.type("campaign", "export", campaign, "--out", str(out), token=token_of(owner))
    assert (done.exit_code, done.stdout) == (0, "")
    assert stat.S_IMODE(os.stat(out).st_mode) == 0o600
    shown = served.type("campaign", "export", campaign, token=token_of(owner))
    assert shown.stdout_bytes == out.read_bytes()
    assert b"1,Entry 1,bird,1,1,no," in out.read_bytes()


def test_an_unknown_campaign_is_a_sentence(served: Terminal) -> None:
    for name in ("7d8f2c9e-3b5a-4c1d-9e8f-0a1b2c3d4e5f", "strikes"):
        refused = served.type("campaign", "export", name, token=token_of(an_owner()))
        assert (refused.exit_code, "or none that you may see" in refused.stderr) == (1, True)
    assert served.type("campaign", "export", "../me", token="mkt_x").exit_code == 2


def test_campaigns_are_listed(served: Terminal) -> None:
    owner = an_owner()
    assert "no campaign" in served.type("campaign", "list", token=token_of(owner)).stdout
    campaign = a_campaign(owner, title="What was struck?")
    listed = served.type("campaign", "list", token=token_of(owner)).stdout.splitlines()
    assert listed[1].startswith(str(campaign))
    assert "results" in listed[1]
    other = served.type("campaign", "list", "--json", token=token_of(a_person())).stdout
    assert [row["id"] for row in json.loads(other)["can"]] == [str(campaign)]


def test_without_a_token_the_way_to_one_is_shown(terminal: Terminal) -> None:
    refused = terminal.type("campaign", "list")
    assert refused.exit_code == 2
    assert "MARKET_TOKEN" in refused.stderr
    assert "Personal tokens come later" in " ".join(refused.stderr.split())


def test_a_refused_token_is_a_sentence(served: Terminal) -> None:
    refused = served.type("campaign", "list", token="mkt_nobody")
    assert refused.exit_code == 1
    assert "This token is not accepted" in refused.stderr
    assert "marketplace demo token" in refused.stderr
    assert "on your page" not in refused.stderr


def test_nobody_there_is_a_sentence(terminal: Terminal) -> None:
    refused = terminal.type("campaign", "list", "--url", "http://127.0.0.1:1", token="mkt_x")
    assert refused.exit_code == 1
    assert "Nobody answers at http://127.0.0.1:1" in refused.stderr


@pytest.mark.parametrize("url", ["http://tasks.example", "tasks.example", "ftp://tasks.example"])
def test_a_token_is_not_sent_in_the_clear(terminal: Terminal, url: str) -> None:
    assert terminal.type("campaign", "list", "--url", url, token="mkt_x").exit_code == 2


@pytest.mark.parametrize("sample", sorted(SAMPLES.glob("*.toml")), ids=lambda path: path.name)
def test_the_samples_are_campaigns(sample: Path) -> None:
    if sample.name == "demo.toml":  # people, not a campaign
        assert "agency" in tomllib.loads(sample.read_text())
        return
    assert spec.read(spec_of(sample))["form"]["questions"]


def test_the_documented_example_is_a_campaign(terminal: Terminal) -> None:
    page = (SAMPLES.parents[1] / "docs" / "campaign-toml.md").read_text()
    example, rows = (re.search(rf"```{kind}\n(.*?)```", page, re.DOTALL) for kind in ("toml", "csv"))
    assert example
    assert rows
    settings = spec.read(spec_of(terminal.write("example.toml", example[1])))
    assert len(table.items(rows[1], settings["form"])) == 2


def _import(terminal: Terminal, file: Path, *more: str, token: str | None = None):  # type: ignore[no-untyped-def]
    token = token or token_of(an_owner())
    words = ("campaign", "import", str(file), "--spec", str(terminal.folder / "spec.toml"))
    return terminal.type(*words, *more, token=token)


def _settled(owner: Principal) -> str:
    campaign, person = a_campaign(owner, items=1, redundancy=1), a_person()
    with transaction() as tx:
        claim = claims.claim_next(tx, campaign, actor=person, context=AT_WORK)
        contributions.submit(tx, claim, {"kind": "bird"}, actor=person, context=AT_WORK)
    with transaction() as tx:
        settling.settle(tx, campaign)
    return str(campaign)


def _campaigns() -> int:
    with reading() as db:
        return int(db.scalar(select(func.count()).select_from(Campaign)))

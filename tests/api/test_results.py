"""Results: for the campaign's agency, page by page, as a file that spreadsheets may open."""

from __future__ import annotations

import csv
import io
from typing import Any
from uuid import UUID

import pytest

from marketplace.foundation.db import transaction
from security.principal import Principal, Role
from tasks import claims, contributions, settling
from tasks.consensus.majority import RULE as MAJORITY
from tests.builders import AT_WORK, a_campaign, a_form, a_person, an_owner


def a_settled_campaign(owner: Principal, items: int = 3, note: str | None = None, **given: Any) -> UUID:
    answer = {"note": note} if note else {}
    campaign = a_campaign(owner, items=items, redundancy=1, **given)
    person = a_person()
    for _ in range(items):
        with transaction() as tx:
            claim = claims.claim_next(tx, campaign, actor=person, context=AT_WORK)
            contributions.submit(tx, claim, {"kind": "bird"} | answer, actor=person, context=AT_WORK)
    with transaction() as tx:
        assert settling.settle(tx, campaign) == items
    return campaign


def test_a_list_is_read_page_by_page(program: Any) -> None:
    owner = an_owner()
    campaign, reader = a_settled_campaign(owner, items=5), program(owner)
    numbers, after = [], ""
    for _ in range(3):
        page = reader.get(f"/campaigns/{campaign}/results?limit=2{after}").json
        numbers += [row["number"] for row in page["rows"]]
        after = f"&after={page['next']}"
    assert numbers == [1, 2, 3, 4, 5]
    assert page["next"] is None


def test_a_cursor_holds_in_its_own_list_only(program: Any) -> None:
    owner = an_owner()
    one, other = a_settled_campaign(owner), a_settled_campaign(owner)
    reader = program(owner)
    after = reader.get(f"/campaigns/{one}/results?limit=1").json["next"]
    assert reader.get(f"/campaigns/{one}/results?after={after}").status_code == 200
    for path in (f"/campaigns/{other}/results?after={after}", f"/campaigns/{one}/results?after={after}x"):
        refused = reader.get(path)
        assert (refused.status_code, refused.json["type"]) == (422, "/problems/invalid-input")


def test_an_unchanged_list_is_not_sent_again(program: Any) -> None:
    owner = an_owner()
    path, reader = f"/campaigns/{a_settled_campaign(owner)}/results", program(owner)
    etag = reader.get(path).headers["ETag"]
    assert reader.get(path, headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.parametrize("rest", ["/results", "/results.csv"])
def test_results_are_for_the_campaigns_agency(program: Any, rest: str) -> None:
    campaign = a_campaign()
    stranger = program(an_owner()).get(f"/campaigns/{campaign}{rest}")
    assert (stranger.status_code, stranger.json["type"]) == (403, "/problems/not-for-you")
    contributor = program(a_person()).get(f"/campaigns/{campaign}{rest}")
    assert (contributor.status_code, contributor.json["type"]) == (403, "/problems/not-permitted")


def test_appraisers_read_but_do_not_export(program: Any) -> None:
    campaign = a_settled_campaign(an_owner("aviation"))
    appraiser = program(a_person("aviation", roles=(Role.APPRAISER,)))
    assert appraiser.get(f"/campaigns/{campaign}/results").status_code == 200
    assert appraiser.get(f"/campaigns/{campaign}/results.csv").status_code == 403


def test_an_item_without_a_result_says_so(program: Any) -> None:
    owner = an_owner()
    campaign = a_campaign(owner)
    claim = program(a_person()).post(f"/campaigns/{campaign}/claims").json
    waiting = program(owner).get(f"/campaigns/{campaign}/results/{claim['microtask_id']}")
    assert (waiting.status_code, waiting.json["type"]) == (409, "/problems/not-settled-yet")
    other = program(owner).get(f"/campaigns/{a_campaign(owner)}/results/{claim['microtask_id']}")
    assert (other.status_code, other.json["type"]) == (404, "/problems/not-found")


def test_an_exported_cell_is_no_formula(program: Any) -> None:
    owner = an_owner()
    fields = [{"name": "entry", "label": "Entry"}, {"name": "rule", "label": "Rule"}]
    campaign = a_settled_campaign(
        owner, items=1, csv='entry,rule\n"=HYPERLINK(""x"")",17\n', form=a_form(fields=fields)
    )
    text = program(owner).get(f"/campaigns/{campaign}/results.csv").text
    [row] = csv.DictReader(io.StringIO(text))
    assert row["entry"] == '\'=HYPERLINK("x")'
    assert (row["item_rule"], row["rule"]) == ("17", MAJORITY)


def test_an_export_has_the_notes_for_the_owner_and_no_note_is_a_formula(program: Any) -> None:
    owner = an_owner()
    campaign = a_settled_campaign(owner, items=1, note='=HYPERLINK("x");=1+1\n=2+2')
    text = program(owner).get(f"/campaigns/{campaign}/results.csv").text
    [row] = csv.DictReader(io.StringIO(text, newline=""))
    alias = row["trace"].partition(":")[0]
    assert row["notes"] == f'{alias}: =HYPERLINK("x"),=1+1 =2+2'
    for separator in (",", ";"):
        cells = [
            cell for line in csv.reader(io.StringIO(text, newline=""), delimiter=separator) for cell in line
        ]
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)


def test_an_export_has_no_note_where_nobody_left_one(program: Any) -> None:
    owner = an_owner()
    text = program(owner).get(f"/campaigns/{a_settled_campaign(owner, items=1)}/results.csv").text
    [row] = csv.DictReader(io.StringIO(text, newline=""))
    assert row["notes"] == ""


def test_an_export_without_results_has_its_header(program: Any) -> None:
    owner = an_owner()
    text = program(owner).get(f"/campaigns/{a_campaign(owner)}/results.csv").text
    assert text.strip() == "number,entry,result,agreeing,answers,tied,rule,settled_on,trace,notes"

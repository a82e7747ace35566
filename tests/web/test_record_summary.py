"""The quarterly summary as people read it: tables with captions, one heading, the quarters that are kept, CSV."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime

import pytest

from agencies.oversight import summary
from tests.web.stage import Stage
from tests.web.test_claims import english

PAGE = "/record/summary"


def now() -> str:
    return str(summary.of(datetime.now(UTC)))


def test_the_officer_reads_this_quarter_in_tables(stage: Stage) -> None:
    stage.view("maja")
    stage.number_entries()
    page = english(stage, "haas").get(PAGE).get_data(as_text=True)
    assert len(re.findall("<h1", page)) == 1
    assert page.count("<caption") == page.count("<table")
    assert "Entries by act" in page
    assert "viewed an item" in page
    assert f'href="{PAGE}/{now()}" aria-current="page"' in page
    assert f'href="{PAGE}/{now()}.csv"' in page


def test_it_is_reached_from_the_record(stage: Stage) -> None:
    assert f'href="{PAGE}"' in english(stage, "haas").get("/record").get_data(as_text=True)


def test_the_csv_has_the_same_counts(stage: Stage) -> None:
    stage.view("maja")
    stage.number_entries()
    officer = english(stage, "haas")
    answer = officer.get(f"{PAGE}/{now()}.csv")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].endswith(f'"summary-{now()}.csv"')
    rows = list(csv.reader(io.StringIO(answer.get_data(as_text=True))))
    [viewed] = [row for row in rows if row[:2] == ["", "viewed an item"]]
    page = officer.get(f"{PAGE}/{now()}").get_data(as_text=True)
    assert f'<th scope="row">viewed an item</th><td class="figure end">{viewed[2]}</td>' in page


def test_refusals_are_said_in_words(stage: Stage) -> None:
    english(stage, "haas").get("/operation")
    stage.number_entries()
    page = english(stage, "haas").get(PAGE).get_data(as_text=True)
    assert '<th scope="row">role missing</th>' in page
    assert "NotPermitted" not in page


def test_no_name_and_no_pseudonym_is_in_it(stage: Stage) -> None:
    main = english(stage, "haas").get(PAGE).get_data(as_text=True).partition("<main")[2]
    for login in ("haas", "maja", "karim", "lena", "ines"):
        assert stage.person(login).name not in main
    assert "pseudonym" not in main


@pytest.mark.parametrize("quarter", ["2999-Q1", "2026-Q5", "x"])
def test_another_quarter_is_not_there(stage: Stage, quarter: str) -> None:
    for path in (f"{PAGE}/{quarter}", f"{PAGE}/{quarter}.csv"):
        assert english(stage, "haas").get(path).status_code == 404


def test_who_may_not_read_it_has_no_such_page(stage: Stage) -> None:
    for login in ("maja", "felix", "jan"):
        assert english(stage, login).get(PAGE).status_code == 403

"""Imports: every bad row is reported, and nothing or everything is written."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event, func, select

from marketplace.foundation import db
from marketplace.foundation.db import reading
from tasks.models import Campaign, Microtask
from tasks.table import MOST_REPORTED
from tests.builders import a_form, a_person, a_spec, an_owner

FIELDS = [
    {"name": "entry", "label": "Entry", "column": "Species name", "required": True},
    {"name": "size", "label": "Size"},
]
WIDE = a_spec(form=a_form(fields=FIELDS))


@pytest.fixture
def post(program: Any) -> Any:
    owner = program(an_owner())
    return lambda csv, **given: owner.post("/campaigns", json={"spec": WIDE | given, "csv": csv})


def test_wrong_columns_are_named(post: Any) -> None:
    refused = post("species,size\nGull,small\n")
    assert _bad(refused) == [1]
    assert "“Species name”" in refused.json["errors"][0]["reason"]
    assert "“species”, “size”" in refused.json["errors"][0]["reason"]


def test_every_bad_row_is_reported_with_its_line(post: Any) -> None:
    refused = post("Species name,size\nGull,small\n,small\nBat\nBat,a,b\nOwl,a\x00b\n\nSwan,\n  ,x\n")
    assert _bad(refused) == [3, 4, 5, 6, 9]
    assert refused.json["errors"][0]["reason"] == "The cell in “Species name” is empty."
    assert refused.json["count"] == 5


def test_a_very_large_cell_is_named_and_the_rows_after_it_are_read(post: Any) -> None:
    refused = post(f"Species name,size\n{'x' * 10_000_000},small\n,small\n")
    assert _bad(refused) == [2, 3]
    assert "longer than 20000 characters" in refused.json["errors"][0]["reason"]


def test_a_quote_that_never_ends_is_named(post: Any) -> None:
    assert _bad(post('Species name,size\nGull,small\n"Owl,small\nBat,small\n')) == [3]


@pytest.mark.parametrize("csv", ["", "\n", "Species name,size\n", "Species name,Species name\na,b\n"])
def test_a_file_without_rows_or_with_twin_columns_is_refused(post: Any, csv: str) -> None:
    assert _bad(post(csv)) == [1]


def test_a_long_list_of_bad_rows_is_cut_and_counted(post: Any) -> None:
    refused = post("Species name,size\n" + ",small\n" * (MOST_REPORTED + 20))
    assert len(refused.json["errors"]) == MOST_REPORTED
    assert refused.json["count"] == MOST_REPORTED + 20


def test_semicolons_and_a_byte_order_mark_are_understood(post: Any) -> None:
    made = post("\ufeffSpecies name;size\nGull, large;small\n")
    assert (made.status_code, made.json["total"]) == (201, 1)


def test_ten_thousand_rows_are_one_transaction(post: Any) -> None:
    commits: list[object] = []
    event.listen(db.engine(), "commit", commits.append)
    made = post(
        "Species name,size\n" + "".join(f"Gull {n},small\n" for n in range(10_000)), level="sensitive"
    )
    assert (made.status_code, made.json["total"]) == (201, 10_000)
    assert len(commits) == 1
    with reading() as tx:
        assert tx.scalar(select(func.count()).select_from(Microtask)) == 10_000


def test_an_import_may_be_larger_than_other_bodies_but_not_endless(post: Any) -> None:
    long = "x" * 19_000
    assert post("Species name,size\n" + f"{long},small\n" * 100).json["total"] == 100
    assert post("x" * (32 * 1024 * 1024)).status_code == 413


def test_only_task_owners_post(program: Any) -> None:
    refused = program(a_person()).post("/campaigns", json={"spec": WIDE, "csv": "Species name,size\nGull,\n"})
    assert (refused.status_code, refused.json["type"]) == (403, "/problems/not-permitted")
    assert _campaigns() == 0


def _bad(refused: Any) -> list[int]:
    assert (refused.status_code, refused.json["type"]) == (422, "/problems/bad-rows")
    assert _campaigns() == 0
    return [error["row"] for error in refused.json["errors"]]


def _campaigns() -> int:
    with reading() as tx:
        return int(tx.scalar(select(func.count()).select_from(Campaign)))

"""A list of skills is read as a whole, or refused with the lines to mend."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agencies.skills import reading
from agencies.skills.errors import BadSkillList
from agencies.skills.folding import fold

HEAD = "skill_id,label_en,label_de,label_nl,label_fr"


def a_file(*lines: str, head: str = HEAD) -> bytes:
    return "\n".join([head, *lines, ""]).encode()


def refused(data: bytes, source: str = "short") -> list[tuple[int, str]]:
    with pytest.raises(BadSkillList) as refusal:
        reading.read(data, source)
    return [(each["row"], each["reason"]) for each in refusal.value.facts["errors"]]


def test_a_list_is_read_with_labels_addresses_and_parents() -> None:
    head = HEAD + ",uri,parent,number"
    found = reading.read(
        a_file(
            "A,Data,Daten,Gegevens,Données,https://list.example/a,,1",
            'A.1,"Reading, data",,,Lire,,1,1.1',
            "A.2,Writing,,,,,A,1.2",
            head=head,
        ),
        "short",
    )
    first, second, third = found.skills
    assert (first.labels["fr"], first.uri, first.parent) == ("Données", "https://list.example/a", None)
    assert (dict(second.labels), second.parent) == ({"en": "Reading, data", "fr": "Lire"}, "A")
    assert third.parent == "A"


def test_semicolons_and_a_byte_order_mark_are_read() -> None:
    head = HEAD.replace(",", ";")
    assert reading.read(b"\xef\xbb\xbf" + a_file("law;Law;Recht;;", head=head), "x").skills[0].code == "law"


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        ("skill_id,label_en\nlaw,Caf\u00e9\n".encode("latin-1"), 2, "Not UTF-8"),
        (b"\xff\xfes\x00k\x00", 1, "Not UTF-8"),
        (b"", 1, "empty"),
        (HEAD.encode(), 1, "no rows"),
        (b"skill_id,label_en\nlaw,Law\n", 1, "Missing: label_de, label_nl, label_fr"),
        (a_file("law,Law,,,,x", head=HEAD + ",label_en"), 1, "same name"),
        (a_file('law,"Law,,,'), 2, "Not readable as CSV"),
        (a_file("law,Law,,"), 2, "Has 4 cells, the first line has 5"),
        (a_file("law,,Recht,,"), 2, "label_en is empty"),
        (a_file("a b,Law,,,"), 2, "skill_id"),
        (a_file("a\\,Law,,,"), 2, "skill_id"),
        (a_file(",Law,,,"), 2, "skill_id"),
        (a_file('"a,b",Law,,,'), 2, "skill_id"),
        (a_file("law,=1+1,,,"), 2, "formula"),
        (a_file("law,Law,@SUM(A1),,"), 2, "formula"),
        (a_file("law,Law,,\t=1,"), 2, "formula"),
        (a_file("law,La\x00w,,,"), 2, "cannot be stored"),
        (a_file("law,La\u202ew,,,"), 2, "cannot be shown"),
        (a_file(f"law,{'L' * 201},,,"), 2, "longer than 200"),
        (a_file("law,Law,,,", "law,Other,,,"), 3, "in line 2 already"),
        (a_file("law,Law,,,,javascript:alert(1)", head=HEAD + ",uri"), 2, "https://"),
        (a_file("law,Law,,,,law", head=HEAD + ",parent"), 2, "parent"),
        (a_file("law,Law,,,,nowhere", head=HEAD + ",parent"), 2, "parent"),
        (b" " * (reading.LARGEST_FILE + 1), 1, "Larger than 32 MB"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_line(data: bytes, line: int, words: str) -> None:
    [(row, reason)] = refused(data)
    assert row == line
    assert words in reason


def test_a_million_rows_are_refused_where_the_list_gets_too_long() -> None:
    rows = "".join(f"s{number},Skill,,,\n" for number in range(1_000_000))
    [(row, reason)] = refused(f"{HEAD}\n{rows}".encode())
    assert (row, reason) == (50_002, "More than 50,000 rows. No list of skills is that long.")


def test_every_bad_row_is_named_at_once() -> None:
    assert [row for row, _ in refused(a_file("law,,,,", "maths,Maths,,,", "x y,X,,,"))] == [2, 4]


@pytest.mark.parametrize("source", ["", "a b", "=1", "x" * 61, "ü"])
def test_a_list_has_a_short_name(source: str) -> None:
    assert "named" in refused(a_file("law,Law,,,"), source)[0][1]


@given(st.lists(st.lists(st.text(max_size=12), max_size=7), max_size=6))
def test_any_table_is_a_list_or_is_refused(rows: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text).writerow(HEAD.split(","))
    csv.writer(text).writerows(rows)
    try:
        found = reading.read(text.getvalue().encode("utf-8", "surrogatepass"), "x").skills
    except BadSkillList:
        found = ()
    codes = [each.code for each in found]
    assert len(set(codes)) == len(codes)
    assert all(reading.CODE.fullmatch(code) for code in codes)
    assert all(each.labels["en"].isprintable() for each in found)


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_capitals_accents_and_spaces_make_no_difference() -> None:
    assert fold("  Sécurité   AÉRIENNE ") == fold("securite aerienne")
    assert fold("Straße") == "strasse"

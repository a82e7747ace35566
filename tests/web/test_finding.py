"""Agencies are found by words and by mail domains; of a mail address nothing else is looked at."""

from __future__ import annotations

from typing import Any

import pytest

from marketplace.web.finding import matching, wanted

AVIATION = {
    "name": "Civil Aviation Office",
    "initials": "CA",
    "domain": "aviation.example",
    "mail_domains": ["caa.example"],
}
ARCHIVE: dict[str, Any] = {
    "name": "National Archive",
    "initials": "NA",
    "domain": "archive.example",
    "mail_domains": [],
}


@pytest.mark.parametrize(
    ("typed", "looked_for"),
    [
        ("maja@north.example", "@north.example"),
        ("  Maja Okonkwo <maja@north.example.> ", "@north.example"),
        ('"odd@name"@north.example', "@north.example"),
        ("maja@", "@"),
        ("  civil   aviation ", "civil aviation"),
        ("", ""),
        ("x" * 300, "x" * 200),
    ],
)
def test_what_is_looked_for(typed: str, looked_for: str) -> None:
    assert wanted(typed) == looked_for


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("", [AVIATION, ARCHIVE]),
        ("AVIATION office", [AVIATION]),
        ("na", [ARCHIVE]),
        ("caa.example", [AVIATION]),
        ("somebody@caa.example", [AVIATION]),
        ("somebody@tower.aviation.example", [AVIATION]),
        ("somebody@ARCHIVE.example", [ARCHIVE]),
        ("somebody@notarchive.example", []),
        ("somebody@example", []),
        ("somebody@", []),
        ("zeppelin", []),
    ],
)
def test_agencies_that_fit(typed: str, found: list[dict[str, Any]]) -> None:
    assert matching([AVIATION, ARCHIVE], typed) == found

"""What stands in a tab, a history and a task bar: of sealed work no name, and nothing is kept in a cache."""

from __future__ import annotations

import re
from html import unescape

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from marketplace.foundation.db import reading
from security.labels import Level
from tasks.models import Campaign
from tests.web.stage import Stage
from tests.web.test_claims import english

PATHS = ("", "/room", "/results")


def sealed_campaigns() -> list[tuple[str, str, str]]:
    """Id, name and title of every campaign whose content lies sealed."""
    with reading() as db:
        rows = db.all(
            select(Campaign.id, Campaign.name, Campaign.title).where(Campaign.level >= int(Level.SENSITIVE))
        )
    return [(str(row.id), row.name, row.title) for row in rows]


def pages(client: FlaskClient) -> list[tuple[str, str, str, str]]:
    """Address, title, and name and title of its campaign, of every page that this person may read."""
    found = []
    for campaign, name, title in sealed_campaigns():
        for path in PATHS:
            answer = client.get(f"/campaigns/{campaign}{path}")
            if answer.status_code == 200:
                shown = re.search(r"<title>(.*?)</title>", answer.get_data(as_text=True))
                assert shown is not None
                assert answer.headers["Cache-Control"] == "no-store", path
                found.append((path, unescape(shown[1]), name, title))
    return found


@pytest.mark.parametrize("login", ["maja", "ines", "sofie"])
def test_the_title_of_a_page_about_sealed_work_names_nothing(stage: Stage, login: str) -> None:
    for path, shown, name, title in pages(english(stage, login)):
        assert name not in shown, path
        assert title not in shown, path
        assert "Sealed campaign" in shown, path


def test_the_owner_has_such_pages(stage: Stage) -> None:
    assert {path for login in ("ines", "sofie") for path, *_ in pages(english(stage, login))} == set(PATHS)

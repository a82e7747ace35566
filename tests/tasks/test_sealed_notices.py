"""Notices and mails never call sealed work by its name."""

from __future__ import annotations

from types import SimpleNamespace
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from agencies import notice_mail, notices
from agencies.notice_words import OF_SEALED, SENTENCES
from marketplace.foundation.catalogues import LANGUAGES
from marketplace.foundation.db import reading
from tasks import facts
from tasks.campaign_names import in_notice
from tests.builders import a_campaign, a_claim, a_person, lapsed

NAME, TITLE = "Informants", "Who told them?"


@pytest.mark.parametrize(
    ("level", "said"), [("internal", {"campaign": TITLE}), ("sensitive", {"sealed": True})]
)
def test_what_a_notice_knows_of_a_campaign(database: Engine, level: str, said: dict[str, object]) -> None:
    campaign = a_campaign(name=NAME, title=TITLE, level=level)
    with reading() as db:
        assert in_notice(facts.campaign(db, campaign), TITLE) == said


def test_whoever_lost_a_sealed_item_is_told_without_its_name(database: Engine) -> None:
    person = a_person()
    lapsed(a_claim(a_campaign(name=NAME, title=TITLE, level="sensitive"), person))
    with reading() as db:
        [row] = notices.listing(db, person.person_id)
    assert (row.kind, row.args) == ("claim.lapsed", {"sealed": True})


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", OF_SEALED)
def test_its_mail_names_nothing(kind: str, language: str) -> None:
    row = SimpleNamespace(
        id=uuid4(), kind=kind, args={"sealed": True}, path="/my-work", name="Maja", email="maja@north.example",
        locale=language,
    )  # fmt: skip
    mail = notice_mail.written(row, sender="market@commons.example", public_url="https://commons.example")
    assert mail["Subject"]
    assert "%" not in mail["Subject"]
    assert "“" not in mail["Subject"]


def test_every_notice_about_a_campaign_has_words_for_sealed_ones() -> None:
    assert {kind for kind, words in SENTENCES.items() if "%(campaign)s" in words} == set(OF_SEALED)

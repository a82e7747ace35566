"""Every sentence of the pages is translated, in every language. To update the catalogues:

pybabel extract -F babel.cfg -k _l -k _lp:1c,2 -k lazy_gettext -k lazy_pgettext:1c,2 --no-location -o messages.pot .
pybabel update -i messages.pot -d marketplace/translations --no-wrap
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from deploy.setup.ground import ROOT
from marketplace.foundation.catalogues import CATALOGUES, LANGUAGES, SOURCE
from tests.web.stage import Stage

KEYWORDS = DEFAULT_KEYWORDS | {
    "_l": None,
    "_lp": ((1, "c"), 2),
    "lazy_gettext": None,
    "lazy_pgettext": ((1, "c"), 2),
}
TRANSLATED = sorted(set(LANGUAGES) - {SOURCE})


@cache
def extracted() -> Catalog:
    """What the source asks for, by babel.cfg."""
    with (ROOT / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    found = Catalog()
    for folder in ("agencies", "marketplace/web"):
        mapping = [(pattern.removeprefix(f"{folder}/"), method) for pattern, method in methods]
        given = {pattern.removeprefix(f"{folder}/"): option for pattern, option in options.items()}
        for _, _, message, comments, context in extract_from_dir(
            Path(ROOT) / folder, mapping, given, keywords=KEYWORDS
        ):
            found.add(message, None, auto_comments=comments, context=context)
    return found


def catalogue(code: str) -> Catalog:
    with (CATALOGUES / code / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=code)


def forms(message: Any) -> tuple[str, ...]:
    return message.string if isinstance(message.string, tuple) else (message.string,)


def test_the_source_is_found() -> None:
    assert len([message for message in extracted() if message.id]) > 400


@pytest.mark.parametrize("code", TRANSLATED)
def test_no_string_is_missing(code: str) -> None:
    known = {(message.context, _key(message)) for message in catalogue(code) if all(forms(message))}
    wanted = {(message.context, _key(message)) for message in extracted() if message.id}
    assert sorted(wanted - known, key=str) == []


@pytest.mark.parametrize("code", TRANSLATED)
def test_no_string_is_fuzzy_or_left_over(code: str) -> None:
    wanted = {(message.context, _key(message)) for message in extracted()}
    found = catalogue(code)
    assert [message.id for message in found if message.id and message.fuzzy] == []
    assert [message.id for message in found if (message.context, _key(message)) not in wanted] == []


@pytest.mark.parametrize("code", TRANSLATED)
def test_placeholders_survive_translation(code: str) -> None:
    wrong = []
    for message in catalogue(code):
        ids = message.id if isinstance(message.id, tuple | list) else (message.id,)
        wanted = set(re.findall(r"%\(\w+\)s", ids[-1]))
        wrong += [
            text for text in forms(message) if set(re.findall(r"%\(\w+\)s", text)) != wanted and message.id
        ]
    assert wrong == []


@pytest.mark.parametrize("code", TRANSLATED)
def test_plural_forms_are_the_languages_own(code: str) -> None:
    found = catalogue(code)
    plural = [message for message in found if isinstance(message.id, tuple | list)]
    assert plural
    assert all(len(message.string) == found.num_plurals for message in plural)


@pytest.mark.parametrize(
    ("code", "title"),
    [("en", "Find work"), ("de", "Aufgaben finden"), ("nl", "Werk zoeken"), ("fr", "Trouver du travail")],
)
def test_pages_speak_the_chosen_language(stage: Stage, code: str, title: str) -> None:
    client = stage.client("maja")
    client.set_cookie("language", code)
    page = client.get("/work").get_data(as_text=True)
    assert f'<html lang="{code}" dir="ltr"' in page
    assert f"<h1>{title}</h1>" in page


def test_a_choice_of_language_is_kept_on_device_and_account(stage: Stage) -> None:
    client = stage.client("paul")
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/my-work").get_data(as_text=True))
    assert token is not None
    answer = client.post("/language", data={"csrf_token": token[1], "language": "nl", "next": "/my-work"})
    assert answer.status_code == 303
    assert answer.location == "/my-work"
    assert client.get_cookie("language").value == "nl"  # type: ignore[union-attr]
    assert stage.person("paul").locale == "nl"


def test_the_browsers_language_serves_before_sign_in(stage: Stage) -> None:
    page = stage.client().get("/", headers={"Accept-Language": "sv, fr;q=0.8, en;q=0.5"})
    assert '<html lang="fr"' in page.get_data(as_text=True)


def _key(message: Any) -> str:
    return message.id[0] if isinstance(message.id, tuple | list) else message.id

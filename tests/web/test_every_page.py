"""What holds for every page, whoever looks at it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from marketplace.foundation.catalogues import LANGUAGES
from tests.web import gallery
from tests.web.stage import Stage

NAMES = (
    "start", "sign-in", "sign-in-agency", "help", "accessibility", "data-protection", "not-found", "board",
    "board-filtered", "board-nothing", "campaign", "campaign-step-away", "work", "work-passage",
    "work-over", "my-work", "my-work-empty", "notices", "notices-empty", "sessions", "device-keys",
    "my-skills", "my-skills-nothing", "people-skills", "person-skills",
    "campaigns", "post-sealed", "campaign-key", "key-desk", "room", "room-waiting", "approvals",
    "approvals-empty", "approval", "room-empty", "results", "results-empty", "retention", "shred",
    "shred-item", "result", "record", "record-filtered", "record-today", "record-nothing", "alerts",
    "alert", "alert-hand-on", "alert-rules", "incidents", "incident-new", "incident", "reviews", "review",
    "devices-seen", "device-seen", "summary", "look-ups", "look-up-to-answer", "my-record",
    "my-record-mine", "data-requests", "data-request", "need-to-know", "need-to-know-campaign",
    "need-to-know-nothing", "handling", "agency-keys", "keys-by-year", "key-destruction", "units", "unit",
    "unit-guest", "person-units", "operation", "refused", "rules", "rules-empty", "rules-choose",
    "rule-new", "rule-expert", "rule", "rules-preview", "rules-version",
)  # fmt: skip


TextOf = Callable[..., str]


@pytest.fixture(scope="module")
def seen() -> dict[tuple[str, str], str]:
    """Pages that were looked at, by name and language."""
    return {}


@pytest.fixture
def text_of(stage: Stage, seen: dict[tuple[str, str], str]) -> TextOf:
    """The text of a page by its name. It is fetched once, however many tests read it."""

    def read(name: str, language: str = "en") -> str:
        if (name, language) not in seen:
            _, login, path = next(page for page in gallery.pages(stage) if page[0] == name)
            client = stage.client(login)
            client.set_cookie("language", language)
            answer = client.get(path)
            assert answer.status_code == {"not-found": 404, "refused": 403}.get(name, 200)
            seen[name, language] = answer.get_data(as_text=True)
        return seen[name, language]

    return read


def test_the_gallery_shows_every_page(stage: Stage) -> None:
    assert [name for name, _, _ in gallery.pages(stage)] == list(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_no_script_and_no_style_stands_in_the_page(text_of: TextOf, name: str) -> None:
    text = text_of(name)
    assert re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", text) == []
    assert re.findall(r"<style|\sstyle=|\son[a-z]+=\"|javascript:", text) == []


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_asked_of_another_site(text_of: TextOf, name: str) -> None:
    assert re.findall(r'(?:href|src|action|formaction)="(?:https?:)?//[^"]*"', text_of(name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_form_that_changes_something_carries_its_tokens(text_of: TextOf, name: str) -> None:
    for form in re.findall(r'<form[^>]*method="post".*?</form>', text_of(name), re.DOTALL):
        assert 'name="csrf_token"' in form
        harmless = re.search(r'action="/(language|appearance|sign-out)"|/sign-in', form)
        assert harmless or 'name="idempotency_key"' in form


@pytest.mark.parametrize("name", NAMES)
def test_ids_are_used_once_and_labels_lead_somewhere(text_of: TextOf, name: str) -> None:
    text = text_of(name)
    ids = re.findall(r'\sid="([^"]+)"', text)
    assert sorted(ids) == sorted(set(ids))
    wanted = re.findall(r'\s(?:for|aria-labelledby|aria-describedby|popovertarget|form)="([^"]+)"', text)
    assert set(wanted) <= set(ids)


def test_names_of_languages_carry_their_language(text_of: TextOf) -> None:
    text = text_of("start")
    for code, name in LANGUAGES.items():
        assert re.search(rf'lang="{code}"[^>]*>{name}<', text)


def test_what_people_wrote_carries_its_language_and_direction(text_of: TextOf) -> None:
    text = text_of("work", "de")
    assert '<h1 lang="en" dir="auto">Does the entry name what was struck?</h1>' in text
    assert re.search(r'<p class="value[^"]*" dir="auto"', text)


@pytest.mark.parametrize(
    ("login", "shown"),
    [
        ("maja", ["Find work", "My work"]),
        ("ines", ["Find work", "My work", "Campaigns"]),
        ("haas", ["Record", "Need to know", "Agency", "People"]),
        ("jan", ["Operation"]),
    ],
)
def test_navigation_shows_only_what_a_person_can_use(stage: Stage, login: str, shown: list[str]) -> None:
    client = stage.client(login)
    client.set_cookie("language", "en")
    bar = re.search(r'<nav class="nav".*?</nav>', client.get("/help").get_data(as_text=True), re.DOTALL)
    assert bar is not None
    assert [label.strip() for label in re.findall(r"<a [^>]*>([^<]+)", bar[0])] == shown

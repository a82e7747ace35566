"""Questions of every kind at a sealed item in Chromium: checked on the device, kept sealed, read back by the owner."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import select

from marketplace.foundation.db import reading, transaction
from tasks import facts, payloads, settling
from tasks.models import Contribution, Microtask, Result
from tasks.questions import KINDS
from tests.browser.test_axe import found as by_axe
from tests.questions import ANSWERS, ORDER
from tests.web import serving
from tests.web import stage as stages
from tests.web.asking import CONTRIBUTOR, OWNER, claimed, posted
from tests.web.stage import Stage
from tests.web.test_questions import MISSING, SAID


@pytest.fixture(scope="module")
def own_stage() -> Iterator[Stage]:
    home = Path(tempfile.mkdtemp(prefix="market-sealed-questions-"))
    yield stages.set_up(home)
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def asking(own_stage: Stage) -> Iterator[Stage]:
    own_stage.enter()
    yield own_stage
    own_stage.leave()


@pytest.fixture
def served(asking: Stage) -> Iterator[str]:
    with serving.served(asking) as address:
        yield address


@pytest.fixture
def contributor(chromium: Browser, asking: Stage, served: str) -> Iterator[BrowserContext]:
    with serving.visitor(chromium, asking, served, CONTRIBUTOR) as context:
        serving.set_up(context, asking, CONTRIBUTOR)
        yield context


@pytest.fixture
def owner(chromium: Browser, asking: Stage, served: str) -> Iterator[BrowserContext]:
    with serving.visitor(chromium, asking, served, OWNER) as context:
        serving.set_up(context, asking, OWNER)
        yield context


def at_the_item(context: BrowserContext, claim_id: UUID) -> Page:
    page = context.new_page()
    page.goto(f"/claims/{claim_id}")
    expect(page.locator("#answer")).to_be_visible()
    return page


def fill(page: Page, kind: str) -> None:
    """Give the answer of ANSWERS with the widgets there are."""
    value = ANSWERS[kind]
    if kind == "ranking":
        for place, option in enumerate(value, 1):
            page.locator(f"#q-{kind}-{option}").select_option(str(place))
    elif kind in ("number", "text", "long_text", "date"):
        page.locator(f"#q-{kind}").fill(value.replace(".", ",") if kind == "number" else value)
    else:
        for each in [value] if isinstance(value, str) else value:
            page.locator(f"[name='answer.{kind}'][value='{each}']").check()


def filled(page: Page, kind: str) -> Any:
    """What stands in the widgets."""
    if kind == "ranking":
        places = {option: page.locator(f"#q-{kind}-{option}").input_value() for option in ORDER}
        return sorted(ORDER, key=places.__getitem__)
    if kind in ("number", "text", "long_text", "date"):
        return page.locator(f"#q-{kind}").input_value()
    chosen = page.locator(f"[name='answer.{kind}']:checked")
    values = [chosen.nth(number).get_attribute("value") for number in range(chosen.count())]
    return values if kind == "several" else values[0]


def kept(campaign_id: UUID) -> Any:
    """The answer to its first item as the server can open it."""
    mine = select(Contribution.id, Contribution.microtask_id, Contribution.payload_id)
    mine = mine.join(Microtask, Microtask.id == Contribution.microtask_id)
    with transaction() as tx:
        row = tx.all(mine.where(Microtask.campaign_id == campaign_id))[0]
        ref = payloads.answer(row.microtask_id, row.id, 1)
        return payloads.open_one(tx, facts.campaign(tx, campaign_id), ref, None, row.payload_id)


@pytest.mark.parametrize("kind", KINDS)
def test_a_sealed_item_from_the_question_to_its_result(
    asking: Stage, contributor: BrowserContext, owner: BrowserContext, kind: str
) -> None:
    campaign_id = posted(asking, kind, level="sensitive")
    page = at_the_item(contributor, claimed(asking, campaign_id))
    first = page.url

    page.get_by_role("button", name="Submit and next").click()
    fault = page.locator(f"#q-{kind}-error")
    expect(fault).to_contain_text(MISSING[kind])
    assert page.evaluate("document.activeElement.id") == f"q-{kind}"
    described = page.locator(f"#q-{kind}").get_attribute("aria-describedby")
    assert described is not None
    assert f"q-{kind}-error" in described.split()
    assert by_axe(page) == ([], [])

    with page.expect_response(lambda answer: answer.url.endswith("/draft")) as saving:
        fill(page, kind)
    assert saving.value.status == 204
    page.reload()
    expect(page.locator("#answer")).to_be_visible()
    assert filled(page, kind) == ANSWERS[kind]
    assert page.evaluate("JSON.stringify({...sessionStorage})") == "{}"

    page.get_by_role("button", name="Submit and next").click()
    page.wait_for_function("before => location.href !== before", arg=first)
    assert kept(campaign_id) == {kind: ANSWERS[kind]}

    with transaction() as tx:
        assert settling.settle(tx, campaign_id) == 1
    with reading() as db:
        item = db.scalar(select(Result.microtask_id).where(Result.campaign_id == campaign_id))
    result = owner.new_page()
    result.goto(f"/campaigns/{campaign_id}/results/{item}")
    expect(result.locator("[data-result]")).not_to_be_empty()
    assert " ".join(result.locator("[data-result]").inner_text().split()) == " ".join(SAID[kind].split())
    expect(result.locator("ol.trace li")).to_have_count(1)
    expect(result.locator("ol.trace li.other")).to_have_count(0)


def test_what_does_not_fit_is_not_sealed_and_every_place_is_told(
    asking: Stage, contributor: BrowserContext, owner: BrowserContext
) -> None:
    campaign_id = posted(asking, *KINDS, level="sensitive")
    page = at_the_item(contributor, claimed(asking, campaign_id))
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    for kind in set(KINDS) - {"number", "ranking", "date"}:
        fill(page, kind)
    page.locator("#q-number").fill("1000,75")
    page.locator("#q-ranking-north").select_option("1")
    page.locator("#q-ranking-south").select_option("1")
    page.get_by_role("button", name="Submit and next").click()
    expect(page.locator("#q-number-error")).to_have_text("Write a number of at most 1,000.5 kg.")
    expect(page.locator("#q-ranking-error")).to_have_text("Give every option a place of its own.")
    expect(page.locator("#q-date-error")).to_have_text("Write a date.")
    expect(page.locator("#q-text-error")).to_be_hidden()
    assert page.evaluate("document.activeElement.id") == "q-number"
    assert not [url for url in sent if url.endswith("/contribution")]

    first = page.url
    for kind in ("number", "ranking", "date"):
        fill(page, kind)
    page.keyboard.press("Control+Enter")
    page.wait_for_function("before => location.href !== before", arg=first)
    assert kept(campaign_id) == dict(ANSWERS)

    with transaction() as tx:
        settling.settle(tx, campaign_id)
    with reading() as db:
        item = db.scalar(select(Result.microtask_id).where(Result.campaign_id == campaign_id))
    result = owner.new_page()
    result.goto(f"/campaigns/{campaign_id}/results/{item}")
    for kind in KINDS:
        expect(result.locator(f"[data-result='{kind}']")).to_have_text(SAID[kind])
    assert by_axe(result) == ([], [])


def test_the_two_things_that_are_compared_stand_in_the_question(
    asking: Stage, contributor: BrowserContext
) -> None:
    page = at_the_item(contributor, claimed(asking, posted(asking, "pairwise", level="sensitive")))
    expect(page.get_by_role("radio", name="Entry A gull at the runway")).to_be_visible()
    expect(page.get_by_role("radio", name="Other entry A crow at the fence")).to_be_visible()
    expect(page.get_by_role("radio", name="Both are the same", exact=True)).to_be_visible()
    page.keyboard.press("2")
    expect(page.get_by_role("radio").nth(1)).to_be_checked()
    page.evaluate("document.dispatchEvent(new CustomEvent('market:close'))")
    expect(page.locator("#q-pairwise .content").first).to_be_empty()


def test_a_half_made_ranking_is_there_again(asking: Stage, contributor: BrowserContext) -> None:
    page = at_the_item(contributor, claimed(asking, posted(asking, "ranking", level="sensitive")))
    with page.expect_response(lambda answer: answer.url.endswith("/draft")):
        page.locator("#q-ranking-west").select_option("3")
    page.reload()
    expect(page.locator("#q-ranking-west")).to_have_value("3")
    expect(page.locator("#q-ranking-north")).to_have_value("")


@pytest.mark.parametrize(("width", "appearance", "language"), [(390, "dark", "de"), (1280, "light", "fr")])
def test_every_kind_is_there_for_everybody(
    chromium: Browser, asking: Stage, served: str, width: int, appearance: str, language: str
) -> None:
    claim_id = claimed(asking, posted(asking, *KINDS))
    given: dict[str, Any] = {"width": width, "appearance": appearance, "language": language}
    with serving.visitor(chromium, asking, served, CONTRIBUTOR, **given) as context:
        page = at_the_item(context, claim_id)
        for kind in KINDS:
            fill(page, kind)
        page.locator("#q-number").fill("12,555")
        page.get_by_role(
            "button", name="Absenden und weiter" if language == "de" else "Envoyer et continuer"
        ).click()
        expect(page.locator("#q-number-error")).to_be_visible()
        assert {kind: filled(page, kind) for kind in set(KINDS) - {"number"}} == {
            kind: value for kind, value in ANSWERS.items() if kind != "number"
        }
        assert by_axe(page) == ([], [])
        assert page.evaluate("document.documentElement.scrollWidth") <= width

"""Sealed work in Chromium: opened with this device's keys, answered sealed, drafts kept, closed with the device."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, Route, expect
from sqlalchemy import select, update

from agencies.device_models import DeviceKey
from marketplace.foundation import clock
from marketplace.foundation.db import reading, transaction
from tasks.models import Claim, Draft, Microtask, Participation
from tests import on_device
from tests.device_keys import Device
from tests.web import serving
from tests.web.stage import Stage

NOTE = "Canary 4471 says so."
WAITING = "The key to this item is with its owner’s side."
OPEN_AGAIN = "document.dispatchEvent(new CustomEvent('market:open', { cancelable: true }))"
LISTEN = """() => {
    const frame = document.querySelector("[data-sealed-work] [data-states]");
    window.said = [];
    const hear = () => said.push(frame.hidden ? "" : frame.querySelector("[data-state]:not([hidden])").textContent);
    new MutationObserver(hear).observe(frame, { subtree: true, attributes: true, childList: true });
}"""


@pytest.fixture
def maja(chromium: Browser, stage: Stage, url: str) -> Iterator[BrowserContext]:
    with serving.visitor(chromium, stage, url, "maja") as context:
        serving.set_up(context, stage, "maja")
        yield context


def at_the_item(context: BrowserContext, stage: Stage) -> Page:
    page = context.new_page()
    page.goto(f"/claims/{stage.claim('maja')}")
    expect(page.get_by_role("radio").first).to_be_visible()
    return page


def sent_in(page: Page) -> list[str]:
    """Everything that the page sends from now on."""
    bodies: list[str] = []

    def keep(request: Request) -> None:
        bodies.append(f"{request.url} {request.post_data or ''}")

    page.on("request", keep)
    return bodies


def test_the_item_opens_on_this_device(maja: BrowserContext, stage: Stage) -> None:
    page = at_the_item(maja, stage)
    expect(page.locator("[data-field]").first).not_to_be_empty()
    expect(page.get_by_text("Sealed to your device.")).to_be_visible()


def test_a_browser_without_keys_is_told_what_to_do(chromium: Browser, stage: Stage, url: str) -> None:
    with serving.visitor(chromium, stage, url, "karim") as context:
        page = context.new_page()
        page.goto(f"/claims/{stage.claim('karim')}")
        expect(page.get_by_role("link", name="Set up this browser")).to_be_visible()
        expect(page.get_by_role("radio").first).to_be_hidden()


def test_an_answer_leaves_the_page_sealed_and_leads_to_the_next_item(
    maja: BrowserContext, stage: Stage
) -> None:
    page = at_the_item(maja, stage)
    sent = sent_in(page)
    first = page.url
    page.locator("#note").fill(NOTE)
    page.locator("[data-key='1']").check()
    page.get_by_role("button", name="Submit and next").click()
    page.wait_for_function("before => location.href !== before", arg=first)
    expect(page.get_by_role("radio").first).to_be_visible()
    assert any("envelope=" in body for body in sent)
    assert not [body for body in sent if "Canary" in body or "species" in body]


def test_a_missing_choice_is_pointed_to(maja: BrowserContext, stage: Stage) -> None:
    page = at_the_item(maja, stage)
    page.get_by_role("button", name="Submit and next").click()
    expect(page.get_by_text("Choose one of the options.")).to_be_visible()
    assert page.evaluate("document.activeElement.id") == "q-names"


def test_what_was_typed_is_saved_sealed_and_there_again_after_a_reload(
    maja: BrowserContext, stage: Stage
) -> None:
    page = at_the_item(maja, stage)
    with page.expect_response(lambda answer: answer.url.endswith("/draft")) as saving:
        page.locator("#note").fill(NOTE)
    assert saving.value.status == 204
    assert "Canary" not in (saving.value.request.post_data or "")
    page.reload()
    expect(page.locator("#note")).to_have_value(NOTE)
    page.get_by_role("button", name="Keep longer").click()
    expect(page.locator("#note")).to_have_value(NOTE)
    assert "Canary" not in str(page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}])"))
    with reading() as db:
        assert db.scalar(select(Draft.keep_until))


def test_a_device_revoked_in_the_middle_opens_nothing_more(maja: BrowserContext, stage: Stage) -> None:
    page = at_the_item(maja, stage)
    person = stage.person("maja").person_id
    with transaction() as tx:
        mine = update(DeviceKey).where(DeviceKey.person_id == person)
        tx.execute(mine.values(revoked_at=clock.now(tx), revoked_by=person))
    page.reload()
    expect(page.get_by_role("link", name="Set up this browser")).to_be_visible()
    expect(page.get_by_role("radio").first).to_be_hidden()


def test_what_was_changed_on_the_way_is_not_shown(maja: BrowserContext, stage: Stage) -> None:
    page = maja.new_page()

    def changed(route: Any) -> None:
        answer = route.fetch()
        found = answer.json()
        envelope = found["item"]["envelope"]
        found["item"]["envelope"] = envelope[:-8] + ("A" if envelope[-8] != "A" else "B") + envelope[-7:]
        route.fulfill(response=answer, json=found)

    page.route("**/item?*", changed)
    page.goto(f"/claims/{stage.claim('maja')}")
    expect(page.get_by_text("What arrived is not what was sealed")).to_be_visible()
    expect(page.locator("[data-field]").first).to_be_empty()


def test_an_item_that_is_no_longer_theirs_says_so(maja: BrowserContext, stage: Stage) -> None:
    claim_id = stage.claim("maja")
    page = maja.new_page()

    def ended(route: Any) -> None:
        with transaction() as tx:
            over = {"live": False, "ended": "lapsed", "expires_at": None}
            tx.execute(update(Claim).where(Claim.id == claim_id).values(over))
        route.continue_()

    page.route("**/item?*", ended)
    page.goto(f"/claims/{claim_id}")
    expect(page.get_by_text("This item is no longer in your hands.", exact=True)).to_be_visible()


def test_what_was_typed_is_kept_where_the_time_ran_out_and_the_page_says_where(
    maja: BrowserContext, stage: Stage
) -> None:
    page = at_the_item(maja, stage)
    time_ran_out(stage.claim("maja"))
    page.locator("#note").fill(NOTE)
    page.evaluate(OPEN_AGAIN)
    expect(page.get_by_text("What you wrote is kept, sealed to your own devices.")).to_be_visible()
    page.get_by_role("link", name="Read it there").click()
    page.get_by_role("button", name="Open it here").click()
    expect(page.get_by_text(NOTE)).to_be_visible()


def test_a_draft_that_opens_elsewhere_or_nowhere_is_said_and_the_item_answered_anew(
    chromium: Browser, stage: Stage, url: str, maja: BrowserContext
) -> None:
    page = at_the_item(maja, stage)
    before = on_device.device_of(stage.person("maja"))
    with page.expect_response(lambda answer: answer.url.endswith("/draft")):
        page.locator("#note").fill(NOTE)
    page.close()
    with serving.visitor(chromium, stage, url, "maja") as context:
        here = on_device.another_device(stage.person("maja"))
        serving.set_up(context, stage, "maja", here)
        other = at_the_item(context, stage)
        expect(other.locator("[data-draft-elsewhere]")).to_contain_text(f"opens on “{before.offered.name}”")
        expect(other.locator("#note")).to_have_value("")
        all_ended_but(here, stage)
        other.reload()
        expect(other.get_by_text("nobody can open it any more. You can answer anew.")).to_be_visible()
        with other.expect_response(lambda answer: answer.url.endswith("/draft")):
            other.locator("#note").fill("Anew.")
        other.reload()
        expect(other.locator("#note")).to_have_value("Anew.")
        expect(other.locator("[data-draft-elsewhere]")).to_be_hidden()


def all_ended_but(device: Device, stage: Stage) -> None:
    mine = (DeviceKey.person_id == stage.person("maja").person_id, DeviceKey.revoked_at.is_(None))
    with transaction() as tx:
        others = update(DeviceKey).where(*mine, DeviceKey.thumbprint != device.thumbprint)
        tx.execute(others.values(revoked_at=clock.now(tx), revoked_by=DeviceKey.person_id))


def test_an_answer_that_comes_when_the_place_is_taken_is_kept_for_its_author(
    maja: BrowserContext, stage: Stage
) -> None:
    page = at_the_item(maja, stage)
    item = time_ran_out(stage.claim("maja"))
    with transaction() as tx:
        tx.execute(update(Microtask).where(Microtask.id == item).values(need=0, open=False))
    page.locator("[data-key='1']").check()
    page.locator("#note").fill(NOTE)
    page.get_by_role("button", name="Submit and next").click()
    expect(page.get_by_role("heading", name="What you wrote is not lost")).to_be_visible()
    page.get_by_role("button", name="Open it here").click()
    expect(page.get_by_text(NOTE)).to_be_visible()


def time_ran_out(claim_id: UUID) -> UUID:
    """The claim lapses, as it does on the clock's turn. Returns its item."""
    with transaction() as tx:
        claim = tx.all(select(Claim.microtask_id, Claim.person_id).where(Claim.id == claim_id))[0]
        over = {"live": False, "ended": "lapsed", "expires_at": None}
        tx.execute(update(Claim).where(Claim.id == claim_id).values(over))
        mine = (Participation.microtask_id == claim.microtask_id, Participation.person_id == claim.person_id)
        tx.execute(update(Participation).where(*mine).values(state="lapsed"))
    item: UUID = claim.microtask_id
    return item


def test_waiting_for_a_key_is_said_once_and_outlasts_a_broken_line(
    maja: BrowserContext, stage: Stage
) -> None:
    page = maja.new_page()
    answers: list[Callable[[Route], None]] = [
        lambda route: route.fulfill(status=502, content_type="text/html", body="<h1>Bad gateway</h1>"),
        lambda route: route.fulfill(json={"item": None}),
        lambda route: route.abort(),
        lambda route: route.fulfill(status=502, content_type="text/html", body="<h1>Bad gateway</h1>"),
        lambda route: route.fulfill(json={"item": None}),
        lambda route: route.continue_(),
    ]
    page.route("**/item?*", lambda route: answers.pop(0)(route))
    page.clock.install()
    page.goto(f"/claims/{stage.claim('maja')}")

    # A page of something on the way says nothing about what was sealed, and there is a way on.
    expect(page.get_by_text("The item could not be opened.")).to_be_visible()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text(WAITING)).to_be_visible()
    page.evaluate(LISTEN)
    for _ in range(len(answers)):
        with page.expect_request("**/item?*"):
            page.clock.run_for(3_000)
    expect(page.get_by_role("radio").first).to_be_visible()
    assert page.evaluate("said.filter((each) => each && !each.includes('online'))") == []


def test_the_owner_reads_a_sealed_result_on_their_device(chromium: Browser, stage: Stage, url: str) -> None:
    with serving.visitor(chromium, stage, url, "ines") as context:
        serving.set_up(context, stage, "ines")
        page = context.new_page()
        page.goto(f"/campaigns/{stage.campaign()}/results/{stage.settled_item()}")
        expect(page.locator("[data-result]")).not_to_be_empty()
        expect(page.locator("ol.trace li").first).to_be_visible()
        expect(page.locator("[data-field]").first).not_to_be_empty()

        # When nothing moves it is gone from the page, and opened here again.
        page.evaluate("document.dispatchEvent(new CustomEvent('market:close'))")
        for part in ("[data-result]", "ol.trace", "[data-field] >> nth=0"):
            expect(page.locator(part)).to_be_hidden()
            expect(page.locator(part)).to_be_empty()
        assert (
            page.evaluate("document.dispatchEvent(new CustomEvent('market:open', { cancelable: true }))")
            is False
        )
        expect(page.locator("[data-result]")).not_to_be_empty()
        expect(page.locator("ol.trace li").first).to_be_visible()

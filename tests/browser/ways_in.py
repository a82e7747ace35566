"""What people do at their agency's sign-in in a browser, and an agency's rule put in force while they are at work."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from playwright.sync_api import BrowserContext, Page, expect

from agencies.keys import KeyringFile, bound
from agencies.rules import drafting, signing
from deploy.samples import seed
from marketplace.foundation import db
from marketplace.foundation.db import Tx, transaction
from marketplace.foundation.settings import Settings
from security.principal import Factor, Principal
from tests.running import Running

LOGIN = re.compile("login", re.IGNORECASE)
FRESH = {
    "id": "fresh-sign-in",
    "does": ["open"],
    "must": {
        "all": [{"is": ["context.factor", "multi"]}, {"at_most": ["context.minutes_since_sign_in", 15]}]
    },
    "reason": {"en": "Items need a second factor used in the last quarter of an hour."},
    "remedy": "step_up",
    "examples": [
        {
            "case": {"context.factor": "multi", "context.minutes_since_sign_in": 1},
            "allowed": True,
            "why": "A key a minute ago.",
        },
        {
            "case": {"context.factor": "single", "context.minutes_since_sign_in": 1},
            "allowed": False,
            "why": "A password only.",
        },
    ],
}


def in_english(context: BrowserContext, marketplace: Running) -> Page:
    context.add_cookies([{"name": "language", "value": "en", "url": marketplace.url}])
    return context.new_page()


def sign_in(page: Page, agency: str, login: str) -> None:
    """By the list, at the agency's own pages, and back."""
    page.goto("/sign-in")
    page.get_by_role("button", name=re.compile(agency)).click()
    give_login(page, login)
    page.wait_for_url(re.compile("/(work|record|campaigns|numbers|notices|agency)"))


def give_login(page: Page, login: str) -> None:
    page.get_by_label(LOGIN).fill(login)
    page.get_by_label(LOGIN).press("Enter")


def confirm(page: Page, login: str) -> None:
    """The agency asks again, and for a key."""
    key = page.get_by_role("button", name="Confirm with your key")
    expect(key.or_(page.get_by_label(LOGIN)).first).to_be_visible()
    if not key.is_visible():
        give_login(page, login)
    key.click()


def set_up_browser(page: Page, login: str, name: str = "Laptop") -> None:
    """Make keys for sealed work in this browser; the agency vouches for them at its sign-in, with a second factor."""
    begin_set_up(page, name)
    come_back_set_up(page, login)


def set_up_program(page: Page, login: str, line: str, name: str = "Import") -> None:
    """Set a program up by the line that `marketplace device new` printed."""
    page.goto("/device-keys")
    page.get_by_text("Set up a program", exact=True).click()
    program = page.locator("form", has=page.get_by_label("Public keys"))
    program.get_by_label("Name").fill(name)
    program.get_by_label("Public keys").fill(line)
    program.get_by_role("button", name="Set up the program").click()
    come_back_set_up(page, login)


def begin_set_up(page: Page, name: str) -> None:
    """As far as the agency's sign-in."""
    page.goto("/device-keys")
    page.locator("form[data-enrol] input[name=name]").fill(name)
    page.get_by_role("button", name="Set up this browser").click()


def come_back_set_up(page: Page, login: str) -> None:
    """From the agency's sign-in to the list of devices."""
    confirm(page, login)
    page.wait_for_url("**/device-keys")


@contextmanager
def asking_for_a_fresh_sign_in(marketplace: Running, admin: str) -> Iterator[None]:
    """While this lasts, the agency of this administrator lets its people open items only after a second factor."""
    with _at_home(marketplace) as settings:
        _put_in_force(settings, admin, lambda tx, actor, given: drafting.keep_rule(tx, FRESH, **given))
    try:
        yield
    finally:
        with _at_home(marketplace) as settings:
            _put_in_force(
                settings, admin, lambda tx, actor, given: drafting.drop_rule(tx, str(FRESH["id"]), **given)
            )


def _put_in_force(
    settings: Settings, admin: str, change: Callable[[Tx, Principal, dict[str, Any]], None]
) -> None:
    confirmed = replace(seed.CONTEXT, factor=Factor.MULTI, auth_time=datetime.now(UTC))
    with transaction() as tx:
        actor = seed.principal(tx, settings.home, admin)
        change(tx, actor, {"revision": 0, "actor": actor, "context": confirmed})
    with transaction() as tx:
        signing.sign(tx, actor=actor, context=confirmed)


@contextmanager
def _at_home(marketplace: Running) -> Iterator[Settings]:
    """This process at the database and keys of the running marketplace."""
    settings = Settings.from_environ(marketplace.environment)
    engine = db.engine_for(settings.database_url)
    db.bind(engine)
    bound.bind(KeyringFile(settings.keyring))
    try:
        yield settings
    finally:
        db.bind(None)
        engine.dispose()

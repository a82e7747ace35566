"""The stage over HTTP, and Chromium in front of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from security.sealing import keys
from tests import on_device
from tests.on_device import Device
from tests.web.stage import Stage

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDTHS = {1280: 900, 390: 844, 320: 640}
"""Widths that pages are looked at in, with the height of the window."""
PATIENCE = 60_000
"""Milliseconds after which something that should be on a page is taken as not coming. No test measures time with it."""


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        pass


@contextmanager
def served(stage: Stage) -> Iterator[str]:
    """The stage's address while it is served."""
    server = make_server("127.0.0.1", 0, stage.app, threaded=True, request_handler=_Quiet)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium: the one `./run test` names, else the machine's."""
    binary = os.environ.get("MARKET_TEST_CHROMIUM") or shutil.which("chromium")
    if not binary:
        raise RuntimeError("No Chromium. Run the tests by `./run test`, or install the package chromium.")
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=binary, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


PUT_KEYS = """async ({ thumbprint, person, encryption, signing }) => {
    const curve = { namedCurve: "P-256" };
    const [encryptionKey, signingKey] = await Promise.all([
        crypto.subtle.importKey("jwk", encryption, { name: "ECDH", ...curve }, false, ["deriveBits"]),
        crypto.subtle.importKey("jwk", signing, { name: "ECDSA", ...curve }, false, ["sign"]),
    ]);
    const opening = indexedDB.open("market-device-keys", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("keys", { keyPath: "thumbprint" });
    const database = await new Promise((done) => { opening.onsuccess = () => done(opening.result); });
    const transaction = database.transaction("keys", "readwrite");
    const public_ = ({ crv, kty, x, y }) => ({ crv, kty, x, y });
    const publics = { encryption: public_(encryption), signing: public_(signing) };
    transaction.objectStore("keys").put({ thumbprint, person, made: 1, encryptionKey, signingKey, ...publics });
    await new Promise((done) => { transaction.oncomplete = done; });
    database.close();
}"""


def set_up(context: BrowserContext, stage: Stage, login: str, device: Device | None = None) -> Device:
    """Give this browser profile the keys of the person's device, as enrolling would have left them there."""
    person = stage.person(login)
    device = device or on_device.device_of(person)
    page = context.new_page()
    page.goto("/help")
    given = {
        "thumbprint": device.thumbprint,
        "person": str(person.person_id),
        "encryption": keys.private_jwk(device.encryption),
        "signing": keys.private_jwk(device.signing),
    }
    page.evaluate(PUT_KEYS, given)
    page.close()
    return device


def profile(browser: Browser, width: int = 1280, **given: Any) -> BrowserContext:
    """A browser profile of its own, with windows of this width."""
    context = browser.new_context(viewport={"width": width, "height": WIDTHS.get(width, 900)}, **given)
    context.set_default_timeout(PATIENCE)
    return context


def enter(
    context: BrowserContext, stage: Stage, url: str, login: str | None, language: str, appearance: str
) -> None:
    """Sign in as `login` in this profile, or as nobody; `language` and `appearance` are the cookies' values."""
    cookies = {"language": language, "appearance": appearance}
    if login is not None:
        cookies["market_session"] = stage.token(login)
    context.clear_cookies()
    context.add_cookies([{"name": name, "value": value, "url": url} for name, value in cookies.items()])


@contextmanager
def visitor(
    browser: Browser,
    stage: Stage,
    url: str,
    login: str | None = None,
    *,
    language: str = "en",
    appearance: str = "light",
    **given: Any,
) -> Iterator[BrowserContext]:
    """A browser profile of its own for one visit, signed in as `login`."""
    context = profile(browser, base_url=url, **given)
    enter(context, stage, url, login, language, appearance)
    try:
        yield context
    finally:
        context.close()

"""Opening a sealed item of 10 kB in Chromium: from the device's key in IndexedDB to an object that can be shown.

Measured in a page that has loaded its scripts, as people meet it (the first item after each loading) and many times
over; beside WebCrypto's own two operations, one agreement and one decryption of as much.
"""

from __future__ import annotations

import json
from statistics import median
from typing import Any
from uuid import uuid4

from playwright.sync_api import BrowserContext, Page

from marketplace.web import assets
from security.labels import Level
from security.sealing import Header, Protection, Purpose, SlotPurpose, device_slots, new_dek, seal
from tests.bench._lines import is_short, tell
from tests.browser.sealing_programs import opened, site, to_text
from tests.web import serving

LIMIT = 20.0
"""Milliseconds at the median."""
NOW = 1_950_000_000

OPEN = """
async ({ header, slot, envelope, hash, now, times }) => {
    const took = [];
    for (let time = 0; time < times; time++) {
        const began = performance.now();
        const { thumbprint, encryptionKey } = await keys.mine();
        const dek = await sealing.unwrap(slot, hash, "device", thumbprint, encryptionKey, now);
        const item = JSON.parse(new TextDecoder().decode(await sealing.unseal(header, envelope, dek)));
        took.push(performance.now() - began);
        if (item.text.length < 9_900) throw new Error("not the item");
    }
    return took;
}
"""

BARE = """
async ({ envelope, times }) => {
    const p256 = { name: "ECDH", namedCurve: "P-256" };
    const pair = await crypto.subtle.generateKey(p256, false, ["deriveBits"]);
    const aes = { name: "AES-GCM", iv: new Uint8Array(12) };
    const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
    const sealed = await crypto.subtle.encrypt(aes, key, envelope);
    // A browser's clock goes in tenths of a millisecond: too coarse for one of these alone.
    const began = performance.now();
    for (let time = 0; time < times; time++) {
        await crypto.subtle.deriveBits({ name: "ECDH", public: pair.publicKey }, pair.privateKey, 256);
        await crypto.subtle.decrypt(aes, key, sealed);
    }
    return [(performance.now() - began) / times];
}
"""


def main() -> None:
    loads, times = (10, 100) if is_short() else (30, 500)
    with serving.chromium() as browser, site(browser) as context:
        item = _item(context)
        first = [_asked(_page(context), OPEN, item, 1)[0] for _ in range(loads)]
        page = _page(context)
        _asked(page, OPEN, item, 5)
        (bare,) = _asked(page, BARE, item, times)
        many = median(_asked(page, OPEN, item, times))
    tell("sealing.browser_webcrypto", bare, "ms", times)
    tell("sealing.browser_open_first", median(first), "ms", loads, ratio=median(first) / LIMIT, to="20")
    tell("sealing.browser_open", many, "ms", times, ratio=many / LIMIT, to="20")
    tell("sealing.browser_open", many, "ms", times, ratio=many / bare, to="sealing.browser_webcrypto")


def _item(context: BrowserContext) -> dict[str, Any]:
    """A device enrolled in this profile, and an item sealed for it as the server would hand it out."""
    page = _page(context)
    device = page.evaluate("keys.make()")
    page.close()
    header = Header(
        purpose=Purpose.TASK, microtask=uuid4(), agency="harbour", level=Level.SENSITIVE, campaign=uuid4(),
        protection=Protection.SERVER,
    )  # fmt: skip
    dek = new_dek()
    content = json.dumps({"text": "Herring gulls. " * 663, "choices": ["a", "b"]}).encode()
    slot = device_slots.wrap(
        dek, header.hash, SlotPurpose.DEVICE, device["thumbprint"], device["encryption"], NOW + 3600
    )
    return {
        "header": json.loads(header.to_bytes()), "slot": slot.decode(), "hash": to_text(header.hash), "now": NOW,
        "envelope": to_text(seal(header, content, dek)),
    }  # fmt: skip


def _page(context: BrowserContext) -> Page:
    """A page that has loaded both modules, held for the script that measures."""
    page = opened(context, "device-keys.js")
    loaded = assets.load()
    for held, name in (("keys", "device-keys.js"), ("sealing", "sealing.js")):
        page.evaluate(
            f"import('/assets/{loaded[name].digest}/{name}').then((module) => {{ globalThis.{held} = module }})"
        )
    return page


def _asked(page: Page, script: str, item: dict[str, Any], times: int) -> list[float]:
    """What the script measured, in milliseconds."""
    took: list[float] = page.evaluate(
        f"""(item) => {{
            const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
            return ({script})({{ ...item, hash: bytes(item.hash), envelope: bytes(item.envelope) }});
        }}""",
        {**item, "times": times},
    )
    return took


if __name__ == "__main__":
    main()

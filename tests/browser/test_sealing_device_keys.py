"""Device keys in a real browser: kept over reloads, never to be read out, each person's own, and used by sealing.js."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page

from marketplace.web import assets
from security.sealing import SlotPurpose, device_slots, new_dek, signatures, thumbprints
from tests.browser.sealing_programs import opened, site, to_bytes, to_text

HASH = bytes(range(32))
NOW = 1_950_000_000


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    with site(chromium) as profile:
        yield profile


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return opened(context, "device-keys.js")


def on(page: Page, script: str, given: Any = None) -> Any:
    """What `script` gives, an async function's body in which `keys` is device-keys.js, `s` sealing.js and `given`."""
    loaded = assets.load()
    where = {name: f"/assets/{loaded[name].digest}/{name}" for name in ("device-keys.js", "sealing.js")}
    return page.evaluate(
        f"""async (given) => {{
            const keys = await import("{where["device-keys.js"]}");
            const s = await import("{where["sealing.js"]}");
            {script}
        }}""",
        given,
    )


def test_a_device_is_named_by_its_two_keys(page: Page) -> None:
    made = on(page, "return keys.make()")
    assert made.keys() == {"thumbprint", "encryption", "signing", "salt"}
    assert made["thumbprint"] == thumbprints.device(made["encryption"], made["signing"])
    assert thumbprints.is_thumbprint(made["salt"])
    asked = "return s.enrolmentNonce(given.thumbprint, given.salt)"
    assert on(page, asked, made) == thumbprints.enrolment_nonce(made["thumbprint"], made["salt"])


def test_keys_survive_a_reload_and_cannot_be_read_out(page: Page) -> None:
    made = on(page, "return keys.make()")
    page.reload()
    kept = on(
        page,
        """
        const mine = await keys.mine();
        const told = { thumbprint: mine.thumbprint, members: Object.keys(mine).sort(), refused: [] };
        told.publics = [mine.encryption, mine.signing];
        for (const key of [mine.encryptionKey, mine.signingKey]) {
            for (const format of ["jwk", "pkcs8", "raw"]) {
                await crypto.subtle.exportKey(format, key).then(
                    () => told.refused.push("read out"), (problem) => told.refused.push(problem.name));
            }
            told[key.algorithm.name] = { extractable: key.extractable, type: key.type, usages: key.usages };
        }
        return told;
        """,
    )
    assert kept["thumbprint"] == made["thumbprint"]
    assert kept["members"] == ["encryption", "encryptionKey", "signing", "signingKey", "thumbprint"]
    assert kept["publics"] == [made["encryption"], made["signing"]]
    assert set(kept["refused"]) <= {"InvalidAccessError", "NotSupportedError"}
    assert kept["ECDH"] == {"extractable": False, "type": "private", "usages": ["deriveBits"]}
    assert kept["ECDSA"] == {"extractable": False, "type": "private", "usages": ["sign"]}


def test_a_kept_key_opens_what_the_server_wraps_and_signs_what_it_sends(page: Page) -> None:
    made = on(page, "return keys.make()")
    dek, kid = new_dek(), made["thumbprint"]
    slot = device_slots.wrap(dek, HASH, SlotPurpose.DEVICE, kid, made["encryption"], NOW + 60)
    page.reload()
    told = on(
        page,
        """
        const { thumbprint, encryptionKey, signingKey } = await keys.mine();
        const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
        const dek = await s.unwrap(given.slot, bytes(given.hash), "device", thumbprint, encryptionKey, given.now);
        const signature = await s.sign(bytes(given.hash), bytes(given.hash), signingKey);
        return { dek: btoa(String.fromCharCode(...dek)), signature: btoa(String.fromCharCode(...signature)) };
        """,
        {"slot": slot.decode(), "hash": to_text(HASH), "now": NOW},
    )
    assert to_bytes(told["dek"]) == dek
    signatures.verify(HASH, sha256(HASH).digest(), to_bytes(told["signature"]), made["signing"])


def test_people_who_share_a_browser_do_not_mix(page: Page) -> None:
    mine = "return (await keys.mine())?.thumbprint ?? null"
    first = on(page, "document.body.dataset.person = 'p1'; return keys.make()")
    assert on(page, "document.body.dataset.person = 'p2'; " + mine) is None
    second = on(page, "document.body.dataset.person = 'p2'; return keys.make()")
    assert on(page, "document.body.dataset.person = 'p1'; " + mine) == first["thumbprint"]
    assert on(page, "document.body.dataset.person = 'p2'; " + mine) == second["thumbprint"]
    assert on(page, "return (await keys.mine('p1')).thumbprint") == first["thumbprint"]
    assert on(page, "document.body.removeAttribute('data-person'); " + mine) is None


def test_a_key_whose_enrolment_was_broken_off_does_not_hide_the_enrolled_one(page: Page) -> None:
    enrolled = on(page, "return keys.make()")["thumbprint"]
    broken_off = on(page, "return keys.make()")["thumbprint"]
    assert on(page, "return keys.thumbprints()") == [enrolled, broken_off]
    assert on(page, "return (await keys.mine()).thumbprint") == broken_off
    assert on(page, "return (await keys.mine('', given)).thumbprint", [enrolled]) == enrolled
    assert on(page, "return keys.mine('', [])") is None


def test_a_forgotten_key_is_gone(page: Page) -> None:
    made = on(page, "return keys.make()")["thumbprint"]
    on(page, "await keys.forget(given)", made)
    page.reload()
    assert on(page, "return keys.mine()") is None
    assert on(page, "return keys.thumbprints()") == []
    on(page, "await keys.forget(given)", made)


def test_nothing_of_it_is_left_where_other_scripts_look(page: Page) -> None:
    before = on(page, "return Object.keys(globalThis)")
    on(page, "await keys.make()")
    assert on(page, "return Object.keys(globalThis)") == before
    assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]


@pytest.mark.parametrize(
    ("closed", "code"),
    [
        ("Object.defineProperty(globalThis, 'indexedDB', { get() { throw new Error('private'); } })", "StorageClosed"),
        ("IDBFactory.prototype.open = () => { throw new DOMException('no', 'SecurityError'); }", "StorageClosed"),
        ("IDBObjectStore.prototype.add = () => { throw new DOMException('no', 'DataCloneError'); }", "StorageClosed"),
        ("Object.defineProperty(Crypto.prototype, 'subtle', { value: undefined })", "WebCryptoClosed"),
    ],
)  # fmt: skip
def test_closed_doors_are_told_by_name(context: BrowserContext, closed: str, code: str) -> None:
    context.add_init_script(closed)
    page = opened(context, "device-keys.js")
    caught = """return keys.make().then(
        () => "made", (problem) => [problem instanceof keys.DeviceKeysClosed, problem.code])"""
    assert on(page, caught) == [True, code]


def test_on_an_insecure_page_webcrypto_is_closed(context: BrowserContext) -> None:
    page = context.new_page()
    page.goto("http://market.example/device-keys.js")
    assert page.evaluate("isSecureContext") is False
    with pytest.raises(Error, match="WebCryptoClosed"):
        on(page, "return keys.make()")

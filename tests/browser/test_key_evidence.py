"""The evidence behind a request for a key, checked in Chromium: whole it holds, and every changed field is refused.

The evidence is made by the marketplace's own code; what Python refuses of it is in tests/security and tests/tasks.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey
from playwright.sync_api import Browser, Page
from sqlalchemy import Engine

from marketplace.foundation.db import transaction
from marketplace.web import assets
from security.sealing import Header, keys
from tasks import key_requests
from tests import end_to_end
from tests.browser import sealing_programs
from tests.builders import AT_WORK
from tests.device_keys import identity_of
from tests.witnessed import LOG, NORTH, SOUTH

CHECK = """async ([address, log, witnesses, issuers, evidence, asked, now]) => {
    const { checkAsked, checkDevice, trusted } = await import(address);
    const trust = await trusted(log, witnesses);
    try {
        const { thumbprint } = await checkDevice(evidence.device, trust, issuers, now);
        await checkAsked(evidence.asked, asked, trust, now);
        return thumbprint;
    } catch (error) {
        return error.code ?? String(error);
    }
}"""
Change = Callable[[dict[str, Any]], None]


@dataclass
class Shown:
    """A request's evidence, what it is asked for, and a page that checks it."""

    page: Page
    evidence: dict[str, Any]
    asked: dict[str, Any]
    issuer: str

    def checked(self, **given: Any) -> str:
        asset = assets.load()["key-evidence.js"]
        now = given.pop("now", self.asked["until"] - 60)
        asked = {
            "log": str(LOG.verifier),
            "witnesses": [str(each.verifier) for each in (NORTH, SOUTH)],
            "issuers": [self.issuer],
            "evidence": self.evidence,
            "asked": self.asked,
        } | given
        names = ("log", "witnesses", "issuers", "evidence", "asked")
        address = f"/assets/{asset.digest}/key-evidence.js"
        said = self.page.evaluate(CHECK, [address, *(asked[name] for name in names), now])
        return str(said)


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Page]:
    with sealing_programs.site(chromium) as context:
        yield sealing_programs.opened(context, "key-evidence.js")


@pytest.fixture
def shown(database: Engine, page: Page) -> Shown:
    waiting = end_to_end.a_key_asked_for("north")
    with transaction() as tx:
        desk = key_requests.waiting(
            tx,
            waiting.campaign,
            waiting.posting.device.thumbprint,
            actor=waiting.owner,
            context=AT_WORK,
        )
    (request,) = desk.requests
    header = Header.from_bytes(request.header)
    asked = {
        "device": request.device,
        "campaign": str(header.campaign),
        "microtask": str(header.microtask),
        "until": request.until,
    }
    return Shown(page, json.loads(json.dumps(dict(request.evidence))), asked, identity_of(waiting.person)[0])


def body(entry: dict[str, Any], change: Callable[[dict[str, Any]], None]) -> None:
    """Write the body of an entry anew with something changed."""
    said = json.loads(b64decode(entry["body"]))
    change(said)
    entry["body"] = b64encode(json.dumps(said).encode()).decode()


def flipped(text: str) -> str:
    """The same text with another character in its middle."""
    at = len(text) // 2
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]


CHANGES: dict[str, tuple[Change, str]] = {
    "format": (lambda e: e["device"].update(format="other"), "EvidenceUnreadable"),
    "one more": (lambda e: e["device"].update(more=1), "EvidenceUnreadable"),
    "one less": (lambda e: e["device"].pop("log"), "EvidenceUnreadable"),
    "thumbprint": (lambda e: e["device"].update(thumbprint="A" * 43), "ThumbprintWrong"),
    "encryption key": (
        lambda e: e["device"].update(encryption_key=keys.public_jwk(keys.new_private())),
        "ThumbprintWrong",
    ),
    "signing key": (
        lambda e: e["device"].update(signing_key=keys.public_jwk(keys.new_private())),
        "ThumbprintWrong",
    ),
    "salt": (lambda e: e["device"].update(salt="A" * 43), "NonceWrong"),
    "token": (lambda e: e["device"].update(id_token=flipped(e["device"]["id_token"])), "TokenSignatureWrong"),
    "no token": (lambda e: e["device"].update(id_token="a.b"), "TokenSignatureWrong"),
    "issuer": (lambda e: e["device"].update(issuer="https://elsewhere.example"), "IssuerWrong"),
    "audience": (lambda e: e["device"].update(client_id="somebody"), "AudienceWrong"),
    "issuer key": (
        lambda e: e["device"].update(issuer_key=ECKey.generate_key("P-256").as_dict(private=False)),
        "TokenSignatureWrong",
    ),
    "shared secret": (
        lambda e: e["device"].update(issuer_key={"kty": "oct", "k": "AAAA"}),
        "TokenSignatureWrong",
    ),
    "entry's number": (lambda e: e["device"]["entry"].update(number=1), "NotIncluded"),
    "entry's body": (
        lambda e: body(e["device"]["entry"], lambda said: said["detail"].update(thumbprint="A" * 43)),
        "NotIncluded",
    ),
    "entry's proof": (lambda e: e["device"]["entry"]["proof"].reverse(), "NotIncluded"),
    "no proof": (lambda e: e["device"]["entry"].update(proof=[]), "NotIncluded"),
    "checkpoint": (
        lambda e: e["device"].update(checkpoint=e["device"]["checkpoint"].replace("\n", "\nx", 1)),
        "EvidenceUnreadable",
    ),
    "size": (
        lambda e: e["device"].update(checkpoint=_with_size(e["device"]["checkpoint"], 1)),
        "CheckpointUnsigned",
    ),
    "no log": (
        lambda e: e["device"].update(checkpoint=_without(e["device"]["checkpoint"], LOG.name)),
        "CheckpointUnsigned",
    ),
    "no witness": (
        lambda e: e["device"].update(checkpoint=_without(e["device"]["checkpoint"], NORTH.name, SOUTH.name)),
        "WitnessMissing",
    ),
    "enrolment for asking": (
        lambda e: e.update(asked={"entry": e["device"]["entry"], "checkpoint": e["device"]["checkpoint"]}),
        "EntryWrong",
    ),
    "asking for enrolment": (lambda e: e["device"].update(entry=e["asked"]["entry"]), "EntryWrong"),
    "asked: body": (
        lambda e: body(e["asked"]["entry"], lambda said: said["detail"].update(until=1)),
        "NotIncluded",
    ),
    "asked: proof": (lambda e: e["asked"]["entry"].update(proof=["0" * 64]), "NotIncluded"),
    "asked: no witness": (
        lambda e: e["asked"].update(checkpoint=_without(e["asked"]["checkpoint"], NORTH.name, SOUTH.name)),
        "WitnessMissing",
    ),
    "asked: nothing": (lambda e: e.update(asked=None), "EvidenceUnreadable"),
    "device: nothing": (lambda e: e.update(device=None), "EvidenceUnreadable"),
}


def _without(note: str, *names: str) -> str:
    """A note without these signers' lines."""
    text, _, lines = note.rpartition("\n\n")
    kept = [line for line in lines.splitlines() if not any(f"— {name} " in line for name in names)]
    return text + "\n\n" + "".join(f"{line}\n" for line in kept)


def _with_size(note: str, more: int) -> str:
    """A note that says that its tree is larger."""
    lines = note.split("\n")
    return "\n".join([lines[0], str(int(lines[1]) + more), *lines[2:]])


def test_holds_as_the_marketplace_made_it(shown: Shown) -> None:
    assert shown.checked() == shown.asked["device"]
    assert shown.checked(witnesses=[str(NORTH.verifier)]) == shown.asked["device"]


def test_every_change_is_refused_by_its_name(shown: Shown) -> None:
    said = {}
    for name, (change, _) in CHANGES.items():
        evidence = deepcopy(shown.evidence)
        change(evidence)
        said[name] = shown.checked(evidence=evidence)
    assert said == {name: code for name, (_, code) in CHANGES.items()}


def test_it_is_for_this_device_item_campaign_and_end(shown: Shown) -> None:
    other = {"device": "A" * 43, "microtask": "x", "campaign": "x", "until": shown.asked["until"] + 1}
    for name, value in other.items():
        assert shown.checked(asked=shown.asked | {name: value}) == "EntryWrong", name
    assert shown.checked(now=shown.asked["until"]) == "AskedTooLate"
    assert shown.checked(now=1_000_000_000) == "FromTheFuture"


def test_whom_the_page_does_not_trust_it_does_not_believe(shown: Shown) -> None:
    strange = str(type(NORTH)("strange.example/witness", NORTH.kind, NORTH.private).verifier)
    assert shown.checked(witnesses=[strange]) == "WitnessMissing"
    assert (
        shown.checked(log=str(type(LOG)(LOG.name, LOG.kind, NORTH.private).verifier)) == "CheckpointUnsigned"
    )
    assert shown.checked(issuers=[]) == "IssuerWrong"


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("ES256", ECKey.generate_key("P-256")),
        ("ES384", ECKey.generate_key("P-384")),
        ("ES512", ECKey.generate_key("P-521")),
        ("RS256", RSAKey.generate_key(2048)),
        ("PS384", RSAKey.generate_key(2048)),
        ("Ed25519", OKPKey.generate_key("Ed25519")),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_a_token_is_verified_by_every_algorithm_that_providers_use(
    shown: Shown, algorithm: str, key: Any
) -> None:
    """With another token the entry says something else: that far, and no further, it holds."""
    claims = json.loads(_claims(shown.evidence["device"]["id_token"]))
    token = jwt.encode({"alg": algorithm}, claims, key, algorithms=[algorithm])
    changed = {"id_token": token, "issuer_key": key.as_dict(private=False)}
    evidence = shown.evidence | {"device": shown.evidence["device"] | changed}
    assert shown.checked(evidence=evidence) == "EntryWrong"
    other = type(key).generate_key(
        {"EC": key.as_dict().get("crv"), "RSA": 2048, "OKP": "Ed25519"}[key.key_type]
    )
    changed["issuer_key"] = other.as_dict(private=False)
    evidence = shown.evidence | {"device": shown.evidence["device"] | changed}
    assert shown.checked(evidence=evidence) == "TokenSignatureWrong"


def _claims(token: str) -> bytes:
    part = token.split(".")[1]
    return b64decode(part + "=" * (-len(part) % 4), altchars=b"-_")

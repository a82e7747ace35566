"""sealing.js against the vectors, against `security.sealing` in both directions and against jose, in Node and Chromium.

`tests/vectors/sealing.json` was computed apart from both implementations; where one of them strays, it shows here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser

from security.canonical import canonical_bytes
from security.labels import Level
from security.sealing import (
    Header,
    Protection,
    Purpose,
    SealingError,
    SlotPurpose,
    device_slots,
    keys,
    new_dek,
    recovery,
    seal,
    signatures,
    thumbprints,
    unseal,
)
from security.sealing.envelope import _sealed
from tests.browser.sealing_programs import Program, Refused, in_chromium, in_node, to_bytes, to_text

VECTORS: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "sealing.json").read_text(encoding="utf-8")
)
KEYS = {each["name"]: each for each in VECTORS["keys"]}
NOW = 1_950_000_000
IN_TEXT_ONLY = {"a member twice", "no JSON"}
"""JavaScript is handed keys as objects, in which these two cannot be."""


def each(kind: str, without: frozenset[str] | set[str] = frozenset()) -> pytest.MarkDecorator:
    """Run a test for every vector of a kind."""
    chosen = [vector for vector in VECTORS[kind] if vector.get("name") not in without]
    return pytest.mark.parametrize("vector", chosen, ids=lambda vector: vector.get("name", "nonce"))


@contextmanager
def refused(*codes: str) -> Iterator[None]:
    """What happens here ends in a SealingError of one of these names."""
    with pytest.raises(Refused) as caught:
        yield
    assert caught.value.code in codes


@pytest.fixture(scope="module", params=["node", "chromium"])
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    if request.param == "node":
        with in_node(tmp_path_factory.mktemp("site")) as node:
            yield node
        return
    browser: Browser = request.getfixturevalue("chromium")
    with in_chromium(browser) as page:
        yield page


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with in_node(tmp_path_factory.mktemp("site")) as started:
        yield started


def a_header(purpose: Purpose = Purpose.TASK, **given: Any) -> Header:
    members: dict[str, Any] = {
        "agency": "harbour",
        "campaign": UUID("5f0d3c6a-91b2-4e57-8a3c-2d1e0f9b8a76"),
        "compartments": frozenset({"customs", "häfen", "😀"}),
        "level": Level.SENSITIVE,
        "microtask": None if purpose is Purpose.KEY else UUID("7b1c0a52-0d6e-4a51-9d3e-0a4f6f3b9c11"),
        "protection": Protection.END_TO_END,
        "purpose": purpose,
    }
    return Header(**members | given)


def text_of(header: Header) -> str:
    return header.to_bytes().decode()


def content_of(vector: dict[str, Any]) -> bytes:
    return bytes.fromhex(vector["content"]["hex"]) * int(vector["content"]["times"])


def sealed_by_vector(vector: dict[str, Any]) -> bytes:
    """The vector's envelope. A long one is not in the file: it is made here, with the file's nonce prefix."""
    if vector["sealed"] is not None:
        return bytes.fromhex(vector["sealed"])
    header = Header.from_bytes(vector["header"].encode())
    dek, prefix = bytes.fromhex(vector["dek"]), bytes.fromhex(vector["nonce_prefix"])
    sealed = b"".join(_sealed(header, [content_of(vector)], dek, prefix))
    assert hashlib.sha256(sealed).hexdigest() == vector["sealed_sha256"]
    return sealed


class TestVectors:
    @each("envelopes")
    def test_a_header_has_the_hash_that_it_should_have(
        self, program: Program, vector: dict[str, Any]
    ) -> None:
        assert to_bytes(program.ask("hash", header=vector["header"])).hex() == vector["header_hash"]

    @each("envelopes")
    def test_an_envelope_opens(self, program: Program, vector: dict[str, Any]) -> None:
        envelope, dek = to_text(sealed_by_vector(vector)), to_text(bytes.fromhex(vector["dek"]))
        opened = program.ask("unseal", header=vector["header"], envelope=envelope, dek=dek)
        assert to_bytes(opened) == content_of(vector)

    @each("refused_envelopes")
    def test_an_envelope_is_refused_by_name(self, program: Program, vector: dict[str, Any]) -> None:
        envelope, dek = (to_text(bytes.fromhex(vector[name])) for name in ("sealed", "dek"))
        with refused(vector["error"]):
            program.ask("unseal", header=vector["header"], envelope=envelope, dek=dek)

    @each("refused_headers")
    def test_a_header_is_refused_by_name(self, program: Program, vector: dict[str, Any]) -> None:
        with refused(vector["error"]):
            program.ask("hash", header=vector["header"])

    @each("jwe_slots")
    def test_a_slot_opens(self, program: Program, vector: dict[str, Any]) -> None:
        assert to_bytes(program.ask("unwrap", **asked_of(vector))).hex() == vector["dek"]

    @each("refused_jwe_slots")
    def test_a_slot_is_refused_by_name(self, program: Program, vector: dict[str, Any]) -> None:
        with refused(vector["error"]):
            program.ask("unwrap", **asked_of(vector))

    @each("signatures")
    def test_a_signature_holds(self, program: Program, vector: dict[str, Any]) -> None:
        program.ask("verifyDigest", **signed_of(vector))

    @each("refused_signatures")
    def test_a_signature_is_refused_by_name(self, program: Program, vector: dict[str, Any]) -> None:
        with refused(vector["error"]):
            program.ask("verifyDigest", **signed_of(vector))

    @each("keys")
    def test_a_key_has_its_name(self, program: Program, vector: dict[str, Any]) -> None:
        assert program.ask("thumbprint", jwk=vector["public"]) == vector["thumbprint"]

    @each("refused_keys", without=IN_TEXT_ONLY)
    def test_a_key_is_refused_by_name(self, program: Program, vector: dict[str, Any]) -> None:
        with refused(vector["error"]):
            program.ask(
                "wrap", dek=to_text(new_dek()), hash=to_text(bytes(32)), purpose="device",
                kid=KEYS["campaign"]["thumbprint"], jwk=json.loads(vector["jwk"]), exp=None,
            )  # fmt: skip

    @each("devices")
    def test_a_device_has_its_name(self, program: Program, vector: dict[str, Any]) -> None:
        publics = {use: KEYS[vector[use]]["public"] for use in ("encryption", "signing")}
        assert program.ask("deviceThumbprint", **publics) == vector["thumbprint"]
        assert to_bytes(program.ask("canonical", value=publics)).decode() == vector["canonical"]

    @each("enrolments")
    def test_an_enrolment_has_its_nonce(self, program: Program, vector: dict[str, Any]) -> None:
        asked = {name: vector[name] for name in ("thumbprint", "salt")}
        assert program.ask("enrolmentNonce", **asked) == vector["nonce"]

    @each("jwe_slots")
    def test_jose_finds_the_same_data_key(self, node: Program, vector: dict[str, Any]) -> None:
        found = node.ask("joseOpens", slot=vector["slot"], jwk=KEYS[vector["key"]]["private"])
        assert to_bytes(found["dek"]).hex() == vector["dek"]
        assert found["header"] == json.loads(vector["protected"])


def asked_of(vector: dict[str, Any]) -> dict[str, Any]:
    return {
        "slot": vector["slot"], "hash": to_text(bytes.fromhex(vector["header_hash"])), "kid": vector["kid"],
        "purpose": vector["purpose"], "jwk": KEYS[vector["key"]]["private"], "now": vector["now"],
    }  # fmt: skip


def signed_of(vector: dict[str, Any]) -> dict[str, Any]:
    return {
        "hash": to_text(bytes.fromhex(vector["header_hash"])),
        "digest": to_text(bytes.fromhex(vector["envelope_sha256"])),
        "signature": to_text(bytes.fromhex(vector["signature"])),
        "jwk": KEYS[vector["key"]]["public"],
        "campaignKey": vector["campaign_key"],
    }


LENGTHS = (0, 1, 255, 256, 10_000, 65_535, 65_536, 131_071, 131_072, 200_000)


class TestBothDirections:
    @pytest.mark.parametrize("length", LENGTHS)
    def test_python_opens_what_the_browser_sealed(self, program: Program, length: int) -> None:
        content = bytes(number % 251 for number in range(length))
        made = program.ask("seal", header=text_of(a_header()), content=to_text(content))
        assert unseal(a_header(), to_bytes(made["envelope"]), to_bytes(made["dek"])) == content

    @pytest.mark.parametrize("length", LENGTHS)
    def test_the_browser_opens_what_python_sealed(self, program: Program, length: int) -> None:
        content, dek = bytes(number % 251 for number in range(length)), new_dek()
        envelope = seal(a_header(), content, dek)
        given = {"header": text_of(a_header()), "envelope": to_text(envelope), "dek": to_text(dek)}
        assert to_bytes(program.ask("unseal", **given)) == content

    @pytest.mark.parametrize("piece", [997, 65_552, 70_001])
    def test_streams_carry_the_same_as_whole_envelopes(self, program: Program, piece: int) -> None:
        content = bytes(number % 251 for number in range(200_000))
        asked = {"header": text_of(a_header()), "piece": piece}
        made = program.ask("sealStream", content=to_text(content), **asked)
        assert unseal(a_header(), to_bytes(made["envelope"]), to_bytes(made["dek"])) == content
        assert to_bytes(program.ask("unsealStream", **asked, **made)) == content

    def test_no_two_envelopes_share_key_or_nonce(self, program: Program) -> None:
        made = [program.ask("seal", header=text_of(a_header()), content="") for _ in range(20)]
        assert len({each["dek"] for each in made}) == 20
        assert len({to_bytes(each["envelope"])[4:11] for each in made}) == 20

    def test_content_is_sealed_under_the_newest_version_only(self, program: Program) -> None:
        old = a_header(campaign=None, protection=None)
        with refused("UnknownVersion"):
            program.ask("seal", header=text_of(old), content="")

    @pytest.mark.parametrize("purpose", [SlotPurpose.DEVICE, SlotPurpose.CAMPAIGN, SlotPurpose.PROCESSING])
    @pytest.mark.parametrize("exp", [None, NOW + 60])
    def test_python_opens_the_browsers_slot(
        self, program: Program, purpose: SlotPurpose, exp: int | None
    ) -> None:
        dek, private = new_dek(), keys.new_private()
        slot = program.ask("wrap", **wrapped_for(dek, private, purpose, exp))
        kid = thumbprints.of(keys.public_jwk(private))
        opened = device_slots.unwrap(slot.encode(), a_header().hash, purpose, kid, private, NOW)
        assert opened == dek
        if exp is not None:
            with pytest.raises(SealingError):
                device_slots.unwrap(slot.encode(), a_header().hash, purpose, kid, private, exp)

    @pytest.mark.parametrize("exp", [None, NOW + 60])
    def test_the_browser_opens_pythons_slot_until_it_ends(self, program: Program, exp: int | None) -> None:
        dek, private = new_dek(), keys.new_private()
        public = keys.public_jwk(private)
        kid = thumbprints.of(public)
        slot = device_slots.wrap(dek, a_header().hash, SlotPurpose.CAMPAIGN, kid, public, exp)
        given = {
            "slot": slot.decode(), "hash": to_text(a_header().hash), "purpose": "campaign", "kid": kid,
            "jwk": keys.private_jwk(private),
        }  # fmt: skip
        assert to_bytes(program.ask("unwrap", now=NOW + 59, **given)) == dek
        if exp is not None:
            with refused("SlotExpired"):
                program.ask("unwrap", now=NOW + 60, **given)

    def test_jose_opens_the_browsers_slot(self, node: Program) -> None:
        dek, private = new_dek(), keys.new_private()
        slot = node.ask("wrap", **wrapped_for(dek, private, SlotPurpose.DEVICE, NOW))
        found = node.ask("joseOpens", slot=slot, jwk=keys.private_jwk(private))
        assert to_bytes(found["dek"]) == dek
        assert set(found["header"]) == {"alg", "apv", "enc", "epk", "exp", "kid", "purpose"}

    def test_a_campaigns_slot_is_made_for_the_campaigns_own_key(self, program: Program) -> None:
        given = wrapped_for(new_dek(), keys.new_private(), SlotPurpose.CAMPAIGN, None)
        with refused("KeyRefused"):
            program.ask("wrap", **given | {"kid": KEYS["processing"]["thumbprint"]})

    @pytest.mark.parametrize("campaign_key", [None, KEYS["campaign"]["thumbprint"]], ids=["without", "with"])
    def test_signatures_hold_in_both_directions(self, program: Program, campaign_key: str | None) -> None:
        """With the campaign's key signed, and without."""
        private, envelope = keys.new_private(), b"an envelope"
        digest = hashlib.sha256(envelope).digest()
        given = {"hash": to_text(a_header().hash), "envelope": to_text(envelope), "campaignKey": campaign_key}
        made = to_bytes(program.ask("sign", jwk=keys.private_jwk(private), **given))
        signatures.verify(a_header().hash, digest, made, keys.public_jwk(private), campaign_key)
        ours = to_text(signatures.sign(a_header().hash, digest, private, campaign_key))
        program.ask("verify", signature=ours, jwk=keys.public_jwk(private), **given)
        with refused("SignatureRefused"):
            program.ask("verify", signature=ours, jwk=keys.public_jwk(keys.new_private()), **given)
        with refused("KeyRefused"):
            program.ask(
                "verify", signature=ours, jwk=keys.public_jwk(private), **given | {"campaignKey": "A"}
            )

    def test_the_offline_key_opens_the_browsers_recovery_slot(self, program: Program) -> None:
        private, dek = recovery.new_private(recovery.Suite.P256), new_dek()
        key_id = private.public.key_id
        given = {"dek": to_text(dek), "hash": to_text(a_header().hash), "keyId": key_id}
        slot = to_bytes(program.ask("wrapRecovery", key=to_text(private.public.data), **given))
        assert recovery.unwrap(slot, a_header().hash, key_id, private) == dek
        with pytest.raises(SealingError):
            recovery.unwrap(slot, a_header(Purpose.RESULT).hash, key_id, private)

    def test_a_campaigns_key_is_made_sealed_and_opened(self, program: Program) -> None:
        header = a_header(Purpose.KEY, content_type="application/jwk+json")
        made = program.ask("newCampaignKey", header=text_of(header))
        closed = {"extractable": False, "type": "private", "usages": ["deriveBits"]}
        assert made.pop("key") == closed
        content = unseal(header, to_bytes(made["envelope"]), to_bytes(made["dek"]))
        private = keys.parse_private(content)
        assert content == keys.private_bytes(private)
        assert keys.public_jwk(private) == made["publicJwk"]
        assert thumbprints.of(made.pop("publicJwk")) == made["keyId"]
        assert program.ask("openCampaignKey", header=text_of(header), **made) == closed
        with refused("KeyRefused"):
            program.ask(
                "openCampaignKey", header=text_of(header), **made | {"keyId": KEYS["campaign"]["thumbprint"]}
            )

    def test_something_else_than_a_key_is_no_campaigns_key(self, program: Program) -> None:
        header, dek = a_header(Purpose.KEY, content_type="application/jwk+json"), new_dek()
        for content in (b"", b"null", b"[]", b'{"crv":"P-256"}', canonical_bytes(KEYS["campaign"]["public"])):
            given = {"envelope": to_text(seal(header, content, dek)), "dek": to_text(dek)}
            with refused("KeyRefused", "AlgorithmRefused"):
                program.ask("openCampaignKey", header=text_of(header), keyId="A" * 43, **given)


def wrapped_for(
    dek: bytes, private: keys.PrivateKey, purpose: SlotPurpose, exp: int | None
) -> dict[str, Any]:
    public = keys.public_jwk(private)
    return {
        "dek": to_text(dek), "hash": to_text(a_header().hash), "purpose": purpose.value,
        "kid": thumbprints.of(public), "jwk": public, "exp": exp,
    }  # fmt: skip


class TestDamage:
    def test_any_single_bit_of_an_envelope_counts(self, program: Program) -> None:
        dek = new_dek()
        envelope = seal(a_header(), b"content", dek)
        codes = program.ask(
            "everyBit", header=text_of(a_header()), envelope=to_text(envelope), dek=to_text(dek)
        )
        assert codes == {
            "NotAnEnvelope": 3 * 8,
            "UnknownVersion": 8,
            "HeaderMismatch": 32 * 8,
            "ChunkRefused": 8 * (7 + 256 + 16),
        }

    def test_any_single_bit_of_a_slot_counts(self, program: Program) -> None:
        private = keys.new_private()
        public = keys.public_jwk(private)
        kid = thumbprints.of(public)
        slot = device_slots.wrap(
            new_dek(), a_header().hash, SlotPurpose.CAMPAIGN, kid, public, NOW + 60
        ).decode()
        given = {"purpose": "campaign", "kid": kid, "jwk": keys.private_jwk(private), "now": NOW}
        codes = program.ask("everyBitOfSlot", slot=slot, hash=to_text(a_header().hash), **given)
        assert sum(codes.values()) == 7 * len(slot)
        assert codes.keys() <= {"SlotRefused", "SlotExpired", "AlgorithmRefused", "KeyRefused"}

    @pytest.mark.parametrize("value", [True, False, 1.5, 2**53, {"a": [True]}, "\ud800", {"\udc00": 1}])
    def test_what_has_no_canonical_form_is_refused(self, program: Program, value: object) -> None:
        with refused("NotCanonical"):
            program.ask("canonical", value=value)

    @pytest.mark.parametrize(
        "value",
        [
            None,
            0,
            -(2**53) + 1,
            '\x00\x1f"\\/\x7fé€😀\u2028',
            [],
            {},
            {"€": 1, "😀": 2, "דּ": [{"z": None, "a": ""}]},
        ],
    )
    def test_canonical_forms_are_pythons(self, program: Program, value: object) -> None:
        assert to_bytes(program.ask("canonical", value=value)) == canonical_bytes(value)

    @pytest.mark.parametrize("seed", [1, 2_718_281, 31_415_926])
    def test_random_damage_ends_in_named_refusals(self, node: Program, seed: int) -> None:
        found = node.ask("fuzz", seed=seed, rounds=400)
        failed = {name: code for name, codes in found.items() for code in codes if code.startswith("failed")}
        assert failed == {}
        assert all(sum(codes.values()) == 400 for codes in found.values())
        assert {"SlotRefused", "AlgorithmRefused"} <= found["slotHeader"].keys()
        assert {"HeaderRefused", "UnknownVersion"} <= found["member"].keys() | found["header"].keys()


class TestStreams:
    def test_a_stream_holds_no_more_memory_the_longer_it_is(self, node: Program) -> None:
        header, piece = json.loads(a_header().to_bytes()), 100_000
        short = node.ask("streams", header=header, pieces=160, piece=piece)
        long = node.ask("streams", header=header, pieces=1600, piece=piece)
        assert (short["length"], long["length"]) == (160 * piece, 1600 * piece)
        assert long["peak"] < short["peak"] + 64_000_000

    def test_a_stream_that_is_cut_ends_in_an_error(self, program: Program) -> None:
        dek = new_dek()
        envelope = seal(a_header(), bytes(200_000), dek)
        given = {"header": text_of(a_header()), "dek": to_text(dek), "piece": 10_000}
        with refused("Truncated"):
            program.ask("unsealStream", envelope=to_text(envelope[: 43 + 2 * 65_552]), **given)

    def test_whoever_stops_reading_stops_the_source(self, node: Program) -> None:
        assert node.ask("cancels", header=json.loads(a_header().to_bytes())) is True

"""Writes the newer part of `tests/vectors/sealing.json`: `python -m tests.vectors.make_sealing`.

Everything that is random in use follows here from a label, so that the same program writes the same file again. Two
things cannot: HPKE draws its ephemeral key inside the library, so a recovery slot in the file stays as it is while it
opens; and what was in the file before there was a header of version 2 is kept, word for word.

**All private keys here are test keys.** They protect nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_wrap

from security.canonical import canonical_bytes
from security.labels import Level
from security.sealing import (
    Header,
    Protection,
    Purpose,
    SealingError,
    SlotPurpose,
    base64url,
    device_slots,
    envelope,
    keys,
    recovery,
    signatures,
    slot_aad,
    thumbprints,
)

FILE = Path(__file__).with_name("sealing.json")
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the group on P-256 (FIPS 186-5)."""

NOW = 1_950_000_000
ENDS = NOW + 3_600
SALT = hashlib.shake_256(b"sealing vectors: salt").digest(32)

Vector = dict[str, Any]


def chosen(label: str, length: int) -> bytes:
    """`length` bytes that stand where random ones stand in use."""
    return hashlib.shake_256(b"sealing vectors: " + label.encode()).digest(length)


def private_key(label: str) -> keys.PrivateKey:
    scalar = int.from_bytes(chosen(f"key {label}", 40), "big") % (ORDER - 1) + 1
    return ec.derive_private_key(scalar, keys.CURVE)


OWNER, OWNER_SIGNING = private_key("owner's device, encryption"), private_key("owner's device, signing")
PERSON, PERSON_SIGNING = (
    private_key("contributor's device, encryption"),
    private_key("contributor's, signing"),
)
CAMPAIGN, PROCESSING = private_key("campaign"), private_key("processing")
KEYS = {
    "owner's device, encryption": ("ECDH", OWNER),
    "owner's device, signing": ("ECDSA", OWNER_SIGNING),
    "contributor's device, encryption": ("ECDH", PERSON),
    "contributor's device, signing": ("ECDSA", PERSON_SIGNING),
    "campaign": ("ECDH", CAMPAIGN),
    "processing": ("ECDH", PROCESSING),
}
OWNERS_DEVICE = thumbprints.device(keys.public_jwk(OWNER), keys.public_jwk(OWNER_SIGNING))
CAMPAIGNS_KEY = thumbprints.of(keys.public_jwk(CAMPAIGN))
PERSONS_DEVICE = thumbprints.device(keys.public_jwk(PERSON), keys.public_jwk(PERSON_SIGNING))

_SERVER = Header(
    purpose=Purpose.TASK, microtask=UUID("7b1c0a52-0d6e-4a51-9d3e-0a4f6f3b9c11"), agency="harbour",
    level=Level.SENSITIVE, campaign=UUID("5f0d3c6a-91b2-4e57-8a3c-2d1e0f9b8a76"), protection=Protection.SERVER,
)  # fmt: skip
_BETWEEN_ENDS = replace(
    _SERVER,
    protection=Protection.END_TO_END,
    level=Level.RESTRICTED,
    compartments=frozenset({"customs", "ports"}),
)
_CONTRIBUTION = UUID("1f0e7c5d-2b6a-4c39-8f14-5d6e7f809a1b")
_CLAIM = UUID("c2a45b1e-7d3f-4b60-9e8a-6f5d4c3b2a19")
PAYLOADS = {
    "version 2: a task, server-sealed": (_SERVER, '{"species":"Möwe 🐦"}'.encode()),
    "version 2: a task, end-to-end": (_BETWEEN_ENDS, '{"species":"Möwe 🐦"}'.encode()),
    "version 2: an answer, revised once": (
        replace(_BETWEEN_ENDS, purpose=Purpose.ANSWER, contribution=_CONTRIBUTION, payload_version=2),
        b'{"species":"herring gull"}',
    ),
    "version 2: a result, server-sealed": (
        replace(_SERVER, purpose=Purpose.RESULT),
        b'{"value":"herring gull"}',
    ),
    "version 2: a draft": (
        replace(_BETWEEN_ENDS, purpose=Purpose.DRAFT, contribution=_CLAIM),
        b'{"species":"h',
    ),
    "version 2: a campaign's private key": (
        replace(_BETWEEN_ENDS, purpose=Purpose.KEY, microtask=None, content_type="application/jwk+json"),
        keys.private_bytes(CAMPAIGN),
    ),
    "version 2: two chunks": (replace(_SERVER, content_type="text/plain"), b"z" * 70_000),
}


def made() -> dict[str, list[Vector]]:
    """The whole file as a value."""
    before = json.loads(FILE.read_text(encoding="utf-8"))
    envelopes = [_envelope(name, header, content) for name, (header, content) in PAYLOADS.items()]
    kept = [each for each in before["envelopes"] if not each["name"].startswith("version 2")]
    return {
        "envelopes": kept + envelopes,
        "slots": before["slots"],
        "keys": [_key(name, use, private) for name, (use, private) in KEYS.items()],
        "devices": _devices(),
        "enrolments": _enrolments(),
        "jwe_slots": _jwe_slots(),
        "recovery_slots": _recovery_slots(before.get("recovery_slots", [])),
        "signatures": _signatures(envelopes),
        "refused_envelopes": _refused_envelopes(),
        "refused_headers": _refused_headers(),
        "refused_jwe_slots": _refused_jwe_slots(),
        "refused_keys": _refused_keys(),
        "refused_signatures": _refused_signatures(envelopes),
    }


def written(vectors: dict[str, list[Vector]]) -> str:
    return json.dumps(vectors, ensure_ascii=False, indent=1) + "\n"


def _envelope(name: str, header: Header, content: bytes) -> Vector:
    dek, prefix = chosen(f"dek {name}", 32), chosen(f"prefix {name}", 7)
    sealed = b"".join(envelope._sealed(header, [content], dek, prefix))
    short = len(sealed) < 2000
    once = content if len(set(content)) > 1 else content[:1]
    return {
        "name": name,
        "header": header.to_bytes().decode(),
        "header_hash": header.hash.hex(),
        "dek": dek.hex(),
        "nonce_prefix": prefix.hex(),
        "content": {"hex": once.hex(), "times": len(content) // len(once)},
        "sealed": sealed.hex() if short else None,
        "sealed_sha256": hashlib.sha256(sealed).hexdigest(),
    }


def _key(name: str, use: str, private: keys.PrivateKey) -> Vector:
    public = keys.public_jwk(private)
    return {
        "name": name,
        "note": "a test key",
        "use": use,
        "private": keys.private_jwk(private),
        "public": public,
        "thumbprint": thumbprints.of(public),
    }


def _devices() -> list[Vector]:
    return [
        {
            "name": name,
            "encryption": f"{name}, encryption",
            "signing": f"{name}, signing",
            "canonical": canonical_bytes(
                {"encryption": keys.public_jwk(encryption), "signing": keys.public_jwk(signing)}
            ).decode(),
            "thumbprint": thumbprints.device(keys.public_jwk(encryption), keys.public_jwk(signing)),
        }
        for name, encryption, signing in (
            ("owner's device", OWNER, OWNER_SIGNING),
            ("contributor's device", PERSON, PERSON_SIGNING),
        )
    ]


def _enrolments() -> list[Vector]:
    salt = base64url.encoded(SALT)
    return [
        {"thumbprint": device, "salt": salt, "nonce": thumbprints.enrolment_nonce(device, salt)}
        for device in (OWNERS_DEVICE, PERSONS_DEVICE)
    ]


def _place(payload: str) -> tuple[bytes, bytes]:
    """Data key and header hash of a payload."""
    return chosen(f"dek {payload}", 32), PAYLOADS[payload][0].hash


SLOTS: list[tuple[str, str, SlotPurpose, str, str, int | None]] = [
    ("a task for a device, for an hour", "version 2: a task, server-sealed", SlotPurpose.DEVICE, PERSONS_DEVICE,
     "contributor's device, encryption", ENDS),
    ("a task for its campaign", "version 2: a task, end-to-end", SlotPurpose.CAMPAIGN,
     thumbprints.of(keys.public_jwk(CAMPAIGN)), "campaign", None),
    ("an answer for its campaign", "version 2: an answer, revised once", SlotPurpose.CAMPAIGN,
     thumbprints.of(keys.public_jwk(CAMPAIGN)), "campaign", None),
    ("a draft for its author's device", "version 2: a draft", SlotPurpose.DEVICE, PERSONS_DEVICE,
     "contributor's device, encryption", None),
    ("a campaign's key for its owner's device", "version 2: a campaign's private key", SlotPurpose.DEVICE,
     OWNERS_DEVICE, "owner's device, encryption", None),
    ("a campaign's key for the agency's worker", "version 2: a campaign's private key", SlotPurpose.PROCESSING,
     thumbprints.of(keys.public_jwk(PROCESSING)), "processing", None),
]  # fmt: skip


def _jwe_slots() -> list[Vector]:
    vectors = []
    for name, payload, purpose, kid, key, expires in SLOTS:
        dek, header_hash = _place(payload)
        ephemeral, random = private_key(f"ephemeral {name}"), chosen(f"random {name}", 44)
        recipient = KEYS[key][1].public_key()
        slot = device_slots._wrapped(dek, header_hash, purpose, kid, recipient, expires, ephemeral, random)
        bound_to = {
            "expiry": expires,
            "header": header_hash.hex(),
            "key": kid,
            "purpose": purpose,
            "version": 1,
        }
        vectors.append(
            {
                "name": name, "payload": payload, "purpose": purpose.value, "kid": kid, "key": key,
                "header_hash": header_hash.hex(), "dek": dek.hex(), "expires": expires, "now": NOW,
                "bound_to": canonical_bytes(bound_to).decode(),
                "protected": base64url.decoded(slot.split(b".")[0].decode()).decode(),
                "ephemeral": keys.private_jwk(ephemeral), "content_key": random[:32].hex(),
                "nonce": random[32:].hex(), "slot": slot.decode(),
            }
        )  # fmt: skip
    return vectors


def _recovery_slots(before: list[Vector]) -> list[Vector]:
    vectors = []
    kept = {each["name"]: bytes.fromhex(each["slot"]) for each in before}
    for suite, name in (
        (recovery.Suite.P256, "suite 1: DHKEM(P-256)"),
        (recovery.Suite.HYBRID, "suite 2: MLKEM768-X25519"),
    ):
        private = recovery.PrivateKey(suite, chosen(f"recovery {suite.value}", 32))
        public = private.public
        payload = "version 2: a campaign's private key"
        dek, header_hash = _place(payload)
        slot = kept.get(name, b"")
        try:
            opened = recovery.unwrap(slot, header_hash, public.key_id, private)
        except SealingError:
            opened = b""
        if opened != dek:
            slot = recovery.wrap(dek, header_hash, public.key_id, public)
        vectors.append(
            {
                "name": name, "note": "a test key", "payload": payload, "suite": suite.value,
                "private": private.secret.hex(), "public": public.data.hex(), "key_id": public.key_id,
                "header_hash": header_hash.hex(), "dek": dek.hex(),
                "info": slot_aad(header_hash, SlotPurpose.RECOVERY, public.key_id).decode(), "slot": slot.hex(),
            }
        )  # fmt: skip
    return vectors


def _signed(message: bytes, private: keys.PrivateKey) -> bytes:
    """ES256 with the nonce of RFC 6979, so that it comes out the same again."""
    algorithm = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
    r, s = decode_dss_signature(private.sign(message, algorithm))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def _signatures(envelopes: list[Vector]) -> list[Vector]:
    by_name = {each["name"]: each for each in envelopes}
    vectors = []
    for payload, key, campaign_key in (
        ("version 2: a task, end-to-end", "owner's device, signing", CAMPAIGNS_KEY),
        ("version 2: an answer, revised once", "contributor's device, signing", CAMPAIGNS_KEY),
        ("version 2: a campaign's private key", "owner's device, signing", None),
    ):
        header_hash, digest = by_name[payload]["header_hash"], by_name[payload]["sealed_sha256"]
        message = signatures.signed_bytes(bytes.fromhex(header_hash), bytes.fromhex(digest), campaign_key)
        vectors.append(
            {
                "name": payload.removeprefix("version 2: "), "payload": payload, "key": key,
                "header_hash": header_hash, "envelope_sha256": digest, "campaign_key": campaign_key,
                "signed": message.hex(),
                "signature": _signed(message, KEYS[key][1]).hex(),
            }
        )  # fmt: skip
    return vectors


def _refused_envelopes() -> list[Vector]:
    """What a reader says no to; each opens the payload's header with the payload's data key unless it says more."""
    payload = "version 2: a task, end-to-end"
    header, content = PAYLOADS[payload]
    dek, _ = _place(payload)
    sealed = b"".join(envelope._sealed(header, [content], dek, chosen(f"prefix {payload}", 7)))
    start = envelope.PREAMBLE_BYTES
    other = b"".join(envelope._sealed(header, [content], dek, chosen("prefix of another sealing", 7)))
    flipped = bytearray(sealed)
    flipped[start + 5] ^= 1
    unpadded = AESGCM(dek).encrypt(sealed[4:11] + b"\x00\x00\x00\x00\x01", bytes(256), header.hash)
    cases: list[tuple[str, bytes, Header, str]] = [
        ("nothing", b"", header, "NotAnEnvelope"),
        ("something else", b"PK\x03\x04" + sealed[4:], header, "NotAnEnvelope"),
        ("an unknown version", sealed[:3] + b"\x02" + sealed[4:], header, "UnknownVersion"),
        ("cut in the preamble", sealed[: start - 1], header, "Truncated"),
        ("cut after the preamble", sealed[:start], header, "Truncated"),
        ("cut in the chunk", sealed[:-1], header, "Truncated"),
        ("something appended", sealed + b"\x00", header, "Truncated"),
        ("one bit changed", bytes(flipped), header, "ChunkRefused"),
        ("a chunk of another sealing", sealed[:start] + other[start:], header, "ChunkRefused"),
        ("no padding", sealed[:start] + unpadded, header, "PaddingRefused"),
        ("asked as server-sealed", sealed, replace(header, protection=Protection.SERVER), "DowngradeRefused"),
        ("asked as version 1", sealed, replace(header, protection=None, campaign=None), "HeaderMismatch"),
        (
            "asked as another version of the payload",
            sealed,
            replace(header, payload_version=2),
            "HeaderMismatch",
        ),
        ("asked as another campaign's", sealed, replace(header, campaign=UUID(int=1)), "HeaderMismatch"),
        ("asked as a result", sealed, replace(header, purpose=Purpose.RESULT), "HeaderMismatch"),
    ]
    return [
        {
            "name": name,
            "header": asked.to_bytes().decode(),
            "dek": dek.hex(),
            "sealed": data.hex(),
            "error": error,
        }
        for name, data, asked, error in cases
    ]


def _refused_headers() -> list[Vector]:
    header = _SERVER.to_bytes().decode()
    draft = replace(_SERVER, purpose=Purpose.DRAFT, contribution=_CLAIM).to_bytes().decode()
    key = PAYLOADS["version 2: a campaign's private key"][0].to_bytes().decode()
    microtask = str(_SERVER.microtask)
    cases = [
        ("version 3", header.replace('"version":2', '"version":3'), "UnknownVersion"),
        ("version 2 said to be version 1", header.replace('"version":2', '"version":1'), "HeaderRefused"),
        ("no protection", header.replace('"protection":"server",', ""), "HeaderRefused"),
        ("no such protection", header.replace('"server"', '"none"'), "HeaderRefused"),
        ("campaign of null", header.replace(f'"{_SERVER.campaign}"', "null"), "HeaderRefused"),
        ("no such purpose", header.replace('"task"', '"comment"'), "HeaderRefused"),
        ("a task without a microtask", header.replace(f'"{microtask}"', "null"), "HeaderRefused"),
        (
            "a key with a microtask",
            key.replace('"microtask":null', f'"microtask":"{microtask}"'),
            "HeaderRefused",
        ),
        ("a draft without a claim", draft.replace(f'"{_CLAIM}"', "null"), "HeaderRefused"),
        ("a space", header.replace(":", ": ", 1), "HeaderRefused"),
        ("a member twice", header.replace("{", '{"agency":"forest",', 1), "HeaderRefused"),
        ("another member", header.replace('"version":2', '"version":2,"zone":1'), "HeaderRefused"),
        ("payload version 0", header.replace('"payload_version":1', '"payload_version":0'), "HeaderRefused"),
    ]
    return [{"name": name, "header": text, "error": error} for name, text, error in cases]


class _Crafted:
    """Slots whose every secret part is right, under a protected header that is not: a lax reader would open them."""

    def __init__(self) -> None:
        self.name, self.payload, self.purpose, self.kid, self.key, self.expires = SLOTS[0]
        self.dek, self.header_hash = _place(self.payload)
        self.ephemeral, self.random = private_key("ephemeral of a forger"), chosen("random of a forger", 44)
        self.recipient = KEYS[self.key][1].public_key()

    def good(self, **changed: Any) -> str:
        place: dict[str, Any] = {
            "dek": self.dek, "header_hash": self.header_hash, "purpose": self.purpose, "kid": self.kid,
            "recipient": self.recipient, "expires": self.expires, "ephemeral": self.ephemeral, "random": self.random,
        } | changed  # fmt: skip
        return device_slots._wrapped(**place).decode()

    def members(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(base64url.decoded(self.good().split(".")[0]))
        return found

    def under(self, header: str) -> str:
        """A slot that opens under exactly this protected header, whatever it says."""
        protected = base64url.encoded(header.encode())
        binding = device_slots.apv(self.header_hash, self.purpose, self.kid, self.expires)
        agreed = device_slots._agreed(self.ephemeral, self.recipient, binding)
        content_key, nonce = self.random[:32], self.random[32:]
        sealed = AESGCM(content_key).encrypt(nonce, self.dek, protected.encode())
        parts = (aes_key_wrap(agreed, content_key), nonce, sealed[:-16], sealed[-16:])
        return ".".join((protected, *map(base64url.encoded, parts)))

    def agreed_directly(self) -> str:
        """ECDH-ES without a key wrap, done right (RFC 7518, section 4.6): the agreed key is the content key."""
        header = canonical_bytes(self.members() | {"alg": "ECDH-ES"}).decode()
        protected = base64url.encoded(header.encode())
        binding = device_slots.apv(self.header_hash, self.purpose, self.kid, self.expires)
        info = b"\x00\x00\x00\x07A256GCM" + bytes(4) + b"\x00\x00\x00\x20" + binding + b"\x00\x00\x01\x00"
        secret = self.ephemeral.exchange(ec.ECDH(), self.recipient)
        content_key = hashlib.sha256(b"\x00\x00\x00\x01" + secret + info).digest()
        sealed = AESGCM(content_key).encrypt(self.random[32:], self.dek, protected.encode())
        return ".".join(
            (protected, "", *map(base64url.encoded, (self.random[32:], sealed[:-16], sealed[-16:])))
        )

    def with_members(self, **changed: Any) -> str:
        return self.under(canonical_bytes(self.members() | changed).decode())

    def without(self, *names: str) -> str:
        left = {name: value for name, value in self.members().items() if name not in names}
        return self.under(canonical_bytes(left).decode())

    def respelled(self, change: Callable[[str], str]) -> str:
        return self.under(change(canonical_bytes(self.members()).decode()))

    def with_epk(self, **changed: Any) -> str:
        epk = self.members()["epk"] | changed
        return self.with_members(epk={name: value for name, value in epk.items() if value is not None})


def _off_the_curve() -> str:
    """A `y` that belongs to no point with the `x` of the forger's key."""
    y = bytearray(base64url.decoded(keys.public_jwk(private_key("ephemeral of a forger"))["y"]))
    y[31] ^= 1
    return base64url.encoded(bytes(y))


def _refused_jwe_slots() -> list[Vector]:
    """What a reader says no to; it believes in the place of the first slot above, at NOW unless it says more."""
    c = _Crafted()
    good = c.good()
    parts = good.split(".")
    p384 = ec.derive_private_key(12345, ec.SECP384R1()).public_key().public_numbers()
    algorithms = [
        "none",
        "dir",
        "A256KW",
        "ECDH-ES+A128KW",
        "ECDH-1PU+A256KW",
        "RSA-OAEP-256",
        "PBES2-HS512+A256KW",
    ]
    cases = [
        *((f"alg {alg}", c.with_members(alg=alg), "AlgorithmRefused") for alg in algorithms),
        ("alg ECDH-ES, agreed directly", c.agreed_directly(), "AlgorithmRefused"),
        ("no alg", c.without("alg"), "AlgorithmRefused"),
        *((f"enc {enc}", c.with_members(enc=enc), "AlgorithmRefused") for enc in ("A128GCM", "A256CBC-HS512")),
        ("no enc", c.without("enc"), "AlgorithmRefused"),
        ("zip", c.with_members(zip="DEF"), "AlgorithmRefused"),
        ("crit", c.with_members(crit=["exp"]), "AlgorithmRefused"),
        ("b64", c.with_members(b64=False), "AlgorithmRefused"),
        ("apu", c.with_members(apu="QQ"), "SlotRefused"),
        ("jwk", c.with_members(jwk=keys.public_jwk(PERSON)), "SlotRefused"),
        ("a member twice", c.respelled(lambda text: text.replace("{", '{"alg":"dir",', 1)), "SlotRefused"),
        ("a space", c.respelled(lambda text: text.replace(":", ": ", 1)), "SlotRefused"),
        ("another order", c.under(json.dumps(dict(reversed(c.members().items())), separators=(",", ":"))),
         "SlotRefused"),
        ("no epk", c.without("epk"), "SlotRefused"),
        ("epk of another curve", c.with_members(epk={
            "crv": "P-384", "kty": "EC", "x": base64url.encoded(p384.x.to_bytes(48, "big")),
            "y": base64url.encoded(p384.y.to_bytes(48, "big"))}), "AlgorithmRefused"),
        ("epk of another kind", c.with_members(epk={"crv": "X25519", "kty": "OKP", "x": keys.public_jwk(PERSON)["x"]}),
         "AlgorithmRefused"),
        ("epk not on the curve", c.with_epk(y=_off_the_curve()), "KeyRefused"),
        ("epk without y", c.with_epk(y=None), "KeyRefused"),
        ("epk with a private half", c.with_epk(d=base64url.encoded(bytes(31) + b"\x01")), "KeyRefused"),
        ("epk of a short coordinate", c.with_epk(x="AQ"), "KeyRefused"),
        ("kid of another device", c.good(kid=OWNERS_DEVICE), "SlotRefused"),
        ("purpose processing", c.good(purpose=SlotPurpose.PROCESSING), "SlotRefused"),
        ("kid said to be this device's", c.with_members(kid=OWNERS_DEVICE), "SlotRefused"),
        ("another payload's", c.good(header_hash=_place(SLOTS[1][1])[1]), "SlotRefused"),
        ("an end moved later", c.with_members(exp=ENDS + 1), "SlotRefused"),
        ("an end taken away", c.without("exp"), "SlotRefused"),
        ("an end with a fraction", c.respelled(lambda text: text.replace(f"{ENDS}", f"{ENDS}.5")), "SlotRefused"),
        ("an end of true", c.with_members(exp=True), "SlotRefused"),
        ("an end that is over", c.good(expires=NOW), "SlotExpired"),
        ("sealed for another key", c.good(recipient=OWNER.public_key()), "SlotRefused"),
        ("four parts", ".".join(parts[:4]), "SlotRefused"),
        ("six parts", good + ".AA", "SlotRefused"),
        ("padded base64", good + "==", "SlotRefused"),
        ("a tag cut short", good[:-4], "SlotRefused"),
        ("a shorter data key", c.good(dek=c.dek[:16]), "SlotRefused"),
        ("parts of another slot", ".".join([parts[0], *c.good(ephemeral=private_key("another")).split(".")[1:]]),
         "SlotRefused"),
        ("no JWE", "{}", "SlotRefused"),
        ("nothing", "", "SlotRefused"),
    ]  # fmt: skip
    place = {
        "purpose": c.purpose.value,
        "kid": c.kid,
        "key": c.key,
        "header_hash": c.header_hash.hex(),
        "now": NOW,
    }
    return [{"name": name, **place, "slot": slot, "error": error} for name, slot, error in cases]


def _refused_keys() -> list[Vector]:
    """Public keys that are none, as JSON from outside."""
    jwk = keys.public_jwk(PERSON)
    private = keys.private_jwk(PERSON)
    text = canonical_bytes(jwk).decode()
    last = jwk["x"][-1]
    alike = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    respelled = jwk["x"][:-1] + alike[alike.index(last) | 1]
    cases = [
        ("another curve", canonical_bytes(jwk | {"crv": "P-384"}).decode(), "AlgorithmRefused"),
        ("another kind", canonical_bytes(jwk | {"kty": "OKP"}).decode(), "AlgorithmRefused"),
        ("secp256k1", canonical_bytes(jwk | {"crv": "secp256k1"}).decode(), "AlgorithmRefused"),
        ("a private half", canonical_bytes(private).decode(), "KeyRefused"),
        ("another member", canonical_bytes(jwk | {"alg": "ES256"}).decode(), "KeyRefused"),
        ("no y", canonical_bytes({name: jwk[name] for name in ("crv", "kty", "x")}).decode(), "KeyRefused"),
        ("not on the curve", canonical_bytes(jwk | {"y": jwk["x"]}).decode(), "KeyRefused"),
        ("the origin", canonical_bytes(jwk | {"x": "A" * 43, "y": "A" * 43}).decode(), "KeyRefused"),
        (
            "a coordinate beyond the field",
            canonical_bytes(jwk | {"x": "_" * 42 + "8"}).decode(),
            "KeyRefused",
        ),
        ("a coordinate of 31 bytes", canonical_bytes(jwk | {"x": "A" * 42}).decode(), "KeyRefused"),
        ("another spelling of x", canonical_bytes(jwk | {"x": respelled}).decode(), "KeyRefused"),
        ("padded base64", canonical_bytes(jwk | {"x": jwk["x"] + "="}).decode(), "KeyRefused"),
        ("plain base64", canonical_bytes(jwk | {"x": "+" + jwk["x"][1:]}).decode(), "KeyRefused"),
        ("x as a number", canonical_bytes(jwk | {"x": 7}).decode(), "KeyRefused"),
        ("a member twice", text.replace("{", '{"crv":"P-256",', 1), "KeyRefused"),
        ("a list", f"[{text}]", "KeyRefused"),
        ("no JSON", text[:-1], "KeyRefused"),
    ]
    return [{"name": name, "jwk": written_as, "error": error} for name, written_as, error in cases]


def _refused_signatures(envelopes: list[Vector]) -> list[Vector]:
    good = _signatures(envelopes)[0]
    signature = bytes.fromhex(good["signature"])
    message = bytes.fromhex(good["signed"])
    place = {
        "header_hash": good["header_hash"],
        "envelope_sha256": good["envelope_sha256"],
        "campaign_key": good["campaign_key"],
        "key": good["key"],
    }
    another = thumbprints.of(keys.public_jwk(PROCESSING))
    other = place | {"key": "contributor's device, signing"}
    without_context = _signed(message[22:], OWNER_SIGNING)
    r, s = signature[:32], signature[32:]
    der = private_key("any").sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    cases = [
        ("of another payload", place | {"header_hash": _SERVER.hash.hex()}, signature),
        ("of another envelope", place | {"envelope_sha256": _SERVER.hash.hex()}, signature),
        ("by another device", other, signature),
        ("to another campaign's key", place | {"campaign_key": another}, signature),
        ("to no campaign's key", place | {"campaign_key": None}, signature),
        ("that says no campaign's key", place, _signed(message[:-32], OWNER_SIGNING)),
        ("without the text at the beginning", place, without_context),
        ("r of nothing", place, bytes(32) + s),
        ("s of nothing", place, r + bytes(32)),
        ("r and s of nothing", place, bytes(64)),
        ("r and s exchanged", place, s + r),
        ("r beyond the order of the group", place, b"\xff" * 32 + s),
        ("in another encoding", place, der),
        ("cut short", place, signature[:-1]),
        ("one byte more", place, signature + b"\x00"),
        ("nothing", place, b""),
    ]
    return [
        {"name": name, **where, "signature": data.hex(), "error": "SignatureRefused"}
        for name, where, data in cases
    ]


if __name__ == "__main__":
    FILE.write_text(written(made()), encoding="utf-8")

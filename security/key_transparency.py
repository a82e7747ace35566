"""Whether a device key is whose it is said to be: the evidence of an enrolment, checked by whoever seals to that key.

Whoever hands out keys could hand out one of their own and read everything. So three parties stand behind a device key,
of which the marketplace is one: the agency's identity provider signed an ID token whose nonce is the hash of the key's
thumbprint and a salt; the enrolment is on the record under a number; and a witness that an agency runs cosigned a
checkpoint of the record over that entry, so that nobody can show it to one reader and hide it from another.

Pure: evidence (JSON values, as `agencies.device_keys.evidence` makes it), trusted keys and a time go in; what was
vouched for, or the first thing that does not hold, comes out. RFC 7515 (token), RFC 9162 (tree), C2SP signed notes.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry

from marketplace.foundation.errors import DomainError
from security import checkpoint, merkle_proofs, notes, oidc
from security.checkpoint import Checkpoint
from security.merkle import HASH_BYTES, leaf_hash
from security.notes import Verifier
from security.oidc.claims import LEEWAY_SECONDS, check_audience, check_issuer, check_subject, seconds
from security.oidc.discovery import ASYMMETRIC_ALGORITHMS
from security.sealing import thumbprints
from security.sealing.errors import SealingError

FORMAT = "marketplace-device-evidence-1"
ACT = "device_key.enrol"
LONGEST_PROOF = 64
"""Hashes in the proof of one entry: a tree of 2**64 leaves needs no more."""
LEEWAY = timedelta(seconds=LEEWAY_SECONDS)
_PUBLIC_MEMBERS = ("kty", "crv", "x", "y", "n", "e", "kid", "use", "alg")
"""Of a provider's key what verifying needs: certificates beside it, and what nobody expects, are not kept."""
_MEMBERS = frozenset(
    {
        "format", "thumbprint", "encryption_key", "signing_key", "salt", "id_token", "issuer", "client_id",
        "issuer_key", "entry", "checkpoint", "log", "witnesses",
    }
)  # fmt: skip


class EvidenceRefused(DomainError):
    """It is not shown whose device this is."""


class EvidenceUnreadable(EvidenceRefused):
    """This is not the evidence of an enrolment."""


class ThumbprintWrong(EvidenceRefused):
    """These are not the keys that the thumbprint names."""


class TokenSignatureWrong(EvidenceRefused):
    """The confirmation was not signed by the key that it is presented with."""


class IssuerKeyUnknown(EvidenceRefused):
    """The confirmation was signed by a key that this sign-in service is not known to have."""


class IssuerWrong(EvidenceRefused):
    """The confirmation was made by another sign-in service."""


class AudienceWrong(EvidenceRefused):
    """The confirmation was not made for this marketplace."""


class NonceWrong(EvidenceRefused):
    """The confirmation was given for another key."""


class EntryWrong(EvidenceRefused):
    """The entry of the record is of something else than this enrolment."""


class EnrolledAtAnotherTime(EvidenceRefused):
    """The confirmation did not hold when the enrolment was put on the record."""


class NotIncluded(EvidenceRefused):
    """The entry is not in the record that was signed."""


class CheckpointUnsigned(EvidenceRefused):
    """The record’s checkpoint is not signed by the key of this record."""


class WitnessMissing(EvidenceRefused):
    """Too few of the witnesses that are trusted here have cosigned the record’s checkpoint."""


class FromTheFuture(EvidenceRefused):
    """The evidence speaks of a time that has not come yet."""


@dataclass(frozen=True, slots=True)
class Vouched:
    """A device as it was vouched for: its keys, the identity that enrolled it, and who saw that on the record."""

    thumbprint: str
    encryption_key: Mapping[str, str]
    signing_key: Mapping[str, str]
    issuer: str
    subject: str = field(repr=False)
    enrolled_at: datetime
    entry: int
    size: int
    witnesses: tuple[str, ...]


def verify(
    evidence: Mapping[str, Any],
    *,
    trusted_log_key: Verifier,
    trusted_witnesses: Collection[Verifier],
    issuer: str,
    now: datetime,
    client_id: str | None = None,
    issuer_keys: Collection[Mapping[str, Any]] | None = None,
    quorum: int = 1,
) -> Vouched:
    """What the evidence shows, or EvidenceRefused with the first thing that does not hold. `now` is aware.

    `issuer` is the sign-in service that the device's agency is known by; `client_id`, where given, what this
    marketplace is called there; `issuer_keys`, where given, the keys (JWK) that it is known to have or to have had.
    Without those the signing key is the one that the evidence names: that the service had it is then the word of the
    marketplace and of the agency that watches its people's keys. At least `quorum` of `trusted_witnesses` must have
    cosigned; fewer than one is not asked for (ValueError).
    """
    if quorum < 1:
        raise ValueError("without a witness whoever has the log's key could have written another record")
    if not isinstance(evidence, Mapping) or evidence.get("format") != FORMAT or evidence.keys() != _MEMBERS:
        raise EvidenceUnreadable()
    thumbprint, nonce = _names(evidence)
    if evidence["issuer"] != issuer:
        raise IssuerWrong()
    ours = _text(evidence, "client_id")
    if client_id not in (None, ours):
        raise AudienceWrong()
    _check_issuer_key(evidence["issuer_key"], issuer_keys)
    claims = confirmed(_text(evidence, "id_token"), evidence["issuer_key"], issuer, ours, nonce)
    number, body, path = _entry(evidence["entry"])
    at = _check_entry(body, thumbprint, token_digest(evidence["id_token"]))
    _check_time(claims, at, now)
    seen, witnesses = _check_checkpoint(evidence, trusted_log_key, trusted_witnesses, quorum, now)
    if not merkle_proofs.included(leaf_hash(body), number, seen.size, path, seen.root):
        raise NotIncluded()
    return Vouched(
        thumbprint=thumbprint,
        encryption_key=dict(evidence["encryption_key"]),
        signing_key=dict(evidence["signing_key"]),
        issuer=issuer,
        subject=str(claims["sub"]),
        enrolled_at=at,
        entry=number,
        size=seen.size,
        witnesses=witnesses,
    )


def witnessed(
    shown: Mapping[str, Any],
    *,
    trusted_log_key: Verifier,
    trusted_witnesses: Collection[Verifier],
    now: datetime,
    quorum: int = 1,
) -> tuple[int, bytes]:
    """Number and body of any entry of the record, shown to be in it. `shown` has `entry` and `checkpoint` as above.

    What the entry says is for the caller to judge. Raises EvidenceRefused with the first thing that does not hold.
    """
    if quorum < 1:
        raise ValueError("without a witness whoever has the log's key could have written another record")
    number, body, path = _entry(shown["entry"])
    seen, _ = _check_checkpoint(shown, trusted_log_key, trusted_witnesses, quorum, now)
    if not merkle_proofs.included(leaf_hash(body), number, seen.size, path, seen.root):
        raise NotIncluded()
    return number, body


def confirmed(token: str, issuer_key: object, issuer: str, client_id: str, nonce: str) -> Mapping[str, Any]:
    """The claims of an ID token that vouches for the key behind `nonce`, by its provider's public key (JWK).

    Raises TokenSignatureWrong (also for a shared secret, which shows nobody else anything), IssuerWrong,
    AudienceWrong, NonceWrong, EvidenceUnreadable.
    """
    if not isinstance(issuer_key, Mapping):
        raise EvidenceUnreadable()
    try:
        signed = oidc.decode_id_token(token, {"keys": [dict(issuer_key)]}, ASYMMETRIC_ALGORITHMS)
    except oidc.TokenRefused:
        raise TokenSignatureWrong() from None
    claims = signed.claims
    with _refusing(IssuerWrong):
        check_issuer(claims, issuer)
    with _refusing(AudienceWrong):
        check_audience(claims, client_id)
    if claims.get("nonce") != nonce:  # no secret: both are plain to see for whoever has the evidence
        raise NonceWrong()
    with _refusing(EvidenceUnreadable):
        check_subject(claims)
    return claims


def signing_key(token: str, jwks: Mapping[str, Any]) -> dict[str, Any] | None:
    """The public key (JWK) of a provider's published ones that signed the token; None where none of them did."""
    for key in jwks.get("keys") or ():
        try:
            oidc.decode_id_token(token, {"keys": [key]}, ASYMMETRIC_ALGORITHMS)
        except oidc.TokenRefused:
            continue
        return {name: key[name] for name in _PUBLIC_MEMBERS if name in key}
    return None


def key_thumbprint(jwk: Mapping[str, Any]) -> str | None:
    """The RFC 7638 thumbprint of a provider's public key (JWK), base64url of a SHA-256; None for what is no key."""
    try:
        return str(JWKRegistry.import_key(dict(jwk)).thumbprint())
    except (JoseError, ValueError, TypeError, KeyError):
        return None


def token_digest(token: str) -> str:
    """The name of an ID token on the record: the lower-case hex SHA-256 of its compact form."""
    return hashlib.sha256(token.encode("ascii")).hexdigest()


@contextmanager
def _refusing(kind: type[EvidenceRefused]) -> Iterator[None]:
    """Say `kind` of whatever a check of `security.oidc` refuses."""
    try:
        yield
    except oidc.SignInRefused:
        raise kind() from None


def _names(evidence: Mapping[str, Any]) -> tuple[str, str]:
    """Thumbprint and nonce, computed anew from the keys and the salt."""
    encryption, signing = evidence["encryption_key"], evidence["signing_key"]
    if not isinstance(encryption, Mapping) or not isinstance(signing, Mapping):
        raise EvidenceUnreadable()
    try:
        thumbprint = thumbprints.device(encryption, signing)
        nonce = thumbprints.enrolment_nonce(thumbprint, _text(evidence, "salt"))
    except SealingError:
        raise EvidenceUnreadable() from None
    if thumbprint != evidence["thumbprint"]:
        raise ThumbprintWrong()
    return thumbprint, nonce


def _check_issuer_key(key: object, known: Collection[Mapping[str, Any]] | None) -> None:
    if known is not None and not any(_same_key(key, each) for each in known):
        raise IssuerKeyUnknown()


def _same_key(key: object, other: Mapping[str, Any]) -> bool:
    """Whether two JWKs are one public key, whatever else they say (RFC 7638, section 3.2)."""
    if not isinstance(key, Mapping):
        return False
    kind = other.get("kty")
    members = {"EC": ("crv", "x", "y"), "RSA": ("e", "n"), "OKP": ("crv", "x")}.get(str(kind))
    return members is not None and all(key.get(name) == other.get(name) for name in ("kty", *members))


def _entry(entry: object) -> tuple[int, bytes, list[bytes]]:
    """Number, body and proof of the entry."""
    if not isinstance(entry, Mapping) or entry.keys() != {"number", "body", "proof"}:
        raise EvidenceUnreadable()
    number, proof = entry["number"], entry["proof"]
    if not isinstance(number, int) or isinstance(number, bool) or not isinstance(proof, list):
        raise EvidenceUnreadable()
    try:
        path = [bytes.fromhex(each) for each in proof]
        body = b64decode(_text(entry, "body"), validate=True)
    except (ValueError, TypeError):
        raise EvidenceUnreadable() from None
    if len(path) > LONGEST_PROOF or any(len(each) != HASH_BYTES for each in path):
        raise EvidenceUnreadable()
    return number, body, path


def _check_entry(body: bytes, thumbprint: str, token: str) -> datetime:
    """When the entry says that this device was enrolled with this token. Raises EntryWrong."""
    try:
        entry = json.loads(body.decode("utf-8"))
        said = (
            entry["activity_name"],
            entry["status"],
            entry["detail"]["thumbprint"],
            entry["detail"]["token"],
        )
        at = datetime.fromtimestamp(entry["time"] / 1000, UTC)
    except (ValueError, KeyError, TypeError, OverflowError, OSError, RecursionError):
        raise EntryWrong() from None
    if said != (ACT, "done", thumbprint, token):
        raise EntryWrong()
    return at


def _check_time(claims: Mapping[str, Any], at: datetime, now: datetime) -> None:
    """The token was fresh when it went on the record: one that was found later vouches for nothing."""
    if at > now + LEEWAY:
        raise FromTheFuture()
    with _refusing(EvidenceUnreadable):
        issued, expires = seconds(claims, "iat"), seconds(claims, "exp")
    leeway = LEEWAY.total_seconds()
    if not issued - leeway <= at.timestamp() < expires + leeway:
        raise EnrolledAtAnotherTime()


def _check_checkpoint(
    evidence: Mapping[str, Any], log: Verifier, trusted: Collection[Verifier], quorum: int, now: datetime
) -> tuple[Checkpoint, tuple[str, ...]]:
    """The checkpoint, signed by the log and cosigned by the trusted witnesses whose names are returned.

    The keys come from the caller; those that the evidence brings are for people to compare and are never used.
    """
    if log.kind != notes.LOG or any(each.kind != notes.WITNESS for each in trusted):
        raise ValueError("a log's key was given for a witness, or the other way round")
    try:
        note = notes.parse(_text(evidence, "checkpoint"))
        seen = checkpoint.parse(note.text)
    except notes.BadNote:
        raise EvidenceUnreadable() from None
    if seen.origin != log.name or log not in _signers(note, [log], CheckpointUnsigned):
        raise CheckpointUnsigned()
    cosigned = _signers(note, trusted, WitnessMissing)
    if len(cosigned) < quorum:
        raise WitnessMissing()
    if any(moment > (now + LEEWAY).timestamp() for moment in cosigned.values()):
        raise FromTheFuture()
    return seen, tuple(sorted(each.name for each in cosigned))


def _signers(
    note: notes.Note, keys: Collection[Verifier], otherwise: type[EvidenceRefused]
) -> dict[Verifier, int]:
    try:
        return notes.verified(note, keys)
    except notes.BadNote:  # a line in the name of one of these keys that it did not make
        raise otherwise() from None


def _text(members: Mapping[str, Any], name: str) -> str:
    value = members[name]
    try:
        value.encode("utf-8")
    except (AttributeError, UnicodeEncodeError):
        raise EvidenceUnreadable() from None
    return str(value)

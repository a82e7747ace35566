"""`marketplace key release`: the agency's own service that gives keys to end-to-end items, day and night.

It holds the agency's processing key and knows by itself whom to trust: the record's key, witnesses and the sign-in
services of agencies stand in a file that the agency keeps, and never come from the marketplace.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from marketplace.cli import processing_key
from marketplace.cli.client import Client, Refusal, for_a_person
from marketplace.foundation.errors import DomainError
from security import asked_keys, key_transparency, notes
from security.asked_keys import Asked
from security.canonical import canonical_bytes
from security.key_transparency import EvidenceRefused, EvidenceUnreadable
from security.notes import BadKey, Verifier
from security.sealing import (
    Header,
    HeaderMismatch,
    SealingError,
    SlotPurpose,
    base64url,
    device_slots,
    keys,
    thumbprints,
    unseal,
)
from security.sealing.keys import PrivateKey
from security.sealing.strict_json import members_of

FORMAT = "marketplace-trust-1"
PAUSE = 3.0
"""Seconds between two looks of --follow."""
SETTLED_ELSEWHERE = ("/problems/key-already-given", "/problems/claim-over", "/problems/not-found")
"""Somebody else was faster, or nobody waits any more: nothing is wrong."""


@dataclass(frozen=True, slots=True)
class Trusted:
    """Whom the agency trusts: the record's key, witnesses of which `quorum` must have cosigned, sign-in services."""

    log: Verifier
    witnesses: tuple[Verifier, ...]
    issuers: frozenset[str]
    quorum: int = 1


def release_once(client: Client, held: PrivateKey, trusted: Trusted) -> int:
    """Give every key that waits at the agency's campaigns and may be given. Returns how many were given.

    What does not hold is named on standard error and left: its evidence can be looked at there. Raises ClickException
    where the marketplace does not answer.
    """
    holder = thumbprints.of(keys.public_jwk(held))
    given = 0
    for desk in client.get("/key-requests", holder=holder).json()["campaigns"]:
        try:
            private = campaign_key(desk, held)
        except (SealingError, KeyError, TypeError, ValueError) as error:
            _tell(f"The key of campaign {desk.get('campaign')} does not open", error)
            continue
        for request in desk["requests"]:
            given += _answered(client, desk["campaign"], holder, request, private, trusted)
    return given


def campaign_key(desk: Mapping[str, Any], held: PrivateKey) -> PrivateKey:
    """The private key of the campaign, opened with the agency's. Raises SealingError."""
    part, campaign = desk["key"], str(desk["campaign"])
    header = _header(part["header"], purpose="key", campaign=campaign)
    kid = thumbprints.of(keys.public_jwk(held))
    slot = part["slot"].encode("ascii")
    dek = device_slots.unwrap(slot, header.hash, SlotPurpose.PROCESSING, kid, held, _seconds())
    private = keys.parse_private(unseal(header, base64url.decoded(part["envelope"]), dek))
    if thumbprints.of(keys.public_jwk(private)) != desk["key_id"]:
        raise HeaderMismatch()
    return private


def answer(
    request: Mapping[str, Any], campaign: str, private: PrivateKey, trusted: Trusted, now: datetime
) -> bytes:
    """The slot for the device that asks, once everything behind it holds. Raises EvidenceRefused, SealingError."""
    trust: dict[str, Any] = {
        "trusted_log_key": trusted.log,
        "trusted_witnesses": trusted.witnesses,
        "now": now,
        "quorum": trusted.quorum,
    }
    evidence = request["evidence"]["device"]
    issuer = evidence["issuer"]
    if issuer not in trusted.issuers:
        raise key_transparency.IssuerWrong()
    vouched = key_transparency.verify(evidence, issuer=issuer, **trust)
    asked = Asked(vouched.thumbprint, campaign, str(request["microtask"]), request["until"])
    asked_keys.verify(request["evidence"]["asked"], asked, **trust)
    header = _header(
        request["header"],
        purpose="task",
        campaign=campaign,
        microtask=asked.microtask,
        protection="end_to_end",
    )
    kid = thumbprints.of(keys.public_jwk(private))
    slot = request["slot"].encode("ascii")
    dek = device_slots.unwrap(slot, header.hash, SlotPurpose.CAMPAIGN, kid, private, int(now.timestamp()))
    return device_slots.wrap(
        dek, header.hash, SlotPurpose.DEVICE, vouched.thumbprint, vouched.encryption_key, asked.until
    )


def read_trusted(path: Path) -> Trusted:
    """Whom to trust, from the file that the agency keeps: docs/key-release.md. Raises ClickException."""
    try:
        members = members_of(path.read_bytes())
        if members.get("format") != FORMAT:
            raise ValueError("another format")
        named, issuers, quorum = members["witnesses"], members["issuers"], members.get("quorum", 1)
        log = notes.parse_verifier(members["log"])
        witnesses = tuple(notes.parse_verifier(line) for line in named)
        if log.kind != notes.LOG or any(each.kind != notes.WITNESS for each in witnesses):
            raise ValueError("a key of another kind")
        if type(quorum) is not int or not 1 <= quorum <= len({each.public for each in witnesses}):
            raise ValueError("a quorum that cannot be reached")
        if not all(isinstance(each, str) for each in issuers) or isinstance(issuers, str):
            raise ValueError("issuers that are none")
    except OSError as error:
        raise click.ClickException(f"{path} cannot be read ({error.strerror}).") from None
    except (BadKey, ValueError, KeyError, TypeError, AttributeError):
        raise click.ClickException(
            f"{path} is no list of whom to trust. See docs/key-release.md for its form."
        ) from None
    return Trusted(log, witnesses, frozenset(issuers), quorum)


@click.group()
def key() -> None:
    """Keys to items that are sealed end to end; docs/key-release.md tells how."""


@key.command()
@for_a_person
@click.option(
    "--key",
    "key_file",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Your agency's processing key.",
)
@click.option(
    "--trust",
    "trust_file",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Whom your agency trusts: the record's key, witnesses, sign-in services.",
)
@click.option(
    "--once/--follow", "once", default=True, show_default=True, help="Look once, or again and again."
)
def release(client: Client, key_file: Path, trust_file: Path, once: bool) -> None:
    """Give keys to the devices that ask for items of your agency's campaigns.

    Whose device it is, and that the marketplace let it in, is verified on the witnessed record before anything is
    wrapped. The token is of a person who may read your agency's results.

    Example: marketplace key release --key processing.json --trust trust.json --follow
    """
    held, trusted = processing_key.read(key_file).private, read_trusted(trust_file)
    if once:
        click.echo(f"Keys given: {release_once(client, held, trusted)}")
        return
    while True:
        _look(client, held, trusted)
        time.sleep(PAUSE)


def _look(client: Client, held: PrivateKey, trusted: Trusted) -> None:
    """One look of many: a marketplace that is away for a while is waited for."""
    try:
        given = release_once(client, held, trusted)
    except Refusal:
        raise  # a token that ended does not come back by waiting
    except click.ClickException as error:
        error.show()
        return
    if given:
        click.echo(f"Keys given: {given}")


def _answered(
    client: Client,
    campaign: str,
    holder: str,
    request: Mapping[str, Any],
    private: PrivateKey,
    trusted: Trusted,
) -> int:
    try:
        slot = answer(request, campaign, private, trusted, datetime.now(UTC))
    except (EvidenceRefused, SealingError) as error:
        _tell(f"Not given to device {request.get('device')}", error)
        return 0
    except (KeyError, TypeError, ValueError, AttributeError):
        _tell(f"Not given to device {request.get('device')}", EvidenceUnreadable())
        return 0
    sent = {
        "claim": request["claim"],
        "device": request["device"],
        "holder": holder,
        "slot": slot.decode("ascii"),
    }
    try:
        client.post(f"/campaigns/{campaign}/key-requests/release", json.dumps(sent).encode())
    except Refusal as refusal:
        if refusal.problem["type"] not in SETTLED_ELSEWHERE:
            raise
        return 0
    return 1


def _header(members: Mapping[str, Any], **expected: str) -> Header:
    """A header that says what is expected of it. Raises SealingError."""
    if any(members.get(name) != value for name, value in expected.items()):
        raise HeaderMismatch()
    return Header.from_bytes(canonical_bytes(members))


def _tell(what: str, error: Exception) -> None:
    why = error.message if isinstance(error, DomainError) else ""
    click.echo(f"{what}: {type(error).__name__}. {why}".rstrip(), err=True)


def _seconds() -> int:
    return int(time.time())

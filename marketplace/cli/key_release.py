"""The agency's own service that gives keys to end-to-end items: a step of `marketplace worker`, and whom it trusts.

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
from uuid import UUID

import click

from marketplace.cli import sealed
from marketplace.cli.client import Client, Refusal
from marketplace.cli.processing_key import ProcessingKey
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
    device_slots,
    keys,
    thumbprints,
)
from security.sealing.keys import PrivateKey
from security.sealing.strict_json import members_of

FORMAT = "marketplace-trust-1"
SETTLED_ELSEWHERE = ("/problems/key-already-given", "/problems/claim-over", "/problems/not-found")
"""Somebody else was faster, or nobody waits any more: nothing is wrong."""
MOST_KNOWN = 150
"""So many names of requests fit the line of one address."""


@dataclass(frozen=True, slots=True)
class Trusted:
    """Whom the agency trusts: the record's key, witnesses of which `quorum` must have cosigned, sign-in services."""

    log: Verifier
    witnesses: tuple[Verifier, ...]
    issuers: frozenset[str]
    quorum: int = 1


class Tried:
    """The requests that were looked at and not answered, by name, until their claims are over: none is asked for twice.

    Another end of the same claim is another request.
    """

    def __init__(self) -> None:
        self._until: dict[str, int] = {}

    def names(self, now: int) -> str:
        """As the API takes them: those that end first, for it hands out requests in this order."""
        self._until = {name: until for name, until in self._until.items() if until > now}
        return ".".join(sorted(self._until, key=self._until.__getitem__)[:MOST_KNOWN])

    def add(self, request: Mapping[str, Any]) -> None:
        """One that says something wrong, or that the marketplace refused."""
        name, until = request.get("name"), request.get("until")
        if isinstance(name, str) and type(until) is int:
            self._until[name] = until


def release_once(client: Client, held: ProcessingKey, trusted: Trusted, tried: Tried) -> int:
    """Give every key that waits at the agency's campaigns and may be given. Returns how many were given.

    What does not hold is named on standard error once, and left: its evidence can be looked at there. What could not be
    sent is tried again the next time. Raises ClickException where the marketplace does not answer at all.
    """
    holder = sealed.holder_of(held)
    given = 0
    known = tried.names(_seconds())
    for desk in client.get("/key-requests", holder=holder.key_id, known=known).json()["campaigns"]:
        try:
            own = sealed.campaign_key(desk["key"], holder, UUID(str(desk["campaign"])))
        except (SealingError, KeyError, TypeError, ValueError) as error:
            _tell(f"The key of campaign {desk.get('campaign')} does not open", error)
            for request in desk["requests"]:
                tried.add(request)
            continue
        for request in desk["requests"]:
            given += _answered(client, desk["campaign"], holder.key_id, request, own.private, trusted, tried)
    return given


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
    header = _header(request["header"], campaign=campaign, microtask=asked.microtask)
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
    """Keys of campaigns that are sealed end to end. `marketplace worker` gives them to items by itself."""


def _answered(
    client: Client,
    campaign: str,
    holder: str,
    request: Mapping[str, Any],
    private: PrivateKey,
    trusted: Trusted,
    tried: Tried,
) -> int:
    try:
        slot = answer(request, campaign, private, trusted, datetime.now(UTC))
    except (EvidenceRefused, SealingError) as error:
        _tell(f"Not given to device {request.get('device')}", error)
    except (KeyError, TypeError, ValueError, AttributeError):
        _tell(f"Not given to device {request.get('device')}", EvidenceUnreadable())
    else:
        return _sent(client, campaign, holder, request, slot, tried)
    tried.add(request)
    return 0


def _sent(
    client: Client, campaign: str, holder: str, request: Mapping[str, Any], slot: bytes, tried: Tried
) -> int:
    sent = {
        "claim": request["claim"],
        "device": request["device"],
        "holder": holder,
        "slot": slot.decode("ascii"),
    }
    try:
        client.post(f"/campaigns/{campaign}/key-requests/release", json.dumps(sent).encode())
    except Refusal as refusal:
        if refusal.over:
            raise
        if refusal.problem["type"] not in SETTLED_ELSEWHERE:
            _tell(f"Not given to device {request['device']}", refusal)
            if not refusal.passing:
                tried.add(request)
        return 0
    return 1


def _header(members: Mapping[str, Any], **expected: str) -> Header:
    """The header of an item, if it is that of the one expected. Raises SealingError."""
    wanted = expected | {"purpose": "task", "protection": "end_to_end"}
    if any(members.get(name) != value for name, value in wanted.items()):
        raise HeaderMismatch()
    return Header.from_bytes(canonical_bytes(members))


def _tell(what: str, error: Exception) -> None:
    why = error.message if isinstance(error, (DomainError, Refusal)) else ""
    click.echo(f"{what}: {type(error).__name__}. {why}".rstrip(), err=True)


def _seconds() -> int:
    return int(time.time())

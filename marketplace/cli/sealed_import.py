"""Posting a file of items that are sealed here: in as many requests as it takes, each of them safe to repeat.

The first request makes the campaign. If a later one fails, what is in stays in, and `--into` goes on behind it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import click

from marketplace.cli import own_devices, sealed
from marketplace.cli.client import Client, Refusal
from marketplace.cli.device_file import DeviceFile
from marketplace.cli.key_release import Trusted
from marketplace.cli.sealed import Sealing
from marketplace.cli.sealers import Sealers
from marketplace.cli.speech import progress_of
from security.key_transparency import EvidenceRefused
from security.sealing import keys

LARGEST_BATCH = 32 * 1024 * 1024
"""Bytes that one request may have."""
AROUND = 256
"""Bytes of a body beside its items and its key, at most."""
Row = Mapping[str, str]


def post(
    client: Client,
    found: Mapping[str, Any],
    rows: Sequence[Row],
    device: DeviceFile,
    largest: int,
    trusted: Trusted | None = None,
) -> dict[str, Any]:
    """Seal and post a campaign of these rows; `largest` is how many bytes one request has. Returns the campaign.

    Which keys the campaign's is sealed for is said on standard error; other devices of the same person are among them
    where `trusted` shows them to be theirs. Raises SealingError, Refusal before anything is in, and ClickException that
    says how to go on.
    """
    others = own_devices.others(found["devices"], device, trusted, datetime.now(UTC))
    sealing, body = sealed.begun(found, device, others.shown)
    own_devices.tell(others, found["devices"])
    for slot in body["key"]["slots"]:
        if slot["kind"] != "device":
            click.echo(f"The campaign's key is sealed for the {slot['kind']} key {slot['key_id']}", err=True)
    return _sent(client, sealing, rows, 0, largest, body)


def go_on(
    client: Client,
    found: Mapping[str, Any],
    rows: Sequence[Row],
    device: DeviceFile,
    largest: int,
    campaign: UUID,
    trusted: Trusted | None = None,
) -> dict[str, Any]:
    """Put the rows that are missing behind those that the campaign has, in the same order. Returns the campaign.

    The items are sealed to the public half of the key that `device` opened, whatever the server says it is, and only if
    it is shown that `device`, or another one by `trusted`, made that key: a key of the server's own opens just as well.
    Raises as `post` does.
    """
    holder = sealed.holder_of(device)
    told = client.get(f"/campaigns/{campaign}/key", device=device.thumbprint).json()
    try:
        Sealers(device, told["evidence"], trusted, datetime.now(UTC)).check(told["key"], None)
    except EvidenceRefused as error:
        raise click.ClickException(
            f"The campaign's key is not shown to be made by a device of your agency ({type(error).__name__}). "
            f"{error.message} Nothing was sent."
        ) from None
    own = sealed.campaign_key(told["key"], holder, campaign)
    sealing = Sealing(found, campaign, own.key_id, keys.public_jwk(own.private), device)
    made: dict[str, Any] = client.get(f"/campaigns/{campaign}").json()
    if made["total"] >= len(rows):
        return made
    return _sent(client, sealing, rows, made["total"], largest, None)


def _sent(
    client: Client,
    sealing: Sealing,
    rows: Sequence[Row],
    done: int,
    largest: int,
    first: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Send what is missing behind the `done` first rows; `first` is the body that makes the campaign."""
    made: dict[str, Any] = {}
    room = largest - AROUND - (0 if first is None else len(json.dumps(first)))
    with progress_of("Items", len(rows)) as advance:
        advance(done)
        for batch in batches(sealing, rows, done, room, largest - AROUND):
            try:
                made = _post(client, sealing, batch, first if batch[0]["number"] == 1 else None)
            except Refusal as refusal:
                if done == 0:
                    raise
                raise click.ClickException(
                    _left(sealing.campaign, done, len(rows), refusal.message)
                ) from None
            except click.ClickException as error:
                raise click.ClickException(_left(sealing.campaign, done, len(rows), error.message)) from None
            done += len(batch)
            advance(len(batch))
    return made


def batches(
    sealing: Sealing, rows: Sequence[Row], done: int, first: int, later: int
) -> Iterator[list[dict[str, Any]]]:
    """The rows behind the `done` first ones, sealed, so many at a time as have room: `first`, then `later` bytes.

    An item that has none goes alone. No more is sealed beforehand than is sent next.
    """
    batch: list[dict[str, Any]] = []
    size, room = 0, first
    for number, row in enumerate(rows[done:], start=done + 1):
        item = sealing.item(number, row)
        length = len(json.dumps(item)) + 2
        if batch and size + length > room:
            yield batch
            batch, size, room = [], 0, later
        batch.append(item)
        size += length
    if batch:
        yield batch


def _post(
    client: Client, sealing: Sealing, batch: Sequence[Mapping[str, Any]], first: Mapping[str, Any] | None
) -> dict[str, Any]:
    key = f"{sealing.campaign}-{batch[0]['number']}"
    if first is not None:
        body: dict[str, Any] = {**first, "items": batch}
        path = "/campaigns/sealed"
    else:
        body = {"key_id": sealing.key_id, "signer": sealing.device.thumbprint, "items": batch}
        path = f"/campaigns/{sealing.campaign}/sealed-items"
    made: dict[str, Any] = client.post(path, json.dumps(body).encode(), key=key).json()
    return made


def _left(campaign: UUID, done: int, total: int, why: str) -> str:
    return (
        f"{why}\n{done} of {total} items are known to be in campaign {campaign}. To go on behind those that are in, "
        f"say the same again with --into {campaign}"
    )

"""Fetching the results of a sealed campaign and opening them on this machine.

End to end nothing counts that no device of the agency's is shown to have signed: the marketplace could make up items
and results, because it knows the campaign's public key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import click

from marketplace.cli import sealed
from marketplace.cli.client import Client
from marketplace.cli.device_file import DeviceFile
from marketplace.cli.key_release import Trusted
from marketplace.cli.sealers import Sealers
from marketplace.edge.results_csv import written
from security.key_transparency import EvidenceRefused
from security.sealing import Purpose

AT_ONCE = 50


def results_csv(
    client: Client,
    campaign_id: UUID,
    device: DeviceFile,
    trusted: Trusted | None = None,
    unproved: set[str] | None = None,
) -> str:
    """Every settled item as CSV, with the columns of the marketplace's own export.

    What no device signed that is this one or shown by `trusted` is refused; with a set as `unproved` it is opened, and
    named there. Raises Refusal, SealingError, and ClickException where something is not shown.
    """
    first, *more = _pages(client, campaign_id, device)
    rows = (row for page in (first, *more) for row in _opened(page, campaign_id, device, trusted, unproved))
    return written(first["form"], rows)


def _pages(client: Client, campaign_id: UUID, device: DeviceFile) -> Iterator[Mapping[str, Any]]:
    after: dict[str, Any] = {}
    while True:
        query = {"device": device.thumbprint, "limit": AT_ONCE} | after
        page = client.get(f"/campaigns/{campaign_id}/results/parts", **query).json()
        yield page
        if page["next"] is None:
            return
        after = {"after": page["next"]}


def _opened(
    page: Mapping[str, Any],
    campaign_id: UUID,
    device: DeviceFile,
    trusted: Trusted | None,
    unproved: set[str] | None,
) -> Iterator[dict[str, Any]]:
    holder = sealed.holder_of(device)
    sealers = Sealers(device, page["evidence"], trusted, datetime.now(UTC))
    signed_for = None
    if page["key"] is not None:
        _check(sealers, "The campaign's key", page["key"], None, unproved)
        holder = sealed.campaign_key(page["key"], holder, campaign_id)
        signed_for = holder.key_id
    for row in page["rows"]:
        here = {"microtask": UUID(row["microtask_id"])}
        trace, notes, item, values = [], [], {}, None
        if row["item"] is not None:
            # What the marketplace itself sealed is signed by nobody: whoever says whom to trust wants none of it.
            if signed_for is not None or trusted is not None:
                _check(sealers, f"Item {row['number']}", row["item"], signed_for, unproved)
                _check(sealers, f"The result of item {row['number']}", row["value"], signed_for, unproved)
            item = sealed.value_in(row["item"], holder, purpose=Purpose.TASK, **here)
            told = {"purpose": Purpose.RESULT, "payload_version": row["version"]}
            values = sealed.value_in(row["value"], holder, **told, **here)
        for step in row["trace"]:
            answer = sealed.value_in(step["answer"], holder, purpose=Purpose.ANSWER, **here)
            trace.append((step["alias"], answer))
            if answer.get("note"):
                notes.append((step["alias"], str(answer["note"])))
        known = {name: row[name] for name in ("number", "agreeing", "answers", "tied", "rule")}
        settled_on = date.fromisoformat(row["settled_on"])
        yield known | {
            "item": item, "values": values, "settled_on": settled_on, "trace": trace, "notes": notes,
        }  # fmt: skip


def _check(
    sealers: Sealers, what: str, part: Mapping[str, Any], signed_for: str | None, unproved: set[str] | None
) -> None:
    """Refuses what is not shown; a signature that is there and wrong is refused whatever else is wanted."""
    try:
        sealers.check(part, signed_for)
    except EvidenceRefused as error:
        if unproved is None:
            raise click.ClickException(
                f"{what} is not shown to be sealed by a device of your agency ({type(error).__name__}). "
                f"{error.message} Nothing was written."
            ) from None
        unproved.add(what)

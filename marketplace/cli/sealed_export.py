"""Fetching the results of a sealed campaign and opening them on this machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from marketplace.cli import sealed
from marketplace.cli.client import Client
from marketplace.cli.device_file import DeviceFile
from marketplace.edge.results_csv import written
from security.sealing import Purpose
from tasks.form import question_of

AT_ONCE = 50


def results_csv(client: Client, campaign_id: UUID, device: DeviceFile) -> str:
    """Every settled item as CSV, with the columns of the marketplace's own export. Raises Refusal, SealingError."""
    first, *more = _pages(client, campaign_id, device)
    rows = (row for page in (first, *more) for row in _opened(page, campaign_id, device))
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


def _opened(page: Mapping[str, Any], campaign_id: UUID, device: DeviceFile) -> Iterator[dict[str, Any]]:
    holder = sealed.holder_of(device)
    if page["key"] is not None:
        holder = sealed.campaign_key(page["key"], holder, campaign_id)
    question = question_of(page["form"])["name"]
    for row in page["rows"]:
        here = {"microtask": UUID(row["microtask_id"])}
        trace, notes, item, value = [], [], {}, None
        if row["item"] is not None:
            item = sealed.value_in(row["item"], holder, purpose=Purpose.TASK, **here)
            told = {"purpose": Purpose.RESULT, "payload_version": row["version"]}
            value = sealed.value_in(row["value"], holder, **told, **here).get(question)
        for step in row["trace"]:
            answer = sealed.value_in(step["answer"], holder, purpose=Purpose.ANSWER, **here)
            trace.append((step["alias"], str(answer.get(question, ""))))
            if answer.get("note"):
                notes.append((step["alias"], str(answer["note"])))
        known = {name: row[name] for name in ("number", "agreeing", "answers", "tied", "rule")}
        settled_on = date.fromisoformat(row["settled_on"])
        yield known | {
            "item": item, "value": value, "settled_on": settled_on, "trace": trace, "notes": notes,
        }  # fmt: skip

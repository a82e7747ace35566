"""Deciding a campaign's answers where the server cannot: fetched, opened, inferred by the server's own rule, sealed,
handed in. Doing it again changes nothing: what has a result is not offered any more.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from marketplace.cli import sealed
from marketplace.cli.client import Client
from marketplace.cli.device_file import DeviceFile
from marketplace.cli.processing_key import ProcessingKey
from marketplace.cli.sealed import Holder
from security.canonical import canonical_bytes
from security.sealing import Header, HeaderMismatch, Protection, Purpose, SealingError
from tasks.consensus import Answer, Inference, NothingToInfer
from tasks.questions.deciding import decide

AT_ONCE = 50
"""Items in one request."""


@dataclass
class Outcome:
    """How many items were decided, and those left undecided: their number and why."""

    settled: int = 0
    left: list[tuple[int, str]] = field(default_factory=list)


def settle(
    client: Client, campaign_id: UUID, opens: DeviceFile | ProcessingKey, signs: DeviceFile
) -> Outcome:
    """Decide every item that has all its answers: `opens` opens the campaign's key, `signs` signs the results.

    Raises Refusal, and SealingError where the campaign's key itself does not open.
    """
    outcome = Outcome()
    holder = sealed.holder_of(opens)
    for page in _pages(client, campaign_id, holder):
        if not page["items"]:
            break
        own = sealed.campaign_key(page["key"], holder, campaign_id)
        made = []
        for item in page["items"]:
            try:
                made.append(_decided(page, item, campaign_id, own, signs))
            except (SealingError, NothingToInfer) as error:
                outcome.left.append((item["number"], type(error).__name__))
        if made:
            client.post(f"/campaigns/{campaign_id}/results", json.dumps({"results": made}).encode())
            outcome.settled += len(made)
    return outcome


def _pages(client: Client, campaign_id: UUID, holder: Holder) -> Iterator[Mapping[str, Any]]:
    after: dict[str, Any] = {}
    while True:
        query = {holder.purpose.value: holder.key_id, "limit": AT_ONCE}
        page = client.get(f"/campaigns/{campaign_id}/undecided", **query | after).json()
        yield page
        if page["next"] is None:
            return
        after = {"after": page["next"]}


def _decided(
    page: Mapping[str, Any], item: Mapping[str, Any], campaign_id: UUID, own: Holder, signs: DeviceFile
) -> dict[str, Any]:
    microtask = UUID(item["microtask"])
    answers = {}
    for part in item["answers"]:
        given = sealed.value_in(
            part, own, purpose=Purpose.ANSWER, campaign=campaign_id, microtask=microtask,
            protection=Protection.END_TO_END,
        )  # fmt: skip
        contribution = UUID(part["header"]["contribution"])
        answers[contribution] = Answer(contribution, given)
    if len(answers) != len(item["answers"]):
        raise HeaderMismatch()  # one answer handed out twice would count twice
    inferred = decide(page["questions"], list(answers.values()))
    header = Header.from_bytes(canonical_bytes(page["result"]["header"] | {"microtask": str(microtask)}))
    _check(header, campaign_id)
    value = sealed.sealed_to_campaign(header, inferred.value, own, signs)
    return value | {"microtask": str(microtask)} | _told(inferred)


def _check(header: Header, campaign_id: UUID) -> None:
    """A result is sealed as a result of this campaign, end to end, whatever the server says."""
    told = (header.purpose, header.campaign, header.protection, header.payload_version)
    if told != (Purpose.RESULT, campaign_id, Protection.END_TO_END, 1):
        raise HeaderMismatch()


def _told(inferred: Inference) -> dict[str, Any]:
    return {
        "agreeing": inferred.agreeing,
        "answers": inferred.answers,
        "tied": inferred.tied,
        "rule": inferred.rule,
        "trace": [str(each) for each in inferred.trace],
    }

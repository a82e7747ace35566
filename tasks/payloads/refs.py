"""What a payload is, as the row that refers to it knows; and the header that this makes."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from security.sealing import Header, Protection, Purpose
from tasks.facts import CampaignFacts

CONTENT_TYPES = {Purpose.KEY: "application/jwk+json"}
"""Everything else is JSON."""


@dataclass(frozen=True, slots=True)
class Ref:
    """An item, answer, draft or result of one microtask, or the key of the campaign itself.

    `contribution_id` is that of an answer; of a draft it is the claim's.
    """

    purpose: Purpose
    microtask_id: UUID | None
    contribution_id: UUID | None = None
    version: int = 1


def item(microtask_id: UUID) -> Ref:
    return Ref(Purpose.TASK, microtask_id)


def answer(microtask_id: UUID, contribution_id: UUID, revision: int = 1) -> Ref:
    return Ref(Purpose.ANSWER, microtask_id, contribution_id, revision)


def result(microtask_id: UUID, version: int) -> Ref:
    return Ref(Purpose.RESULT, microtask_id, version=version)


def draft(microtask_id: UUID, claim_id: UUID) -> Ref:
    return Ref(Purpose.DRAFT, microtask_id, claim_id)


def key() -> Ref:
    return Ref(Purpose.KEY, None)


def header_of(campaign: CampaignFacts, ref: Ref, stored: bytes | None = None) -> Header:
    """The header of what `ref` names, built from what the referring rows say and never taken from the payload.

    So a payload that was moved to another item, answer or campaign does not open. `stored` only tells which version
    of headers it was sealed under: content from before campaigns had keys has the first.
    """
    header = Header(
        purpose=ref.purpose,
        campaign=campaign.id,
        microtask=ref.microtask_id,
        agency=campaign.agency_slug,
        level=campaign.terms.level,
        compartments=campaign.terms.compartments,
        protection=campaign.protection,
        payload_version=ref.version,
        contribution=ref.contribution_id,
        content_type=CONTENT_TYPES.get(ref.purpose, "application/json"),
    )
    if stored is None or stored == header.to_bytes() or campaign.protection is not Protection.SERVER:
        return header
    return _first_version(campaign, ref, stored) or header


def _first_version(campaign: CampaignFacts, ref: Ref, stored: bytes) -> Header | None:
    if ref.purpose not in (Purpose.TASK, Purpose.ANSWER, Purpose.RESULT):
        return None
    first = Header(
        purpose=ref.purpose,
        microtask=ref.microtask_id,
        agency=campaign.agency_slug,
        level=campaign.terms.level,
        compartments=campaign.terms.compartments,
        payload_version=ref.version,
        contribution=ref.contribution_id,
    )
    return first if first.to_bytes() == stored else None

"""A device as its agency vouches for it, checked on this machine by the agency's own list of whom it trusts."""

from __future__ import annotations

from datetime import datetime

from marketplace.cli.key_release import Trusted
from security import key_transparency
from security.key_transparency import Vouched


def vouched(evidence: object, thumbprint: str, trusted: Trusted, now: datetime) -> Vouched:
    """The device of this thumbprint, from evidence that came from anywhere. `now` is aware. Raises EvidenceRefused."""
    issuer = evidence.get("issuer") if isinstance(evidence, dict) else None
    if not isinstance(evidence, dict) or not isinstance(issuer, str):
        raise key_transparency.EvidenceUnreadable()
    if issuer not in trusted.issuers:
        raise key_transparency.IssuerWrong()
    try:
        found = key_transparency.verify(
            evidence,
            trusted_log_key=trusted.log,
            trusted_witnesses=trusted.witnesses,
            issuer=issuer,
            now=now,
            quorum=trusted.quorum,
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise key_transparency.EvidenceUnreadable() from None
    if found.thumbprint != thumbprint:
        raise key_transparency.ThumbprintWrong()
    return found

"""Whether what comes back end to end was sealed by a device of the agency's own, for the key that opens it.

The marketplace says who signed and what stands behind them; it counts only by this machine's own device, and by the
agency's own list of whom it trusts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from marketplace.cli.device_file import DeviceFile
from marketplace.cli.key_release import Trusted
from marketplace.cli.vouching import vouched
from security.canonical import canonical_bytes
from security.key_transparency import EvidenceRefused
from security.sealing import Header, SignatureRefused, base64url, keys, signatures


class SealerNotShown(EvidenceRefused):
    """Another device signed it: name whom your agency trusts with --trust, and it is checked."""


class NobodySealed(EvidenceRefused):
    """No device signed it, or its person was erased from the record since."""


@dataclass
class Sealers:
    """Who may have sealed: `device`, and those whom `trusted` shows by `evidence` (by thumbprint). `now` is aware."""

    device: DeviceFile
    evidence: Mapping[str, Any]
    trusted: Trusted | None
    now: datetime
    _known: dict[str, Mapping[str, str]] = field(default_factory=dict)

    def check(self, part: Mapping[str, Any], campaign_key: str | None) -> None:
        """That one of them signed this part, for the campaign's key of this id; None for that key itself.

        Raises EvidenceRefused, SealingError.
        """
        signer, signature = part.get("signer"), part.get("signature")
        if not isinstance(signer, str) or not isinstance(signature, str):
            raise NobodySealed()
        public = self._signing_key(signer)
        try:
            header = Header.from_bytes(canonical_bytes(part["header"]))
            digest = sha256(base64url.decoded(part["envelope"])).digest()
            raw = base64url.decoded(signature)
        except (KeyError, ValueError, TypeError):
            raise SignatureRefused() from None
        signatures.verify(header.hash, digest, raw, public, campaign_key)

    def _signing_key(self, thumbprint: str) -> Mapping[str, str]:
        if thumbprint == self.device.thumbprint:
            return keys.public_jwk(self.device.signing)
        if self.trusted is None:
            raise SealerNotShown()
        if thumbprint not in self._known:
            found = vouched(self.evidence.get(thumbprint), thumbprint, self.trusted, self.now)
            self._known[thumbprint] = found.signing_key
        return self._known[thumbprint]

"""What a provider publishes, its description and its keys: checked, cached with a lifetime, fetched without a lock.

Two threads may fetch the same at once, and the later answer stays; that costs a request and blocks nobody.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from marketplace.edge.relying_party.line import Line
from security import oidc

T = TypeVar("T")

LIFETIME = 600.0
"""Seconds before description and keys are read again."""
COOL_DOWN = 30.0
"""Seconds between two looks for newer keys where anybody on the internet can be the cause."""


@dataclass(frozen=True, slots=True)
class Description:
    """A provider's description, checked, and the signature algorithms to accept from it, best first."""

    discovery: oidc.Discovery
    algorithms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Kept(Generic[T]):
    what: T
    since: float


class Published:
    """The description and keys of one issuer."""

    def __init__(self, issuer: str, algorithms: Sequence[str], line: Line) -> None:
        self._issuer, self._configured, self._line = issuer, algorithms, line
        self._description: _Kept[Description] | None = None
        self._keys: _Kept[dict[str, Any]] | None = None
        self._looked_for_newer = float("-inf")

    def description(self) -> Description:
        """Raises DiscoveryRefused, AnswerRefused, ProviderUnreachable."""
        kept = self._description
        if kept is None or _is_old(kept.since):
            metadata = self._line.document(well_known(self._issuer))
            found = Description(
                oidc.check_discovery(metadata, self._issuer),
                oidc.allowed_algorithms(metadata, self._configured),
            )
            kept = self._description = _Kept(found, time.monotonic())
        return kept.what

    def keys(self) -> dict[str, Any]:
        """The key set. Raises as `description` does."""
        kept = self._keys
        return self.newer_keys() if kept is None or _is_old(kept.since) else kept.what

    def newer_keys(self) -> dict[str, Any]:
        """Fetch the key set whatever is cached: providers rotate."""
        found = self._line.document(self.description().discovery.jwks_uri)
        self._keys = _Kept(found, time.monotonic())
        return found

    def newer_keys_if_cool(self) -> dict[str, Any]:
        """As `newer_keys`, but the cached ones within the cool-down: a flood of unknown keys costs one request."""
        now = time.monotonic()
        if now - self._looked_for_newer < COOL_DOWN:
            return self.keys()
        self._looked_for_newer = now
        return self.newer_keys()


def well_known(issuer: str) -> str:
    """Where an issuer describes itself (OpenID Connect Discovery 1.0, section 4)."""
    return f"{issuer.removesuffix('/')}/.well-known/openid-configuration"


def _is_old(since: float) -> bool:
    return time.monotonic() - since > LIFETIME

"""An agency's identity provider as registered: what the relying party needs to know of it, and adding one.

What we authenticate with there is one text, sealed at rest: the client secret, or for `private_key_jwt` our own
private key (a JWK), made here, whose public half the provider fetches from us.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from joserfc.jwk import ECKey
from sqlalchemy import insert, select

from agencies.errors import ProviderSuspended, UnknownAgency
from agencies.keys import bound, small_secrets
from agencies.models import Agency, IdentityProvider
from marketplace.foundation.db import Tx
from marketplace.foundation.ids import new_id
from security.oidc import Mapped

PRIVATE_KEY_JWT = "private_key_jwt"
CLIENT_KEY_ALGORITHM = "ES256"


@dataclass(frozen=True, slots=True)
class Provider:
    """What sign-in needs to know of an agency's identity provider. The columns are told in `IdentityProvider`."""

    agency_id: UUID
    slug: str
    agency_name: str
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    algorithms: tuple[str, ...]
    authentication: str = "client_secret_basic"
    required_acr: str | None = None
    step_up_acr: str | None = None
    mapped: Mapped = field(default_factory=Mapped)
    organisation_values: tuple[str, ...] = ()
    clearance_ceiling: int = 3
    status: str = "active"

    def __repr__(self) -> str:
        return f"Provider({self.slug}, {self.issuer})"

    @property
    def client_key(self) -> ECKey | None:
        """Our private key at this provider, None where we authenticate by a secret."""
        if self.authentication != PRIVATE_KEY_JWT:
            return None
        return ECKey.import_key(json.loads(self.client_secret))


def of(db: Tx, slug: str, *, suspended: bool = False) -> Provider:
    """The identity provider of an agency. Raises UnknownAgency, and ProviderSuspended unless `suspended` is fine."""
    row = db.one_or_none(
        select(Agency.id, Agency.slug, Agency.name, IdentityProvider.__table__)
        .join(IdentityProvider)
        .where(Agency.slug == slug)
    )
    if row is None:
        raise UnknownAgency(slug=slug)
    if row.status != "active" and not suspended:
        raise ProviderSuspended(slug=slug)
    return _from(row)


def of_issuer(db: Tx, issuer: str) -> Provider | None:
    """The provider registered with this issuer, whatever its status; None where it is not registered any more."""
    slug = db.scalar(
        select(Agency.slug)
        .join(IdentityProvider, IdentityProvider.agency_id == Agency.id)
        .where(IdentityProvider.issuer == issuer)
    )
    return None if slug is None else of(db, slug, suspended=True)


def add(
    tx: Tx,
    agency_slug: str,
    *,
    issuer: str,
    client_id: str,
    client_secret: str,
    algorithms: Sequence[str] = ("RS256",),
    **chosen: Any,
) -> None:
    """Register an agency's identity provider; its secret is wrapped under the agency's key before it is stored.

    `chosen` are further columns of `IdentityProvider`: authentication, required_acr, step_up_acr, claim_names,
    organisation_claim, organisation_values, device_claim, clearance_ceiling. Raises UnknownAgency.
    """
    agency_id = tx.scalar(select(Agency.id).where(Agency.slug == agency_slug))
    if agency_id is None:
        raise UnknownAgency(slug=agency_slug)
    key_id, wrapped = concealed(agency_slug, issuer, client_id, client_secret)
    tx.execute(
        insert(IdentityProvider),
        {
            "agency_id": agency_id,
            "issuer": issuer,
            "client_id": client_id,
            "secret_key_id": key_id,
            "secret_wrapped": wrapped,
            "algorithms": list(algorithms),
            **chosen,
        },
    )


def concealed(agency_slug: str, issuer: str, client_id: str, secret: str) -> tuple[str, bytes]:
    """What we authenticate with at a provider, wrapped under the agency's key: (its id, the wrapped bytes)."""
    return small_secrets.concealed(bound.provider(), agency_slug, secret, binding(issuer, client_id))


def new_client_key() -> str:
    """A fresh private key of ours for `private_key_jwt`, as JWK text; it goes where a client secret would."""
    made = ECKey.generate_key("P-256", {"use": "sig", "alg": CLIENT_KEY_ALGORITHM, "kid": new_id().hex})
    return json.dumps(made.as_dict(private=True))


def public_keys(provider: Provider) -> dict[str, Any]:
    """Our public keys at this provider, as a JWK Set (RFC 7517)."""
    key = provider.client_key
    return {"keys": [key.as_dict(private=False)] if key else []}


def _from(row: Any) -> Provider:
    bound_to = binding(row.issuer, row.client_id)
    return Provider(
        agency_id=row.id,
        slug=row.slug,
        agency_name=row.name,
        issuer=row.issuer,
        client_id=row.client_id,
        client_secret=small_secrets.reveal(bound.provider(), row.secret_key_id, row.secret_wrapped, bound_to),
        algorithms=tuple(row.algorithms),
        authentication=row.authentication,
        required_acr=row.required_acr,
        step_up_acr=row.step_up_acr,
        mapped=_mapped(row.claim_names, row.organisation_claim, row.device_claim),
        organisation_values=tuple(row.organisation_values),
        clearance_ceiling=row.clearance_ceiling,
        status=row.status,
    )


def _mapped(names: Mapping[str, str], organisation: str | None, device: str | None) -> Mapped:
    known = {name: names[name] for name in ("name", "email", "locale") if names.get(name)}
    return Mapped(**known, organisation=organisation, device=device)


def binding(issuer: str, client_id: str) -> bytes:
    """What the sealed secret at a provider is bound to."""
    return f"client secret\n{issuer}\n{client_id}".encode()

"""Agencies and their identity providers: registered at run time, read by sign-in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from agencies.errors import AgencyTaken, UnknownAgency
from agencies.keys import bound, small_secrets
from agencies.models import Agency, IdentityProvider, Skill
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from marketplace.foundation.ids import new_id


@dataclass(frozen=True, slots=True)
class Provider:
    """What sign-in needs to know of an agency's identity provider."""

    agency_id: UUID
    slug: str
    agency_name: str
    issuer: str
    client_id: str
    client_secret: str
    algorithms: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Provider({self.slug}, {self.issuer})"


def add(
    tx: Tx,
    *,
    slug: str,
    name: str,
    initials: str,
    tint: str,
    domain: str,
    office_networks: Sequence[str] = (),
) -> UUID:
    """Register an agency. Raises AgencyTaken."""
    if tx.scalar(select(Agency.id).where(Agency.slug == slug)) is not None:
        raise AgencyTaken(slug=slug)
    agency_id = new_id()
    tx.execute(
        insert(Agency),
        {
            "id": agency_id,
            "slug": slug,
            "name": name,
            "initials": initials,
            "tint": tint,
            "domain": domain,
            "office_networks": list(office_networks),
        },
    )
    return agency_id


def add_provider(
    tx: Tx,
    agency_slug: str,
    *,
    issuer: str,
    client_id: str,
    client_secret: str,
    algorithms: Sequence[str] = ("RS256",),
) -> None:
    """Register an agency's identity provider; its secret is wrapped under the agency's key before it is stored."""
    agency_id = tx.scalar(select(Agency.id).where(Agency.slug == agency_slug))
    if agency_id is None:
        raise UnknownAgency(slug=agency_slug)
    keys = bound.provider()
    key_id = keys.current(agency_slug, clock.now(tx).year)
    wrapped = small_secrets.conceal(keys, key_id, client_secret, _binding(issuer, client_id))
    tx.execute(
        insert(IdentityProvider),
        {
            "agency_id": agency_id,
            "issuer": issuer,
            "client_id": client_id,
            "secret_key_id": key_id,
            "secret_wrapped": wrapped,
            "algorithms": list(algorithms),
        },
    )


def listing(db: Tx) -> Sequence[Any]:
    """Every agency that people can sign in at: slug, name, initials, tint, domain; by name."""
    chosen = select(Agency.id, Agency.slug, Agency.name, Agency.initials, Agency.tint, Agency.domain)
    return db.all(chosen.join(IdentityProvider).order_by(Agency.name))


def provider(db: Tx, slug: str) -> Provider:
    """The identity provider of an agency. Raises UnknownAgency."""
    row = db.one_or_none(
        select(Agency.id, Agency.slug, Agency.name, IdentityProvider.__table__)
        .join(IdentityProvider)
        .where(Agency.slug == slug)
    )
    if row is None:
        raise UnknownAgency(slug=slug)
    binding = _binding(row.issuer, row.client_id)
    secret = small_secrets.reveal(bound.provider(), row.secret_key_id, row.secret_wrapped, binding)
    return Provider(row.id, row.slug, row.name, row.issuer, row.client_id, secret, tuple(row.algorithms))


def skill_labels(db: Tx, locale: str) -> dict[str, str]:
    """Every skill's label in a language, English where there is none."""
    rows = db.all(select(Skill.code, Skill.labels))
    return {row.code: row.labels.get(locale) or row.labels.get("en") or row.code for row in rows}


def add_skill(tx: Tx, code: str, labels: dict[str, str]) -> None:
    """Add a skill with its label per language; English is required."""
    tx.execute(insert(Skill), {"code": code, "labels": labels})


def _binding(issuer: str, client_id: str) -> bytes:
    return f"client secret\n{issuer}\n{client_id}".encode()


def issuers(db: Tx) -> list[str]:
    """The issuers of every registered identity provider."""
    return [row.issuer for row in db.all(select(IdentityProvider.issuer))]


def slugs(db: Tx) -> set[str]:
    """The short names of every agency."""
    return {row.slug for row in db.all(select(Agency.slug))}

"""Agencies and their identity providers: registered at run time, read by sign-in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from agencies.errors import AgencyTaken, UnknownAgency
from agencies.models import Agency, IdentityProvider
from agencies.providers import Provider
from agencies.providers import add as add_provider
from agencies.providers import of as provider
from agencies.skills.lists import add as add_skill
from agencies.skills.lists import labels_of as skill_labels
from marketplace.foundation.db import Tx
from marketplace.foundation.ids import new_id

__all__ = [
    "Provider",
    "add",
    "add_provider",
    "add_skill",
    "id_of",
    "issuers",
    "listing",
    "provider",
    "skill_labels",
    "slugs",
]


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


def listing(db: Tx) -> Sequence[Any]:
    """Every agency that has a provider: slug, name, initials, tint, domain, mail_domains, its status; by name."""
    chosen = select(
        Agency.id,
        Agency.slug,
        Agency.name,
        Agency.initials,
        Agency.tint,
        Agency.domain,
        Agency.mail_domains,
        IdentityProvider.status,
    )
    return db.all(chosen.join(IdentityProvider).order_by(Agency.name))


def id_of(db: Tx, slug: str) -> UUID:
    """The id of the agency with this short name. Raises UnknownAgency."""
    found: UUID | None = db.scalar(select(Agency.id).where(Agency.slug == slug))
    if found is None:
        raise UnknownAgency(slug=slug)
    return found


def issuers(db: Tx) -> list[str]:
    """The issuers of every registered identity provider."""
    return [row.issuer for row in db.all(select(IdentityProvider.issuer))]


def slugs(db: Tx) -> set[str]:
    """The short names of every agency."""
    return {row.slug for row in db.all(select(Agency.slug))}


def names(db: Tx) -> dict[str, str]:
    """What every agency is called, by its short name; in the order of names."""
    return {row.slug: row.name for row in db.all(select(Agency.slug, Agency.name).order_by(Agency.name))}

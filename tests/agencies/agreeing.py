"""Small builders for tests about agreements between agencies."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from agencies import agreements, directory, enrolment, sharing
from agencies.proposals import Proposed
from marketplace.foundation.db import reading, transaction
from security.principal import Principal, Role
from tests.builders import AT_WORK, a_person, an_agency


def an_administrator(agency: str = "north", **given: Any) -> Principal:
    """An administrator of an agency, which is made if there is none of this name."""
    an_agency_alone(agency)
    return a_person(agency, roles=(Role.CONTRIBUTOR, Role.AGENCY_ADMIN), **given)


def an_agency_alone(slug: str) -> None:
    """An agency without terms with any other, unless there is one of this name."""
    with reading() as db:
        known = directory.slugs(db)
    if slug not in known:
        an_agency(slug, shares=False)


def an_enrolment(**given: Any) -> dict[str, Any]:
    """A new agency with a provider that knows us by a key; `agency` and `provider` change parts of it."""
    agency = {
        "slug": "harbour-office",
        "name": "Harbour Office",
        "initials": "HO",
        "tint": "green",
        "domain": "harbour.example",
        "mail_domains": ["mail.harbour.example"],
        "self_join": True,
    }
    provider = {
        "issuer": "https://login.harbour.example",
        "client_id": "commons",
        "organisation_claim": "siret",
        "organisation_values": ["130025265"],
        "clearance_ceiling": "sensitive",
    }
    return {"agency": agency | given.get("agency", {}), "provider": provider | given.get("provider", {})}


def proposed(actor: Principal, **given: Any) -> UUID:
    """An enrolment that `actor` proposes."""
    with transaction() as tx:
        return enrolment.propose(tx, an_enrolment(**given), actor=actor, context=AT_WORK)


def signed(proposal_id: UUID, actor: Principal) -> Proposed:
    with transaction() as tx:
        return agreements.sign(tx, proposal_id, actor=actor, context=AT_WORK)


def withdrawn(proposal_id: UUID, actor: Principal) -> None:
    with transaction() as tx:
        agreements.withdraw(tx, proposal_id, actor=actor, context=AT_WORK)


def a_provider(slug: str = "north", **given: Any) -> None:
    """The provider of an agency that has none yet."""
    wanted = {
        "issuer": f"https://login.{slug}.example",
        "client_id": "commons",
        "client_secret": "s3cret-of-old",
    }
    with transaction() as tx:
        directory.add_provider(tx, slug, **wanted | given)


def some_terms(**given: Any) -> dict[str, Any]:
    return {
        "owner": "north",
        "guest": "south",
        "level": "internal",
        "rules_of": "owner",
        "hours_of": "guest",
        "requests_to": "owner",
    } | given


def terms_proposed(actor: Principal, **given: Any) -> UUID:
    with transaction() as tx:
        return sharing.propose(tx, some_terms(**given), actor=actor, context=AT_WORK)

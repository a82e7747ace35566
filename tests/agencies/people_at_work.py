"""What tests about people share: administrators, officers, what a provider vouches for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from agencies import moves, people, providers, secondments, sessions
from agencies.models import Agency, IdentityProvider, Membership
from marketplace.foundation.db import reading, transaction
from security.labels import Level
from security.log.models import AuditPending
from security.oidc import Vouched
from security.principal import Principal, Role
from tests.builders import AT_WORK, a_person, changed, found, one

ADMIN = (Role.CONTRIBUTOR, Role.AGENCY_ADMIN)
OFFICER = (Role.CONTRIBUTOR, Role.SECURITY_OFFICER)


def an_admin(agency: str = "north", **given: Any) -> Principal:
    return a_person(agency, roles=ADMIN, **given)


def an_officer(agency: str = "north", **given: Any) -> Principal:
    return a_person(agency, roles=OFFICER, **given)


def vouched(subject: str = "newcomer", issuer: str = "https://north.example", **given: Any) -> Vouched:
    return Vouched(issuer, subject, **({"name": "New Comer", "organisation": "123"} | given))


def a_provider(slug: str, *, self_join: bool = True, ceiling: Level = Level.RESTRICTED) -> str:
    """A provider of an agency that exists, sending the organisation 123. Returns its issuer."""
    issuer = f"https://{slug}.example"
    with transaction() as tx:
        providers.add(tx, slug, issuer=issuer, client_id="market", client_secret="secret of a test")
        tx.execute(update(Agency).where(Agency.slug == slug).values(self_join=self_join))
        tx.execute(
            update(IdentityProvider)
            .where(IdentityProvider.issuer == issuer)
            .values(organisation_claim="siret", organisation_values=["123"], clearance_ceiling=int(ceiling))
        )
    return issuer


def now_as(membership_id: UUID) -> Principal | None:
    with reading() as db:
        return people.read(db, membership_id)


def a_session(person: Principal, **given: Any) -> tuple[str, str]:
    """A signed-in browser of a person: (token, reference)."""
    with transaction() as tx:
        begun = sessions.begin(tx, person.membership_id, vouched(issuer="https://any.example"), **given)
    return begun.token, begun.reference


@dataclass(frozen=True)
class Entry:
    act: str
    agency_id: UUID | None
    outcome: str
    detail: dict[str, Any] | None


def on_record(act: str) -> list[Entry]:
    chosen = (AuditPending.act, AuditPending.object_agency_id, AuditPending.outcome, AuditPending.detail)
    return [Entry(*row) for row in found(select(*chosen).where(AuditPending.act == act))]


def agency_id(slug: str) -> UUID:
    found_id: UUID = one(select(Agency.id).where(Agency.slug == slug))
    return found_id


def ended(membership_id: UUID) -> bool:
    return one(select(Membership.ended_at).where(Membership.id == membership_id)) is not None


def over_since_yesterday(membership_id: UUID) -> None:
    """As if the stated end of a membership had passed."""
    yesterday = datetime.now(UTC) - timedelta(days=1)
    changed(update(Membership).where(Membership.id == membership_id).values(until=yesterday))


def a_secondment(person: Principal, to: str, days: int = 30) -> UUID:
    """A second hat of a person at the agency `to`, agreed by administrators made for it. Returns the membership."""
    home, host = an_admin(person.agency_slug), an_admin(to)
    until = datetime.now(UTC) + timedelta(days=days)
    with transaction() as tx:
        move = secondments.propose(tx, person.membership_id, to, until=until, actor=home, context=AT_WORK)
    with transaction() as tx:
        hat = moves.approve(tx, move, actor=host, context=AT_WORK)
    assert hat is not None
    return hat

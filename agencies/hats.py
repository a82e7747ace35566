"""Which membership somebody acts in. A person may have several; a session wears one at a time.

A session may wear what the provider that vouched for it vouches for: memberships of its own agency, and secondments
of people whose home is there. For another membership the person signs in at that agency.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from agencies import held_forms, people, sessions
from agencies.errors import CannotWearHat, NotSignedIn
from agencies.models import Agency, IdentityProvider, Membership, WebSession
from marketplace.foundation import clock
from marketplace.foundation.db import Query, Tx
from security.log import audit
from security.principal import Context, Principal


@dataclass(frozen=True, slots=True)
class Hat:
    """A live membership: `wearable` in this session, else by signing in at `door`, the agency that vouches."""

    membership_id: UUID
    agency_name: str
    home_name: str | None
    partner: bool
    until: datetime | None
    worn: bool
    wearable: bool
    door: str | None


def of(db: Tx, principal: Principal, session: str | None) -> list[Hat]:
    """The person's live memberships by agency, the worn one first."""
    issuer = db.scalar(select(WebSession.issuer).where(WebSession.reference == session))
    rows = db.all(_memberships(clock.now(db)).where(Membership.person_id == principal.person_id))
    hats = [
        Hat(
            row.id,
            row.agency_name,
            row.home_name,
            row.partner,
            row.until,
            worn=row.id == principal.membership_id,
            wearable=issuer is not None and row.issuer == issuer,
            door=row.door if row.issuer else None,
        )
        for row in rows
    ]
    return sorted(hats, key=lambda hat: (not hat.worn, hat.agency_name))


def wear(tx: Tx, token: str, membership_id: UUID, *, actor: Principal, context: Context) -> sessions.Begun:
    """Change hats: the session gets a new token and the other membership. Raises CannotWearHat, NotSignedIn."""
    if context.session is None:
        raise NotSignedIn()
    wanted = _one(of(tx, actor, context.session), membership_id)
    if wanted is None or not wanted.wearable:
        raise CannotWearHat()
    begun = sessions.change_membership(tx, token, membership_id)
    held_forms.drop_all(tx, session=context.session)
    now_acting = people.read(tx, membership_id)
    if now_acting is None:
        raise CannotWearHat()
    target = audit.Target("session", begun.reference, now_acting.agency_id)
    detail = {"from": actor.agency_slug, "to": now_acting.agency_slug}
    audit.record(tx, "session.change_hat", target, actor=now_acting, context=context, detail=detail)
    return begun


def _one(hats: Sequence[Hat], membership_id: UUID) -> Hat | None:
    return next((hat for hat in hats if hat.membership_id == membership_id), None)


def _memberships(now: datetime) -> Query:
    """SELECT of live memberships with the agency, and the provider that vouches: the home's for a secondment."""
    home, home_agency, door = aliased(Membership), aliased(Agency), aliased(Agency)
    vouching = func.coalesce(home.agency_id, Membership.agency_id)
    return (
        select(
            Membership.id,
            Membership.partner,
            Membership.until,
            Agency.name.label("agency_name"),
            home_agency.name.label("home_name"),
            IdentityProvider.issuer,
            door.slug.label("door"),
        )
        .join(Agency, Agency.id == Membership.agency_id)
        .outerjoin(home, home.id == Membership.home_id)
        .outerjoin(home_agency, home_agency.id == home.agency_id)
        .join(door, door.id == vouching)
        .outerjoin(IdentityProvider, IdentityProvider.agency_id == vouching)
        .where(
            Membership.ended_at.is_(None),
            func.coalesce(Membership.until > now, True),
            # A secondment holds as long as the membership at home does.
            home.ended_at.is_(None),
            func.coalesce(home.until > now, True),
        )
    )

"""What an agency decides for itself: the domains of its people's addresses, and whether they may join by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from marshmallow import fields
from sqlalchemy import select, update

from agencies import enrolment, people
from agencies.agreement_specs import Host, read
from agencies.lookalikes import Known, findings
from agencies.models import Agency, IdentityProvider
from marketplace.foundation.db import Tx
from marketplace.foundation.input import Flag, Input, entries
from security.log import audit
from security.principal import Context, Principal, Role

SHOWN = ("slug", "name", "initials", "tint", "domain", "mail_domains", "self_join", "rules_version")


class SettingsSpec(Input):
    """Settings of an agency; what is left out stays."""

    mail_domains = fields.List(Host(200), validate=entries(0, 50))
    self_join = Flag()


def of(db: Tx, agency_id: UUID) -> dict[str, Any]:
    """An agency as its own administrators see it, without its networks and provider."""
    row = db.one_or_none(select(*(getattr(Agency, name) for name in SHOWN)).where(Agency.id == agency_id))
    assert row is not None
    return dict(row._mapping)


def change(tx: Tx, given: Mapping[str, Any], *, actor: Principal, context: Context) -> dict[str, Any]:
    """Change settings of the actor's agency (`SettingsSpec`). Returns them all.

    A mail domain that looks like another agency's is refused: people find their agency by it.
    Raises BadAgencySettings, LookAlike, NotPermitted.
    """
    people.still_holds(tx, actor, Role.AGENCY_ADMIN)
    spec = read(SettingsSpec, given)
    if "mail_domains" in spec:
        spec["mail_domains"] = list(dict.fromkeys(spec["mail_domains"]))
        others = [known for known in enrolment.known(tx) if known.slug != actor.agency_slug]
        coming = Known(actor.agency_slug, (), tuple(spec["mail_domains"]))
        enrolment.refuse_look_alikes(findings(coming, others))
    if spec:
        tx.execute(update(Agency).where(Agency.id == actor.agency_id).values(**spec))
        target = audit.Target("agency", actor.agency_id, actor.agency_id)
        audit.record(tx, "agency.set", target, actor=actor, context=context, detail={"set": sorted(spec)})
    return of(tx, actor.agency_id)


def names_an_organisation(db: Tx, agency_id: UUID) -> bool:
    """Whether the provider says by a claim which organisation somebody belongs to: joining by oneself needs that."""
    claim = db.scalar(
        select(IdentityProvider.organisation_claim).where(IdentityProvider.agency_id == agency_id)
    )
    return claim is not None

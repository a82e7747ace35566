"""What every use-case needs to know of a campaign, read once as one frozen value.

Who reads it for a person gets it together with the rules that apply to them, in one query; without a person nothing can
be decided.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select

from agencies.models import Agency
from marketplace.foundation.db import Query, Tx
from security.decision import Decision
from security.labels import Level
from security.log.audit import Target
from security.principal import Context, Principal
from security.sealing import Protection, thumbprints
from tasks import access, access_sql, policies
from tasks.access import Policies, Terms
from tasks.errors import KeyUnavailable, NoSuchCampaign
from tasks.models import Campaign, Claim, Microtask
from tasks.stages import UNPUBLISHED, Stage


@dataclass(frozen=True, slots=True)
class CampaignFacts:
    """A campaign with its agency; `terms` is what rules look at."""

    id: UUID
    agency_id: UUID
    agency_slug: str
    agency_name: str
    agency_initials: str
    agency_tint: str
    owner_id: UUID
    stage: Stage
    remark: str | None
    """What the approver asked for when they sent it back."""
    name: str
    title: str
    language: str
    purpose: str
    instructions: str
    form: Mapping[str, Any]
    minutes: int
    redundancy: int
    claim_minutes: int
    queue: str
    due: date | None
    alias_key: bytes
    protection: Protection | None
    """Who can open the content: the server, or only devices of people. None: it lies open."""
    keep_until: date | None
    public_key: Mapping[str, str] | None
    key_payload_id: UUID | None
    terms: Terms
    policies: Policies | None = None
    """The agencies' rules for the person it was read for; None: it was read for nobody."""

    def decide(self, action: str, principal: Principal, context: Context) -> Decision:
        """Whether the person it was read for may; every rule that fails is named."""
        if self.policies is None:
            raise ValueError("this campaign was read for nobody: its rules are not known")
        return access.decide(action, principal, context, self.terms, self.policies)

    @property
    def sealed(self) -> bool:
        """Whether the content lies sealed."""
        return self.protection is not None

    @property
    def key_id(self) -> str:
        """The name of the campaign's own key. Raises KeyUnavailable where it has none."""
        if self.public_key is None:
            raise KeyUnavailable()
        return thumbprints.of(self.public_key)

    def target(self, kind: str, object_id: UUID | None) -> Target:
        """Something of this campaign, for the security record."""
        rules = None if self.policies is None else self.policies.digest
        return Target(kind, object_id, self.agency_id, self.id, self.terms.level, rules)


def every_campaign() -> Query:
    """SELECT of what `facts_from` needs."""
    return select(
        Campaign.__table__,
        Agency.slug.label("agency_slug"),
        Agency.name.label("agency_name"),
        Agency.initials.label("agency_initials"),
        Agency.tint.label("agency_tint"),
        Agency.rules_version,
    ).join(Agency, Agency.id == Campaign.agency_id)


def every_campaign_for(db: Tx, asking: Principal) -> Query:
    """SELECT of what `facts_for` needs: with what is shared with the asking person."""
    return every_campaign().add_columns(
        access_sql.shared_up_to(db, asking).label("shared_up_to"),
        access_sql.granted(db, asking).label("granted"),
    )


def facts_for(row: Any, rules: Policies) -> CampaignFacts:
    """The frozen value from a row of `every_campaign_for`, with the rules that apply to whom it was read for."""
    facts = facts_from(row)
    shared = Level(row.shared_up_to) if row.shared_up_to >= 0 else None
    return replace(
        facts, terms=replace(facts.terms, shared_up_to=shared, granted=bool(row.granted)), policies=rules
    )


def facts_from(row: Any) -> CampaignFacts:
    """The frozen value from a row of `every_campaign`, for nobody in particular."""
    terms = Terms(
        campaign_id=row.id,
        agency_id=row.agency_id,
        agency_slug=row.agency_slug,
        owner_id=row.owner_id,
        level=Level(row.level),
        compartments=frozenset(row.compartments),
        audience=None if row.audience is None else frozenset(row.audience),
        skills=tuple(row.skills),
        open=row.state == "open",
        published=Stage(row.stage) not in UNPUBLISHED,
        need_to_know=row.need_to_know,
    )
    return CampaignFacts(
        id=row.id,
        agency_id=row.agency_id,
        agency_slug=row.agency_slug,
        agency_name=row.agency_name,
        agency_initials=row.agency_initials,
        agency_tint=row.agency_tint,
        owner_id=row.owner_id,
        # A release that knew no stages closes a campaign by its state alone.
        stage=Stage.CLOSED if row.stage == Stage.OPEN and not terms.open else Stage(row.stage),
        remark=row.remark,
        name=row.name,
        title=row.title,
        language=row.language,
        purpose=row.purpose,
        instructions=row.instructions,
        form=row.form,
        minutes=row.minutes,
        redundancy=row.redundancy,
        claim_minutes=row.claim_minutes,
        queue=row.queue,
        due=row.due,
        alias_key=bytes(row.alias_key),
        protection=_protection(row.protection, terms.level),
        keep_until=row.keep_until,
        public_key=row.public_key,
        key_payload_id=row.key_payload_id,
        terms=terms,
    )


def _protection(stored: str, level: Level) -> Protection | None:
    """What protects the content. Sensitive work is never open, also where a release that knew no better posted it."""
    if stored != "none":
        return Protection(stored)
    return Protection.SERVER if level >= Level.SENSITIVE else None


def campaign(db: Tx, campaign_id: UUID) -> CampaignFacts:
    """A campaign for a job, which knows all. Raises NoSuchCampaign."""
    row = db.one_or_none(every_campaign().where(Campaign.id == campaign_id))
    if row is None:
        raise NoSuchCampaign()
    return facts_from(row)


def known(db: Tx, campaign_id: UUID, principal: Principal, context: Context) -> CampaignFacts:
    """A campaign as this person may know it. Hidden and absent look the same: NoSuchCampaign."""
    row = db.one_or_none(every_campaign_for(db, principal).where(Campaign.id == campaign_id))
    if row is None:
        raise NoSuchCampaign()
    found = facts_for(row, policies.applying(db, principal, row.agency_id, row.rules_version))
    if not found.decide("know", principal, context).allowed:
        raise NoSuchCampaign()
    return found


def target_of(
    db: Tx, *, claim_id: UUID | None = None, microtask_id: UUID | None = None, campaign_id: UUID | None = None
) -> Target | None:
    """What a request named, for the security record; None where nothing of it exists. The narrowest name counts."""
    if claim_id is not None:
        microtask_id = db.scalar(select(Claim.microtask_id).where(Claim.id == claim_id))
    if microtask_id is not None:
        campaign_id = db.scalar(select(Microtask.campaign_id).where(Microtask.id == microtask_id))
    row = db.one_or_none(every_campaign().where(Campaign.id == campaign_id)) if campaign_id else None
    if row is None:
        return None
    kind = "campaign" if microtask_id is None else "microtask"
    return facts_from(row).target(kind, microtask_id or campaign_id)

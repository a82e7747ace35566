"""Need-to-know: some campaigns exist only for those who were let in by name, for a time.

Whoever owns tasks in the campaign's agency and may know the campaign lets people in, or that agency's security
officer, who sees nothing of its content for it, and its name only where their clearance covers it. Nobody lets
themselves in. Being let in opens nothing that another rule closes.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, false, func, select, true

from agencies import memberships, people
from agencies.memberships import Member
from agencies.models import Agency, Membership, Person
from agencies.people_errors import OwnAffair
from marketplace.foundation import clock
from marketplace.foundation.db import Tx, insert
from security import duties
from security.labels import dominates
from security.log import audit
from security.principal import Context, Principal, Role
from tasks import access_sql, facts, policies
from tasks.errors import BadDay, NobodyThere, NotUnderNeedToKnow, NotYoursToGive
from tasks.facts import CampaignFacts
from tasks.models import Campaign, NeedToKnowGrant

LONGEST = timedelta(days=365)


def give(
    tx: Tx, campaign_id: UUID, *, agency: str, email: str, until: date, actor: Principal, context: Context
) -> UUID:
    """Let somebody in to the end of the day `until`; somebody who is in already, until then. Returns the membership.

    Raises NoSuchCampaign, NotYoursToGive, NotUnderNeedToKnow, BadDay, NobodyThere, OwnAffair.
    """
    campaign = _of_giver(tx, campaign_id, people.still_member(tx, actor), context)
    if not campaign.terms.need_to_know:
        raise NotUnderNeedToKnow()
    day = clock.now(tx).date()
    if not day <= until <= day + LONGEST:
        raise BadDay(errors={"until": [BadDay().message]})
    member = memberships.read(tx, _membership(tx, agency, email))
    _not_for_oneself(member, actor)
    grant = {"campaign_id": campaign_id, "membership_id": member.id}
    said = {"granted_by": actor.membership_id, "until": until}
    made = insert(tx, NeedToKnowGrant).values(grant | said)
    tx.execute(made.on_conflict_do_update(index_elements=list(grant), set_=said))
    _record(tx, "need_to_know.give", member.subject_id, campaign, actor, context)
    return member.id


def end(tx: Tx, campaign_id: UUID, membership_id: UUID, *, actor: Principal, context: Context) -> None:
    """End what somebody was let in to. Ending it twice is the same as once.

    Raises NoSuchCampaign, NotYoursToGive.
    """
    campaign = _of_giver(tx, campaign_id, people.still_member(tx, actor), context)
    ended = delete(NeedToKnowGrant).where(
        NeedToKnowGrant.campaign_id == campaign_id, NeedToKnowGrant.membership_id == membership_id
    )
    if tx.execute(ended).rowcount:
        whose = select(Person.subject_id).join(Membership, Membership.person_id == Person.id)
        subject_id = tx.scalar(whose.where(Membership.id == membership_id))
        _record(tx, "need_to_know.end", subject_id, campaign, actor, context)


def campaigns(db: Tx, *, actor: Principal, context: Context) -> list[dict[str, Any]]:
    """The campaigns under need-to-know to which the actor lets people in, newest first, each as `listing` has it."""
    now = people.still_member(db, actor)
    rows = db.all(
        facts.every_campaign()
        .where(Campaign.agency_id == now.agency_id, Campaign.need_to_know, _given_by(db, now, context))
        .order_by(Campaign.posted_on.desc(), Campaign.id)
    )
    found = [facts.facts_from(row) for row in rows]
    inside = _inside(db, [campaign.id for campaign in found])
    return [_told(campaign, now, inside.get(campaign.id, [])) for campaign in found]


def listing(db: Tx, campaign_id: UUID, *, actor: Principal, context: Context) -> dict[str, Any]:
    """Who is in. Returns {"id", "name": the campaign's, None where the actor's clearance does not cover it, "level",
    "need_to_know": whether it is, "people": [{"membership_id", "name", "agency", "email", "until"}]}, by name.

    Raises NoSuchCampaign, NotYoursToGive.
    """
    now = people.still_member(db, actor)
    campaign = _of_giver(db, campaign_id, now, context)
    return _told(campaign, now, _inside(db, [campaign_id]).get(campaign_id, []))


def _told(campaign: CampaignFacts, now: Principal, inside: list[dict[str, Any]]) -> dict[str, Any]:
    """What somebody who lets people in is told of a campaign. A name can say as much as what it names."""
    terms = campaign.terms
    covered = dominates(now.clearance, now.compartments, terms.level, terms.compartments)
    return {
        "id": campaign.id,
        "name": campaign.name if covered else None,
        "level": terms.level.label_key,
        "need_to_know": terms.need_to_know,
        "people": inside,
    }


def _inside(db: Tx, campaign_ids: Collection[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """Who is in to which campaign, by name."""
    rows = db.all(
        select(
            NeedToKnowGrant.campaign_id,
            NeedToKnowGrant.membership_id,
            Person.name,
            Person.email,
            Agency.name.label("agency"),
            NeedToKnowGrant.until,
        )
        .join(Membership, Membership.id == NeedToKnowGrant.membership_id)
        .join(Person, Person.id == Membership.person_id)
        .join(Agency, Agency.id == Membership.agency_id)
        .where(
            NeedToKnowGrant.campaign_id.in_(campaign_ids),
            NeedToKnowGrant.until >= clock.now(db).date(),
            memberships.is_live(clock.at(db)),
        )
        .order_by(Person.name, NeedToKnowGrant.membership_id)
    )
    found: dict[UUID, list[dict[str, Any]]] = {}
    for row in rows:
        each = dict(row._mapping)
        found.setdefault(each.pop("campaign_id"), []).append(each)
    return found


def _of_giver(db: Tx, campaign_id: UUID, now: Principal, context: Context) -> CampaignFacts:
    """The campaign, if somebody, as they are now, lets people in to it."""
    campaign = facts.campaign(db, campaign_id)
    own = campaign.agency_id == now.agency_id
    if own and Role.SECURITY_OFFICER in now.roles:
        return campaign
    known = facts.known(db, campaign_id, now, context)
    if not own or Role.TASK_OWNER not in now.roles:
        raise NotYoursToGive(target=known.target("campaign", campaign_id))
    return known


def _given_by(db: Tx, now: Principal, context: Context) -> ColumnElement[bool]:
    """SQL about Campaign: the same for those of one's own agency."""
    if Role.SECURITY_OFFICER in now.roles:
        return true()
    if Role.TASK_OWNER not in now.roles:
        return false()
    return access_sql.may(db, "know", now, context, policies.everywhere(db, now))


def _membership(db: Tx, agency: str, email: str) -> UUID:
    """The live membership that has this address in this agency. An address finds somebody; it identifies nobody."""
    found = db.all(
        select(Membership.id)
        .join(Person, Person.id == Membership.person_id)
        .join(Agency, Agency.id == Membership.agency_id)
        .where(
            Agency.slug == agency,
            func.lower(Person.email) == email.strip().lower(),
            memberships.is_live(clock.at(db)),
        )
    )
    if len(found) != 1:
        raise NobodyThere(errors={"email": [NobodyThere().message]})
    membership_id: UUID = found[0].id
    return membership_id


def _not_for_oneself(member: Member, actor: Principal) -> None:
    decision = duties.not_oneself(actor.person_id, member.person_id)
    decision.or_raise(OwnAffair, target=member.target)


def _record(
    tx: Tx, act: str, subject_id: UUID, campaign: CampaignFacts, actor: Principal, context: Context
) -> None:
    target = audit.Target("person", subject_id, campaign.agency_id, campaign.id, campaign.terms.level)
    audit.record(tx, act, target, actor=actor, context=context)

"""Need-to-know: some campaigns exist only for those who were let in by name, for a time.

Whoever owns tasks in the campaign's agency and may know the campaign lets people in, or that agency's security
officer, who sees the campaign's name for it and nothing of its content. Nobody lets themselves in. Being let in opens
nothing that another rule closes.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select

from agencies import memberships, people
from agencies.memberships import Member
from agencies.models import Agency, Membership, Person
from agencies.people_errors import OwnAffair
from marketplace.foundation import clock
from marketplace.foundation.db import Tx, insert
from security import duties
from security.log import audit
from security.principal import Context, Principal, Role
from tasks import facts
from tasks.errors import BadDay, NobodyThere, NotUnderNeedToKnow, NotYoursToGive
from tasks.facts import CampaignFacts
from tasks.models import NeedToKnowGrant

LONGEST = timedelta(days=365)


def give(
    tx: Tx, campaign_id: UUID, *, agency: str, email: str, until: date, actor: Principal, context: Context
) -> UUID:
    """Let somebody in to the end of the day `until`; somebody who is in already, until then. Returns the membership.

    Raises NoSuchCampaign, NotYoursToGive, NotUnderNeedToKnow, BadDay, NobodyThere, OwnAffair.
    """
    campaign = _of_giver(tx, campaign_id, actor, context)
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
    campaign = _of_giver(tx, campaign_id, actor, context)
    ended = delete(NeedToKnowGrant).where(
        NeedToKnowGrant.campaign_id == campaign_id, NeedToKnowGrant.membership_id == membership_id
    )
    if tx.execute(ended).rowcount:
        whose = select(Person.subject_id).join(Membership, Membership.person_id == Person.id)
        subject_id = tx.scalar(whose.where(Membership.id == membership_id))
        _record(tx, "need_to_know.end", subject_id, campaign, actor, context)


def listing(db: Tx, campaign_id: UUID, *, actor: Principal, context: Context) -> dict[str, Any]:
    """Who is in. Returns {"name": the campaign's, "need_to_know": whether it is, "people": [{"membership_id", "name",
    "agency", "email", "until"}]}, by name. Raises NoSuchCampaign, NotYoursToGive.
    """
    campaign = _of_giver(db, campaign_id, actor, context)
    rows = db.all(
        select(
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
            NeedToKnowGrant.campaign_id == campaign_id,
            NeedToKnowGrant.until >= clock.now(db).date(),
            memberships.is_live(clock.at(db)),
        )
        .order_by(Person.name, NeedToKnowGrant.membership_id)
    )
    people_in = [dict(row._mapping) for row in rows]
    return {"name": campaign.name, "need_to_know": campaign.terms.need_to_know, "people": people_in}


def _of_giver(db: Tx, campaign_id: UUID, actor: Principal, context: Context) -> CampaignFacts:
    """The campaign, if the actor as they are now lets people in to it."""
    now = people.still_member(db, actor)
    campaign = facts.campaign(db, campaign_id)
    own = campaign.agency_id == now.agency_id
    if own and Role.SECURITY_OFFICER in now.roles:
        return campaign
    known = facts.known(db, campaign_id, now, context)
    if not own or Role.TASK_OWNER not in now.roles:
        raise NotYoursToGive(target=known.target("campaign", campaign_id))
    return known


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

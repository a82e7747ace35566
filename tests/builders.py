"""Small builders: a test states only what matters to it. Everything else is a plain default."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, Row, select, update

from agencies import directory, people, sharing
from agencies.models import Agency, Membership, Skill
from agencies.rules import drafting, signing
from marketplace.foundation import clock
from marketplace.foundation.db import Tx, reading, transaction
from security.labels import Level
from security.principal import Context, Factor, Principal, Role, Zone
from tasks import campaigns, claims, contributions, facts, opening, settling
from tasks.contributions import SealedAnswer
from tasks.models import Campaign, Claim
from tasks.stages import Stage
from tests import on_device

_numbers = count(1)

AT_WORK = Context("web", Zone.OFFICE, "managed", session="session-1")
"""Somebody in the office with nothing unusual about them."""


def an_agency(slug: str | None = None, *, shares: bool = True, **given: Any) -> UUID:
    """An agency. It `shares` work of every level with every other one there is, and they with it."""
    number = next(_numbers)
    slug = slug or f"agency-{number}"
    with transaction() as tx:
        agency_id = directory.add(
            tx,
            **{
                "slug": slug,
                "name": slug.title(),
                "initials": "AG",
                "tint": "blue",
                "domain": f"{slug}.example",
            }
            | given,
        )
        others = tx.all(select(Agency.id).where(Agency.id != agency_id)) if shares else []
        for other in others:
            for owner, guest in ((agency_id, other.id), (other.id, agency_id)):
                sharing.put_in_force(tx, owner, guest, level=Level.RESTRICTED, content={})
        return agency_id


def shared_between(owner: str, guest: str, level: Level = Level.RESTRICTED) -> UUID:
    """Terms under which people of `guest` do work of `owner`."""
    with transaction() as tx:
        ids = {row.slug: row.id for row in tx.all(select(Agency.id, Agency.slug))}
        return sharing.put_in_force(tx, ids[owner], ids[guest], level=level, content={})


def rules_in_force(admin: Principal, *rules: dict[str, Any]) -> int:
    """An agency's rules, drafted and signed by its administrator. Returns their number."""
    confirmed = replace(AT_WORK, factor=Factor.MULTI, auth_time=datetime.now(UTC))
    for revision, rule in enumerate(rules):
        with transaction() as tx:
            drafting.keep_rule(tx, rule, revision=revision, actor=admin, context=confirmed)
    with transaction() as tx:
        return signing.sign(tx, actor=admin, context=confirmed)


def a_person(agency: str | None = None, **given: Any) -> Principal:
    """Somebody of an agency (made if it does not exist) as the principal they act as."""
    return some_people(1, agency, **given)[0]


def some_skills(codes: Iterable[str]) -> None:
    """Skills with these codes, unless they exist."""
    with transaction() as tx:
        for skill in set(codes) - {row.code for row in tx.all(select(Skill.code))}:
            directory.add_skill(tx, skill, {"en": skill})


def some_people(count: int, agency: str | None = None, **given: Any) -> list[Principal]:
    """Several people of one agency, in one transaction."""
    some_skills(given.get("skills", ()))
    with transaction() as tx:
        found = tx.scalar(select(Agency.id).where(Agency.slug == agency)) if agency else None
    agency_id = found or an_agency(agency)
    with transaction() as tx:
        return [_person(tx, agency_id, **given) for _ in range(count)]


def _person(
    tx: Tx,
    agency_id: UUID,
    *,
    roles: tuple[Role, ...] = (Role.CONTRIBUTOR,),
    clearance: Level = Level.SENSITIVE,
    skills: tuple[str, ...] = (),
    name: str | None = None,
    identity: tuple[str, str] | None = None,
    locale: str = "en",
) -> Principal:
    number = next(_numbers)
    person_id = people.add(
        tx,
        agency_id,
        name=name or f"Person {number}",
        email=f"person{number}@agency.example",
        locale=locale,
        identity=identity or ("https://issuer.example", f"subject-{number}"),
        roles=roles,
        clearance=clearance,
        skills=skills,
        context=AT_WORK,
    )
    membership = tx.scalar(select(Membership.id).where(Membership.person_id == person_id))
    principal = people.read(tx, membership)
    assert principal is not None
    return principal


def an_owner(agency: str | None = None, **given: Any) -> Principal:
    return a_person(agency, roles=(Role.CONTRIBUTOR, Role.TASK_OWNER, Role.APPRAISER), **given)


def a_form(**given: Any) -> dict[str, Any]:
    return {
        "questions": [
            {
                "name": "kind",
                "kind": "choice",
                "label": "What is it?",
                "options": [
                    {"value": "bird", "label": "A bird"},
                    {"value": "bat", "label": "A bat"},
                    {"value": "unclear", "label": "Can't tell"},
                ],
                "cannot_tell": "unclear",
            }
        ],
        "fields": [{"name": "entry", "label": "Entry", "lead": True, "required": True}],
        "note": True,
    } | given


def a_spec(**given: Any) -> dict[str, Any]:
    return {
        "name": "Strikes",
        "title": "What was struck?",
        "purpose": "So that airports know.",
        "instructions": "Read the entry. Choose.",
        "level": "internal",
        "contributions": 3,
        "form": a_form(),
    } | given


def rows(items: int, content: str = "Entry") -> str:
    return "entry\n" + "".join(f"{content} {number}\n" for number in range(1, items + 1))


def a_campaign(
    owner: Principal | None = None, *, items: int = 2, csv: str | None = None, **given: Any
) -> UUID:
    """A campaign that is open; `redundancy` is the spec's `contributions`."""
    if "redundancy" in given:
        given["contributions"] = given.pop("redundancy")
    owner = owner or an_owner()
    some_skills(given.get("skills", ()))
    with reading() as db:
        known = directory.slugs(db)
    for slug in set(given.get("audience") or ()) - known:
        an_agency(slug)
    with transaction() as tx:
        made = campaigns.post(tx, a_spec(**given), csv or rows(items), actor=owner, context=AT_WORK)
        let_open(tx, made)
    return made


def let_open(tx: Tx, campaign_id: UUID) -> None:
    """As its approver leaves it; their act is tried where it stands."""
    tx.execute(update(Campaign).where(Campaign.id == campaign_id).values(stage=Stage.OPEN, state="open"))


def a_claim(campaign_id: UUID, person: Principal) -> UUID:
    """The person's claim on the next item."""
    with transaction() as tx:
        return claims.claim_next(tx, campaign_id, actor=person, context=AT_WORK)


def an_answer(claim_id: UUID, person: Principal, value: str = "bird", **more: Any) -> UUID:
    """The person submits `value` for a claim, sealed where the campaign is. Returns the contribution's id."""
    answer: Any = {"kind": value} | more
    sealing = sealed_answer(claim_id, person, answer)
    with transaction() as tx:
        return contributions.submit(tx, claim_id, sealing or answer, actor=person, context=AT_WORK)


def sealed_answer(claim_id: UUID, person: Principal, answer: Any) -> SealedAnswer | None:
    """`answer` as the person's device (made if they have none) seals it; None where nothing is to be sealed."""
    with reading() as db:
        row = db.one_or_none(select(Claim.campaign_id, Claim.microtask_id).where(Claim.id == claim_id))
        campaign = None if row is None else facts.campaign(db, row.campaign_id)
    if campaign is None or not campaign.sealed:
        return None
    return on_device.answer_of(on_device.device_of(person), campaign, row.microtask_id, answer)


def opened(claim_id: UUID, person: Principal, context: Context = AT_WORK) -> dict[str, Any]:
    """The item of a claim, as its holder reads it on a device of theirs."""
    device = on_device.device_of(person)
    with transaction() as tx:
        found = opening.open_item(tx, claim_id, actor=person, context=context, device=device.thumbprint)
    return found if isinstance(found, dict) else on_device.item_on(device, found)


def a_contribution(campaign_id: UUID, person: Principal, value: str = "bird", **more: Any) -> UUID:
    """The person claims the next item and answers it."""
    return an_answer(a_claim(campaign_id, person), person, value, **more)


def given_back(claim_id: UUID, person: Principal) -> UUID:
    with transaction() as tx:
        claims.release(tx, claim_id, actor=person, context=AT_WORK)
    return claim_id


def over(claim_id: UUID) -> UUID:
    """A claim whose time is over, though nothing has ended it yet."""
    with transaction() as tx:
        past = clock.now(tx) - timedelta(seconds=1)
        tx.execute(update(Claim).where(Claim.id == claim_id, Claim.live).values(expires_at=past))
    return claim_id


def lapsed(claim_id: UUID) -> UUID:
    """A claim that the slot has ended."""
    over(claim_id)
    with transaction() as tx:
        claims.end_due(tx)
    return claim_id


def settled(campaign_id: UUID, **given: Any) -> int:
    """Decide what has all its answers. Returns how many items that were."""
    with transaction() as tx:
        return settling.settle(tx, campaign_id, **given)


def found(statement: Executable) -> Sequence[Row[Any]]:
    """The rows of a statement, as they are committed."""
    with reading() as db:
        return db.all(statement)


def one(statement: Executable) -> Any:
    """The first value of a statement."""
    with reading() as db:
        return db.scalar(statement)


def changed(statement: Executable) -> None:
    """Change rows behind the domain's back, as time or an attacker would."""
    with transaction() as tx:
        tx.execute(statement)


def item_of(claim_id: UUID) -> UUID:
    """The microtask of a claim."""
    microtask_id: UUID = one(select(Claim.microtask_id).where(Claim.id == claim_id))
    return microtask_id


class Undone(Exception):
    """Ends a transaction that is to be rolled back."""


def rolled_back(act: Callable[[Tx], object]) -> None:
    """Run `act` in a transaction that fails after it."""
    try:
        with transaction() as tx:
            act(tx)
            raise Undone
    except Undone:
        return

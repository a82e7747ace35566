"""The demonstration: three agencies with their providers and people, and two campaigns made of real public records."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from itertools import permutations
from pathlib import Path
from uuid import UUID

from sqlalchemy import select, update

from agencies import directory, holders, people, sharing
from agencies.models import Agency, Identity, Membership
from deploy.identity import demo, registry
from deploy.samples import records
from marketplace.foundation.db import Tx, reading, transaction
from security.labels import Level
from security.principal import Context, Principal, Role, Zone
from tasks import campaigns, facts

HERE = Path(__file__).parent
CONTEXT = Context("cli", Zone.OFFICE, "managed")
LOOPBACK = ("127.0.0.0/8", "::1/128")
"""The demo's offices: whoever sits at this machine."""

SKILLS = {
    "aviation-safety": {
        "en": "aviation safety", "de": "Flugsicherheit", "nl": "luchtvaartveiligheid", "fr": "sécurité aérienne",
    },
    "plain-language": {
        "en": "plain language", "de": "Leichte Sprache", "nl": "begrijpelijke taal", "fr": "langage clair",
    },
    "records-description": {
        "en": "records description", "de": "Erschließung von Akten", "nl": "archiefbeschrijving",
        "fr": "description d’archives",
    },
}  # fmt: skip

CAMPAIGNS: dict[str, tuple[str, Callable[[], str]]] = {
    "birdstrikes.toml": ("ines", records.strikes),
    "speeches.toml": ("nora", records.speeches),
}
"""Which settings, posted by whom, with which records."""


def seed(home: Path) -> bool:
    """Fill an empty database. False: there are agencies already, nothing was done."""
    with reading() as db:
        if db.scalar(select(Agency.id).limit(1)) is not None:
            return False
    with transaction() as tx:
        _people(tx, home)
        _terms(tx)
        for file, (login, rows) in CAMPAIGNS.items():
            settings = tomllib.loads((HERE / file).read_text(encoding="utf-8"))
            settings["due"] = settings["due"].isoformat()
            owner = principal(tx, home, login)
            _open(tx, campaigns.post(tx, settings, rows(), actor=owner, context=CONTEXT), owner)
    return True


def _open(tx: Tx, campaign_id: UUID, owner: Principal) -> None:
    """An administrator of the owner's agency approves it: the first whose clearance reaches so far."""
    for row in holders.listing(tx, owner.agency_id, [Role.AGENCY_ADMIN]):
        approver = people.read(tx, row.membership_id)
        if approver is not None and approver.clearance >= facts.campaign(tx, campaign_id).terms.level:
            campaigns.move(tx, campaign_id, "approve", actor=approver, context=CONTEXT)
            return
    raise LookupError(f"nobody may open the campaign of {owner.agency_slug}")


def principal(db: Tx, home: Path, login: str) -> Principal:
    """The demo person who signs in with `login`. Raises LookupError for an unknown one."""
    known = registry.ensure(home, demo.agencies())
    for agency in demo.agencies():
        subject = known[agency.slug]["subjects"].get(login)
        if subject is None:
            continue
        issuer = known[agency.slug]["issuer"]
        membership = db.scalar(
            select(Membership.id)
            .join(Identity, Identity.person_id == Membership.person_id)
            .where(Identity.issuer == issuer, Identity.subject == subject)
        )
        found = people.read(db, membership) if membership else None
        if found is not None:
            return found
    raise LookupError(login)


TERMS = {
    "rules_of": "owner",
    "hours_of": "guest",
    "requests_to": "owner",
    "note": "",
}
"""The owner's rules hold beside everybody's own, the guest gives its people's hours, the owner answers requests."""


def _terms(tx: Tx) -> None:
    """Each agency lets the others' people do its work, as their administrators would agree."""
    ids = [row.id for row in tx.all(select(Agency.id))]
    for owner, guest in permutations(ids, 2):
        sharing.put_in_force(tx, owner, guest, level=Level.SENSITIVE, content=TERMS)


SELF_JOIN = frozenset({"national-archive"})
"""The agencies whose people join by signing in."""


def _people(tx: Tx, home: Path) -> None:
    for code, labels in SKILLS.items():
        directory.add_skill(tx, code, labels)
    known = registry.ensure(home, demo.agencies())
    for agency in demo.agencies():
        entry = known[agency.slug]
        agency_id = directory.add(
            tx,
            slug=agency.slug,
            name=agency.name,
            initials=agency.initials,
            tint=agency.tint,
            domain=agency.domain,
            office_networks=LOOPBACK,
        )
        tx.execute(update(Agency).where(Agency.id == agency_id).values(self_join=agency.slug in SELF_JOIN))
        directory.add_provider(
            tx,
            agency.slug,
            issuer=entry["issuer"],
            client_id=entry["client_id"],
            client_secret=entry["client_secret"],
            authentication=entry["authentication"],
            step_up_acr=registry.TWO_FACTORS,
            organisation_claim="organisation",
            organisation_values=[agency.slug],
        )
        for person in filter(lambda person: person.registered, agency.people):
            people.add(
                tx,
                agency_id,
                name=person.name,
                email=f"{person.login}@{agency.domain}",
                locale=person.locale,
                identity=(entry["issuer"], entry["subjects"][person.login]),
                roles=[Role(role) for role in person.roles],
                clearance=Level.parse(person.clearance),
                skills=person.skills,
                context=CONTEXT,
            )

"""Which rules decided: an entry names them by their digest, and whoever has the rules can say which they were."""

from hashlib import sha256

from sqlalchemy import Engine, select

from marketplace.foundation.db import reading, transaction
from security.access.baseline import BASELINE
from security.canonical import canonical_bytes
from security.log.models import AuditPending
from security.principal import Role
from tasks import opening
from tests.builders import AT_WORK, a_campaign, a_claim, a_person, an_owner, found, one, rules_in_force

RULE = {
    "id": "office-only",
    "does": ["claim", "open"],
    "must": {"is": ["context.zone", "office"]},
    "reason": {"en": "Only from the office."},
    "remedy": "use_office_network",
    "examples": [
        {"case": {"context.zone": "office"}, "allowed": True, "why": "At the desk."},
        {"case": {"context.zone": "home"}, "allowed": False, "why": "Neighbours look in."},
    ],
}


def rules_of(act: str) -> str:
    return str(one(select(AuditPending.rules).where(AuditPending.act == act)))


def test_an_act_names_the_rules_it_was_decided_by(database: Engine) -> None:
    owner = an_owner("north")
    number = rules_in_force(a_person("north", roles=(Role.AGENCY_ADMIN,)), RULE)
    person = a_person("north")
    a_claim(a_campaign(owner), person)
    signed = {"format": "marketplace-rules-1", "agency": "north", "rules": [RULE]}
    digests = [sha256(canonical_bytes(each)).digest() for each in (BASELINE.json(), signed)]
    assert number == 1
    assert rules_of("claim.take") == sha256(b"".join(digests)).hexdigest()


def test_other_rules_have_another_digest(database: Engine) -> None:
    campaign = a_campaign(an_owner("north"))
    a_claim(campaign, a_person("north"))
    rules_in_force(a_person("north", roles=(Role.AGENCY_ADMIN,)), RULE)
    a_claim(campaign, a_person("north"))
    named = [row.rules for row in found(select(AuditPending.rules).where(AuditPending.act == "claim.take"))]
    assert len(set(named)) == len(named) == 2


def test_seeing_content_names_them_too(database: Engine) -> None:
    campaign, person = a_campaign(an_owner("north")), a_person("south")
    claim = a_claim(campaign, person)
    with transaction() as tx:
        opening.open_item(tx, claim, actor=person, context=AT_WORK)
    assert rules_of("payload.view") == rules_of("claim.take")


def test_what_no_rule_decided_names_none(database: Engine) -> None:
    a_campaign(an_owner("north"))
    with reading() as db:
        assert db.scalar(select(AuditPending.rules).where(AuditPending.act == "campaign.post")) is None

"""Access decisions: how many a second on one core, all failed rules told; beside Cedar and beside rules by hand.

By hand means what the same rules would be as plain Python, without a language, a tree or an agency to own them. Lists
are measured as the board reads them, beside the same list without any rule.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from uuid import uuid4

import cedarpy
from sqlalchemy import insert, select

from marketplace.foundation.db import reading, transaction
from marketplace.foundation.ids import new_id
from security.access import cedar
from security.access.baseline import BASELINE
from security.labels import Level, dominates
from security.principal import Principal, Role
from tasks import access_sql, facts, policies
from tasks.access import Policies, Terms, decide, facts_of
from tasks.models import Campaign
from tests.bench._databases import on_postgresql, on_sqlite
from tests.bench._lines import is_short, rate, tell
from tests.builders import AT_WORK, a_campaign, a_person, an_agency, an_owner
from tests.security.access.oracle import of_cedar
from tests.security.access.rule_sets import OF_AN_AGENCY

TERMS = Terms(
    campaign_id=uuid4(), agency_id=uuid4(), agency_slug="north", owner_id=uuid4(), level=Level.SENSITIVE,
    compartments=frozenset({"borders"}), audience=frozenset({"south", "west"}), skills=("law", "dutch"),
    open=True, shared_up_to=Level.RESTRICTED,
)  # fmt: skip
PERSON = Principal(
    person_id=uuid4(), membership_id=uuid4(), agency_id=uuid4(), agency_slug="south", agency_name="South",
    agency_initials="SO", subject_id=uuid4(), name="Somebody", roles=frozenset({Role.CONTRIBUTOR}),
    clearance=Level.SENSITIVE, compartments=frozenset({"borders"}), skills=frozenset({"law", "dutch"}), locale="en",
)  # fmt: skip
PEOPLE = (
    PERSON,
    replace(PERSON, clearance=Level.PUBLIC, skills=frozenset()),
    replace(PERSON, roles=frozenset()),
)
"""One who may, one who is stopped by several rules, one without the role."""

WITH_AGENCIES = Policies((OF_AN_AGENCY, OF_AN_AGENCY))
AT_ONCE = 1_000


def main() -> None:
    seconds = 1.5 if is_short() else 6.0
    _decisions(seconds)
    campaigns = 500 if is_short() else 2_000
    with tempfile.TemporaryDirectory() as folder:
        with on_sqlite(Path(folder)):
            _lists("sqlite", campaigns, seconds)
        with on_postgresql(Path(folder)):
            _lists("postgresql", campaigns, seconds)


def _decisions(seconds: float) -> None:
    """Decisions about somebody who may and two who may not; `whole` includes gathering the facts."""
    by_hand, n = _batches(lambda who: _by_hand(who, TERMS), seconds)
    tell("access.by_hand", by_hand, "decisions/s", n)
    asked = {id(who): facts_of(who, AT_WORK, None, TERMS) for who in PEOPLE}
    rules, n = _batches(lambda who: BASELINE.decide("claim", asked[id(who)]), seconds)
    tell("access.rules", rules, "decisions/s", n, ratio=rules / by_hand, to="access.by_hand")
    whole, n = _batches(lambda who: decide("claim", who, AT_WORK, TERMS, WITH_AGENCIES), seconds)
    tell("access.whole", whole, "decisions/s", n, ratio=whole / 50_000, to="50000")
    by_cedar, n = _cedar(seconds)
    tell("access.cedar", by_cedar, "decisions/s", n)
    tell("access.rules", rules, "decisions/s", n, ratio=rules / by_cedar, to="access.cedar")


def _batches(act: Callable[[Principal], object], seconds: float) -> tuple[float, int]:
    """Decisions per second of one core, counted by the thousand so that reading the clock costs nothing."""
    people = cycle(PEOPLE)

    def batch() -> None:
        for _ in range(AT_ONCE):
            act(next(people))

    return _per_second_of_a_core(batch, AT_ONCE, seconds)


def _per_second_of_a_core(act: Callable[[], object], each: int, seconds: float) -> tuple[float, int]:
    """How much a core does in a second of its own, and how much was done.

    The best of five parts: what else the machine is busy with takes caches away, and only ever slows.
    """
    best, done = 0.0, 0
    for _ in range(5):
        part, began = 0, time.process_time()
        while time.process_time() - began < seconds / 5:
            act()
            part += each
        best, done = max(best, part / (time.process_time() - began)), done + part
    return best, done


def _cedar(seconds: float) -> tuple[float, int]:
    """Cedar deciding by the same rules, many requests to a call as its own batch interface takes them."""
    written = cedar.policies(BASELINE)
    entities, requests = [], []
    for number, who in enumerate(PEOPLE):
        parts = of_cedar(facts_of(who, AT_WORK, None, TERMS))
        for kind, attrs in (("Person", parts["principal"]), ("Campaign", parts["resource"])):
            entities.append({"uid": {"type": kind, "id": str(number)}, "attrs": attrs, "parents": []})
        requests.append(
            {
                "principal": f'Person::"{number}"',
                "action": 'Action::"claim"',
                "resource": f'Campaign::"{number}"',
                "context": parts["context"],
            }
        )
    many = requests * 100
    return _per_second_of_a_core(
        lambda: cedarpy.is_authorized_batch(many, written, entities), len(many), seconds
    )


def _by_hand(who: Principal, terms: Terms) -> list[str]:
    """The marketplace's rules about claiming, written out."""
    checks = (
        ("closed", terms.open),
        ("role", Role.CONTRIBUTOR in who.roles),
        ("clearance", dominates(who.clearance, who.compartments, terms.level, terms.compartments)),
        (
            "agency_audience",
            terms.agency_id == who.agency_id or terms.audience is None or who.agency_slug in terms.audience,
        ),
        ("sharing_terms", terms.shared_up_to is not None and terms.shared_up_to >= terms.level),
        ("need_to_know", not terms.need_to_know or terms.granted or who.person_id == terms.owner_id),
        ("skill", who.skills.issuperset(terms.skills)),
        ("own_campaign", who.person_id != terms.owner_id),
    )
    return [code for code, holds in checks if not holds]


def _lists(where: str, campaigns: int, seconds: float) -> None:
    """The board's list: every campaign that may be known, of many; beside the same list without rules."""
    person = _filled(campaigns)
    with reading() as tx:
        rules = policies.Everywhere(OF_AN_AGENCY, {}, None)

        def listed() -> None:
            asked = access_sql.may(tx, "claim", person, AT_WORK, rules)
            tx.all(facts.every_campaign_for(tx, person).where(asked))

        def unasked() -> None:
            tx.all(facts.every_campaign_for(tx, person))

        bare, n = rate(unasked, seconds)
        tell(f"access.list_without_rules.{where}", 1000 / bare, "ms", n)
        ruled, n = rate(listed, seconds)
        tell(
            f"access.list.{where}", 1000 / ruled, "ms", n,
            ratio=bare / ruled, to=f"access.list_without_rules.{where}",
        )  # fmt: skip


def _filled(campaigns: int) -> Principal:
    """A person of one agency, and many campaigns of all levels of another; they may know three in four."""
    an_agency("north")
    person = a_person("south", clearance=Level.SENSITIVE)
    first = a_campaign(an_owner("north"), items=1)
    with transaction() as tx:
        row = dict(tx.execute(select(Campaign.__table__).where(Campaign.id == first)).one()._mapping)
        made = [row | {"id": new_id(), "level": number % 4} for number in range(campaigns)]
        tx.execute(insert(Campaign), made)
    return person


if __name__ == "__main__":
    main()

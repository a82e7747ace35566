"""The security record: what it costs the work it is about, how fast it is numbered, searched, proved and checked.

Work is measured on PostgreSQL by eight writers that claim and submit, with the record (and the clock that numbers it)
and, in turns, without: there `audit.record` does nothing. The record of a million entries is written by the database
itself; its tree has a million leaves.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import cycle
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, update

from agencies import people
from agencies.keys import KeyringFile, bound
from agencies.oversight import searches
from marketplace.foundation import clock, db
from marketplace.foundation.db import reading, transaction
from security import merkle_proofs, notes, verifier
from security.labels import Level
from security.log import audit, checkpoints, proving, queries, sequencer, tree
from security.log.models import AuditHead, AuditPending, LogSubject
from security.principal import Principal, Role
from tasks import claims, contributions
from tests.bench._databases import on_postgresql
from tests.bench._lines import is_short, tell
from tests.builders import AT_WORK, a_campaign, a_person, an_agency, an_owner, some_people

WRITERS = 8
WARMING_UP = 20
LOG = notes.signer("market.example/log", notes.LOG, bytes(range(32)))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        with on_postgresql(Path(folder)) as address:
            _work(address, Path(folder))
        with on_postgresql(Path(folder)):
            _numbering(20_000 if is_short() else 100_000)
        with on_postgresql(Path(folder)):
            _a_long_record(200_000 if is_short() else 1_000_000)


def _work(address: str, folder: Path) -> None:
    """Claims and submissions of eight writers, with and without the record, in turns."""
    seconds, rounds = (3.0, 2) if is_short() else (10.0, 5)
    members = some_people(WRITERS, "north")
    owner = an_owner("north")
    found: dict[bool, list[float]] = {True: [], False: []}
    for number in range(2 * rounds):
        recorded = number % 2 == 0
        campaign = a_campaign(owner, items=int(seconds * 900), redundancy=1)
        found[recorded].append(_written(address, folder, campaign, members, seconds, recorded=recorded))
    with_record, without = statistics.median(found[True]), statistics.median(found[False])
    tell("audit.work-without", without, "transactions/s", rounds)
    tell(
        "audit.work",
        with_record,
        "transactions/s",
        rounds,
        ratio=with_record / without,
        to="audit.work-without",
    )


def _written(
    address: str,
    folder: Path,
    campaign: UUID,
    members: Sequence[Principal],
    seconds: float,
    *,
    recorded: bool,
) -> float:
    """Transactions per second of all writers together."""
    spawning = multiprocessing.get_context("spawn")
    begin, done, stop = spawning.Barrier(WRITERS + 1), spawning.Queue(), spawning.Event()
    writers = [
        spawning.Process(
            target=_write,
            args=(address, folder, campaign, member.membership_id, seconds, recorded, begin, done),
        )
        for member in members
    ]
    numbering = spawning.Process(target=_number_on, args=(address, stop))
    for process in [*writers, *([numbering] if recorded else [])]:
        process.start()
    begin.wait()
    total = sum(done.get() for _ in writers)
    stop.set()
    for process in [*writers, *([numbering] if recorded else [])]:
        process.join()
    return total / seconds


def _write(
    address: str,
    folder: Path,
    campaign: UUID,
    membership: UUID,
    seconds: float,
    recorded: bool,
    begin: Any,
    done: Any,
) -> None:
    db.bind(db.engine_for(address))
    bound.bind(KeyringFile(folder / "keys" / "keyring.json"))
    with reading() as tx:
        person = people.read(tx, membership)
    assert person is not None
    if not recorded:
        audit.record = lambda *_, **__: None  # type: ignore[assignment]  # what is measured is its absence
    for _ in range(WARMING_UP):
        _claim_and_submit(campaign, person)
    begin.wait()
    transactions, over = 0, time.perf_counter() + seconds
    while time.perf_counter() < over:
        _claim_and_submit(campaign, person)
        transactions += 2
    done.put(transactions)


def _claim_and_submit(campaign: UUID, person: Principal) -> None:
    with transaction() as tx:
        claim = claims.claim_next(tx, campaign, actor=person, context=AT_WORK)
    with transaction() as tx:
        contributions.submit(tx, claim, {"kind": "bird"}, actor=person, context=AT_WORK)


def _number_on(address: str, stop: Any) -> None:
    """What the clock does beside: it numbers and signs four times a second."""
    db.bind(db.engine_for(address))
    while not stop.wait(0.25):
        with transaction() as tx:
            sequencer.sequence(tx)
        with transaction() as tx:
            checkpoints.sign(tx, LOG)


def _numbering(count: int) -> None:
    """Pending acts of twenty people become entries of the tree."""
    members = some_people(20, "north")
    with transaction() as tx:
        while sequencer.sequence(tx):
            pass
        for person in members:
            target = audit.Target(
                "microtask", person.person_id, person.agency_id, person.person_id, Level.SENSITIVE
            )
            audit.record(tx, "payload.view", target, actor=person, context=AT_WORK)
        names = ", ".join(column.name for column in AuditPending.__table__.c if column.name != "id")
        copies = f"INSERT INTO audit_pending ({names}) SELECT {names} FROM audit_pending, generate_series(1, :times)"
        tx.execute(text(copies), {"times": count // len(members) - 1})
    began, done = time.perf_counter(), 0
    while True:
        with transaction() as tx:
            numbered = sequencer.sequence(tx)
        if not numbered:
            break
        done += numbered
    per_second = done / (time.perf_counter() - began)
    tell("audit.numbering", per_second, "entries/s", done, ratio=per_second / 10_000, to="10000")


def _a_long_record(size: int) -> None:
    officer = _written_by_the_database(size)
    _proofs(size)
    _verifying()
    _searches(officer, size)


def _proofs(size: int) -> None:
    """Inclusion and consistency proofs, read out of the stored tree."""
    places = cycle(range(1, size, 7919))

    def inclusion() -> None:
        with reading() as tx:
            place = next(places)
            merkle_proofs.inclusion(place, size, tree.subtrees(tx, place, size - 1))

    def consistency() -> None:
        with reading() as tx:
            place = next(places)
            merkle_proofs.consistency(place, size, tree.subtrees(tx, place, size - 1))

    for name, act in (("inclusion", inclusion), ("consistency", consistency)):
        took, n = _median(act, 400)
        tell(f"audit.{name}", took, "ms", n, ratio=took / 5, to="5")


def _verifying() -> None:
    """A bundle of 100,000 entries, checked offline by the verifier."""
    officer = a_person("north", roles=(Role.MARKETPLACE_OFFICER,))
    with transaction() as tx:
        bundle = json.dumps(proving.prove(tx, 0, 100_000, actor=officer, context=AT_WORK))
    began = time.perf_counter()
    verifier.verify(json.loads(bundle), verifier.Key(str(LOG.verifier)), [], 0)
    took = time.perf_counter() - began
    tell("audit.verify", took, "s", 100_000, ratio=took / 5, to="5")


def _searches(officer: Principal, size: int) -> None:
    """Pages of the officer's list, each with its timeline and its own entry, by what officers ask for."""
    with reading() as tx:
        pseudonym = tx.scalar(select(LogSubject.pseudonym).order_by(LogSubject.pseudonym).limit(1))
        campaign = tx.scalar(text("SELECT campaign_id FROM audit_entry ORDER BY number DESC LIMIT 1"))
    asked: list[dict[str, str]] = [
        {},
        {"period": "today"},
        {"pseudonym": pseudonym},
        {"act": "result.export"},
        {"outcome": "refused"},
        {"label": "restricted", "period": "month"},
        {"zone": "home", "act": "payload.view"},
        {"campaign": str(campaign)},
        {"act": "payload.view", "outcome": "refused", "zone": "public"},
        {"label": "sensitive", "period": "week"},
    ]
    words = cycle(asked)
    everything = []

    def search(chosen: dict[str, str]) -> None:
        with transaction() as tx:
            found = searches.parse(tx, chosen).filters
            queries.entries(tx, found, actor=officer, context=AT_WORK)
            until = clock.now(tx)
            since = found.since or searches.midnight(tx) - timedelta(days=6)
            queries.timeline(tx, found, since, until, timedelta(hours=2), actor=officer)

    for chosen in asked:
        took, n = _median(lambda chosen=chosen: search(chosen), 9)
        everything.append(took)
        tell(
            f"audit.search {' '.join(f'{k}={v[:12]}' for k, v in chosen.items()) or 'everything'}",
            took,
            "ms",
            n,
        )
    took, n = _median(lambda: search(next(words)), 5 * len(asked))
    tell("audit.search", took, "ms", n, ratio=took / 200, to="200")


def _written_by_the_database(size: int) -> Principal:
    """A record of `size` entries over the last 180 days, of three agencies and sixty people. Returns an officer."""
    officer = a_person("north", roles=(Role.SECURITY_OFFICER,))
    for slug in ("south", "west"):
        an_agency(slug)
    subjects = [person.subject_id for slug in ("north", "south", "west") for person in some_people(20, slug)]
    with transaction() as tx:
        while sequencer.sequence(tx):
            pass
        begun = tree.size(tx)
        tx.execute(
            text(_ENTRIES), {"size": size, "begun": begun, "subjects": [str(each) for each in subjects]}
        )
        leaves = [hashlib.sha256(b"\0" + str(number).encode()).digest() for number in range(begun, size)]
        for first in range(0, len(leaves), 50_000):
            part = leaves[first : first + 50_000]
            tree.grow(tx, begun + first, part)
        tx.execute(update(AuditHead).values(size=size))
    with transaction() as tx:
        checkpoints.sign(tx, LOG)
    with db.engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE audit_entry"))
    return officer


_ENTRIES = """
INSERT INTO audit_entry (number, at, act, outcome, subject_id, agency_id, object_kind, object_id, object_agency_id,
  campaign_id, level, purpose, channel, zone, device, acr, session, device_id, body, leaf)
SELECT n, now() - (:size - n) * (interval '180 days' / :size),
  (ARRAY['claim.take', 'payload.view', 'contribution.submit', 'payload.view', 'microtask.settle', 'log.read',
         'sign_in.succeed', 'claim.extend', 'result.view'])[1 + n % 9],
  CASE WHEN n % 211 = 0 THEN 'refused' ELSE 'done' END,
  (CAST(:subjects AS uuid[]))[1 + (n * 31) % 60],
  (SELECT array_agg(id ORDER BY slug) FROM agency)[1 + ((n * 31) % 60) / 20],
  'microtask', md5((n / 3)::text)::uuid::text,
  (SELECT array_agg(id ORDER BY slug) FROM agency)[1 + (n / 11) % 3],
  md5('campaign' || (n / 5000)::text)::uuid, (n / 5000) % 4, 'contribution', 'web',
  (ARRAY['office', 'office', 'vpn', 'home', 'home', 'public'])[1 + n % 6], 'unknown', 'gold',
  md5((n / 40)::text), 'd-' || left(md5(((n * 31) % 60)::text), 16),
  convert_to(n::text, 'UTF8') , sha256('\\x00' || convert_to(n::text, 'UTF8'))
FROM generate_series(:begun, :size - 1) AS n
"""


def _median(act: Callable[[], object], times: int) -> tuple[float, int]:
    """The median of so many runs in milliseconds, and how many there were."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        act()
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took), times


if __name__ == "__main__":
    main()

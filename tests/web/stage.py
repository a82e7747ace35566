"""A stage for pages: the demo's agencies, people and records in a database of their own, with some work done.

The same stage serves the page tests, the browser tests and the gallery (`python -m tests.web.gallery`).
"""

from __future__ import annotations

import atexit
import csv
import io
import shutil
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, insert, select, update

from agencies import directory, handling, notices, sessions, unit_members, units
from agencies.agreement_models import Unit
from agencies.keys import KeyringFile, bound
from agencies.models import Identity, Person
from agencies.oversight import incidents, look_ups, requests, reviews
from agencies.oversight.models import AccessReview, Alert, DataRequest, Incident, LookUp
from agencies.rules import drafting, signing
from agencies.skills import confirming, own
from deploy import migrating
from deploy.identity.registry import TWO_FACTORS
from deploy.samples import seed
from marketplace.app import create_app
from marketplace.foundation import clock, db, doorbell, jobs
from marketplace.foundation.db import reading, transaction
from marketplace.foundation.ids import new_id
from marketplace.foundation.settings import Settings
from security import notes
from security.labels import Level
from security.log import checkpoints, sequencer, witnesses
from security.oidc import Vouched
from security.principal import Factor, Principal, Zone
from tasks import campaigns, claims, contributions, need_to_know, settling
from tasks.models import Campaign, Contribution, Result
from tests import end_to_end, on_device
from tests.builders import let_open, opened, sealed_answer

SECRET = "a-stage-key-of-more-than-thirty-two-characters"
STRIKES = "Does the entry name what was struck?"
LOG = notes.signer("commons.example/log", notes.LOG, bytes([1] * 32))
WITNESSES = {
    login: notes.signer(f"{login}.example/witness", notes.WITNESS, bytes([seed] * 32))
    for seed, login in enumerate(("haas", "sofie"), start=2)
}
"""The record's key, and the witnesses that the agencies of two officers run."""


@dataclass(slots=True)
class Stage:
    """The application over its own database; people are called by their login."""

    home: Path
    app: Flask
    engine: Engine
    keys: KeyringFile
    ended: UUID | None = None
    """A claim of Maja's that is over."""

    def enter(self) -> None:
        """Bind database and keys of this stage to the process; other tests have theirs."""
        db.bind(self.engine)
        bound.bind(self.keys)
        doorbell.bind(None)

    def leave(self) -> None:
        db.bind(None)

    def person(self, login: str) -> Principal:
        with reading() as tx:
            return seed.principal(tx, self.home, login)

    def token(self, login: str) -> str:
        """A session of this person, as the cookie carries it: signed in just now with a second factor."""
        with transaction() as tx:
            now = clock.now(tx)
            person = self._person(tx, login)
            vouching = select(Identity.issuer, Identity.subject).where(Identity.person_id == person.person_id)
            issuer, subject = tx.all(vouching)[0]
            begun = sessions.begin(
                tx,
                person.membership_id,
                Vouched(issuer, subject, acr=TWO_FACTORS, auth_time=now),
                device_name="Firefox/Linux",
                zone=Zone.OFFICE,
            )
        return begun.token

    def client(self, login: str | None = None) -> FlaskClient:
        """A browser without scripts, signed in as `login`."""
        client = self.app.test_client()
        if login is not None:
            client.set_cookie("market_session", self.token(login), domain="localhost")
        return client

    def campaign(self, title: str = STRIKES) -> UUID:
        with reading() as tx:
            found = tx.scalar(select(Campaign.id).where(Campaign.title == title))
        assert found is not None, title
        return found

    def confirmed_skill(self) -> Principal:
        """Maja, one of whose skills Greta confirmed, and who wants to learn another."""
        maja, greta = self.person("maja"), self.person("greta")
        with transaction() as tx:
            own.want(tx, "records-description", actor=maja, context=seed.CONTEXT)
            confirming.confirm(tx, maja.membership_id, "plain-language", actor=greta, context=seed.CONTEXT)
        return maja

    def unit(self, name: str) -> UUID:
        with reading() as tx:
            found = tx.scalar(select(Unit.id).where(Unit.name == name))
        assert found is not None, name
        return found

    def claim(self, login: str, title: str = STRIKES) -> UUID:
        """The person's item in hand in a campaign, or the next one."""
        person, campaign_id = self.person(login), self.campaign(title)
        with transaction() as tx:
            return claims.live_in(tx, campaign_id, person) or claims.claim_next(
                tx, campaign_id, actor=person, context=seed.CONTEXT
            )

    def answer(self, login: str, title: str, value: str, note: str = "") -> None:
        claim_id, person = self.claim(login, title), self.person(login)
        with reading() as tx:
            form = tx.scalar(select(Campaign.form).where(Campaign.id == self.campaign(title)))
        given: Any = {form["questions"][0]["name"]: value} | ({"note": note} if note else {})
        given = sealed_answer(claim_id, person, given) or given
        with transaction() as tx:
            contributions.submit(tx, claim_id, given, actor=person, context=seed.CONTEXT)

    def view(self, login: str, title: str = STRIKES) -> None:
        """The person opens the item in hand, on a device of theirs where it is sealed."""
        opened(self.claim(login, title), self.person(login), seed.CONTEXT)

    def give_back(self, login: str, title: str) -> UUID:
        claim_id = self.claim(login, title)
        with transaction() as tx:
            claims.release(tx, claim_id, actor=self._person(tx, login), context=seed.CONTEXT)
        return claim_id

    def settled_item(self, title: str = STRIKES) -> UUID:
        """An item whose answers fell apart a little, with a result."""
        mine = Result.campaign_id == self.campaign(title)
        with reading() as tx:
            found = tx.scalar(
                select(Result.microtask_id).where(mine).order_by(Result.agreeing).offset(3).limit(1)
            )
        assert found is not None
        return found

    def look_up(self) -> UUID:
        """A look-up that waits for an answer."""
        with reading() as tx:
            found = tx.scalar(select(LookUp.id).where(LookUp.ticket == TICKET))
        assert found is not None
        return found

    def request(self) -> UUID:
        """Somebody's question who has seen data about them, not answered."""
        with reading() as tx:
            found = tx.scalar(select(DataRequest.id).where(DataRequest.state == "asked").limit(1))
        assert found is not None
        return found

    def incident(self) -> UUID:
        """An open incident of the aviation authority, whose time to report runs; with a line in its diary."""
        with reading() as tx:
            found = tx.scalar(select(Incident.id).where(Incident.title == LOST, Incident.state == "open"))
        return found or _lose(self)

    def sealed(self) -> UUID:
        """A campaign of Ines' that her device sealed end to end, and that nobody else is let in to."""
        with reading() as tx:
            found = tx.scalar(select(Campaign.id).where(Campaign.name == SEALED))
        return found or _seal(self)

    def waiting(self) -> UUID:
        """A campaign of Ines' that waits for an approver."""
        with reading() as tx:
            found = tx.scalar(select(Campaign.id).where(Campaign.name == WAITING))
        return found or _submit(self)

    def device_seen(self) -> str:
        """The thumbprint of a device of Karim's, which the officer of his agency may remove."""
        return on_device.device_of(self.person("karim")).thumbprint

    def alert(self) -> UUID:
        """An alert of the aviation authority that nobody has taken: Karim on a new device."""
        officer, person = self.person("haas"), self.person("karim")
        mine = (
            Alert.kind == "new_device_bulk",
            Alert.about == str(person.subject_id),
            Alert.state != "closed",
        )
        with transaction() as tx:
            found, last = tx.scalar(select(Alert.id).where(*mine)), clock.now(tx)
            if found is None:
                facts = {
                    "count": 41, "since": (last - timedelta(minutes=6)).isoformat(), "zone": "home",
                    "level": "sensitive", "agency": str(person.agency_id),
                }  # fmt: skip
                found = new_id()
                row = {
                    "id": found, "agency_id": officer.agency_id, "kind": "new_device_bulk",
                    "about": str(person.subject_id), "subject_id": person.subject_id, "first_number": 3,
                    "last_number": 48, "facts": facts, "raised_at": last, "last_at": last, "state": "open",
                }  # fmt: skip
                tx.execute(insert(Alert), row)
        return found

    def review(self) -> UUID:
        """The aviation authority's access review that is not closed."""
        admin = self.person("felix")
        mine = (AccessReview.agency_id == admin.agency_id, AccessReview.closed_at.is_(None))
        with transaction() as tx:
            due = clock.now(tx).date() + timedelta(days=30)
            found = tx.scalar(select(AccessReview.id).where(*mine))
            return found or reviews.open_round(tx, due, actor=admin, context=seed.CONTEXT)

    def settle(self, title: str = STRIKES) -> None:
        campaign_id = self.campaign(title)
        with transaction() as tx:
            settling.settle(tx, campaign_id)

    def number_entries(self) -> None:
        """What the sequencer does: acts become entries with numbers."""
        with transaction() as tx:
            sequencer.sequence(tx)

    def seal(self) -> None:
        """Sign the record as it is, and let the witness of each agency follow."""
        with transaction() as tx:
            checkpoints.sign(tx, LOG)
            signed = checkpoints.latest(tx)
            assert signed is not None
            size, moment = signed.checkpoint.size, int(clock.now(tx).timestamp())
            lines = [each.sign(signed.note.text, moment).text for each in WITNESSES.values()]
            checkpoints.cosign(tx, size, "".join(lines))

    def _person(self, tx: Any, login: str) -> Principal:
        return seed.principal(tx, self.home, login)


def set_up(home: Path, port: int = 8000) -> Stage:
    """Build the application on a fresh database with the demo in it."""
    settings = Settings.from_environ(
        {
            "MARKET_HOME": str(home),
            "MARKET_DEMO": "1",
            "MARKET_PORT": str(port),
            "MARKET_SECRET_KEY": SECRET,
            "MARKET_REDIS_URL": f"unix://{home}/none.sock",
        }
    )
    engine = db.engine_for(settings.database_url)
    migrating.upgrade(engine)
    engine.dispose()
    app = create_app(settings)
    with app.app_context():
        own = app.extensions["sqlalchemy"].engine
    stage = Stage(home, app, own, KeyringFile(settings.keyring))
    stage.enter()
    seed.seed(home)
    return stage


@cache
def shared() -> Stage:
    """The stage that tests of one process share; they may work on it, and must not count on what they have not done."""
    home = Path(tempfile.mkdtemp(prefix="market-stage-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    return play(set_up(home))


def play(stage: Stage) -> Stage:
    """Some weeks of work: more campaigns, settled items, split votes, a note, notices, a job that was given up."""
    _more_campaigns(stage)
    for number in range(24):
        for login, value in zip(("maja", "karim", "lena"), _votes(number), strict=True):
            note = "The remarks say it was a juvenile." if number == 3 and login == "karim" else ""
            stage.answer(login, STRIKES, value, note)
    stage.settle()
    _spread_over_days()
    stage.answer("maja", "Is this the same airport?", "same")
    stage.ended = stage.give_back("maja", "Does this sentence make a promise?")
    stage.claim("maja")
    stage.claim("karim", "Is this the same airport?")
    with transaction() as tx:
        maja = stage._person(tx, "maja").person_id
        notices.post(tx, maja, "claim.lapsed", path="/my-work", campaign=STRIKES)
        notices.post(tx, maja, "campaign.settled", path="/work", campaign="Procurement glossary")
        jobs.record(tx, "notice.send", {"notice_id": maja})
        tx.execute(
            update(jobs.Job)
            .where(jobs.Job.kind == "notice.send")
            .values(state=jobs.DEAD, attempts=8, reason="SMTPRecipientsRefused", ended_at=clock.now(tx))
        )
    stage.client("sofie").get("/record")
    stage.client("maja").get(f"/claims/{stage.claim('maja')}")
    stage.client("maja").get(f"/campaigns/{stage.campaign()}/room")
    stage.client("tom").get(f"/campaigns/{stage.campaign()}/results")
    _rules(stage)
    _let_in(stage)
    _units(stage)
    _about_people(stage)
    _witnesses(stage)
    stage.number_entries()
    stage.seal()
    return stage


def _witnesses(stage: Stage) -> None:
    with transaction() as tx:
        for login, witness in WITNESSES.items():
            officer = stage._person(tx, login)
            witnesses.register(tx, str(witness.verifier), None, actor=officer, context=seed.CONTEXT)


RULE: dict[str, Any] = {
    "id": "no-partners",
    "does": ["claim", "open"],
    "must": {"is": ["principal.partner", False]},
    "reason": {
        "en": "Our work is done by members of an agency.",
        "nl": "Ons werk doen leden van een instantie.",
    },
    "remedy": "ask_owner",
    "examples": [
        {"case": {"principal.partner": False}, "allowed": True, "why": "A member of any agency."},
        {"case": {"principal.partner": True}, "allowed": False, "why": "A partner."},
    ],
}
"""A rule that stops nobody on the stage: there are no partners."""


def _rules(stage: Stage) -> None:
    """The archive's rules: one signed, and a draft with another whose example says otherwise."""
    with transaction() as tx:
        bram = stage._person(tx, "bram")
        signed_in = replace(seed.CONTEXT, factor=Factor.MULTI, auth_time=clock.now(tx))
        drafting.keep_rule(tx, RULE, revision=0, actor=bram, context=signed_in)
        signing.sign(tx, note="Our first rule.", actor=bram, context=signed_in)
        office = {"id": "networks", "must": {"one_of": ["context.zone", ["office", "vpn"]]}}
        office |= {
            "reason": {"en": "Restricted work is done in the office, where nobody looks over your shoulder."}
        }
        office |= {"when": {"at_least": ["resource.level", "restricted"]}, "remedy": "use_office_network"}
        office |= {"examples": [{"case": {"context.zone": "home"}, "allowed": True, "why": "On Fridays."}]}
        drafting.keep_rule(tx, RULE | office, revision=0, actor=bram, context=signed_in)


VISITS = "Does this note ask for a second visit?"


def _let_in(stage: Stage) -> None:
    """Two people are in to the campaign under need-to-know, one of them of another agency."""
    for days, login in ((20, "karim"), (6, "lena")):
        with transaction() as tx:
            person, officer = stage._person(tx, login), stage._person(tx, "haas")
            email = tx.scalar(select(Person.email).where(Person.id == person.person_id))
            need_to_know.give(
                tx,
                stage.campaign(VISITS),
                agency=person.agency_slug,
                email=str(email),
                until=clock.now(tx).date() + timedelta(days=days),
                actor=officer,
                context=seed.CONTEXT,
            )


TICKET = "SEC-2026-17"


def _about_people(stage: Stage) -> None:
    """An officer asked whose pseudonym somebody has, and somebody asked who has seen data about them."""
    with transaction() as tx:
        haas, ines = stage._person(tx, "haas"), stage._person(tx, "ines")
        put_off = {"told_after": clock.now(tx).date() + timedelta(days=60), "put_off_because": "A case runs."}
        look_ups.ask(
            tx, "name", "Karim Diallo", purpose="investigation", ticket=TICKET, **put_off, actor=haas,
            context=seed.CONTEXT,
        )  # fmt: skip
        requests.ask(tx, actor=ines, context=seed.CONTEXT)
    stage.client("felix").get(f"/agency/people/{stage.person('karim').membership_id}")
    stage.client("felix").get(f"/agency/people/{stage.person('ines').membership_id}")


LOST = "A laptop was left on a train"


def _lose(stage: Stage) -> UUID:
    with transaction() as tx:
        haas, known_at = stage._person(tx, "haas"), clock.now(tx) - timedelta(hours=20)
        words = {"act": "payload.view", "outcome": "done"}
        incident = incidents.open_one(tx, LOST, known_at, words, actor=haas, context=seed.CONTEXT)
        incidents.note(tx, incident, "The train company was called.", actor=haas, context=seed.CONTEXT)
    return incident


WAITING = "Hangar signs"


def _submit(stage: Stage) -> UUID:
    today = datetime.now(UTC).date()
    more = MORE[0] | {"name": WAITING, "title": "Which language is this sign in?"}
    with transaction() as tx:
        actor = stage._person(tx, "ines")
        return campaigns.post(tx, _spec(more, today), _rows(more), actor=actor, context=seed.CONTEXT)


SEALED = "Near misses"


def _seal(stage: Stage) -> UUID:
    """Posted while sensitive work of her agency is sealed end to end, which it is not otherwise."""
    felix, ines = stage.person("felix"), stage.person("ines")
    _have_sealed(felix, handling.END_TO_END)
    made = end_to_end.a_posting(ines, items=1, name=SEALED, need_to_know=True).post()
    _have_sealed(felix, handling.SERVER)
    return made


def _have_sealed(admin: Principal, protection: str) -> None:
    with transaction() as tx:
        handling.change(tx, Level.SENSITIVE, {"protection": protection}, actor=admin, context=seed.CONTEXT)


SAFETY, DESK = "Flight safety", "Storm desk"


def _units(stage: Stage) -> None:
    """A unit with somebody in it, and a temporary one that takes people of another agency."""
    with transaction() as tx:
        felix, karim = stage._person(tx, "felix"), stage._person(tx, "karim")
        acting: dict[str, Any] = {"actor": felix, "context": seed.CONTEXT}
        until = clock.now(tx) + timedelta(days=60)
        safety = units.make(tx, SAFETY, **acting)
        desk = units.make(tx, DESK, safety, until=until, guests=["digital-service"], **acting)
        for unit in (safety, desk):
            unit_members.place(tx, karim.membership_id, unit, **acting)


def _votes(number: int) -> tuple[str, str, str]:
    if number % 12 == 7:
        return ("species", "group", "nothing")
    if number % 4 == 1:
        return ("species", "species", "group")
    return ("species", "species", "species") if number % 3 else ("group", "group", "group")


def _spread_over_days() -> None:
    """As if the work had been done over the last three weeks."""
    with transaction() as tx:
        today = clock.now(tx).date()
        for index, row in enumerate(tx.all(select(Result.microtask_id).order_by(Result.microtask_id))):
            day = today - timedelta(days=(index * 7) % 19)
            tx.execute(update(Result).where(Result.microtask_id == row.microtask_id).values(settled_on=day))
            mine = Contribution.microtask_id == row.microtask_id
            for step, part in enumerate(
                tx.all(select(Contribution.id).where(mine).order_by(Contribution.id))
            ):
                earlier = day - timedelta(days=2 - step)
                tx.execute(update(Contribution).where(Contribution.id == part.id).values(day=earlier))


MORE: tuple[dict[str, Any], ...] = (
    {
        "owner": "ines",
        "name": "Airport names",
        "title": "Is this the same airport?",
        "level": "public",
        "minutes": 1,
        "days": 9,
        "options": {"same": "The same place", "different": "Two places", "unclear": "Can’t tell"},
        "fields": {"one": "Name in 1999", "other": "Name in 2002"},
        "items": 12,
    },
    {
        "owner": "nora",
        "name": "Promises in addresses",
        "title": "Does this sentence make a promise?",
        "level": "internal",
        "minutes": 2,
        "days": 27,
        "options": {"yes": "Yes", "no": "No", "unclear": "Can’t tell"},
        "fields": {"sentence": "Sentence", "year": "Year"},
        "items": 40,
        "skills": ["plain-language"],
    },
    {
        "owner": "ines",
        "name": "Procurement glossary",
        "title": "Is the German term right?",
        "level": "internal",
        "minutes": 2,
        "days": 41,
        "options": {"right": "It is right", "other": "Another is better", "unclear": "Can’t tell"},
        "fields": {"german": "German", "english": "English"},
        "items": 30,
        "skills": ["german-to-english"],
    },
    {
        "owner": "ines",
        "name": "Site visits",
        "title": "Does this note ask for a second visit?",
        "level": "sensitive",
        "minutes": 3,
        "days": 20,
        "options": {"yes": "Yes", "no": "No", "unclear": "Can’t tell"},
        "fields": {"note": "Note"},
        "items": 6,
        "need_to_know": True,
    },
)
"""Campaigns beside the demo's two: open to all, with a skill that people have, with one that nobody has, and one under
need-to-know."""


def _more_campaigns(stage: Stage) -> None:
    with transaction() as tx:
        directory.add_skill(
            tx,
            "german-to-english",
            {
                "en": "German to English",
                "de": "Deutsch ins Englische",
                "nl": "Duits naar Engels",
                "fr": "allemand vers anglais",
            },
        )
    today = datetime.now(UTC).date()
    for more in MORE:
        with transaction() as tx:
            owner = stage._person(tx, more["owner"])
            let_open(
                tx, campaigns.post(tx, _spec(more, today), _rows(more), actor=owner, context=seed.CONTEXT)
            )


def _spec(more: dict[str, Any], today: date) -> dict[str, Any]:
    question = {
        "name": "answer",
        "kind": "choice",
        "label": more["title"],
        "options": [{"value": value, "label": label} for value, label in more["options"].items()],
        "cannot_tell": "unclear",
    }
    fields = [
        {"name": name, "label": label, "lead": not at}
        for at, (name, label) in enumerate(more["fields"].items())
    ]
    return {
        "name": more["name"],
        "title": more["title"],
        "purpose": "So that the list is right when it is published.",
        "instructions": "Read both. **Choose** what fits; nobody expects you to look anything up.",
        "level": more["level"],
        "minutes": more["minutes"],
        "due": (today + timedelta(days=more["days"])).isoformat(),
        "skills": more.get("skills", []),
        "need_to_know": more.get("need_to_know", False),
        "form": {"questions": [question], "fields": fields},
    }


def _rows(more: dict[str, Any]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(more["fields"])
    for number in range(1, more["items"] + 1):
        writer.writerow([f"{label} {number}" for label in more["fields"].values()])
    return text.getvalue()

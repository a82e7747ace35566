"""A stage for pages: the demo's agencies, people and records in a database of their own, with some work done.

The same stage serves the page tests, the browser tests and the gallery (`python -m tests.web.gallery`).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from agencies import directory, notices, sessions
from deploy import migrating
from deploy.samples import seed
from marketplace.app import create_app
from marketplace.foundation import clock, db, doorbell, jobs
from marketplace.foundation.db import reading, transaction
from marketplace.foundation.settings import Settings
from security.log import sequencer
from security.principal import Principal
from tasks import campaigns, claims, contributions, settling
from tasks.models import Campaign, Contribution, Result

SECRET = "a-stage-key-of-more-than-thirty-two-characters"
STRIKES = "Does the entry name what was struck?"


@dataclass(slots=True)
class Stage:
    """The application over its own database; people are called by their login."""

    home: Path
    app: Flask

    def person(self, login: str) -> Principal:
        with reading() as tx:
            return seed.principal(tx, self.home, login)

    def token(self, login: str) -> str:
        """A session of this person, as the cookie carries it."""
        with transaction() as tx:
            now = clock.now(tx)
            membership = self._person(tx, login).membership_id
            token, _ = sessions.begin(tx, membership, acr=None, auth_time=now, issuer_session=None)
        return token

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
        given = {form["questions"][0]["name"]: value} | ({"note": note} if note else {})
        with transaction() as tx:
            contributions.submit(tx, claim_id, given, actor=person, context=seed.CONTEXT)

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

    def settle(self, title: str = STRIKES) -> None:
        campaign_id = self.campaign(title)
        with transaction() as tx:
            settling.settle(tx, campaign_id)

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
    app.testing = False
    doorbell.bind(None)
    seed.seed(home)
    return Stage(home, app)


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
    stage.client("tom").get(f"/campaigns/{stage.campaign()}/results")
    with transaction() as tx:
        sequencer.sequence(tx)
    return stage


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
    today = date.today()
    _post(
        stage, "ines", "Airport names", "Is this the same airport?", ["public", "1", today + timedelta(days=9)],
        [("same", "The same place"), ("different", "Two places"), ("unclear", "Can't tell")],
        [("one", "Name in 1999", "other", "Name in 2002")], 12,
    )  # fmt: skip
    _post(
        stage, "nora", "Promises in addresses", "Does this sentence make a promise?", ["internal", "2", today + timedelta(days=27)],
        [("yes", "Yes"), ("no", "No"), ("unclear", "Can't tell")],
        [("sentence", "Sentence", "year", "Year")], 40, ("plain-language",),
    )  # fmt: skip
    _post(
        stage, "ines", "Procurement glossary", "Is the German term right?", ["internal", "2", today + timedelta(days=41)],
        [("right", "It is right"), ("other", "Another term is better"), ("unclear", "Can't tell")],
        [("german", "German", "english", "English")], 30, ("german-to-english",),
    )  # fmt: skip


def _post(
    stage: Stage, login: str, name: str, title: str, terms: Sequence[Any], options: Sequence[tuple[str, str]],
    fields: Sequence[tuple[str, str, str, str]], items: int, skills: Sequence[str] = (),
) -> None:  # fmt: skip
    level, minutes, due = terms
    first, first_label, second, second_label = fields[0]
    spec = {
        "name": name,
        "title": title,
        "purpose": "So that the list is right when it is published.",
        "instructions": "Read both. **Choose** what fits; nobody expects you to look anything up.",
        "level": level,
        "minutes": int(minutes),
        "due": due.isoformat(),
        "skills": list(skills),
        "form": {
            "questions": [
                {
                    "name": "answer",
                    "kind": "choice",
                    "label": title,
                    "options": [{"value": value, "label": label} for value, label in options],
                    "cannot_tell": "unclear",
                }
            ],
            "fields": [
                {"name": first, "label": first_label, "lead": True},
                {"name": second, "label": second_label},
            ],
        },
    }
    text = io.StringIO()
    rows = [[first, second]] + [[f"{first_label} {n}", f"{second_label} {n}"] for n in range(1, items + 1)]
    csv.writer(text).writerows(rows)
    with transaction() as tx:
        campaigns.post(tx, spec, text.getvalue(), actor=stage._person(tx, login), context=seed.CONTEXT)

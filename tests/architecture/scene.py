"""Three agencies with somebody of every role, one campaign, and rules: what the matrix of routes is walked on.

`own` posts the work, `guest` shares in it, `stranger` has no terms with anybody. The rules of `own`: take and open
items only in the office, read and export results in the office or by VPN.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import Engine, event, insert, select, update

from agencies import directory, invitations, sessions, sharing, units
from agencies.keys import KeyringFile, bound
from agencies.models import Agency, RoleGrant, SharingTerms, WebSession
from agencies.oversight import incidents, look_ups, requests, reviews, views
from agencies.oversight.models import Alert
from agencies.scim import credentials
from agencies.skills import confirming, own
from deploy import migrating
from marketplace.app import create_app
from marketplace.foundation import clock, db, doorbell
from marketplace.foundation.db import Tx, transaction
from marketplace.foundation.ids import new_id
from security import notes
from security.labels import Level
from security.log import checkpoints, sequencer, witnesses
from security.oidc import Vouched
from security.principal import Principal, Role
from tasks.models import Claim, Contribution, Microtask
from tests.application import settings_for, token_of
from tests.builders import (
    AT_WORK,
    a_campaign,
    a_claim,
    a_person,
    an_agency,
    an_answer,
    changed,
    found,
    one,
    rules_in_force,
    settled,
    shared_between,
    some_skills,
)
from tests.device_keys import a_device

WITNESS = str(notes.signer("own.example/witness", notes.WITNESS, bytes(32)).verifier)
AGENCIES = ("own", "guest", "stranger")
ZONES = {"office": "10.1.0.9", "vpn": "10.2.0.9", "home": "10.3.0.9", "public": "203.0.113.9"}
NETWORKS = {
    "office_networks": ["10.1.0.0/16"],
    "vpn_networks": ["10.2.0.0/16"],
    "home_networks": ["10.3.0.0/16"],
}
RULES = [
    {
        "id": "office-for-items",
        "does": ["claim", "open"],
        "must": {"is": ["context.zone", "office"]},
        "reason": {"en": "Items are opened in the office."},
        "remedy": "use_office_network",
        "examples": [
            {"case": {"context.zone": "office"}, "allowed": True, "why": "At the desk."},
            {"case": {"context.zone": "vpn"}, "allowed": False, "why": "Not at the desk."},
        ],
    },
    {
        "id": "no-results-from-afar",
        "does": ["results", "export"],
        "must": {"at_least": ["context.zone", "vpn"]},
        "reason": {"en": "Results are read in the office or by VPN."},
        "remedy": "use_office_network",
        "examples": [
            {"case": {"context.zone": "vpn"}, "allowed": True, "why": "By VPN."},
            {"case": {"context.zone": "home"}, "allowed": False, "why": "From home."},
        ],
    },
]


TERMS = {
    "owner": "own", "guest": "guest", "level": "public", "rules_of": "owner", "hours_of": "guest",
    "requests_to": "owner",
}  # fmt: skip


@dataclass
class Person:
    """Somebody with exactly one role, with a browser's session, a program's token, and what is theirs."""

    principal: Principal
    session: str
    token: str
    claim: UUID | None = None


@dataclass
class Scene:
    """The application on a database that can be put back as it was."""

    app: Flask
    engine: Engine
    keys: KeyringFile
    file: Path
    people: dict[tuple[str, Role], Person] = field(default_factory=dict)
    names: dict[str, Any] = field(default_factory=dict)
    """Ids that routes take: `campaign`, `settled` (an item with a result), …"""

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Bind this scene's database and keys to the process for a while."""
        db.bind(self.engine)
        bound.bind(self.keys)
        doorbell.bind(None)
        yield
        db.bind(None)

    def sign_in_again(self) -> None:
        """Let everybody have signed in just now, also after somebody put the database back."""
        with transaction() as tx:
            tx.execute(update(WebSession).values(auth_time=clock.now(tx)))
        self.keep()

    def keep(self) -> None:
        """Remember the database as it is now."""
        self._copy(self.file, self._kept)

    def put_back(self) -> None:
        """Make the database what it was when it was kept."""
        self._copy(self._kept, self.file)

    @property
    def _kept(self) -> Path:
        return self.file.with_suffix(".kept")

    @staticmethod
    def _copy(source: Path, target: Path) -> None:
        with closing(sqlite3.connect(source)) as taken, closing(sqlite3.connect(target)) as made:
            taken.backup(made)


def set_up(folder: Path) -> Scene:
    """Build the scene in a folder of its own."""
    file = folder / "market.db"
    engine = db.engine_for(f"sqlite:///{file}")
    migrating.upgrade(engine)
    keys = KeyringFile(folder / "keys" / "keyring.json")
    app = create_app(settings_for(engine, folder))
    app.config["WTF_CSRF_ENABLED"] = False  # forged forms have tests of their own
    engine.dispose()
    with app.app_context():
        own = app.extensions["sqlalchemy"].engine
    event.listen(own, "connect", _without_waiting_for_the_disk)
    scene = Scene(app, own, keys, file)
    with scene.entered():
        _play(scene)
        scene.keep()
    return scene


def _without_waiting_for_the_disk(connection: sqlite3.Connection, _record: object) -> None:
    # Thousands of refusals are put on the record here, and nothing is lost if the machine stops.
    connection.execute("PRAGMA synchronous=OFF")


def _play(scene: Scene) -> None:
    ids = {slug: an_agency(slug, shares=False) for slug in AGENCIES}
    changed(update(Agency).values(NETWORKS))
    shared_between("own", "guest", level=Level.INTERNAL)
    for slug in AGENCIES:
        for role in Role:
            principal = a_person(slug, roles=(role,), clearance=Level.INTERNAL)
            scene.people[slug, role] = Person(principal, _session(principal), token_of(principal))
    owner = a_person("own", roles=(Role.CONTRIBUTOR, Role.TASK_OWNER), clearance=Level.INTERNAL)
    campaign = a_campaign(owner, items=8, redundancy=3, queue="listed")
    contributors = [scene.people[slug, Role.CONTRIBUTOR] for slug in ("own", "guest")]
    third = a_person("own")
    for person in (*(each.principal for each in contributors), third):
        an_answer(a_claim(campaign, person), person)
    settled(campaign)
    for each in contributors:
        each.claim = a_claim(campaign, each.principal)
    device = a_device(third)
    scene.names = {
        "campaign": campaign,
        "fresh": a_campaign(owner, items=2, redundancy=3),
        "settled": one(select(Contribution.microtask_id).limit(1)),
        "somebodys_claim": a_claim(campaign, third),
        "open_item": _untouched(campaign),
        "agencies": ids,
        "owner": owner.membership_id,
        "device": device.id,
        "thumbprint": device.thumbprint,
    }
    _affairs(scene, ids)
    _skills(scene)
    rules_in_force(_admin(scene), *RULES)
    _record(scene.people["own", Role.SECURITY_OFFICER].principal)


def _skills(scene: Scene) -> None:
    """Two skills; the contributor of `own` has one of them, confirmed by their administrator."""
    some_skills(["law", "maths"])
    person = scene.people["own", Role.CONTRIBUTOR].principal
    with transaction() as tx:
        own.declare(tx, "law", None, actor=person, context=AT_WORK)
        confirming.confirm(tx, person.membership_id, "law", actor=_admin(scene), context=AT_WORK)


def _record(officer: Principal) -> None:
    """What happened so far is on the record, signed, and has a witness of `own`."""
    with transaction() as tx:
        witnesses.register(tx, WITNESS, None, actor=officer, context=AT_WORK)
    with transaction() as tx:
        sequencer.sequence(tx)
        checkpoints.sign(tx, notes.signer("market.example/log", notes.LOG, bytes(32)))


def _affairs(scene: Scene, ids: dict[str, UUID]) -> None:
    """What agencies decide about themselves: of `own` two units and a credential, with `guest` terms and new ones."""
    admin, asker = _admin(scene), a_person("own", roles=(Role.SECURITY_OFFICER,))
    with transaction() as tx:
        for slug in AGENCIES:
            directory.add_provider(
                tx, slug, issuer=f"https://login.{slug}.example", client_id="commons", client_secret="secret"
            )
        scene.names |= {
            "unit": units.make(tx, "Statistics", actor=admin, context=AT_WORK),
            "other_unit": units.make(tx, "Surveys", actor=admin, context=AT_WORK),
            "credential": credentials.make(tx, name="directory", days=30, actor=admin, context=AT_WORK)[0],
            "proposal": sharing.propose(tx, TERMS, actor=admin, context=AT_WORK),
            "invitation": invitations.make(tx, admin.agency_id, actor=admin, context=AT_WORK).id,
            "grant": tx.scalar(select(RoleGrant.id).where(RoleGrant.membership_id == _contributor(scene))),
            "next_month": (clock.now(tx) + timedelta(days=30)).date().isoformat(),
            "terms": tx.scalar(select(SharingTerms.id)),
            "view": views.save(tx, "Refused", {"outcome": "refused"}, actor=asker, context=AT_WORK),
            "guest": scene.people["guest", Role.CONTRIBUTOR].principal.membership_id,
            "contributor": _contributor(scene),
            "alert": _alert(tx, admin.agency_id),
            "officer": scene.people["own", Role.SECURITY_OFFICER].principal.membership_id,
            "incident": incidents.open_one(
                tx, "A laptop was lost", clock.now(tx), {"since": "2020-01-01"}, actor=asker, context=AT_WORK
            ),
            "review": reviews.open_round(
                tx, clock.now(tx).date() + timedelta(days=30), actor=admin, context=AT_WORK
            ),
            "look_up": look_ups.ask(
                tx, "name", "Nemo", purpose="court", ticket="A 12", actor=asker, context=AT_WORK
            ),
            "request": requests.ask(tx, actor=asker, context=AT_WORK),
        }


def _alert(tx: Tx, agency_id: UUID) -> UUID:
    """An alert of an agency about nobody in particular."""
    alert_id, now = new_id(), clock.now(tx)
    row = {
        "id": alert_id, "agency_id": agency_id, "kind": "many_views", "about": "d-0000000000000000", "first_number": 0,
        "last_number": 9, "facts": {"count": 9, "since": now.isoformat()}, "raised_at": now, "last_at": now,
        "state": "open",
    }  # fmt: skip
    tx.execute(insert(Alert), row)
    return alert_id


def _untouched(campaign_id: UUID) -> UUID:
    taken = {row.microtask_id for row in found(select(Claim.microtask_id))}
    items = found(
        select(Microtask.id).where(Microtask.campaign_id == campaign_id).order_by(Microtask.number.desc())
    )
    return next(row.id for row in items if row.id not in taken)


def _contributor(scene: Scene) -> UUID:
    return scene.people["own", Role.CONTRIBUTOR].principal.membership_id


def _admin(scene: Scene) -> Principal:
    return scene.people["own", Role.AGENCY_ADMIN].principal


def _session(principal: Principal) -> str:
    """Signed in just now, as strongly as the providers of this scene can say: they name no second factor."""
    issuer, subject = f"https://login.{principal.agency_slug}.example", uuid.uuid4().hex
    with transaction() as tx:
        vouched = Vouched(issuer, subject, auth_time=clock.now(tx))
        return sessions.begin(tx, principal.membership_id, vouched).token

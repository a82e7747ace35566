"""What takes a sign-in of now: every act of the table is refused to a weak or old session, kept, and then done once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc.jwk import ECKey
from sqlalchemy import Engine, select, update
from werkzeug.test import TestResponse

from agencies import agency_keys, providers, transfers
from agencies.held_forms import HeldForm
from agencies.keys import bound
from agencies.models import Membership, RoleGrant, SharingTerms, WebSession
from agencies.oversight import look_ups, requests, reviews
from agencies.oversight.models import AccessReviewItem
from agencies.people_models import Move
from agencies.scim import credentials
from agencies.scim.models import ScimGroup
from agencies.step_up import MINUTES
from marketplace.edge.permissions import CONFIRMED
from marketplace.foundation.db import transaction
from security.principal import Factor, Principal, Role
from security.sealing import keys
from tasks.models import Microtask
from tests.agencies.agreeing import proposed, signed, terms_proposed
from tests.application import Program, token_of
from tests.builders import AT_WORK, a_campaign, a_person, an_agency, changed, one
from tests.device_keys import a_device
from tests.edge import misbehaving
from tests.edge.misbehaving import CLIENT, Misbehaving
from tests.edge.oidc.browser import Browser, on_record
from tests.edge.oidc.conftest import app, browser, provider
from tests.edge.onward import onward
from tests.edge.test_step_up import TWO, count, hidden, steps_up
from tests.web.test_agency import new_agency

__all__ = ["app", "browser", "provider"]

ADMIN = (Role.CONTRIBUTOR, Role.AGENCY_ADMIN)
OFFICER = (Role.CONTRIBUTOR, Role.SECURITY_OFFICER)
OWNER = (Role.CONTRIBUTOR, Role.TASK_OWNER)
IN_A_MONTH = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
TERMS = {
    "other": "south", "level": "public", "direction": "owner", "rules_of": "owner", "hours_of": "guest",
    "requests_to": "owner",
}  # fmt: skip
SERVICE = {"client_id": CLIENT, "authentication": "private_key_jwt", "clearance_ceiling": "internal"}


@dataclass
class World:
    """Who is there: `actor` and their colleague Maja in the north, Sue who administers the south."""

    client: FlaskClient
    actor: Principal
    maja: Principal
    sue: Principal
    typed: dict[str, str] = field(default_factory=dict)
    """What is typed beside the form of the act, where it hangs on what there is."""

    @property
    def of_maja(self) -> str:
        return f"/agency/people/{self.maja.membership_id}"


@dataclass(frozen=True)
class Act:
    """A form of a page: where it goes in a world, what is typed, and what is on the record once it was done."""

    on_record: str
    path: Callable[[World], str]
    form: Mapping[str, str] = field(default_factory=dict)
    roles: tuple[Role, ...] = ADMIN
    entries: int = 1
    """How many agencies' records it is on."""
    answer: int = 303
    """A name that was opened is shown in the answer itself, and nowhere else."""


def at(path: str) -> Callable[[World], str]:
    return lambda world: path


def of_maja(ending: str) -> Callable[[World], str]:
    return lambda world: f"{world.of_maja}/{ending}"


def terms_to_sign(world: World) -> str:
    return f"/agency/agreements/{terms_proposed(world.sue)}/sign"


def terms_in_force(world: World) -> str:
    return f"/agency/sharing/{one(select(SharingTerms.id))}/end"


def an_agency_without_administrator(world: World) -> str:
    made = proposed(world.actor)
    signed(made, world.sue)
    return f"/agency/agreements/{made}/first-administrator"


def role_of_maja(world: World) -> str:
    hers = select(RoleGrant.id).where(RoleGrant.membership_id == world.maja.membership_id)
    return f"/agency/roles/{one(hers)}/end"


def maja_as_partner(world: World) -> str:
    until = datetime.now(UTC) + timedelta(days=9)
    mine = Membership.id == world.maja.membership_id
    row = {"partner": True, "sponsor_id": world.actor.person_id, "until": until}
    changed(update(Membership).where(mine).values(row))
    return f"{world.of_maja}/renew"


def a_credential(world: World) -> tuple[UUID, str]:
    with transaction() as tx:
        return credentials.make(tx, name="directory", days=30, actor=world.actor, context=AT_WORK)


def a_group(world: World) -> str:
    group = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Owners"}
    headers = {"Authorization": f"Bearer {a_credential(world)[1]}"}
    assert world.client.post("/scim/v2/Groups", json=group, headers=headers).status_code == 201
    return f"/agency/directory/groups/{one(select(ScimGroup.id))}"


def a_move_from_the_south(world: World) -> str:
    sam = a_person("south")
    with transaction() as tx:
        transfers.propose(tx, sam.membership_id, "north", actor=world.sue, context=AT_WORK)
    return f"/agency/moves/{one(select(Move.id))}/approve"


def a_way_to_the_south(world: World) -> str:
    with transaction() as tx:
        transfers.ask(tx, "south", actor=world.actor, context=AT_WORK)
    return f"/my-roles/moves/{one(select(Move.id))}/go"


def a_colleague(world: World) -> Principal:
    return a_person("north", roles=(Role.SECURITY_OFFICER,))


def a_look_up(asker: Principal) -> UUID:
    given = {"purpose": "court", "ticket": "A 12"}
    with transaction() as tx:
        return look_ups.ask(tx, "name", "Maja", **given, actor=asker, context=AT_WORK)


def a_look_up_to_grant(world: World) -> str:
    return f"/record/look-ups/{a_look_up(a_colleague(world))}/grant"


def a_look_up_to_read(world: World) -> str:
    look_up, colleague = a_look_up(world.actor), a_colleague(world)
    with transaction() as tx:
        look_ups.grant(tx, look_up, actor=colleague, context=AT_WORK)
    return f"/record/look-ups/{look_up}"


def a_review(world: World) -> str:
    with transaction() as tx:
        due = datetime.now(UTC).date() + timedelta(days=9)
        review = reviews.open_round(tx, due, actor=world.actor, context=AT_WORK)
    hers = select(AccessReviewItem.id).where(AccessReviewItem.membership_id == world.maja.membership_id)
    world.typed = {f"item-{one(hers.where(AccessReviewItem.grant_id.is_not(None)))}": "kept"}
    return f"/record/reviews/{review}/decisions"


def somebody_who_has_left(world: World) -> str:
    with transaction() as tx:
        request = requests.ask(tx, actor=world.maja, context=AT_WORK)
    left = update(Membership).where(Membership.id == world.maja.membership_id)
    changed(left.values(ended_at=datetime.now(UTC)))
    return f"/data-requests/{request}/erase"


def a_device_seen(world: World) -> str:
    return f"/record/device-keys/{a_device(world.maja).thumbprint}/remove"


def a_key() -> dict[str, str]:
    return keys.public_jwk(keys.new_private())


def an_agency_key(world: World) -> str:
    with transaction() as tx:
        made = agency_keys.register(tx, "recovery", a_key(), actor=world.actor, context=AT_WORK)
    world.typed = {"key_id": made.key_id}
    return "/agency/keys/end"


def a_key_to_destroy(world: World) -> str:
    return f"/agency/keys/years/{bound.provider().current(world.actor.agency_slug, 2020)}"


def a_sealed_campaign(world: World) -> UUID:
    return a_campaign(world.actor, items=1, level="sensitive")


def a_campaign_to_keep(world: World) -> str:
    return f"/campaigns/{a_sealed_campaign(world)}/retention"


def a_campaign_to_shred(world: World) -> str:
    return f"/campaigns/{a_sealed_campaign(world)}/shred"


def an_item_to_shred(world: World) -> str:
    campaign = a_sealed_campaign(world)
    return f"/campaigns/{campaign}/items/{one(select(Microtask.id))}/shred"


ACTS: Mapping[str, Act] = {
    "web.set_networks": Act("agency.set", at("/agency/networks"), {"office": "9.9.9.0/24"}),
    "web.set_joining": Act("agency.set", at("/agency/joining"), {"mail_domains": "post.north.example"}),
    "web.set_handling": Act("handling.set", at("/agency/handling/internal"), {"internal-keep_days": "30"}),
    "web.add_agency_key": Act(
        "agency_key.add", at("/agency/keys/processing"), {"processing-public_key": json.dumps(a_key())}
    ),
    "web.end_agency_key": Act("agency_key.end", an_agency_key),
    "web.keep_content": Act(
        "campaign.keep", a_campaign_to_keep, {"until": datetime.now(UTC).date().isoformat()}, roles=OWNER
    ),
    "web.shred_campaign": Act("campaign.shred", a_campaign_to_shred, roles=OWNER),
    "web.shred_item": Act("payload.shred", an_item_to_shred, roles=OWNER),
    "web.propose_key_destruction": Act("agreement.propose", a_key_to_destroy, {"sure": "yes"}),
    "web.propose_agency": Act("agreement.propose", at("/agency/agreements/new-agency"), new_agency()),
    "web.sign_agreement": Act("agreement.sign", terms_to_sign),
    "web.change_provider": Act("agreement.propose", at("/agency/sign-in-service"), SERVICE),
    "web.renew_key": Act("agreement.propose", at("/agency/sign-in-service/key")),
    "web.suspend_provider": Act("provider.suspend", at("/agency/sign-in-service/suspend"), {"sure": "yes"}),
    "web.propose_terms": Act("agreement.propose", at("/agency/sharing"), TERMS),
    "web.end_terms": Act("sharing.end", terms_in_force),
    "web.grant_role": Act("role.grant", of_maja("roles"), {"role": "appraiser"}),
    "web.end_role": Act("role.end", role_of_maja),
    "web.give_by_group": Act("scim_group.give", a_group, {"gives": "role:task_owner"}),
    "web.give_clearance": Act("clearance.give", of_maja("clearance"), {"level": "internal"}, OFFICER),
    "web.end_membership": Act("person.leave", of_maja("end")),
    "web.renew_partner": Act("partner.renew", maja_as_partner, {"until": IN_A_MONTH}),
    "web.invite": Act("person.invite", at("/agency/invitations"), {"role": "task_owner"}),
    "web.invite_partner": Act("person.invite", at("/agency/partners"), {"until": IN_A_MONTH}),
    "web.invite_first": Act("person.invite", an_agency_without_administrator),
    "web.link_person": Act("person.invite", of_maja("link")),
    "web.make_scim_credential": Act(
        "scim_credential.make", at("/agency/directory/credentials"), {"name": "Entra", "days": "30"}
    ),
    "web.end_scim_credential": Act(
        "scim_credential.end", lambda world: f"/agency/directory/credentials/{a_credential(world)[0]}/end"
    ),
    "web.send_person": Act("move.ask", of_maja("send"), {"agency": "south", "how": "transfer"}, entries=2),
    "web.approve_move": Act("move.approve", a_move_from_the_south, entries=2),
    "web.go_and_move": Act("sign_in.begin", a_way_to_the_south),
    "web.remove_device_seen": Act("device_key.revoke", a_device_seen, roles=OFFICER),
    "web.remove_devices_of": Act("device_key.revoke_all", of_maja("devices/remove")),
    "web.set_alert_rule": Act(
        "alert_rule.set",
        at("/record/alert-rules/many_views"),
        {"on": "on", "many_views-count": "20", "many_views-minutes": "10"},
        OFFICER,
    ),
    "web.ask_look_up": Act(
        "look_up.ask",
        at("/record/look-ups"),
        {"kind": "name", "wanted": "Maja", "purpose": "court", "ticket": "A 12"},
        OFFICER,
    ),
    "web.grant_look_up": Act("look_up.grant", a_look_up_to_grant, roles=OFFICER),
    "web.read_look_up": Act("look_up.read", a_look_up_to_read, roles=OFFICER, answer=200),
    "web.decide_review": Act("review.decide", a_review),
    "web.erase_from_record": Act(
        "subject.erase", somebody_who_has_left, roles=(Role.CONTRIBUTOR, Role.DATA_PROTECTION)
    ),
}
SPONSORED = ("web.invite_partner", "web.renew_partner")
STRONG = sorted(endpoint for endpoint, factor in CONFIRMED.items() if factor is Factor.MULTI)


def test_every_act_of_the_table_is_tried_here() -> None:
    assert set(ACTS) == set(CONFIRMED)


@pytest.fixture
def registration(provider: Misbehaving) -> dict[str, Any]:
    """The north knows us by a key and names a second factor."""
    key = providers.new_client_key()
    provider.client_key = {"keys": [ECKey.import_key(json.loads(key)).as_dict(private=False)]}
    return {"authentication": "private_key_jwt", "client_secret": key, "step_up_acr": TWO}


@pytest.fixture
def endpoint() -> str:
    """What is tried; most tests name it."""
    return "web.grant_role"


@pytest.fixture
def somebody(
    database: Engine, provider: Misbehaving, registration: dict[str, Any], endpoint: str
) -> Principal:
    an_agency("north", shares=False)
    given = {"issuer": provider.issuer, "client_id": CLIENT, "client_secret": misbehaving.SECRET}
    with transaction() as tx:
        providers.add(tx, "north", **given | registration)
    return a_person("north", roles=ACTS[endpoint].roles, identity=(provider.issuer, "somebody"))


@pytest.fixture
def world(app: Flask, somebody: Principal) -> World:
    an_agency("south")
    a_person("north", roles=ADMIN)  # so that nobody is the last administrator
    return World(app.test_client(), somebody, a_person("north", name="Maja"), a_person("south", roles=ADMIN))


class Sender:
    """The actor's browser, with the form of one act."""

    def __init__(self, browser: Browser, world: World, endpoint: str) -> None:
        self.browser, self.act = browser, ACTS[endpoint]
        self.path = self.act.path(world)
        self.form = {"idempotency_key": uuid4().hex} | self.act.form
        self.form |= world.typed
        if endpoint in SPONSORED:
            self.form |= {"sponsor": str(world.actor.membership_id)}
        self.before = len(on_record(self.act.on_record))

    @property
    def done(self) -> float:
        """How often the act was done."""
        return (len(on_record(self.act.on_record)) - self.before) / self.act.entries

    def sends(self) -> TestResponse:
        return self.browser.client.post(self.path, data=self.form)

    def sends_what_was_kept(self, back: TestResponse) -> list[int]:
        """Press "Send it now" twice on the page that one comes back to; the answers' statuses."""
        page = self.browser.client.get(str(back.location))
        fields = dict(hidden(page, self.path))
        assert fields.items() >= self.form.items()
        return [self.browser.client.post(self.path, data=fields).status_code for _ in range(2)]


def an_hour_passes() -> None:
    changed(update(WebSession).values(auth_time=datetime.now(UTC) - timedelta(minutes=MINUTES + 1)))


def strong() -> None:
    changed(update(WebSession).values(acr=TWO))


@pytest.mark.parametrize("endpoint", STRONG)
def test_a_weak_session_signs_in_again_and_then_it_is_done_once(
    browser: Browser, world: World, endpoint: str
) -> None:
    browser.signs_in()
    sender = Sender(browser, world, endpoint)
    refused = sender.sends()
    assert refused.status_code == 403
    assert "a recent sign-in with a second factor" in refused.get_data(as_text=True).lower()
    assert (sender.done, count(HeldForm)) == (0, 1)
    back = steps_up(browser, refused)
    assert TWO in str(browser.provider.asked[-1])
    assert sender.done == 0
    sent, _again = sender.sends_what_was_kept(back)
    assert sent == ACTS[endpoint].answer
    assert sender.done == 1
    assert count(HeldForm) == 0


@pytest.mark.parametrize("endpoint", sorted(CONFIRMED))
def test_an_old_session_is_refused_and_its_form_kept(browser: Browser, world: World, endpoint: str) -> None:
    browser.signs_in()
    strong()
    an_hour_passes()
    sender = Sender(browser, world, endpoint)
    refused = sender.sends()
    assert refused.status_code == 403
    assert dict(hidden(refused, "/step-up"))["form"]
    assert (sender.done, count(HeldForm)) == (0, 1)
    back = re.search(r'data-variant="secondary" href="([^"]+)">Back</a>', refused.get_data(as_text=True))
    assert back is not None
    assert sender.path.startswith(back[1])
    assert browser.client.get(back[1]).status_code == 200


def test_a_strong_session_of_now_is_asked_for_nothing(browser: Browser, world: World) -> None:
    browser.signs_in()
    strong()
    sender = Sender(browser, world, "web.grant_role")
    assert (sender.sends().status_code, sender.done) == (303, 1)


def test_whoever_lacks_the_role_is_told_that_and_not_to_sign_in_again(browser: Browser, world: World) -> None:
    browser.signs_in()
    refused = Sender(browser, world, "web.give_clearance").sends()
    assert refused.status_code == 403
    assert "/step-up" not in refused.get_data(as_text=True)
    assert count(HeldForm) == 0


def test_a_program_brings_a_token_and_is_not_asked_to_sign_in(app: Flask, world: World) -> None:
    program = Program(app.test_client(), token_of(world.actor))
    answer = program.post(f"/people/{world.maja.membership_id}/roles", json={"role": "appraiser"})
    assert answer.status_code == 201, answer.get_data(as_text=True)


class TestMovingAway:
    @pytest.fixture
    def endpoint(self) -> str:
        return "web.go_and_move"

    def test_takes_a_sign_in_of_now_and_leads_on_to_the_other_agency(
        self, browser: Browser, world: World, endpoint: str
    ) -> None:
        browser.signs_in()
        with misbehaving.running() as south:
            given = {"issuer": south.issuer, "client_id": CLIENT, "client_secret": misbehaving.SECRET}
            with transaction() as tx:
                providers.add(tx, "south", **given)
            sender = Sender(browser, world, endpoint)
            an_hour_passes()
            page = browser.client.get(str(steps_up(browser, sender.sends()).location))
            gone = browser.client.post(sender.path, data=dict(hidden(page, sender.path)))
            assert onward(gone).startswith(south.issuer)


class TestWithoutASecondFactor:
    """An agency whose sign-in names none: a recent sign-in is enough, and it can bring in a second factor by itself."""

    @pytest.fixture
    def registration(self) -> dict[str, Any]:
        return {}

    def test_a_sign_in_of_now_is_enough(self, browser: Browser, world: World) -> None:
        browser.signs_in()
        sender = Sender(browser, world, "web.grant_role")
        assert (sender.sends().status_code, sender.done) == (303, 1)

    def test_an_old_one_is_not_and_signing_in_again_helps(self, browser: Browser, world: World) -> None:
        browser.signs_in()
        an_hour_passes()
        sender = Sender(browser, world, "web.grant_role")
        refused = sender.sends()
        assert "second factor" not in refused.get_data(as_text=True)
        back = steps_up(browser, refused)
        assert "acr_values" not in browser.provider.asked[-1]
        assert sender.sends_what_was_kept(back) == [303, 303]
        assert sender.done == 1

    def test_a_second_factor_is_proposed_like_this(self, browser: Browser, world: World) -> None:
        browser.signs_in()
        sender = Sender(browser, world, "web.change_provider")
        sender.form |= {"step_up_acr": TWO}
        assert (sender.sends().status_code, sender.done) == (303, 1)

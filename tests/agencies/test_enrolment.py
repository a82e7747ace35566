"""A new agency takes two administrators; a provider is changed by two and suspended by one."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, update

from agencies import agreements, directory, enrolment, founding, invitations, providers, sessions, sign_in
from agencies.agreement_models import Proposal
from agencies.errors import (
    AgencyTaken,
    AlreadyFounded,
    BadAgencySettings,
    LookAlike,
    NoSuchProposal,
    NoSuchProvider,
    NotPermitted,
    NotYoursToSign,
    ProviderChanged,
    ProviderSuspended,
)
from agencies.models import Agency, Identity, IdentityProvider, RoleGrant, WebSession
from agencies.proposals import IN_FORCE, OPEN
from marketplace.foundation import clock
from marketplace.foundation.db import reading, transaction
from security.log.models import AuditPending
from security.oidc import Vouched
from security.principal import Principal, Role
from tests.agencies.agreeing import (
    a_provider,
    an_administrator,
    an_enrolment,
    proposed,
    signed,
)
from tests.builders import AT_WORK, a_person, changed, found, one
from tests.together import losers, together


def change(actor: Principal, slug: str = "north", **given: Any) -> Any:
    with transaction() as tx:
        return enrolment.propose_change(
            tx, slug, {"client_id": "commons"} | given, actor=actor, context=AT_WORK
        )


def suspend(actor: Principal) -> int:
    with transaction() as tx:
        return enrolment.suspend(tx, actor=actor, context=AT_WORK)


def described(agency_id: Any) -> dict[str, Any]:
    with reading() as db:
        shown = enrolment.described(db, agency_id)
    assert shown is not None
    return shown


def test_a_new_agency_is_there_when_the_second_has_signed(database: Engine) -> None:
    north, south = an_administrator("north"), an_administrator("south")
    proposal_id = proposed(north)
    with reading() as db:
        assert "harbour-office" not in directory.slugs(db)
    assert signed(proposal_id, south).state == IN_FORCE
    with reading() as db:
        provider = directory.provider(db, "harbour-office")
        agency = db.one_or_none(select(Agency).where(Agency.slug == "harbour-office"))
    assert (provider.issuer, provider.client_id) == ("https://login.harbour.example", "commons")
    assert (provider.authentication, provider.clearance_ceiling) == ("private_key_jwt", 2)
    assert provider.organisation_values == ("130025265",)
    assert agency is not None


def test_a_key_of_ours_is_made_and_its_public_half_shown_before_anybody_signs(database: Engine) -> None:
    north, south = an_administrator("north"), an_administrator("south")
    proposal_id = proposed(north)
    [shown] = one(select(Proposal.content))["keys"]
    assert "d" not in shown
    signed(proposal_id, south)
    with reading() as db:
        assert providers.public_keys(directory.provider(db, "harbour-office"))["keys"] == [shown]


def test_one_agency_alone_needs_two_of_its_administrators(database: Engine) -> None:
    first, second = an_administrator("north"), an_administrator("north")
    assert signed(proposed(first), second).state == IN_FORCE


def test_as_soon_as_two_agencies_have_administrators_it_takes_both(database: Engine) -> None:
    first, second = an_administrator("north"), an_administrator("north")
    proposal_id = proposed(first)
    south = an_administrator("south")
    with pytest.raises(NotYoursToSign):
        signed(proposal_id, second)
    assert signed(proposal_id, south).state == IN_FORCE


def test_one_administrator_alone_brings_nobody_in(database: Engine) -> None:
    only = an_administrator("north")
    with pytest.raises(NotYoursToSign):
        signed(proposed(only), only)


@pytest.mark.parametrize(
    ("part", "given", "place"),
    [
        ("agency", {"slug": "Not a slug"}, "slug"),
        ("agency", {"slug": "a/b"}, "slug"),
        ("agency", {"domain": "nodomain"}, "domain"),
        ("agency", {"domain": "https://x.example"}, "domain"),
        ("agency", {"tint": "pink"}, "tint"),
        ("agency", {"anything": 1}, "anything"),
        ("provider", {"issuer": "ftp://login.example"}, "issuer"),
        ("provider", {"issuer": "https://login.example/?x=1"}, "issuer"),
        ("provider", {"issuer": "https://user@login.example"}, "issuer"),
        ("provider", {"issuer": "https://login.example\u202e"}, "issuer"),
        ("provider", {"authentication": "none"}, "authentication"),
        ("provider", {"authentication": "client_secret_basic"}, "client_secret"),
        ("provider", {"client_secret": "x"}, "client_secret"),
        ("provider", {"algorithms": ["none"]}, "algorithms"),
        ("provider", {"algorithms": ["HS256"]}, "algorithms"),
        ("provider", {"organisation_values": []}, "organisation_claim"),
        ("provider", {"clearance_ceiling": "cosmic"}, "clearance_ceiling"),
    ],
)
def test_what_cannot_be_used_is_named_by_its_place(
    database: Engine, part: str, given: dict[str, Any], place: str
) -> None:
    with pytest.raises(BadAgencySettings) as refusal:
        proposed(an_administrator("north"), **{part: given})
    assert place in refusal.value.facts["errors"][part]


def test_a_short_name_that_is_taken_is_refused(database: Engine) -> None:
    with pytest.raises(AgencyTaken):
        proposed(an_administrator("north"), agency={"slug": "north"})


def test_an_issuer_belongs_to_one_agency(database: Engine) -> None:
    north = an_administrator("north")
    a_provider("north", issuer="https://login.harbour.example")
    with pytest.raises(BadAgencySettings):
        proposed(north)


@pytest.mark.parametrize(
    "agency",
    [
        {"domain": "harb0ur.example"},
        {"domain": "hаrbour.example"},
        {"mail_domains": ["harbour.example"]},
        {"name": "Hаrbour Office"},
        {"name": "harbour office"},
    ],
)
def test_a_look_alike_is_refused_with_whom_it_looks_like(database: Engine, agency: dict[str, Any]) -> None:
    north, south = an_administrator("north"), an_administrator("south")
    signed(proposed(north), south)
    plain = {"slug": "other", "name": "Lighthouses", "domain": "lights.example", "mail_domains": []}
    provider = {"issuer": "https://lights.example"}
    with pytest.raises(LookAlike) as refusal:
        proposed(north, agency=plain | agency, provider=provider)
    assert {reason.args["agency"] for reason in refusal.value.facts["reasons"]} == {"harbour-office"}


def test_what_comes_near_is_shown_to_the_second_signer(database: Engine) -> None:
    north, south = an_administrator("north"), an_administrator("south")
    signed(proposed(north), south)
    agency = {"slug": "other", "name": "Lighthouses", "domain": "harbor.example", "mail_domains": []}
    proposal_id = proposed(north, agency=agency, provider={"issuer": "https://lights.example"})
    with reading() as db:
        flags = agreements.described(db, proposal_id, south)["content"]["flags"]
    assert {(flag["what"], flag["value"], flag["other"], flag["how"]) for flag in flags} == {
        ("domain", "harbor.example", "harbour-office", "near")
    }


def test_a_look_alike_that_came_in_meanwhile_is_refused_at_the_last_signature(database: Engine) -> None:
    north, south = an_administrator("north"), an_administrator("south")
    late = {"slug": "other", "name": "Lighthouses", "domain": "harb0ur.example", "mail_domains": []}
    first, second = (
        proposed(north),
        proposed(north, agency=late, provider={"issuer": "https://lights.example"}),
    )
    signed(first, south)
    with pytest.raises(LookAlike):
        signed(second, south)


def test_two_look_alikes_signed_at_once_leave_one(database: Engine) -> None:
    north, south = an_administrator("north"), an_administrator("south")
    late = {"slug": "other", "name": "Lighthouses", "domain": "harb0ur.example", "mail_domains": []}
    both = [proposed(north), proposed(north, agency=late, provider={"issuer": "https://lights.example"})]

    def attempt(proposal_id: Any) -> str:
        try:
            return signed(proposal_id, south).state
        except LookAlike:
            return "refused"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(attempt, both)) == [IN_FORCE, "refused"]


def test_a_change_takes_two_administrators_of_the_agency(database: Engine) -> None:
    first, second, stranger = an_administrator("north"), an_administrator("north"), an_administrator("south")
    a_provider("north")
    proposal_id = change(first, authentication="private_key_jwt", required_acr="urn:gov:high")
    with pytest.raises(NoSuchProposal):
        signed(proposal_id, stranger)
    assert described(first.agency_id)["required_acr"] is None
    signed(proposal_id, second)
    shown = described(first.agency_id)
    assert (shown["required_acr"], shown["authentication"]) == ("urn:gov:high", "private_key_jwt")
    assert shown["keys"][0]["kid"] == one(select(Proposal.content))["keys"][0]["kid"]


def test_what_was_said_of_people_under_another_claim_is_forgotten(database: Engine) -> None:
    first, second = an_administrator("north"), an_administrator("north")
    a_provider("north", organisation_claim="siret", organisation_values=["123"])
    a_person("north", identity=("https://login.north.example", "maja"))
    changed(update(Identity).where(Identity.subject == "maja").values(organisation="123"))

    def said() -> Any:
        return one(select(Identity.organisation).where(Identity.subject == "maja"))

    signed(change(first, organisation_claim="siret", organisation_values=["456"]), second)
    assert said() == "123"
    signed(change(first, organisation_claim="org", organisation_values=["456"]), second)
    assert said() is None


def test_another_agencys_administrator_proposes_no_change(database: Engine) -> None:
    an_administrator("north")
    south = an_administrator("south")
    a_provider("north")
    with pytest.raises(NotYoursToSign):
        change(south, authentication="private_key_jwt")


def test_a_secret_that_is_not_sent_again_stays(database: Engine) -> None:
    first, second = an_administrator("north"), an_administrator("north")
    a_provider("north")
    signed(change(first, authentication="client_secret_basic", step_up_acr="mfa"), second)
    with reading() as db:
        provider = directory.provider(db, "north")
    assert (provider.client_secret, provider.step_up_acr) == ("s3cret-of-old", "mfa")


def test_another_client_needs_its_own_secret(database: Engine) -> None:
    first = an_administrator("north")
    a_provider("north")
    with pytest.raises(BadAgencySettings) as refusal:
        change(first, client_id="other", authentication="client_secret_basic")
    assert "client_secret" in refusal.value.facts["errors"]


def test_our_key_is_rotated_by_two(database: Engine) -> None:
    first, second = an_administrator("north"), an_administrator("north")
    a_provider("north")
    signed(change(first), second)
    before = described(first.agency_id)["keys"][0]["kid"]
    signed(change(first), second)
    assert described(first.agency_id)["keys"][0]["kid"] == before
    signed(change(first, new_key=True), second)
    assert described(first.agency_id)["keys"][0]["kid"] != before


def test_of_two_changes_proposed_at_once_only_one_holds(database: Engine) -> None:
    first, second = an_administrator("north"), an_administrator("north")
    a_provider("north")
    one_way = change(first, required_acr="one")
    other_way = change(second, required_acr="other")
    signed(one_way, second)
    with pytest.raises(ProviderChanged):
        signed(other_way, first)
    assert described(first.agency_id)["required_acr"] == "one"


def test_an_agency_without_a_provider_has_nothing_to_change(database: Engine) -> None:
    with pytest.raises(NoSuchProvider):
        change(an_administrator("north"))


def test_one_administrator_suspends_at_once_and_sessions_end(database: Engine) -> None:
    admin = an_administrator("north")
    person = a_person("north", identity=("https://login.north.example", "p-1"))
    a_provider("north")
    token = _session(person)
    assert suspend(admin) == 1
    with reading() as db:
        assert sessions.read(db, token, None) is None
        with pytest.raises(ProviderSuspended):
            directory.provider(db, "north")
    [row] = found(select(AuditPending.detail).where(AuditPending.act == "provider.suspend"))
    assert row.detail == {"sessions": 1}


def test_a_sign_in_that_was_under_way_begins_no_session_afterwards(database: Engine) -> None:
    admin, person = (
        an_administrator("north"),
        a_person("north", identity=("https://login.north.example", "p-1")),
    )
    a_provider("north")
    token = _session(admin, "https://elsewhere.example")
    suspend(admin)
    vouched = Vouched("https://login.north.example", "p-1")
    with pytest.raises(ProviderSuspended), transaction() as tx:
        sign_in.complete(tx, person.agency_id, vouched, AT_WORK)
    with pytest.raises(ProviderSuspended), transaction() as tx:
        sign_in.confirm(tx, token, vouched, actor=admin, context=AT_WORK)


def test_of_suspending_and_a_sign_in_at_once_no_session_is_left(database: Engine) -> None:
    admin, person = (
        an_administrator("north"),
        a_person("north", identity=("https://login.north.example", "p-1")),
    )
    a_provider("north")

    def begin() -> None:
        with transaction() as tx:
            sign_in.complete(tx, person.agency_id, Vouched("https://login.north.example", "p-1"), AT_WORK)

    outcomes = together(lambda: suspend(admin), *[begin] * 3)
    assert set(losers(outcomes)) <= {ProviderSuspended}
    assert one(select(func.count()).select_from(WebSession)) == 0


def test_a_contributor_suspends_nothing(database: Engine) -> None:
    person = a_person("north")
    a_provider("north")
    with pytest.raises(NotPermitted):
        suspend(person)


def test_a_suspended_provider_comes_back_with_a_second_signature_of_any_agency(database: Engine) -> None:
    admin, south = an_administrator("north"), an_administrator("south")
    a_provider("north")
    suspend(admin)
    proposal_id = change(admin, authentication="private_key_jwt")
    assert one(select(Proposal.state)) == OPEN
    signed(proposal_id, south)
    assert described(admin.agency_id)["status"] == "active"


def test_others_alone_bring_no_suspended_provider_back(database: Engine) -> None:
    admin = an_administrator("north")
    first, second, third = (an_administrator(each) for each in ("south", "south", "east"))
    a_provider("north")
    suspend(admin)
    proposal_id = change(first, authentication="private_key_jwt")
    for other in (second, third):
        with pytest.raises(NotYoursToSign):
            signed(proposal_id, other)
    assert signed(proposal_id, admin).state == IN_FORCE


def test_no_agency_raises_by_itself_what_its_provider_is_trusted_with(database: Engine) -> None:
    first, second, south = (an_administrator(each) for each in ("north", "north", "south"))
    a_provider("north", clearance_ceiling=1)
    proposal_id = change(first, clearance_ceiling="restricted")
    with pytest.raises(NotYoursToSign):
        signed(proposal_id, second)
    signed(proposal_id, south)
    assert described(first.agency_id)["clearance_ceiling"] == "restricted"
    signed(change(first, clearance_ceiling="public"), second)
    assert described(first.agency_id)["clearance_ceiling"] == "public"


def test_those_who_brought_an_agency_in_invite_its_first_administrator(database: Engine) -> None:
    north, south, east = an_administrator("north"), an_administrator("south"), an_administrator("east")
    proposal_id = proposed(north)
    with pytest.raises(NoSuchProposal):
        _first_invited(proposal_id, south)
    signed(proposal_id, south)
    with pytest.raises(NotYoursToSign):
        _first_invited(proposal_id, east)
    token = _first_invited(proposal_id, south)
    with reading() as db:
        shown = invitations.read(db, token)
    assert shown is not None
    assert (shown.slug, shown.roles) == ("harbour-office", ["agency_admin", "contributor"])


def test_an_agency_that_has_an_administrator_gets_no_more_from_outside(database: Engine) -> None:
    north, south = an_administrator("north"), an_administrator("south")
    proposal_id = proposed(north)
    signed(proposal_id, south)
    an_administrator("harbour-office")
    with pytest.raises(NoSuchProposal):
        _first_invited(proposal_id, north)


def test_an_empty_marketplace_begins_with_one_agency_and_two_invitations(database: Engine) -> None:
    with transaction() as tx:
        made = founding.found(tx, an_enrolment(), context=AT_WORK)
    assert len(set(made.tokens)) == 2
    assert [key["kty"] for key in made.keys] == ["EC"]
    with reading() as db:
        shown = [invitations.read(db, token) for token in made.tokens]
    assert [row.slug for row in shown if row] == ["harbour-office"] * 2
    assert not any(token in repr(made) for token in made.tokens)
    assert one(select(AuditPending.subject_id).where(AuditPending.act == "agency.found")) is None


def test_only_an_empty_marketplace_is_founded(database: Engine) -> None:
    an_administrator("north")
    with pytest.raises(AlreadyFounded), transaction() as tx:
        founding.found(tx, an_enrolment(), context=AT_WORK)
    assert one(select(func.count()).select_from(IdentityProvider)) == 0


def test_no_secret_is_described(database: Engine) -> None:
    admin = an_administrator("north")
    a_provider("north")
    assert "s3cret" not in json.dumps(described(admin.agency_id))


def test_an_administrator_whose_role_ended_does_not_hold_a_place_open(database: Engine) -> None:
    first, second, south = an_administrator("north"), an_administrator("north"), an_administrator("south")
    with transaction() as tx:
        mine = update(RoleGrant).where(RoleGrant.membership_id == south.membership_id)
        tx.execute(mine.where(RoleGrant.role == Role.AGENCY_ADMIN).values(until=clock.now(tx)))
    assert signed(proposed(first), second).state == IN_FORCE


def _first_invited(proposal_id: Any, actor: Principal) -> str:
    with transaction() as tx:
        return founding.invite_first(tx, proposal_id, actor=actor, context=AT_WORK)


def _session(person: Principal, issuer: str = "https://login.north.example") -> str:
    with transaction() as tx:
        return sessions.begin(tx, person.membership_id, Vouched(issuer, "p-1", id_token="a.b.c")).token

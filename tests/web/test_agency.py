"""An agency's own corner: agreements, sign-in service, sharing, units, networks, joining, words for labels."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from agencies import enrolment
from agencies.agreement_models import Proposal, Unit
from agencies.models import Agency, IdentityProvider, SharingTerms
from deploy.samples import seed
from marketplace.foundation.db import reading, transaction
from security.log.models import AuditPending
from tests.agencies.agreeing import an_enrolment
from tests.web.stage import Stage
from tests.web.test_claims import english, form_of

PAGES = (
    "/agency",
    "/agency/agreements",
    "/agency/agreements/new-agency",
    "/agency/sign-in-service",
    "/agency/sharing",
    "/agency/units",
    "/agency/networks",
    "/agency/joining",
    "/agency/labels",
)


@pytest.fixture
def felix(stage: Stage) -> FlaskClient:
    """An administrator of the Civil Aviation Office."""
    return english(stage, "felix")


@pytest.fixture
def bram(stage: Stage) -> FlaskClient:
    """An administrator of the National Archive."""
    return english(stage, "bram")


@pytest.fixture
def unchanged(stage: Stage) -> Iterator[None]:
    """Settings of the agency as they were, afterwards."""
    kept = ("office_networks", "vpn_networks", "home_networks", "mail_domains", "label_names", "self_join")
    with reading() as db:
        row = db.one_or_none(
            select(*(getattr(Agency, name) for name in kept)).where(Agency.slug == "civil-aviation")
        )
    assert row is not None
    yield
    with transaction() as tx:
        tx.execute(update(Agency).where(Agency.slug == "civil-aviation").values(**row._mapping))


def page_of(client: FlaskClient, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status
    return answer.get_data(as_text=True)


def sent(client: FlaskClient, path: str, action: str, **typed: Any) -> Any:
    """Fill in and send the form of the page at `path` whose address ends with `action`."""
    return client.post(action, data=form_of(page_of(client, path), action) | typed)


def new_agency(**given: Any) -> dict[str, Any]:
    slug = f"harbour-{uuid.uuid4().hex[:8]}"
    name = "".join(chr(ord("a") + int(digit, 16)) for digit in slug[8:])
    return {
        "agency.slug": slug,
        "agency.name": f"Office {name}",
        "agency.initials": "HO",
        "agency.tint": "green",
        "agency.domain": f"{name}{name}.example",
        "provider.issuer": f"https://login.{name}{name}.example",
        "provider.client_id": "commons",
        "provider.authentication": "private_key_jwt",
        "provider.clearance_ceiling": "sensitive",
        "unchecked": "yes",
    } | given


@pytest.mark.parametrize("path", PAGES)
def test_administrators_find_everything_and_contributors_nothing(
    stage: Stage, felix: FlaskClient, path: str
) -> None:
    text = page_of(felix, path)
    assert re.findall(r"<script(?![^>]*\bsrc=)[^>]*>|<style|\sstyle=|\son[a-z]+=\"", text) == []
    ids = re.findall(r'\sid="([^"]+)"', text)
    assert sorted(ids) == sorted(set(ids))
    wanted = re.findall(r'\s(?:for|aria-labelledby|aria-describedby)="([^"]+)"', text)
    assert {each for found in wanted for each in found.split()} <= set(ids)
    assert stage.client("maja").get(path).status_code == 403


def test_the_security_officer_sees_terms_and_cannot_change_them(stage: Stage) -> None:
    officer = english(stage, "sofie")
    overview = page_of(officer, "/agency")
    assert "Sharing terms" in overview
    assert "Sign-in service" not in overview
    text = page_of(officer, "/agency/sharing")
    assert "In force" in text
    assert "End now" not in text
    assert "Propose terms" not in text


def test_an_agency_comes_in_by_two_and_its_administrator_is_invited(
    felix: FlaskClient, bram: FlaskClient
) -> None:
    form = new_agency()
    made = sent(felix, "/agency/agreements/new-agency", "/agency/agreements/new-agency", **form)
    assert made.status_code == 303
    path = made.location
    assert "Sign for" not in page_of(felix, path)
    text = page_of(bram, path)
    assert form["agency.name"] in text
    assert "The sign-in service was not checked" in text
    assert f"/sign-in/{form['agency.slug']}/callback" in text
    assert "Waits for you" in page_of(bram, "/agency/agreements")
    assert sent(bram, path, f"{path}/sign").status_code == 303
    after = page_of(bram, path)
    assert "In force" in after
    sent(bram, path, f"{path}/first-administrator")
    once, again = page_of(bram, path), page_of(bram, path)
    assert "/sign-in?invitation=inv_" in once
    assert "invitation=inv_" not in again


def test_a_form_with_faults_comes_back_with_what_was_typed_but_the_secret(felix: FlaskClient) -> None:
    form = new_agency(**{
        "agency.slug": "Not A Slug",
        "provider.issuer": "ftp://nowhere",
        "provider.authentication": "client_secret_basic",
        "provider.client_secret": "s3cret-4471",
    })  # fmt: skip
    answer = sent(felix, "/agency/agreements/new-agency", "/agency/agreements/new-agency", **form)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'href="#agency.slug"' in text
    assert 'href="#provider.issuer"' in text
    assert 'value="Not A Slug"' in text
    assert "s3cret-4471" not in text


def test_a_service_that_cannot_be_relied_on_takes_a_tick(felix: FlaskClient) -> None:
    form = new_agency(**{"provider.issuer": "https://127.0.0.1:9", "unchecked": ""})
    answer = sent(felix, "/agency/agreements/new-agency", "/agency/agreements/new-agency", **form)
    assert answer.status_code == 422
    text = answer.get_data(as_text=True)
    assert "Nobody could sign in with this service yet" in text
    assert 'name="unchecked"' in text


def test_a_look_alike_is_refused_with_whom_it_looks_like(felix: FlaskClient) -> None:
    form = new_agency(**{"agency.name": "National Arch1ve"})
    answer = sent(felix, "/agency/agreements/new-agency", "/agency/agreements/new-agency", **form)
    assert answer.status_code == 403
    text = answer.get_data(as_text=True)
    assert "does not look like the agency national-archive, as National Arch1ve does" in text
    assert "Choose a name or address of its own" in text
    assert '<a href="#agency.name">' in text
    assert f'value="{form["agency.domain"]}"' in text
    with reading() as db:
        latest = select(AuditPending.detail).order_by(AuditPending.id.desc()).limit(1)
        assert db.scalar(latest)["reasons"] == ["look_alike"]


def test_a_proposal_is_declined(felix: FlaskClient, bram: FlaskClient) -> None:
    made = sent(felix, "/agency/sharing", "/agency/sharing", other="national-archive", level="public",
                direction="owner", rules_of="owner", hours_of="guest", requests_to="owner")  # fmt: skip
    path = made.location
    sent(bram, path, f"{path}/withdraw")
    text = page_of(felix, path)
    assert "Withdrawn" in text
    assert "Sign for" not in text


def test_terms_are_proposed_signed_shown_and_ended(
    stage: Stage, felix: FlaskClient, bram: FlaskClient
) -> None:
    with reading() as db:
        before = {row.id for row in db.all(select(SharingTerms.id))}
    made = sent(felix, "/agency/sharing", "/agency/sharing", other="national-archive", direction="guest",
                level="public", rules_of="owner", hours_of="guest", requests_to="guest", until="2099-12-31",
                note="Only what is public.")  # fmt: skip
    text = page_of(bram, made.location)
    assert "Only what is public." in text
    sent(bram, made.location, f"{made.location}/sign")
    with reading() as db:
        [new] = {row.id for row in db.all(select(SharingTerms.id))} - before
    assert "31 Dec 2099" in page_of(felix, "/agency/sharing")
    assert sent(felix, "/agency/sharing", f"/agency/sharing/{new}/end").status_code == 303
    with transaction() as tx:  # as the other tests find it
        tx.execute(
            update(SharingTerms).where(SharingTerms.id == new).values(ended_at=None, level=2, until=None)
        )


def test_terms_in_the_past_are_not_proposed(felix: FlaskClient) -> None:
    answer = sent(felix, "/agency/sharing", "/agency/sharing", other="national-archive", direction="owner",
                  level="public", rules_of="owner", hours_of="guest", requests_to="owner",
                  until="2001-01-01")  # fmt: skip
    assert answer.status_code == 422
    assert "Choose a day that lies ahead." in answer.get_data(as_text=True)


def test_a_second_press_of_sign_signs_once(felix: FlaskClient, bram: FlaskClient) -> None:
    made = sent(felix, "/agency/sharing", "/agency/sharing", other="national-archive", direction="owner",
                level="sensitive", rules_of="owner", hours_of="guest", requests_to="owner")  # fmt: skip
    data = form_of(page_of(bram, made.location), f"{made.location}/sign")
    answers = [bram.post(f"{made.location}/sign", data=data) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]


def test_another_agencys_agreement_is_not_there(stage: Stage, felix: FlaskClient) -> None:
    made = sent(felix, "/agency/sharing", "/agency/sharing", other="national-archive", direction="owner",
                level="public", rules_of="owner", hours_of="guest", requests_to="owner")  # fmt: skip
    assert english(stage, "greta").get(made.location).status_code == 404
    sent(felix, made.location, f"{made.location}/withdraw")


def test_a_change_of_the_service_keeps_what_the_form_does_not_ask_for(felix: FlaskClient) -> None:
    made = sent(felix, "/agency/sign-in-service", "/agency/sign-in-service", client_id="marketplace",
                authentication="private_key_jwt", clearance_ceiling="sensitive", step_up_acr="mfa")  # fmt: skip
    assert made.status_code == 303
    with reading() as db:
        content = db.scalar(select(Proposal.content).where(Proposal.id == uuid.UUID(made.location[-36:])))
        registered = db.scalar(select(IdentityProvider.algorithms).where(
            IdentityProvider.agency_id == select(Agency.id).where(Agency.slug == "civil-aviation").scalar_subquery()
        ))  # fmt: skip
    assert content["provider"]["algorithms"] == registered
    assert content["provider"]["step_up_acr"] == "mfa"
    sent(felix, made.location, f"{made.location}/withdraw")


def test_suspending_takes_a_tick(felix: FlaskClient) -> None:
    answer = sent(felix, "/agency/sign-in-service", "/agency/sign-in-service/suspend")
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert '<a href="#sure">Nothing was suspended: tick the box' in text
    assert re.search(r'id="sure"[^>]*aria-invalid="true" aria-describedby="sure-error"', text)


def test_what_is_wrong_in_a_closed_part_of_a_form_is_in_sight(felix: FlaskClient) -> None:
    answer = sent(felix, "/agency/sign-in-service", "/agency/sign-in-service", client_id="marketplace",
                  authentication="private_key_jwt", clearance_ceiling="sensitive", organisation_claim="siret",
                  organisation_values="", claim_email="x" * 61)  # fmt: skip
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert '<a href="#claim_email">' in text
    assert re.search(r'id="claim_email"[^>]*aria-invalid="true"', text)
    assert '<details class="fold" open>' in text


def test_terms_with_nobody_are_said_at_the_other_agency(felix: FlaskClient) -> None:
    given = {
        "level": "public",
        "rules_of": "guest",
        "hours_of": "guest",
        "requests_to": "owner",
        "note": "Trial",
    }
    for direction in ("owner", "guest"):
        for other in ("civil-aviation", "nowhere"):
            answer = sent(
                felix, "/agency/sharing", "/agency/sharing", other=other, direction=direction, **given
            )
            text = answer.get_data(as_text=True)
            assert answer.status_code == 422
            assert '<a href="#other">' in text
            assert ">Trial</textarea>" in text


def test_a_directorys_credential_needs_a_name(felix: FlaskClient) -> None:
    for typed, field in (({"name": " ", "days": "30"}, "name"), ({"name": "Entra", "days": "9x"}, "days")):
        answer = sent(felix, "/agency/directory", "/agency/directory/credentials", **typed)
        text = answer.get_data(as_text=True)
        assert answer.status_code == 422
        assert f'<a href="#{field}">' in text
        assert f'id="{field}-error"' in text
    assert 'value="Entra"' in text


def test_a_mail_domain_like_anothers_is_said_at_its_field(felix: FlaskClient, unchanged: None) -> None:
    with reading() as db:
        theirs = db.scalar(select(Agency.domain).where(Agency.slug == "national-archive"))
    answer = sent(felix, "/agency/joining", "/agency/joining", mail_domains=str(theirs))
    text = answer.get_data(as_text=True)
    assert answer.status_code == 403
    assert '<a href="#mail_domains">' in text
    assert f"{theirs}</textarea>" in text


def test_a_look_at_the_service_says_what_is_wrong(felix: FlaskClient) -> None:
    answer = sent(felix, "/agency/sign-in-service", "/agency/sign-in-service/check")
    assert answer.status_code == 200
    assert "It cannot be reached" in answer.get_data(as_text=True)


def test_networks_are_saved_and_bad_ones_named(felix: FlaskClient, unchanged: None) -> None:
    kept = "127.0.0.0/8\n::1/128"
    bad = sent(
        felix,
        "/agency/networks",
        "/agency/networks",
        office=f"{kept}\n0.0.0.0/0\n10.0.0.1/8",
        vpn="",
        home="",
    )
    text = bad.get_data(as_text=True)
    assert bad.status_code == 422
    assert "0.0.0.0/0 is too wide to say anything" in text
    assert "Did you mean 10.0.0.0/8?" in text
    assert "0.0.0.0/0\n10.0.0.1/8</textarea>" in text
    good = sent(
        felix, "/agency/networks", "/agency/networks", office=f"{kept}\r\n9.9.9.0/24", vpn="", home=""
    )
    assert good.status_code == 303
    assert "9.9.9.0/24" in page_of(felix, "/agency/networks")


def test_joining_is_saved_and_a_bad_domain_named(felix: FlaskClient, unchanged: None) -> None:
    bad = sent(felix, "/agency/joining", "/agency/joining", mail_domains="no domain")
    assert bad.status_code == 422
    sent(felix, "/agency/joining", "/agency/joining", mail_domains="post.flight.example", self_join="yes")
    text = page_of(felix, "/agency/joining")
    assert "post.flight.example" in text
    assert re.search(r'name="self_join"[^>]*checked', text)


def test_own_words_for_labels_are_read_by_own_people_and_on_own_campaigns(
    stage: Stage, felix: FlaskClient, unchanged: None
) -> None:
    words = {"sensitive.en": "Cabin only", "sensitive.de": "Nur Kabine"}
    assert sent(felix, "/agency/labels", "/agency/labels", **words).status_code == 303
    guest = english(stage, "maja")
    text = page_of(guest, f"/campaigns/{stage.campaign()}")
    assert "Cabin only" in text
    guest.set_cookie("language", "de")
    assert "Nur Kabine" in page_of(guest, f"/campaigns/{stage.campaign()}")
    theirs = page_of(english(stage, "maja"), "/help")
    assert "Cabin only" not in theirs
    bad = sent(felix, "/agency/labels", "/agency/labels", **{"public.de": "Frei"})
    text = bad.get_data(as_text=True)
    assert bad.status_code == 422
    assert '<a href="#public.en">' in text
    assert re.search(r'id="public\.en"[^>]*aria-invalid="true"', text)
    assert 'value="Frei"' in text


def test_units_are_made_renamed_moved_merged_and_ended(felix: FlaskClient) -> None:
    tag = uuid.uuid4().hex[:6]
    for name in ("Safety", "Archive"):
        assert sent(felix, "/agency/units", "/agency/units", name=f"{name} {tag}").status_code == 303
    with reading() as db:
        ids = {row.name.split()[0]: row.id for row in db.all(select(Unit.id, Unit.name)) if tag in row.name}
    safety, archive = f"/agency/units/{ids['Safety']}", f"/agency/units/{ids['Archive']}"
    again = sent(felix, "/agency/units", "/agency/units", name=f"safety {tag}")
    assert again.status_code == 422
    sent(felix, safety, f"{safety}/name", name=f"Flights {tag}")
    sent(felix, safety, f"{safety}/place", parent=str(ids["Archive"]))
    below_itself = sent(felix, archive, f"{archive}/place", parent=str(ids["Safety"]))
    assert below_itself.status_code == 422
    assert "A unit cannot stand below itself" in below_itself.get_data(as_text=True)
    not_empty = sent(felix, archive, f"{archive}/end")
    assert not_empty.status_code == 422
    assert "Move them first" in not_empty.get_data(as_text=True)
    sent(felix, safety, f"{safety}/merge", into=str(ids["Archive"]))
    assert felix.get(safety).status_code == 404
    sent(felix, archive, f"{archive}/end")
    text = page_of(felix, "/agency/units")
    assert f"“Flights {tag}” was merged into “Archive {tag}”." in text


def test_a_temporary_unit_names_its_last_day_and_its_guests(felix: FlaskClient, bram: FlaskClient) -> None:
    name = f"Storm desk {uuid.uuid4().hex[:6]}"
    bad = sent(felix, "/agency/units", "/agency/units", name=name, until="2001-01-01")
    assert bad.status_code == 422
    until = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    made = sent(felix, "/agency/units", "/agency/units", name=name, until=until, guests="national-archive")
    assert made.status_code == 303
    assert name in page_of(bram, "/agency/units")


def test_what_looks_alike_is_shown_before_signing(
    stage: Stage, felix: FlaskClient, bram: FlaskClient
) -> None:
    tag = "".join(chr(ord("a") + int(digit, 16)) for digit in uuid.uuid4().hex[:8])
    given = an_enrolment(
        agency={"slug": tag, "name": f"Office {tag}", "domain": "archives.example", "mail_domains": []},
        provider={"issuer": f"https://{tag}{tag}.example"},
    )
    with transaction() as tx:
        made = enrolment.propose(tx, given, actor=stage._person(tx, "felix"), context=seed.CONTEXT)
    text = page_of(bram, f"/agency/agreements/{made}")
    assert "Look twice before you sign" in text
    assert "The domain archives.example is close to one of National Archive." in text

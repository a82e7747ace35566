"""Somebody whom only their agency knows: the first sign-in, and moving to another agency, at certified providers."""

from __future__ import annotations

import pytest

from tests.journeys.person import Person
from tests.running import Running

pytestmark = pytest.mark.xdist_group("marketplace")


def test_somebody_of_an_agency_that_allows_it_joins_by_signing_in(marketplace: Running) -> None:
    person = Person(marketplace.url)
    page = person.sign_in("national-archive", "noor")
    assert page.url.endswith("/work")
    roles = person.open("/my-roles").text
    assert "National Archive" in roles
    assert "Contributor" in roles


def test_a_person_moves_by_signing_in_at_both_agencies(marketplace: Running) -> None:
    person = Person(marketplace.url)
    person.sign_in("digital-service", "olu")
    page = person.open("/my-roles")
    page = person.send(page, page.form("/my-roles/move"), agency="national-archive")
    page = person.vouched_for(page, "/go", "tomas")
    assert page.url.endswith("/my-roles"), page.text[:400]
    assert "National Archive" in page.text
    assert "Olu Bergström" in page.text

    again = Person(marketplace.url)
    assert "not registered" in refused(again, "digital-service", "olu")


def refused(person: Person, agency: str, login: str) -> str:
    """What somebody reads whom their agency vouches for and nobody knows here."""
    page = person.vouched_for(person.open("/sign-in"), f"/sign-in/{agency}", login)
    assert page.status == 403, page.text[:400]
    return page.text

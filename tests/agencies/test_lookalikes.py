"""What people would mistake for an agency that takes part."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agencies.lookalikes import Known, Likeness, findings, mixes_scripts, of_hosts, of_names, skeleton

TAKEN, CONFUSABLE, NEAR = Likeness.TAKEN, Likeness.CONFUSABLE, Likeness.NEAR


@pytest.mark.parametrize(
    ("one", "other", "how"),
    [
        ("harbour.example", "harbour.example", TAKEN),
        ("Harbour.example.", "harbour.example", TAKEN),
        ("hаrbour.example", "harbour.example", CONFUSABLE),  # Cyrillic а
        ("xn--hrbour-3nf.example", "harbour.example", CONFUSABLE),  # the same, as browsers send it
        ("hárbour.example", "harbour.example", CONFUSABLE),
        ("harb0ur.example", "harbour.example", CONFUSABLE),
        ("aviatlon.example", "aviation.example", CONFUSABLE),
        ("aviat1on.example", "aviation.example", CONFUSABLE),
        ("rninistry.example", "ministry.example", CONFUSABLE),
        ("har-bour.example", "harbour.example", CONFUSABLE),
        ("harbor.example", "harbour.example", NEAR),
        ("harbuor.example", "harbour.example", NEAR),
        ("harbours.example", "harbour.example", NEAR),
        ("harbour.test", "harbour.example", NEAR),
        ("sign-in.harbor.example", "harbour.example", NEAR),
        ("mail.harbour.example", "harbour.example", None),
        ("finance.gov.example", "justice.gov.example", None),
        ("fisheries.example", "harbour.example", None),
        ("tax.example", "fax.example", None),  # too short to mean anything
        ("127.0.0.1", "127.0.0.2", None),
        ("localhost", "127.0.0.1", None),
    ],
)
def test_hosts_that_look_alike(one: str, other: str, how: Likeness | None) -> None:
    assert of_hosts(one, other) is how
    assert of_hosts(other, one) is how


@pytest.mark.parametrize(
    ("one", "other", "how"),
    [
        ("Harbour Office", "harbour  office", TAKEN),
        ("Hаrbour Office", "Harbour Office", CONFUSABLE),  # Cyrillic а
        ("Harbour-Office", "Harbour Office", CONFUSABLE),
        ("Harbour Offices", "Harbour Office", NEAR),
        ("Ministry of Ports", "Harbour Office", None),
    ],
)
def test_names_that_look_alike(one: str, other: str, how: Likeness | None) -> None:
    assert of_names(one, other) is how


def test_two_agencies_may_share_a_providers_host() -> None:
    known = Known("north", ("North",), ("north.example",), "login.cloud.example")
    assert findings(Known("south", ("South",), ("south.example",), "login.cloud.example"), [known]) == []
    [found] = findings(Known("south", ("South",), ("south.example",), "login.c1oud.example"), [known])
    assert (found.what, found.other, found.how) == ("issuer", "north", CONFUSABLE)


def test_an_issuer_that_looks_like_anothers_domain_is_found() -> None:
    known = Known("north", ("North",), ("harbour.example",))
    [found] = findings(Known("south", ("South",), ("south.example",), "login.harb0ur.example"), [known])
    assert (found.what, found.how) == ("issuer", CONFUSABLE)


@pytest.mark.parametrize(
    ("text", "mixed"),
    [
        ("hаrbour.example", True),
        ("гавань.example", False),
        ("harbour.example", False),
        ("Ελλάδα office", False),
    ],
)
def test_several_alphabets_in_one_word_are_noticed(text: str, mixed: bool) -> None:
    assert mixes_scripts(text) is mixed


@given(st.text(max_size=40))
def test_a_skeleton_of_a_skeleton_is_itself(text: str) -> None:
    assert skeleton(skeleton(text)) == skeleton(text)


@given(st.text(max_size=30), st.text(max_size=30))
def test_likeness_has_no_direction(one: str, other: str) -> None:
    assert of_names(one, other) == of_names(other, one)
    assert of_hosts(one, other) == of_hosts(other, one)

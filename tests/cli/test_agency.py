"""`marketplace agency`: agreements from a terminal, and the beginning of an empty marketplace."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import Engine, func, select

from agencies.models import Agency
from agencies.people_models import Invitation
from security.principal import Principal
from tests.agencies.agreeing import a_provider, an_administrator
from tests.application import token_of
from tests.builders import a_person, one
from tests.cli.conftest import Terminal
from tests.cli.test_job import Operator, operator

__all__ = ["operator"]

HARBOUR = """
[agency]
slug = "harbour-office"
name = "Harbour Office"
initials = "HO"
domain = "harbour.example"

[provider]
issuer = "https://login.harbour.example"
client_id = "commons"
"""


@pytest.fixture
def north() -> Principal:
    return an_administrator("north")


@pytest.fixture
def south() -> Principal:
    return an_administrator("south")


def test_an_agency_comes_in_from_two_terminals(served: Terminal, north: Principal, south: Principal) -> None:
    served.write("harbour.toml", HARBOUR)
    file = served.folder / "harbour.toml"
    made = served.type("agency", "enrol", file, "--unchecked", token=token_of(north))
    assert made.exit_code == 0, made.output
    assert "Register this public key of ours" in made.output
    assert "It waits for the signature of South." in made.output
    proposal = made.output.split()[1]
    listed = served.type("agency", "proposals", token=token_of(south)).output
    assert "Harbour Office by https://login.harbour.example" in listed
    assert " you " in listed
    signed = served.type("agency", "sign", proposal, token=token_of(south))
    assert signed.output.startswith("Signed and in force.")
    assert "harbour-office" in served.type("agency", "list", token=token_of(north)).output
    link = served.type("agency", "first-administrator", proposal, token=token_of(north))
    assert "/sign-in?invitation=inv_" in link.output


def test_nobody_signs_for_two(served: Terminal, north: Principal, south: Principal) -> None:
    served.write("harbour.toml", HARBOUR)
    token = token_of(north)
    made = served.type(
        "agency", "enrol", served.folder / "harbour.toml", "--unchecked", "--json", token=token
    )
    refused = served.type("agency", "sign", json.loads(made.stdout)["id"], token=token)
    assert refused.exit_code == 1
    assert "Somebody else has to sign this" in refused.stderr


def test_what_to_mend_is_said_by_place(served: Terminal, north: Principal) -> None:
    served.write("bad.toml", HARBOUR.replace("https://login", "ftp://login").replace("HO", "HARBOUR"))
    refused = served.type("agency", "enrol", served.folder / "bad.toml", token=token_of(north))
    assert refused.exit_code == 1
    assert "provider.issuer" in refused.stderr
    assert "agency.initials" in refused.stderr


def test_terms_are_shared_signed_and_ended(served: Terminal, north: Principal, south: Principal) -> None:
    made = served.type(
        "agency", "share", "north", "south", "--level", "internal", "--until", "2099-12-31", "--json",
        token=token_of(north),
    )  # fmt: skip
    proposal = json.loads(made.stdout)["id"]
    assert served.type("agency", "sign", proposal, token=token_of(south)).output == "Signed and in force.\n"
    [terms] = json.loads(served.type("agency", "terms", "--json", token=token_of(north)).stdout)
    assert terms["in_force"]
    assert served.type("agency", "end-terms", terms["id"], token=token_of(south)).output == "Ended.\n"
    assert "ended" in served.type("agency", "terms", token=token_of(north)).output


def test_a_proposal_is_withdrawn(served: Terminal, north: Principal, south: Principal) -> None:
    made = served.type(
        "agency", "share", "north", "south", "--level", "public", "--json", token=token_of(north)
    )
    proposal = json.loads(made.stdout)["id"]
    assert served.type("agency", "withdraw", proposal, token=token_of(north)).output == "Withdrawn.\n"
    assert served.type("agency", "sign", proposal, token=token_of(south)).exit_code == 1


def test_a_provider_is_suspended_and_comes_back_with_two(
    served: Terminal, north: Principal, south: Principal
) -> None:
    a_provider("north")
    assert served.type("agency", "suspend", "--yes", token=token_of(north)).exit_code == 0
    assert "suspended" in served.type("agency", "show", token=token_of(north)).output
    served.write("provider.toml", 'client_id = "commons"')
    made = served.type(
        "agency", "change", "north", served.folder / "provider.toml", "--json", token=token_of(north)
    )
    served.type("agency", "sign", json.loads(made.stdout)["id"], token=token_of(south))
    shown = json.loads(served.type("agency", "show", "--json", token=token_of(north)).stdout)
    assert shown["provider"]["status"] == "active"


def test_a_contributor_reads_who_takes_part_and_no_more(served: Terminal, north: Principal) -> None:
    a_provider("north")
    token = token_of(a_person("north"))
    assert "north.example" in served.type("agency", "list", token=token).output
    assert served.type("agency", "proposals", token=token).exit_code == 1


def test_an_empty_marketplace_begins_with_two_links(operator: Operator) -> None:
    operator.write("first.toml", HARBOUR)
    made = operator.type("agency", "found", operator.folder / "first.toml", "--json")
    assert made.exit_code == 0, made.output
    shown = json.loads(made.stdout)
    assert (shown["agency"], len(set(shown["invitations"]))) == ("harbour-office", 2)
    assert all("/sign-in?invitation=inv_" in link for link in shown["invitations"])
    assert one(select(func.count()).select_from(Invitation)) == 2
    again = operator.type("agency", "found", operator.folder / "first.toml")
    assert again.exit_code == 1
    assert one(select(func.count()).select_from(Agency)) == 1


def test_a_file_that_cannot_be_used_founds_nothing(operator: Operator, database: Engine) -> None:
    operator.write("bad.toml", HARBOUR.replace("harbour-office", "Harbour Office"))
    refused = operator.type("agency", "found", operator.folder / "bad.toml")
    assert refused.exit_code == 1
    assert "agency.slug" in refused.stderr
    assert one(select(func.count()).select_from(Agency)) == 0

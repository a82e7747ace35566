"""`marketplace person`: what an administrator and an officer type, against a marketplace that listens."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from security.labels import Level
from security.principal import Principal
from tests.agencies.people_at_work import an_admin, an_officer, ended, now_as
from tests.application import token_of
from tests.builders import a_person, an_agency
from tests.cli.conftest import Terminal

IN_A_MONTH = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()


@pytest.fixture
def maja(served: Terminal) -> Principal:
    return a_person("north", name="Maja", clearance=Level.PUBLIC)


@pytest.fixture
def ada(served: Terminal) -> str:
    return token_of(an_admin("north", name="Ada"))


def typed(served: Terminal, token: str, *words: object) -> str:
    result = served.type("person", *[str(word) for word in words], token=token)
    assert result.exit_code == 0, result.output
    return result.output


def test_lists_and_shows_people(served: Terminal, maja: Principal, ada: str) -> None:
    listed = typed(served, ada, "list", "--like", "maj")
    assert re.search(rf"{maja.membership_id}  Maja  contributor  public", listed)
    assert [row["name"] for row in json.loads(typed(served, ada, "list", "--json"))] == ["Ada", "Maja"]
    shown = typed(served, ada, "show", maja.membership_id)
    assert "Clearance: public, at most restricted" in shown
    assert "Cannot sign in yet" in shown
    assert "There is nobody" in typed(served, ada, "list", "--like", "zeppelin")


def test_gives_reviews_and_ends_a_role(served: Terminal, maja: Principal, ada: str) -> None:
    said = typed(served, ada, "grant", maja.membership_id, "task_owner", "--until", IN_A_MONTH)
    assert said == "Maja is given the role task_owner.\n"
    shown = json.loads(typed(served, ada, "show", maja.membership_id, "--json"))
    grant = next(row["id"] for row in shown["grants"] if row["role"] == "task_owner")
    assert "looked at again" in typed(served, ada, "review", grant)
    assert typed(served, ada, "end-role", grant) == "The role has ended.\n"
    now = now_as(maja.membership_id)
    assert now is not None
    assert now.roles == {"contributor"}


def test_a_refusal_is_a_sentence(served: Terminal, ada: str) -> None:
    officer = an_officer("north")
    result = served.type("person", "grant", str(officer.membership_id), "task_owner", token=ada)
    assert result.exit_code == 1
    assert "These roles do not go together" in result.output


def test_an_officer_clears_somebody(served: Terminal, maja: Principal) -> None:
    officer = token_of(an_officer("north"))
    said = typed(served, officer, "clear", maja.membership_id, "sensitive", "--compartment", "audit")
    assert said == "Maja is cleared for sensitive in audit.\n"


def test_invites_lists_and_withdraws(served: Terminal, ada: str) -> None:
    assert "/invitation/inv_" in typed(served, ada, "invite", "--note", "for Zoe")
    listed = json.loads(typed(served, ada, "invitations", "--json"))
    assert [row["note"] for row in listed] == ["for Zoe"]
    assert "opens nothing" in typed(served, ada, "uninvite", listed[0]["id"])
    assert json.loads(typed(served, ada, "invitations", "--json")) == []


def test_a_partner_has_somebody_who_answers_and_a_last_day(
    served: Terminal, maja: Principal, ada: str
) -> None:
    without = served.type("person", "invite", "--partner-of", str(maja.membership_id), token=ada)
    assert (without.exit_code, "last day" in without.output) == (2, True)
    said = typed(served, ada, "invite", "--partner-of", maja.membership_id, "--until", IN_A_MONTH)
    assert "/invitation/inv_" in said


def test_moves_somebody_by_two_administrators(served: Terminal, maja: Principal, ada: str) -> None:
    an_agency("south")
    south = token_of(an_admin("south"))
    assert "waits for an administrator of south" in typed(
        served, ada, "transfer", maja.membership_id, "south"
    )
    [move] = json.loads(typed(served, south, "moves", "--json"))
    done = typed(served, south, "approve", move["id"])
    new_id = re.search(r"now ([0-9a-f-]{36})", done)
    assert new_id is not None
    moved = now_as(UUID(new_id[1]))
    assert moved is not None
    assert moved.agency_slug == "south"
    assert "/invitation/inv_" in typed(served, south, "link", new_id[1])


def test_a_secondment_can_be_declined(served: Terminal, maja: Principal, ada: str) -> None:
    an_agency("south")
    south = token_of(an_admin("south"))
    typed(served, ada, "second", maja.membership_id, "south", "--until", IN_A_MONTH)
    [move] = json.loads(typed(served, south, "moves", "--json"))
    assert typed(served, south, "decline", move["id"]) == "Declined.\n"
    assert typed(served, ada, "moves") == "No move is waiting.\n"


def test_signs_somebody_out_and_ends_their_membership(served: Terminal, maja: Principal, ada: str) -> None:
    assert typed(served, ada, "end-sessions", maja.membership_id) == "Signed out everywhere.\n"
    assert "has ended" in typed(served, ada, "leave", maja.membership_id, "--yes")
    assert ended(maja.membership_id)


def test_nothing_ends_without_a_yes(served: Terminal, maja: Principal, ada: str) -> None:
    assert served.type("person", "leave", str(maja.membership_id), token=ada).exit_code == 1
    assert not ended(maja.membership_id)

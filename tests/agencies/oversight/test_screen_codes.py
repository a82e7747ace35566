"""The code over a sealed item: from a photograph to the session."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import Engine

from agencies.oversight import screen_codes
from marketplace.foundation.db import reading, transaction
from security.log import audit, sequencer
from security.principal import Context, Principal, Role, Zone
from tests.builders import a_person

KEY, OTHER = b"k" * 32, b"o" * 32


def seen(person: Principal, session: str, act: str = "payload.view", owner: Principal | None = None) -> None:
    """The person did something in a session."""
    context = Context("web", Zone.HOME, session=session)
    target = audit.Target("microtask", uuid4(), owner.agency_id) if owner else None
    with transaction() as tx:
        audit.record(tx, act, target, actor=person, context=context)
        sequencer.sequence(tx)


def session_of(code: str, reader: Principal, key: bytes = KEY) -> str | None:
    with reading() as db:
        return screen_codes.session_of(db, key, code, reader)


@pytest.fixture
def officer(database: Engine) -> Principal:
    return a_person("north", roles=(Role.SECURITY_OFFICER,))


def test_a_code_leads_to_its_session(officer: Principal) -> None:
    sessions = [uuid4().hex for _ in range(3)]
    for session in sessions:
        seen(a_person("north"), session)
    for session in sessions:
        assert session_of(screen_codes.of_session(KEY, session), officer) == session


def test_an_officer_finds_whoever_opened_their_agencys_work(officer: Principal) -> None:
    session, elsewhere = uuid4().hex, uuid4().hex
    guest = a_person("south")
    seen(guest, session, owner=officer)
    seen(guest, elsewhere, owner=guest)
    assert session_of(screen_codes.of_session(KEY, session), officer) == session
    assert session_of(screen_codes.of_session(KEY, elsewhere), officer) is None


def test_a_session_in_which_nothing_was_opened_has_no_photograph(officer: Principal) -> None:
    session = uuid4().hex
    seen(a_person("north"), session, act="claim.take")
    assert session_of(screen_codes.of_session(KEY, session), officer) is None


def test_a_code_says_nothing_without_the_key(officer: Principal) -> None:
    session = uuid4().hex
    seen(a_person("north"), session)
    code = screen_codes.of_session(KEY, session)
    assert code != screen_codes.of_session(OTHER, session)
    assert session_of(code, officer, OTHER) is None


def test_a_code_has_four_groups_that_are_read_as_they_are_typed() -> None:
    code = screen_codes.of_session(KEY, uuid4().hex)
    assert [len(group) for group in code.split("-")] == [4, 4, 4, 4]
    for typed in (code, code.lower(), code.replace("-", " "), code.replace("-", ""), f" {code} "):
        assert screen_codes.read(typed) == code


def test_letters_that_are_mistaken_for_digits_are_read_as_digits() -> None:
    assert screen_codes.read("OIL0-1234-5678-9ABC") == "0110-1234-5678-9ABC"


@pytest.mark.parametrize(
    "typed", ["", "heron-42", "K7QX-2M9P-0TRD", "K7QX-2M9P-0TRD-5HWU", "K7QX-2M9P-0TRD-5HWAA"]
)
def test_what_is_no_code_is_not_read_as_one(typed: str) -> None:
    assert screen_codes.read(typed) is None


def test_codes_of_many_sessions_differ() -> None:
    assert len({screen_codes.of_session(KEY, uuid4().hex) for _ in range(2_000)}) == 2_000

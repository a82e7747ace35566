"""A form that waits for its sender: sealed for one session, over after a quarter of an hour, gone once it was sent."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select, update

from agencies import held_forms, sessions
from agencies.errors import NoSuchForm
from agencies.held_forms import Form, HeldForm
from marketplace.foundation import clock
from marketplace.foundation.db import reading, transaction
from marketplace.foundation.ids import new_id
from security.oidc import Vouched
from tests.builders import AT_WORK, a_person, changed, found, one

FORM = Form(
    "/claims/1/submit",
    (("answer.kind", "bird"), ("answer.note", "two\r\nlines"), ("many", "a"), ("many", "b")),
)
MAJA = Vouched("https://north.example", "maja")


def begun() -> sessions.Begun:
    membership_id = a_person().membership_id
    with transaction() as tx:
        return sessions.begin(tx, membership_id, MAJA)


def held(session: sessions.Begun, form: Form = FORM) -> UUID | None:
    with transaction() as tx:
        return held_forms.hold(tx, form, token=session.token, session=session.reference)


def read(form_id: UUID | None, session: sessions.Begun) -> Form:
    assert form_id is not None
    with reading() as db:
        return held_forms.read(db, form_id, token=session.token, session=session.reference)


def waiting() -> int:
    count: int = one(select(func.count()).select_from(HeldForm))
    return count


def test_comes_back_as_it_was_with_names_that_repeat(database: Engine) -> None:
    session = begun()
    assert read(held(session), session) == FORM


def test_is_not_readable_in_the_table(database: Engine) -> None:
    held(begun())
    assert b"bird" not in bytes(one(select(HeldForm.sealed)))


def test_is_for_the_session_that_kept_it(database: Engine) -> None:
    form_id = held(begun())
    with pytest.raises(NoSuchForm):
        read(form_id, begun())


def test_opens_with_no_other_token_of_the_same_session(database: Engine) -> None:
    session = begun()
    form_id = held(session)
    with pytest.raises(NoSuchForm):
        read(form_id, sessions.Begun("another token", session.reference))


def test_is_carried_over_to_the_sessions_new_token(database: Engine) -> None:
    old = begun()
    form_id = held(old)
    with transaction() as tx:
        fresh = sessions.renew(tx, old.token, MAJA)
        held_forms.reseal(tx, session=fresh.reference, token=old.token, fresh=fresh.token)
    assert read(form_id, fresh) == FORM
    with pytest.raises(NoSuchForm):
        read(form_id, old)


def test_is_over_after_its_time(database: Engine) -> None:
    session = begun()
    form_id = held(session)
    with transaction() as tx:
        now = clock.now(tx)
    changed(update(HeldForm).values(over_at=now))
    with pytest.raises(NoSuchForm):
        read(form_id, session)
    with transaction() as tx:
        assert held_forms.forget_over(tx) == 1


def test_is_gone_once_it_was_sent(database: Engine) -> None:
    session = begun()
    form_id = held(session)
    assert form_id is not None
    with transaction() as tx:
        held_forms.drop(tx, form_id, session=session.reference)
    assert waiting() == 0


def test_cannot_be_dropped_from_another_session(database: Engine) -> None:
    form_id = held(begun())
    assert form_id is not None
    with transaction() as tx:
        held_forms.drop(tx, form_id, session="another")
    assert waiting() == 1


def test_goes_with_its_session(database: Engine) -> None:
    person = a_person()
    with transaction() as tx:
        session = sessions.begin(tx, person.membership_id, MAJA)
    held(session)
    with transaction() as tx:
        sessions.end(tx, session.token, actor=person, context=AT_WORK)
    assert waiting() == 0


def test_a_session_keeps_few_and_none_that_is_long(database: Engine) -> None:
    session = begun()
    assert held(session, Form("/x", (("note", "x" * held_forms.LONGEST),))) is None
    assert all(held(session) for _ in range(held_forms.MOST))
    assert held(session) is None
    assert held(begun()) is not None


def test_an_unknown_one_is_not_there(database: Engine) -> None:
    with pytest.raises(NoSuchForm):
        read(new_id(), begun())
    assert found(select(HeldForm.id)) == []

"""Nobody's name is opened without them being told: every way that a look-up can go ends in that, or opened nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import product
from uuid import UUID

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError

from agencies.oversight import look_ups
from agencies.oversight.models import LookUp, LookUpPerson
from marketplace.foundation.errors import DomainError
from security.log.models import AuditPending
from security.principal import Principal, Role
from tests.agencies.oversight.looking_up import (
    asked,
    declined,
    granted,
    over_by_now,
    put_off,
    put_off_until,
    read,
    time_passes,
    today,
    told,
)
from tests.builders import AT_WORK, a_person, changed, found, rolled_back, some_people

Step = Callable[[UUID, Principal, Principal], object]
STEPS: dict[str, Step] = {
    "grant": lambda look_up, _, second: granted(look_up, second),
    "decline": lambda look_up, _, second: declined(look_up, second),
    "read": lambda look_up, asker, _: read(look_up, asker),
    "too late": lambda look_up, *_: over_by_now(look_up),
    "an hour": lambda *_: time_passes(),
}
DEFERRALS = {"at once": {}, "later": put_off(30)}


def walked(look_up: UUID, steps: tuple[str, ...], asker: Principal, second: Principal) -> None:
    for step in steps:
        try:
            STEPS[step](look_up, asker, second)
        except DomainError:
            continue  # refused on this way; the next step is tried all the same


def opened(person: Principal) -> bool:
    mine = (AuditPending.act == "look_up.read", AuditPending.object_id == str(person.subject_id))
    return bool(found(select(AuditPending.id).where(*mine)))


@pytest.mark.parametrize("deferral", DEFERRALS)
def test_every_way_that_opens_a_name_ends_in_telling(database: Engine, deferral: str) -> None:
    asker, second = some_people(2, "north", roles=(Role.SECURITY_OFFICER,))
    ways = list(product(STEPS, repeat=3))
    people = some_people(len(ways), "north")
    was_opened = set()
    for steps, person in zip(ways, people, strict=True):
        look_up = asked(asker, person, **DEFERRALS[deferral])
        walked(look_up, steps, asker, second)
        if opened(person):
            was_opened.add(steps)
            assert bool(told(person)) == (deferral == "at once"), steps
            if deferral == "later":
                put_off_until(look_up, today())
    time_passes()
    for steps, person in zip(ways, people, strict=True):
        assert len(told(person)) == (steps in was_opened), steps
    assert was_opened == {steps for steps in ways if opens(steps)}


def opens(steps: tuple[str, ...]) -> bool:
    """Whether these steps grant a look-up and read it, in this order, in time and with nothing in between that ends it.

    Granting opens it for a day anew, unless nobody answered in time or it was declined.
    """
    state = "asked"
    for step in steps:
        if state == "asked" and step in ("grant", "decline", "too late"):
            state = {"grant": "granted", "decline": "ended", "too late": "ended"}[step]
        elif state == "granted" and step in ("read", "too late"):
            state = {"read": "opened", "too late": "ended"}[step]
    return state == "opened"


def test_a_deferral_has_a_day_and_a_reason_in_the_database(database: Engine) -> None:
    asker, person = a_person("north", roles=(Role.SECURITY_OFFICER,)), a_person("north")
    look_up = asked(asker, person)
    for half in ({"told_after": today() + timedelta(days=1)}, {"put_off_because": "A case."}):
        with pytest.raises(IntegrityError):
            changed(LookUp.__table__.update().where(LookUp.id == look_up).values(half))


def test_opening_and_telling_stand_or_fall_together(database: Engine) -> None:
    asker, second = some_people(2, "north", roles=(Role.SECURITY_OFFICER,))
    person = a_person("north")
    look_up = granted(asked(asker, person), second)
    rolled_back(lambda tx: look_ups.read(tx, look_up, actor=asker, context=AT_WORK))
    assert (opened(person), told(person)) == (False, [])
    assert [row.told_at for row in found(select(LookUpPerson.told_at))] == [None]

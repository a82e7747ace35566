"""Terms between agencies: signed by both sides, ended by either at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select, update

from agencies import sharing
from agencies.errors import BadAgencySettings, NoSuchTerms, NotPermitted, NotYoursToSign
from agencies.models import SharingTerms
from marketplace.foundation.db import reading, transaction
from security.labels import Level
from security.log.models import AuditPending
from security.principal import Principal
from tests.agencies.agreeing import an_administrator, an_agency_alone, signed, terms_proposed
from tests.builders import AT_WORK, a_person, changed, found, one


def in_force(**given: Any) -> tuple[Principal, Principal]:
    """Administrators of north and south, whose agencies have terms."""
    north, south = an_administrator("north"), an_administrator("south")
    signed(terms_proposed(north, **given), south)
    return north, south


def ended(actor: Principal) -> None:
    with transaction() as tx:
        sharing.end(tx, _id(), actor=actor, context=AT_WORK)


def between(owner: Principal, guest: Principal) -> Level | None:
    """Up to which label people of `guest` may do work of `owner` now."""
    sides = (owner.agency_slug, guest.agency_slug)
    [level, *_] = [
        Level.parse(terms["level"])
        for terms in listed(owner)
        if terms["in_force"] and (terms["owner"]["slug"], terms["guest"]["slug"]) == sides
    ] or [None]
    return level


def listed(actor: Principal) -> list[dict[str, Any]]:
    with reading() as db:
        return sharing.listing(db, actor.agency_id)


def test_terms_hold_in_one_direction(database: Engine) -> None:
    north, south = in_force(level="sensitive")
    assert (between(north, south), between(south, north)) == (Level.SENSITIVE, None)


def test_either_side_may_propose(database: Engine) -> None:
    north, south = an_administrator("north"), an_administrator("south")
    signed(terms_proposed(south), north)
    assert between(north, south) is Level.INTERNAL


def test_both_sides_read_what_they_agreed(database: Engine) -> None:
    north, south = in_force(until="2099-12-31", note="Reports only.")
    for actor in (north, south):
        [shown] = listed(actor)
        assert (shown["owner"]["slug"], shown["guest"]["slug"]) == ("north", "south")
        assert (shown["rules_of"], shown["hours_of"], shown["requests_to"]) == ("owner", "guest", "owner")
        assert (shown["note"], shown["level"], shown["in_force"]) == ("Reports only.", "internal", True)
        assert shown["until"] == datetime(2100, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("side", [0, 1])
def test_either_side_ends_them_at_once(database: Engine, side: int) -> None:
    both = in_force()
    ended(both[side])
    assert between(*both) is None
    assert [terms["in_force"] for terms in listed(both[0])] == [False]


def test_nobody_else_ends_them(database: Engine) -> None:
    in_force()
    with pytest.raises(NoSuchTerms):
        ended(an_administrator("east"))
    with pytest.raises(NotPermitted):
        ended(a_person("north"))


def test_ending_is_on_the_record_of_the_agency_whose_work_it_was(database: Engine) -> None:
    north, south = in_force()
    ended(south)
    [row] = found(
        select(AuditPending.subject_id, AuditPending.object_agency_id).where(
            AuditPending.act == "sharing.end"
        )
    )
    assert (row.subject_id, row.object_agency_id) == (south.subject_id, north.agency_id)


def test_they_end_once(database: Engine) -> None:
    north, south = in_force()
    ended(north)
    with pytest.raises(NoSuchTerms):
        ended(south)


def test_newer_terms_take_the_place_of_older_ones(database: Engine) -> None:
    north, south = in_force()
    signed(terms_proposed(south, level="public"), north)
    assert between(north, south) is Level.PUBLIC
    assert one(select(func.count()).where(SharingTerms.ended_at.is_(None))) == 1


def test_terms_are_over_after_their_last_day(database: Engine) -> None:
    north, south = in_force(until="2099-12-31")
    changed(update(SharingTerms).values(until=datetime.now(UTC) - timedelta(seconds=1)))
    assert between(north, south) is None
    assert [terms["in_force"] for terms in listed(south)] == [False]


def test_terms_may_hold_to_the_last_day_of_the_calendar(database: Engine) -> None:
    assert between(*in_force(until="9999-12-31")) is Level.INTERNAL


def test_a_third_agency_sees_nothing_and_proposes_nothing(database: Engine) -> None:
    in_force()
    east = an_administrator("east")
    assert listed(east) == []
    with pytest.raises(NotYoursToSign):
        terms_proposed(east)


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"guest": "nowhere"}, "guest"),
        ({"guest": "north"}, "guest"),
        ({"level": "cosmic"}, "level"),
        ({"rules_of": "nobody"}, "rules_of"),
        ({"until": "2001-01-01"}, "until"),
        ({"until": "soon"}, "until"),
        ({"more": 1}, "more"),
    ],
)
def test_terms_that_cannot_be_are_refused_by_their_place(
    database: Engine, given: dict[str, Any], place: str
) -> None:
    north = an_administrator("north")
    an_agency_alone("south")
    with pytest.raises(BadAgencySettings) as refusal:
        terms_proposed(north, **given)
    assert place in refusal.value.facts["errors"]


def _id() -> UUID:
    found: UUID = one(select(SharingTerms.id))
    return found

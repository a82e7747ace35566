"""Sessions and tokens: who acts, until when, and that nothing stored opens anything."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, update

from agencies import sessions, tokens
from agencies.errors import AccessTokenRefused
from agencies.models import Agency, ApiToken, Membership, RoleGrant, WebSession
from agencies.sessions import Acting
from marketplace.foundation import clock
from marketplace.foundation.db import reading, transaction
from security.oidc import Vouched
from security.principal import Principal, Role, Zone
from tests.builders import AT_WORK, a_person, changed, one

ISSUER = "https://north.example"
MAJA = Vouched(ISSUER, "maja", sid="there-1", id_token="header.claims.signature")


def begun(person: Principal, vouched: Vouched = MAJA) -> str:
    with transaction() as tx:
        return sessions.begin(tx, person.membership_id, vouched).token


def read(token: str, address: str | None = None) -> Acting | None:
    with reading() as db:
        return sessions.read(db, token, address)


def moved(column: str, by: timedelta) -> None:
    """Put a limit of every session `by` away from now."""
    with transaction() as tx:
        tx.execute(update(WebSession).values({column: clock.now(tx) + by}))


def ended_membership() -> None:
    with transaction() as tx:
        tx.execute(update(Membership).values(ended_at=clock.now(tx)))


class TestSession:
    def test_says_who_acts(self, database: Engine) -> None:
        person = a_person()
        acting = read(begun(person))
        assert acting is not None
        assert acting.principal == person

    def test_an_unknown_token_is_nobody(self, database: Engine) -> None:
        begun(a_person())
        assert read("unknown") is None

    def test_the_token_is_not_stored(self, database: Engine) -> None:
        token = begun(a_person())
        assert token.encode() not in bytes(one(select(WebSession.token)))

    def test_its_public_reference_opens_nothing(self, database: Engine) -> None:
        begun(a_person())
        assert read(one(select(WebSession.reference))) is None

    @pytest.mark.parametrize("limit", ["idle_until", "absolute_until"])
    def test_is_over_after_its_limit(self, database: Engine, limit: str) -> None:
        token = begun(a_person())
        moved(limit, timedelta(seconds=-1))
        assert read(token) is None

    def test_being_there_moves_the_idle_limit(self, database: Engine) -> None:
        token = begun(a_person())
        moved("idle_until", timedelta(minutes=1))
        with transaction() as tx:
            sessions.touch(tx, token)
            now = clock.now(tx)
        assert one(select(WebSession.idle_until)) - now == sessions.IDLE

    def test_being_there_does_not_move_the_absolute_limit(self, database: Engine) -> None:
        token = begun(a_person())
        moved("absolute_until", timedelta(seconds=-1))
        with transaction() as tx:
            sessions.touch(tx, token)
        assert read(token) is None

    def test_asks_to_be_moved_only_now_and_then(self, database: Engine) -> None:
        token = begun(a_person())
        fresh = read(token)
        moved("idle_until", sessions.IDLE - sessions.TOUCH_EVERY - timedelta(minutes=1))
        later = read(token)
        assert fresh is not None
        assert later is not None
        assert (fresh.needs_touch, later.needs_touch) == (False, True)

    def test_signing_out_ends_it(self, database: Engine) -> None:
        person = a_person()
        token = begun(person)
        with transaction() as tx:
            sessions.end(tx, token, actor=person, context=AT_WORK)
        assert read(token) is None

    def test_signing_out_leaves_the_persons_other_sessions(self, database: Engine) -> None:
        person = a_person()
        here, elsewhere = begun(person), begun(person)
        with transaction() as tx:
            sessions.end(tx, here, actor=person, context=AT_WORK)
        assert read(elsewhere) is not None

    def test_of_a_membership_that_ended_is_nobodys(self, database: Engine) -> None:
        token = begun(a_person())
        ended_membership()
        assert read(token) is None

    def test_a_role_that_ended_is_gone_at_once(self, database: Engine) -> None:
        token = begun(a_person(roles=(Role.CONTRIBUTOR, Role.OPERATOR)))
        with transaction() as tx:
            tx.execute(update(RoleGrant).where(RoleGrant.role == Role.OPERATOR).values(until=clock.now(tx)))
        acting = read(token)
        assert acting is not None
        assert acting.principal.roles == {Role.CONTRIBUTOR}

    def test_a_role_that_begins_tomorrow_is_not_there_today(self, database: Engine) -> None:
        token = begun(a_person())
        with transaction() as tx:
            tx.execute(update(RoleGrant).values(since=clock.now(tx) + timedelta(days=1)))
        acting = read(token)
        assert acting is not None
        assert acting.principal.roles == frozenset()

    def test_what_is_over_is_forgotten_and_the_rest_kept(self, database: Engine) -> None:
        person = a_person()
        begun(person)
        moved("idle_until", timedelta(seconds=-1))
        kept = begun(person)
        with transaction() as tx:
            assert sessions.forget_ended(tx) == 1
        assert read(kept) is not None


class TestZone:
    @pytest.mark.parametrize(
        ("address", "zone"),
        [
            ("192.0.2.7", Zone.OFFICE),
            ("198.51.100.7", Zone.PUBLIC),
            ("2001:db8::7", Zone.OFFICE),
            ("nonsense", Zone.PUBLIC),
            (None, Zone.PUBLIC),
        ],
    )
    def test_is_told_by_the_agencys_networks(self, database: Engine, address: str | None, zone: Zone) -> None:
        token = begun(a_person())
        changed(update(Agency).values(office_networks=["192.0.2.0/24", "2001:db8::/32"]))
        acting = read(token, address)
        assert acting is not None
        assert acting.context.zone is zone


class TestToken:
    def made(self, person: Principal, valid_for: timedelta = timedelta(days=1)) -> str:
        with transaction() as tx:
            return tokens.make(tx, name="import", valid_for=valid_for, actor=person, context=AT_WORK)

    def read(self, token: str) -> Any:
        with reading() as db:
            return tokens.read(db, token, None)

    def test_says_who_it_acts_for(self, database: Engine) -> None:
        person = a_person()
        assert self.read(self.made(person)).principal == person

    def test_acts_through_the_programs_door(self, database: Engine) -> None:
        assert self.read(self.made(a_person())).context.channel == "api"

    def test_is_not_stored(self, database: Engine) -> None:
        token = self.made(a_person())
        assert token.encode() not in bytes(one(select(ApiToken.token)))

    def test_is_recognised_where_it_was_pasted(self, database: Engine) -> None:
        assert self.made(a_person()).startswith("mkt_")

    def test_is_refused_once_its_time_is_over(self, database: Engine) -> None:
        token = self.made(a_person(), timedelta(seconds=-1))
        with pytest.raises(AccessTokenRefused):
            self.read(token)

    def test_is_refused_when_unknown(self, database: Engine) -> None:
        with pytest.raises(AccessTokenRefused):
            self.read("mkt_unknown")

    def test_is_refused_once_the_membership_has_ended(self, database: Engine) -> None:
        token = self.made(a_person())
        ended_membership()
        with pytest.raises(AccessTokenRefused):
            self.read(token)

    def test_a_session_is_no_token(self, database: Engine) -> None:
        token = begun(a_person())
        with pytest.raises(AccessTokenRefused):
            self.read(token)

    def test_its_time_is_counted_from_now(self, database: Engine) -> None:
        person = a_person()
        with transaction() as tx:
            tokens.make(tx, name="x", valid_for=timedelta(hours=1), actor=person, context=AT_WORK)
            now = clock.now(tx)
        assert one(select(func.max(ApiToken.over_at))) - now == timedelta(hours=1)

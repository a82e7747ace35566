"""Sessions and tokens: who acts, until when, and that nothing stored opens anything."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, update

from agencies import directory, session_seal, sessions, tokens
from agencies.errors import AccessTokenRefused, NoSuchSession, NotSignedIn
from agencies.models import Agency, ApiToken, Membership, RoleGrant, WebSession
from agencies.sessions import Acting
from marketplace.foundation import clock
from marketplace.foundation.db import reading, transaction
from security.log.models import AuditPending
from security.oidc import Vouched
from security.principal import Context, Device, Factor, Principal, Role, Zone
from tests.builders import AT_WORK, a_person, changed, found, one
from tests.together import losers, together, winners

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


def references(person: Principal) -> list[str]:
    with reading() as db:
        return [row.reference for row in sessions.of_person(db, person.person_id)]


def acts() -> list[Any]:
    return list(found(select(AuditPending.__table__).where(AuditPending.act == "session.end")))


class TestEvidence:
    def context(self, vouched: Vouched, step_up_acr: str | None = "two-factor") -> Context:
        with transaction() as tx:
            agency = directory.add(
                tx, slug="north", name="North", initials="NO", tint="blue", domain="north.example"
            )
            directory.add_provider(
                tx, "north", issuer=ISSUER, client_id="us", client_secret="x", step_up_acr=step_up_acr
            )
        assert agency is not None
        acting = read(begun(a_person("north"), vouched))
        assert acting is not None
        return acting.context

    @pytest.mark.parametrize(
        ("acr", "step_up_acr", "factor"),
        [
            ("two-factor", "two-factor", Factor.MULTI),
            ("two-factor", "other two-factor", Factor.MULTI),
            ("two", "two-factor", Factor.SINGLE),
            ("password", "two-factor", Factor.SINGLE),
            ("two-factor", None, Factor.SINGLE),
            (None, "two-factor", Factor.NONE),
        ],
    )
    def test_a_second_factor_is_what_the_agencys_provider_calls_one(
        self, database: Engine, acr: str | None, step_up_acr: str | None, factor: Factor
    ) -> None:
        assert self.context(Vouched(ISSUER, "maja", acr=acr), step_up_acr).factor is factor

    def test_a_time_of_signing_in_without_a_word_how_is_one_factor(self) -> None:
        assert sessions.factor_of(None, datetime.now(UTC), "two-factor") is Factor.SINGLE

    @pytest.mark.parametrize(("managed", "device"), [(True, Device.MANAGED), (False, Device.UNKNOWN)])
    def test_a_device_is_managed_where_the_provider_signed_so(
        self, database: Engine, managed: bool, device: Device
    ) -> None:
        assert self.context(Vouched(ISSUER, "maja", device_managed=managed)).device == device

    def test_the_id_token_opens_with_the_cookies_token_only(self, database: Engine) -> None:
        token = begun(a_person())
        with reading() as db:
            held = sessions.voucher(db, token)
        assert (held.issuer, held.subject, held.id_token) == (ISSUER, "maja", MAJA.id_token)
        sealed = bytes(one(select(WebSession.id_token)))
        assert b"header.claims" not in sealed
        reference = one(select(WebSession.reference))
        assert session_seal.unseal(reference, f"{sessions.ID_TOKEN} {reference}", sealed) is None

    def test_nobody_vouches_for_a_session_that_is_over(self, database: Engine) -> None:
        token = begun(a_person())
        moved("idle_until", timedelta(seconds=-1))
        with reading() as db, pytest.raises(NotSignedIn):
            sessions.voucher(db, token)


class TestRotation:
    def renewed(self, token: str, **given: Any) -> sessions.Begun:
        with transaction() as tx:
            return sessions.renew(tx, token, Vouched(ISSUER, "maja", **given))

    def test_a_new_token_takes_the_place_of_the_old_one(self, database: Engine) -> None:
        old = begun(a_person())
        fresh = self.renewed(old)
        assert fresh.token != old
        assert read(old) is None
        assert read(fresh.token) is not None

    def test_the_session_stays_the_same_and_ends_when_it_would_have(self, database: Engine) -> None:
        old = begun(a_person())
        before = found(select(WebSession.reference, WebSession.absolute_until, WebSession.began_at))
        self.renewed(old)
        assert found(select(WebSession.reference, WebSession.absolute_until, WebSession.began_at)) == before

    def test_it_is_as_strong_and_recent_as_the_new_sign_in(self, database: Engine) -> None:
        at = datetime(2026, 1, 2, tzinfo=UTC)
        fresh = self.renewed(begun(a_person()), acr="two-factor", auth_time=at, id_token="a.new.one")
        acting = read(fresh.token)
        assert acting is not None
        assert (acting.context.acr, acting.context.auth_time) == ("two-factor", at)
        with reading() as db:
            assert sessions.voucher(db, fresh.token).id_token == "a.new.one"

    def test_of_two_at_once_one_wins(self, database: Engine) -> None:
        token = begun(a_person())
        outcomes = together(*[lambda: self.renewed(token)] * 4)
        assert len(winners(outcomes)) == 1
        assert set(losers(outcomes)) == {NotSignedIn}

    def test_a_session_that_is_over_is_not_renewed(self, database: Engine) -> None:
        token = begun(a_person())
        moved("absolute_until", timedelta(seconds=-1))
        with pytest.raises(NotSignedIn):
            self.renewed(token)


class TestList:
    def test_names_every_live_session_of_the_person(self, database: Engine) -> None:
        maja, other = a_person("north"), a_person("north")
        begun(maja), begun(maja), begun(other)
        assert len(references(maja)) == 2

    def test_leaves_out_what_is_over(self, database: Engine) -> None:
        maja = a_person()
        begun(maja)
        moved("idle_until", timedelta(seconds=-1))
        assert references(maja) == []

    def test_says_device_network_and_agency(self, database: Engine) -> None:
        maja = a_person("north")
        with transaction() as tx:
            sessions.begin(tx, maja.membership_id, MAJA, device_name="Firefox/Linux", zone=Zone.HOME)
        with reading() as db:
            (row,) = sessions.of_person(db, maja.person_id)
        assert (row.device_name, row.zone, row.agency_name) == ("Firefox/Linux", "home", "North")

    def test_counts_for_the_administrator(self, database: Engine) -> None:
        maja = a_person()
        begun(maja), begun(maja)
        with reading() as db:
            assert sessions.count_of(db, maja.membership_id) == 2


class TestEnding:
    def test_one_of_ones_own_by_its_reference(self, database: Engine) -> None:
        maja = a_person()
        begun(maja), begun(maja)
        kept, ended = references(maja)
        with transaction() as tx:
            sessions.end_one(tx, ended, actor=maja, context=AT_WORK)
        assert references(maja) == [kept]
        assert [(row.object_id, row.detail) for row in acts()] == [(ended, {"by": "person"})]

    def test_not_one_of_somebody_else(self, database: Engine) -> None:
        maja, other = a_person("north"), a_person("north")
        begun(other)
        with transaction() as tx, pytest.raises(NoSuchSession):
            sessions.end_one(tx, references(other)[0], actor=maja, context=AT_WORK)
        assert len(references(other)) == 1

    def test_every_other_one_and_not_this(self, database: Engine) -> None:
        maja, other = a_person("north"), a_person("north")
        here = begun(maja)
        begun(maja), begun(maja), begun(other)
        acting = read(here)
        assert acting is not None
        with transaction() as tx:
            assert sessions.end_others(tx, actor=maja, context=acting.context) == 2
        assert read(here) is not None
        assert len(references(other)) == 1

    @pytest.mark.parametrize(
        ("named", "left"),
        [
            ({"sid": "there-1"}, {"there-2", "elsewhere"}),
            ({"subject": "maja"}, {"elsewhere"}),
            ({"sid": "there-2", "subject": "maja"}, {"there-1", "elsewhere"}),
            ({"sid": "there-1", "subject": "somebody else"}, {"there-1", "there-2", "elsewhere"}),
            ({"sid": "unknown"}, {"there-1", "there-2", "elsewhere"}),
        ],
    )
    def test_what_the_provider_no_longer_vouches_for(
        self, database: Engine, named: dict[str, str], left: set[str]
    ) -> None:
        maja = a_person()
        begun(maja)
        begun(maja, replace(MAJA, sid="there-2"))
        begun(maja, Vouched("https://south.example", "maja", sid="elsewhere"))
        with transaction() as tx:
            assert sessions.end_vouched(tx, ISSUER, **named, context=AT_WORK) == 3 - len(left)
        assert {row.issuer_session for row in found(select(WebSession.issuer_session))} == left
        assert all(row.detail == {"by": "provider"} for row in acts())

    def test_a_logout_that_names_nobody_is_a_mistake(self, database: Engine) -> None:
        with transaction() as tx, pytest.raises(ValueError, match="names a session"):
            sessions.end_vouched(tx, ISSUER, context=AT_WORK)

    def test_all_of_a_provider_that_is_not_trusted_any_more(self, database: Engine) -> None:
        maja = a_person()
        begun(maja)
        begun(maja, Vouched("https://south.example", "maja"))
        with transaction() as tx:
            assert sessions.end_of_issuer(tx, ISSUER, actor=None, context=AT_WORK) == 1

    def test_all_of_a_membership_and_of_what_it_lends(self, database: Engine) -> None:
        home, lent = a_person("north"), a_person("south")
        changed(
            update(Membership).where(Membership.id == lent.membership_id).values(home_id=home.membership_id)
        )
        begun(home), begun(lent), begun(a_person("north"))
        with transaction() as tx:
            assert sessions.end_of_membership(tx, home.membership_id, actor=None, context=AT_WORK) == 2
        assert len(found(select(WebSession.token))) == 1

"""The public halves of an agency's own keys."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Engine, select

from agencies import agency_keys
from agencies.agency_keys import PublicHalf
from agencies.errors import BadAgencySettings, NoSuchAgencyKey, NotPermitted
from marketplace.foundation.db import reading, transaction
from security.log.models import AuditPending
from security.principal import Principal, Role
from security.sealing import base64url, keys, recovery, thumbprints
from security.sealing.recovery import Suite
from tests.agencies.agreeing import an_administrator
from tests.builders import AT_WORK, a_person, found

HASH, DEK = bytes(32), bytes(range(32))


def a_jwk() -> dict[str, str]:
    return keys.public_jwk(keys.new_private())


def a_hybrid() -> tuple[recovery.PrivateKey, dict[str, str]]:
    private = recovery.new_private(Suite.HYBRID)
    return private, {"raw": base64url.encoded(private.public.data)}


def register(actor: Principal, kind: str, public: object) -> PublicHalf:
    with transaction() as tx:
        return agency_keys.register(tx, kind, public, actor=actor, context=AT_WORK)


def end(actor: Principal, key_id: str) -> None:
    with transaction() as tx:
        agency_keys.end(tx, key_id, actor=actor, context=AT_WORK)


def current(actor: Principal, kind: str) -> PublicHalf | None:
    with reading() as db:
        return agency_keys.current(db, actor.agency_id, kind)


def acts() -> list[Any]:
    mine = AuditPending.act.like("agency_key.%")
    return list(found(select(AuditPending.__table__).where(mine).order_by(AuditPending.id)))


def test_a_processing_key_is_called_by_its_thumbprint(database: Engine) -> None:
    admin, jwk = an_administrator("north"), a_jwk()
    made = register(admin, "processing", jwk)
    assert current(admin, "processing") == made
    assert (made.key_id, made.suite, made.public_key) == (thumbprints.of(jwk), "p256", jwk)
    assert current(admin, "recovery") is None
    assert current(an_administrator("south"), "processing") is None


def test_what_is_sealed_to_a_recovery_key_opens_with_its_private_half(database: Engine) -> None:
    admin = an_administrator("north")
    private, public = a_hybrid()
    made = register(admin, "recovery", public)
    assert (made.suite, made.key_id) == ("mlkem768_x25519", private.public.key_id)
    slot = recovery.wrap(DEK, HASH, made.key_id, made.for_recovery)
    assert recovery.unwrap(slot, HASH, made.key_id, private) == DEK


def test_a_recovery_key_may_be_one_that_browsers_can_seal_to(database: Engine) -> None:
    private = recovery.new_private(Suite.P256)
    jwk = keys.public_jwk(keys.read_point(private.public.data))
    made = register(an_administrator("north"), "recovery", jwk)
    assert (made.suite, made.key_id) == ("p256", private.public.key_id)
    assert made.for_recovery == private.public


def test_a_new_key_takes_the_place_of_the_one_before(database: Engine) -> None:
    admin = an_administrator("north")
    first, second = register(admin, "recovery", a_jwk()), register(admin, "recovery", a_jwk())
    assert current(admin, "recovery") == second
    with reading() as db:
        listed = agency_keys.listing(db, admin.agency_id)
    assert [(each.key_id, each.ended_at is None) for each in listed] == [
        (second.key_id, True),
        (first.key_id, False),
    ]
    assert [(row.act, row.object_id) for row in acts()] == [
        ("agency_key.add", first.key_id),
        ("agency_key.end", first.key_id),
        ("agency_key.add", second.key_id),
    ]
    assert acts()[0].detail == {"kind": "recovery", "suite": "p256"}


def test_two_administrators_leave_one_key_each(database: Engine) -> None:
    admins = [an_administrator("north"), an_administrator("north")]
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda admin: register(admin, "processing", a_jwk()), admins))
    kept = current(admins[0], "processing")
    assert kept is not None
    assert kept.key_id in {each.key_id for each in made}


def test_registering_the_key_that_holds_changes_nothing(database: Engine) -> None:
    admin, jwk = an_administrator("north"), a_jwk()
    assert register(admin, "processing", jwk) == register(admin, "processing", dict(reversed(jwk.items())))
    assert [row.act for row in acts()] == ["agency_key.add"]


def test_an_ended_key_stays_ended(database: Engine) -> None:
    admin, jwk = an_administrator("north"), a_jwk()
    key_id = register(admin, "processing", jwk).key_id
    end(admin, key_id)
    end(admin, key_id)
    assert current(admin, "processing") is None
    assert [row.act for row in acts()] == ["agency_key.add", "agency_key.end"]
    with pytest.raises(BadAgencySettings) as refusal:
        register(admin, "processing", jwk)
    assert "has ended" in refusal.value.facts["errors"]["public_key"][0]


def test_the_online_key_is_not_the_offline_one(database: Engine) -> None:
    admin, jwk = an_administrator("north"), a_jwk()
    register(admin, "processing", jwk)
    with pytest.raises(BadAgencySettings) as refusal:
        register(admin, "recovery", jwk)
    assert "its own" in refusal.value.facts["errors"]["public_key"][0]


@pytest.mark.parametrize("kind", ["processing", "recovery"])
@pytest.mark.parametrize(
    "public",
    [
        None,
        "a key",
        {},
        {"raw": 7},
        {"raw": "AA"},
        {"raw": "not base64!"},
        {"crv": "P-384", "kty": "EC", "x": "A" * 43, "y": "A" * 43},
        {"crv": "P-256", "kty": "EC", "x": "A" * 43, "y": "A" * 43},
        {"crv": "P-256", "kty": "EC", "x": 1, "y": 2},
    ],
)
def test_what_is_no_public_key_is_refused(database: Engine, kind: str, public: object) -> None:
    admin = an_administrator("north")
    with pytest.raises(BadAgencySettings) as refusal:
        register(admin, kind, public)
    assert list(refusal.value.facts["errors"]) == ["public_key"]
    assert current(admin, kind) is None


def test_more_members_than_belong_to_a_key_are_refused(database: Engine) -> None:
    with pytest.raises(BadAgencySettings):
        register(an_administrator("north"), "processing", a_jwk() | {"kid": "mine"})


def test_a_private_key_is_not_taken(database: Engine) -> None:
    private = keys.private_jwk(keys.new_private())
    with pytest.raises(BadAgencySettings) as refusal:
        register(an_administrator("north"), "recovery", private)
    assert "private key" in refusal.value.facts["errors"]["public_key"][0]
    assert private["d"] not in str(refusal.value.facts)


def test_the_online_key_is_one_that_browsers_can_seal_to(database: Engine) -> None:
    with pytest.raises(BadAgencySettings):
        register(an_administrator("north"), "processing", a_hybrid()[1])


def test_there_are_two_kinds(database: Engine) -> None:
    with pytest.raises(BadAgencySettings) as refusal:
        register(an_administrator("north"), "master", a_jwk())
    assert list(refusal.value.facts["errors"]) == ["kind"]


def test_only_administrators_of_the_agency_keep_its_keys(database: Engine) -> None:
    admin, officer = an_administrator("north"), a_person("north", roles=(Role.SECURITY_OFFICER,))
    key_id = register(admin, "processing", a_jwk()).key_id
    with pytest.raises(NotPermitted):
        register(officer, "processing", a_jwk())
    with pytest.raises(NotPermitted):
        end(officer, key_id)
    with pytest.raises(NoSuchAgencyKey):
        end(an_administrator("south"), key_id)
    assert current(admin, "processing") is not None

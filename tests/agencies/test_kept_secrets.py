"""Small secrets move to another key of their agency, and go on opening; open proposals stay as they were signed."""

from __future__ import annotations

from sqlalchemy import Engine, select, update

from agencies import kept_secrets, providers, signing
from agencies.agreement_models import Proposal
from agencies.keys import LASTING, KeyringFile, small_secrets
from agencies.models import IdentityProvider, SigningKey
from marketplace.foundation.db import reading, transaction
from tests.agencies.agreeing import a_provider, an_administrator, proposed, signed
from tests.builders import changed, found, one


def moved(keys: KeyringFile, agency_id: object, to: str) -> tuple[int, int]:
    with transaction() as tx:
        return kept_secrets.move(tx, keys, agency_id, to)  # type: ignore[arg-type]


def hanging() -> dict[str, int]:
    with reading() as db:
        return kept_secrets.hanging(db)


def test_they_move_and_open(database: Engine, keys: KeyringFile) -> None:
    north, south = an_administrator("north"), an_administrator("south")
    for slug in ("north", "south"):
        a_provider(slug)
    with transaction() as tx:
        before = signing.sign(tx, north.agency_id, "test", {"a": 1})
        signing.sign(tx, south.agency_id, "test", {"a": 1})
    old, others = keys.current("north", LASTING), keys.current("south", LASTING)
    assert hanging() == {old: 2, others: 2}
    new = keys.renew("north", LASTING)
    assert moved(keys, north.agency_id, new) == (2, 0)
    assert hanging() == {new: 2, others: 2}
    keys.destroy(old)
    with transaction() as tx:
        assert providers.of(tx, "north").client_secret == "s3cret-of-old"
        assert signing.sign(tx, north.agency_id, "test", {"a": 1}) == before
    assert moved(keys, north.agency_id, new) == (0, 0)


def test_those_of_a_retention_year_move_to_the_key_that_lasts(database: Engine, keys: KeyringFile) -> None:
    north = an_administrator("north")
    a_provider("north")
    year = keys.current("north", 2026)
    [row] = found(select(IdentityProvider.__table__))
    binding = providers.binding(row.issuer, row.client_id)
    old_form = small_secrets.conceal(keys, year, "s3cret-of-old", binding)
    changed(update(IdentityProvider).values(secret_key_id=year, secret_wrapped=old_form))
    assert moved(keys, north.agency_id, keys.current("north", LASTING)) == (1, 0)
    keys.destroy(year)
    with reading() as db:
        assert providers.of(db, "north").client_secret == "s3cret-of-old"


def test_one_that_does_not_open_is_counted_and_left(database: Engine, keys: KeyringFile) -> None:
    north = an_administrator("north")
    with transaction() as tx:
        signing.sign(tx, north.agency_id, "test", {"a": 1})
    changed(update(SigningKey).values(secret_wrapped=b"\x01" * 100))
    assert moved(keys, north.agency_id, keys.renew("north", LASTING)) == (0, 1)
    assert bytes(one(select(SigningKey.secret_wrapped))) == b"\x01" * 100


def test_an_open_proposal_keeps_its_key_and_its_signatures(database: Engine, keys: KeyringFile) -> None:
    north, south = an_administrator("north"), an_administrator("south")
    provider = {"authentication": "client_secret_basic", "client_secret": "a-client-secret"}
    proposal_id = proposed(north, provider=provider)
    held = one(select(Proposal.secret_key_id))
    moved(keys, north.agency_id, keys.renew("north", LASTING))
    keys.renew("harbour-office", LASTING)
    assert one(select(Proposal.secret_key_id)) == held
    signed(proposal_id, south)
    with reading() as db:
        assert providers.of(db, "harbour-office").client_secret == "a-client-secret"

"""Agencies and their identity providers; the client secret lies wrapped."""

import pytest
from sqlalchemy import Engine, select, update

from agencies import directory
from agencies.errors import AgencyTaken, UnknownAgency
from agencies.models import IdentityProvider
from marketplace.foundation.db import reading, transaction
from marketplace.foundation.errors import DomainError
from tests.builders import an_agency, changed, one

SECRET = "client-secret-4471"


def a_provider(slug: str = "north") -> None:
    an_agency(slug)
    with transaction() as tx:
        directory.add_provider(
            tx, slug, issuer=f"https://{slug}.example", client_id="marketplace", client_secret=SECRET
        )


def provider(slug: str = "north") -> directory.Provider:
    with reading() as db:
        return directory.provider(db, slug)


def test_a_provider_comes_back_with_its_secret(database: Engine) -> None:
    a_provider()
    assert (provider().client_secret, provider().issuer) == (SECRET, "https://north.example")


def test_the_secret_is_stored_wrapped(database: Engine) -> None:
    a_provider()
    assert SECRET.encode() not in bytes(one(select(IdentityProvider.secret_wrapped)))


def test_the_secret_is_not_printed(database: Engine) -> None:
    a_provider()
    assert SECRET not in repr(provider())


def test_a_secret_opens_for_its_own_issuer_only(database: Engine) -> None:
    a_provider()
    changed(update(IdentityProvider).values(issuer="https://elsewhere.example"))
    with pytest.raises(DomainError):
        provider()


def test_an_unknown_agency_has_no_provider(database: Engine) -> None:
    with pytest.raises(UnknownAgency):
        provider("nowhere")


def test_an_agency_without_a_provider_cannot_be_signed_in_at(database: Engine) -> None:
    an_agency("north")
    with pytest.raises(UnknownAgency):
        provider("north")
    with reading() as db:
        assert directory.listing(db) == []


def test_agencies_are_listed_by_name(database: Engine) -> None:
    for slug in ("west", "east"):
        a_provider(slug)
    with reading() as db:
        assert [row.slug for row in directory.listing(db)] == ["east", "west"]


def test_a_short_name_is_taken_once(database: Engine) -> None:
    an_agency("north")
    with pytest.raises(AgencyTaken):
        an_agency("north")


def test_a_skill_is_called_as_the_reader_speaks_and_otherwise_in_english(database: Engine) -> None:
    with transaction() as tx:
        directory.add_skill(tx, "law", {"en": "Law", "de": "Recht"})
        directory.add_skill(tx, "maths", {"en": "Maths"})
    with reading() as db:
        assert directory.skill_labels(db, "de", ["law", "maths", "unheard-of"]) == {
            "law": "Recht",
            "maths": "Maths",
        }

"""What a provider vouches for: read by the agency's own names, and never more than was said."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from security.oidc import Mapped, Userinfo, Vouched, vouched, wanted_elsewhere

SAID = {"iss": "https://id.harbour.example", "sub": "a"}


def read(
    mapped: Mapped | None = None, userinfo: dict[str, Any] | None = None, signed: bool = False, **claims: Any
) -> Vouched:
    beside = None if userinfo is None else Userinfo(userinfo, signed)
    return vouched(SAID | claims, mapped or Mapped(), userinfo=beside, id_token="e.y.J")


def test_identity_alone_is_enough() -> None:
    assert read() == Vouched("https://id.harbour.example", "a", id_token="e.y.J")


def test_what_was_said_is_read() -> None:
    found = read(
        sid="s", acr="mfa", amr=["pwd", "hwk"], auth_time=1_700_000_000, name=" Ana ", email="a@x.example", locale="nl"
    )  # fmt: skip
    assert (found.sid, found.acr, found.amr) == ("s", "mfa", ("pwd", "hwk"))
    assert found.auth_time == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert (found.name, found.email, found.locale) == ("Ana", "a@x.example", "nl")


def test_the_agency_chooses_the_names_of_claims() -> None:
    mapped = Mapped(name="display_name", email="mail", organisation="siret", device="managed_device")
    found = read(mapped, display_name="Ana", mail="a@x.example", siret="13002526500013", managed_device=True)
    assert (found.name, found.email, found.organisation) == ("Ana", "a@x.example", "13002526500013")
    assert found.device_managed


@pytest.mark.parametrize(("value", "organisation"), [
    ("x", "x"), (["x"], "x"), (13002526500013, "13002526500013"), (["x", "y"], None), ([], None), ({}, None),
    (True, None), (None, None), ("", None), (["x" * 300], None), ("a\u202eb", None),
])  # fmt: skip
def test_of_several_organisations_none_is_chosen(value: Any, organisation: str | None) -> None:
    assert read(Mapped(organisation="org"), org=value).organisation == organisation


@pytest.mark.parametrize(("value", "managed"), [
    (True, True), ("managed", True), (False, False), ("yes", False), (None, False), ("true", False),
])  # fmt: skip
def test_a_device_is_managed_only_where_it_is_said_so(value: Any, managed: bool) -> None:
    assert read(Mapped(device="device"), device=value).device_managed is managed


@pytest.mark.parametrize("signed", [True, False])
def test_userinfo_speaks_of_the_device_only_where_it_is_signed(signed: bool) -> None:
    found = read(Mapped(device="device"), userinfo={"sub": "a", "device": "managed"}, signed=signed)
    assert found.device_managed is signed


def test_a_device_claim_that_was_not_registered_says_nothing() -> None:
    assert not read(device="managed").device_managed


def test_the_token_counts_before_userinfo() -> None:
    found = read(userinfo={"sub": "a", "name": "Other", "email": "o@x.example"}, name="Ana")
    assert (found.name, found.email) == ("Ana", "o@x.example")


def test_an_address_that_is_not_verified_is_none() -> None:
    assert read(email="a@x.example", email_verified=False).email is None


@pytest.mark.parametrize("name", [7, None, "", "   ", "x" * 201, "a\x00b", "a\nb", ["Ana"]])
def test_a_name_of_another_kind_is_none(name: Any) -> None:
    assert read(name=name).name is None


def test_what_is_missing_is_asked_for_elsewhere() -> None:
    whole = SAID | {"name": "Ana", "email": "a@x.example"}
    assert not wanted_elsewhere(whole, Mapped())
    assert wanted_elsewhere(SAID, Mapped())
    assert wanted_elsewhere(whole, Mapped(organisation="siret"))
    assert wanted_elsewhere(whole, Mapped(device="device"))


def test_personal_data_and_the_token_stay_out_of_what_is_printed() -> None:
    printed = repr(read(name="Ana Blum", email="ana@x.example"))
    assert not any(secret in printed for secret in ("Ana", "ana@", "e.y.J"))

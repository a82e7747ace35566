"""What an agency decides for itself: networks, words for levels, mail domains."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, select, update

from agencies import labels, networks, settings
from agencies.errors import BadAgencySettings, LookAlike, NotPermitted
from agencies.models import Agency
from agencies.zones import zone_of
from marketplace.foundation.db import reading, transaction
from security.log.models import AuditPending
from security.principal import Principal, Zone
from tests.agencies.agreeing import an_administrator
from tests.builders import AT_WORK, a_person, an_agency, changed, found


def set_networks(actor: Principal, **given: list[str]) -> dict[str, list[str]]:
    with transaction() as tx:
        return networks.set_lists(tx, given, actor=actor, context=AT_WORK)


def rename(actor: Principal, **given: dict[str, str]) -> dict[str, dict[str, str]]:
    with transaction() as tx:
        return labels.rename(tx, given, actor=actor, context=AT_WORK)


def change(actor: Principal, **given: Any) -> dict[str, Any]:
    with transaction() as tx:
        return settings.change(tx, given, actor=actor, context=AT_WORK)


def test_networks_decide_the_zone(database: Engine) -> None:
    admin = an_administrator("north")
    set_networks(admin, office=["9.9.9.0/24"], vpn=["2620:fe::/32"], home=["8.8.4.0/24"])
    [row] = found(select(Agency.office_networks, Agency.vpn_networks, Agency.home_networks))
    assert [zone_of(each, row) for each in ("9.9.9.9", "2620:fe::1", "8.8.4.4", "8.8.8.8")] == [
        Zone.OFFICE, Zone.VPN, Zone.HOME, Zone.PUBLIC,
    ]  # fmt: skip


def test_only_the_zones_that_are_given_change(database: Engine) -> None:
    admin = an_administrator("north")
    set_networks(admin, office=["9.9.9.0/24"])
    assert set_networks(admin, vpn=["8.8.8.0/24"]) == {
        "office": ["9.9.9.0/24"],
        "vpn": ["8.8.8.0/24"],
        "home": [],
    }


@pytest.mark.parametrize(
    ("network", "said"),
    [
        ("0.0.0.0/0", "too wide"),
        ("::/0", "too wide"),
        ("8.0.0.0/7", "too wide"),
        ("10.0.0.0/8", "not public"),
        ("192.168.1.0/24", "not public"),
        ("100.64.0.0/10", "not public"),
        ("127.0.0.1/32", "not public"),
        ("fc00::/24", "not public"),
        ("169.254.0.0/16", "not a network"),
        ("224.0.0.0/24", "not a network"),
        ("9.9.9.9/24", "Did you mean 9.9.9.0/24?"),
        ("nonsense", "is not a network such as"),
    ],
)
def test_a_network_that_is_no_evidence_is_refused_with_a_sentence(
    database: Engine, network: str, said: str
) -> None:
    with pytest.raises(BadAgencySettings) as refusal:
        set_networks(an_administrator("north"), office=["9.9.9.0/24", network])
    assert said in refusal.value.facts["errors"]["office"][0]


def test_nothing_changes_where_one_network_is_bad(database: Engine) -> None:
    admin = an_administrator("north")
    with pytest.raises(BadAgencySettings):
        set_networks(admin, office=["9.9.9.0/24"], vpn=["0.0.0.0/0"])
    with reading() as db:
        assert networks.listed(db, admin.agency_id) == {"office": [], "vpn": [], "home": []}


def test_what_is_listed_already_may_stay(database: Engine) -> None:
    an_agency("north", office_networks=["127.0.0.0/8"])
    admin = an_administrator("north")
    assert set_networks(admin, office=["127.0.0.0/8", " 9.9.9.0/24 "])["office"] == [
        "127.0.0.0/8",
        "9.9.9.0/24",
    ]


def test_many_wide_networks_are_no_evidence_either(database: Engine) -> None:
    admin = an_administrator("north")
    wide = [f"{first}.0.0.0/8" for first in (4, 8, 9, 12)]
    set_networks(admin, office=wide)
    for more in ("15.0.0.0/8", "9.9.9.0/24"):
        with pytest.raises(BadAgencySettings) as refusal:
            set_networks(admin, office=[more, *wide])
        assert refusal.value.facts["errors"]["office"][0].startswith(f"{more} is too wide")
    assert len(set_networks(admin, office=[*wide, "2620:fe::/32"])["office"]) == 5


def test_more_networks_than_anybody_has_are_refused(database: Engine) -> None:
    with pytest.raises(BadAgencySettings):
        set_networks(an_administrator("north"), office=[f"9.9.{n}.0/24" for n in range(201)])


def test_levels_get_the_agencys_own_words(database: Engine) -> None:
    admin = an_administrator("north")
    rename(admin, restricted={"en": "Top drawer", "de": "Oberste Schublade"}, public={"en": " "})
    with reading() as db:
        assert labels.names_by_slug(db, "de")["north"] == {"restricted": "Oberste Schublade"}
        assert labels.names_by_slug(db, "fr")["north"] == {"restricted": "Top drawer"}
        assert labels.names_by_slug(db, "en") == {"north": {"restricted": "Top drawer"}}


@pytest.mark.parametrize(
    "given",
    [
        {"restricted": {"de": "Nur deutsch"}},
        {"cosmic": {"en": "Cosmic"}},
        {"public": {"en": "A", "tlh": "A"}},
        {"public": {"en": "A" * 41}},
        {"public": {"en": "Same"}, "internal": {"en": "same"}},
    ],
)
def test_words_that_would_confuse_are_refused(database: Engine, given: dict[str, dict[str, str]]) -> None:
    with pytest.raises(BadAgencySettings):
        rename(an_administrator("north"), **given)


def test_mail_domains_and_joining_by_oneself(database: Engine) -> None:
    admin = an_administrator("north")
    shown = change(admin, mail_domains=["Post.North.example", "post.north.example"], self_join=True)
    assert (shown["mail_domains"], shown["self_join"]) == (["post.north.example"], True)
    assert change(admin, self_join=False)["mail_domains"] == ["post.north.example"]


def test_a_mail_domain_like_another_agencys_is_refused(database: Engine) -> None:
    an_agency("harbour", domain="harbour.example")
    admin = an_administrator("north")
    for domain in ("harbour.example", "harb0ur.example"):
        with pytest.raises(LookAlike):
            change(admin, mail_domains=[domain])


@pytest.mark.parametrize("given", [{"mail_domains": ["no domain"]}, {"self_join": 1}, {"slug": "other"}])
def test_settings_that_cannot_be_used_are_refused(database: Engine, given: dict[str, Any]) -> None:
    with pytest.raises(BadAgencySettings):
        change(an_administrator("north"), **given)


def test_only_administrators_change_anything(database: Engine) -> None:
    person = a_person("north")
    for act in (
        lambda: change(person, self_join=True),
        lambda: rename(person, public={"en": "Open to all"}),
        lambda: set_networks(person, office=["9.9.9.0/24"]),
    ):
        with pytest.raises(NotPermitted):
            act()


def test_the_record_says_which_settings_changed_and_not_to_what(database: Engine) -> None:
    admin = an_administrator("north")
    change(admin, self_join=True)
    set_networks(admin, office=["9.9.9.0/24"])
    rename(admin, public={"en": "Free"})
    rows = found(
        select(AuditPending.detail).where(AuditPending.act == "agency.set").order_by(AuditPending.id)
    )
    assert [row.detail["set"] for row in rows] == [["self_join"], ["networks.office"], ["label_names"]]


def test_another_agencys_settings_stay(database: Engine) -> None:
    an_agency("south", office_networks=["8.8.8.0/24"])
    changed(update(Agency).where(Agency.slug == "south").values(mail_domains=["south.example"]))
    admin = an_administrator("north")
    set_networks(admin, office=["9.9.9.0/24"])
    change(admin, mail_domains=[])
    [row] = found(select(Agency.office_networks, Agency.mail_domains).where(Agency.slug == "south"))
    assert (row.office_networks, row.mail_domains) == (["8.8.8.0/24"], ["south.example"])

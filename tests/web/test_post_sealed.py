"""The page that posts sealed work, before anything is chosen: what the browser cannot do is said there."""

from __future__ import annotations

from agencies import agency_keys
from marketplace.foundation.db import transaction
from security.sealing import base64url, keys, recovery
from security.sealing.recovery import Suite
from tests.builders import AT_WORK
from tests.web.stage import Stage
from tests.web.test_claims import english

PATH = "/campaigns/sealed/new"


def registered(stage: Stage, public: dict[str, str]) -> str:
    with transaction() as tx:
        felix = stage._person(tx, "felix")
        return agency_keys.register(tx, "recovery", public, actor=felix, context=AT_WORK).key_id


def ended(stage: Stage, key_id: str) -> None:
    with transaction() as tx:
        agency_keys.end(tx, key_id, actor=stage._person(tx, "felix"), context=AT_WORK)


def test_a_key_that_browsers_cannot_seal_to_is_said_before_anything_is_chosen(stage: Stage) -> None:
    public = {"raw": base64url.encoded(recovery.new_private(Suite.HYBRID).public.data)}
    key_id = registered(stage, public)
    page = english(stage, "ines").get(PATH).get_data(as_text=True)
    ended(stage, key_id)
    assert "is of a kind that browsers cannot seal to" in page
    assert "marketplace campaign import items.csv --spec campaign.toml --device device.json" in page
    assert 'type="file"' not in page
    assert "post-sealed.js" not in page


def test_with_a_key_that_browsers_know_the_page_posts(stage: Stage) -> None:
    key_id = registered(stage, keys.public_jwk(keys.new_private()))
    page = english(stage, "ines").get(PATH).get_data(as_text=True)
    ended(stage, key_id)
    assert page.count('type="file"') == 2
    assert "post-sealed.js" in page
    assert "An administrator can register an offline key" not in page

"""How work is handled and the agency's own keys, as its administrators see and change them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete

from agencies import agency_keys, handling
from agencies.agency_keys import PublicHalf
from agencies.device_models import AgencyHandling, AgencyKey
from agencies.handling import DEFAULTS, Handling
from marketplace.foundation.db import reading
from security.labels import Level
from security.principal import Zone
from security.sealing import keys
from tests.builders import changed
from tests.web.stage import Stage
from tests.web.test_agency import page_of, sent
from tests.web.test_claims import english, form_of

SENSITIVE = {
    "sensitive-protection": "server",
    "sensitive-keep_days": "365",
    "sensitive-zones": ["home", "public"],
    "sensitive-views": "20",
    "sensitive-idle_minutes": "10",
}


@pytest.fixture
def felix(stage: Stage) -> Iterator[FlaskClient]:
    """An administrator of the Civil Aviation Office, which has set nothing yet."""
    yield english(stage, "felix")
    changed(delete(AgencyHandling))
    changed(delete(AgencyKey))


def held(stage: Stage, level: Level = Level.SENSITIVE) -> Handling:
    with reading() as db:
        return handling.of(db, stage.person("felix").agency_id, level)


def key(stage: Stage, kind: str) -> PublicHalf | None:
    with reading() as db:
        return agency_keys.current(db, stage.person("felix").agency_id, kind)


def a_key() -> str:
    return json.dumps(keys.public_jwk(keys.new_private()), indent=1)


def test_an_agency_chooses_how_sealed_work_is_handled(stage: Stage, felix: FlaskClient) -> None:
    text = page_of(felix, "/agency/handling")
    assert "The marketplace cannot search, scan or check it." in text
    given = SENSITIVE | {
        "sensitive-protection": "end_to_end",
        "sensitive-zones": ["public"],
        "sensitive-views": "",
        "sensitive-watermark": "yes",
        "sensitive-may_export": "yes",
    }
    answer = sent(felix, "/agency/handling", "/agency/handling/sensitive", **given)
    assert answer.status_code == 303
    assert held(stage) == Handling(
        "end_to_end", 365, frozenset({Zone.PUBLIC}), False, None, 10, watermark=True, may_export=True
    )
    text = page_of(felix, "/agency/handling")
    assert re.search(r'name="sensitive-protection" value="end_to_end" checked', text)
    assert not re.search(r'name="sensitive-one_at_a_time" value="yes" checked', text)


def test_of_open_work_an_agency_says_how_long_it_is_kept(stage: Stage, felix: FlaskClient) -> None:
    text = page_of(felix, "/agency/handling")
    assert 'name="internal-protection"' not in text
    given = {"internal-keep_days": "30", "internal-protection": "server", "internal-views": "1"}
    assert sent(felix, "/agency/handling", "/agency/handling/internal", **given).status_code == 303
    assert held(stage, Level.INTERNAL) == Handling("none", 30)


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("keep_days", ""),
        ("keep_days", "0"),
        ("keep_days", "a year"),
        ("views", "1001"),
        ("idle_minutes", "²"),
        ("protection", "none"),
        ("protection", ""),
        ("zones", ["moon"]),
    ],
)
def test_what_cannot_be_used_is_said_beside_its_field(
    stage: Stage, felix: FlaskClient, field: str, typed: str | list[str]
) -> None:
    given = SENSITIVE | {f"sensitive-{field}": typed}
    answer = sent(felix, "/agency/handling", "/agency/handling/sensitive", **given)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert f'<a href="#sensitive-{field}">' in text
    assert re.search(rf'id="sensitive-{field}"[^>]*aria-invalid="true"', text)
    assert held(stage) == DEFAULTS[Level.SENSITIVE]


def test_there_is_no_fifth_level(felix: FlaskClient) -> None:
    form = form_of(page_of(felix, "/agency/handling"), "/agency/handling/public")
    assert felix.post("/agency/handling/cosmic", data=form).status_code == 404


def test_an_agency_registers_replaces_and_ends_a_key(stage: Stage, felix: FlaskClient) -> None:
    for _ in range(2):
        answer = sent(felix, "/agency/keys", "/agency/keys/recovery", **{"recovery-public_key": a_key()})
        assert answer.status_code == 303
    now = key(stage, "recovery")
    assert now is not None
    text = page_of(felix, "/agency/keys")
    assert f'<code class="mono key-id">{now.key_id}</code>' in text
    assert "What was sealed to it can still be opened with its private half." in text
    assert sent(felix, "/agency/keys", "/agency/keys/end", key_id=now.key_id).status_code == 303
    assert key(stage, "recovery") is None


def test_a_private_key_is_refused_and_not_shown_again(stage: Stage, felix: FlaskClient) -> None:
    private = keys.private_jwk(keys.new_private())
    given = {"processing-public_key": json.dumps(private)}
    answer = sent(felix, "/agency/keys", "/agency/keys/processing", **given)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "Keep it to yourself" in text
    assert private["d"] not in text
    assert key(stage, "processing") is None


@pytest.mark.parametrize("typed", ["", "my key", "[]", '{"raw": "AA"}'])
def test_what_is_no_key_is_said_beside_the_field(stage: Stage, felix: FlaskClient, typed: str) -> None:
    given = {"processing-public_key": typed}
    answer = sent(felix, "/agency/keys", "/agency/keys/processing", **given)
    assert answer.status_code == 422
    assert "Paste the public half" in answer.get_data(as_text=True)
    assert key(stage, "processing") is None


def test_there_is_no_third_kind_of_key(felix: FlaskClient) -> None:
    form = form_of(page_of(felix, "/agency/keys"), "/agency/keys/recovery")
    assert felix.post("/agency/keys/master", data=form).status_code == 404


def test_the_agencys_corner_leads_there(felix: FlaskClient) -> None:
    text = page_of(felix, "/agency")
    assert 'href="/agency/handling"' in text
    assert 'href="/agency/keys"' in text

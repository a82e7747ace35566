"""Forms about people that cannot be taken come back as they were, with what is wrong beside its field."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from agencies.models import RoleGrant
from agencies.people_models import Invitation, Move
from marketplace.foundation.db import reading
from security.log.models import AuditPending
from tests.web.stage import Stage
from tests.web.test_claims import english, form_of

LONG_AGO = "2001-01-01"
SOON = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()


@pytest.fixture
def felix(stage: Stage) -> FlaskClient:
    """An administrator of the Civil Aviation Office, where Karim works."""
    return english(stage, "felix")


@pytest.fixture
def karim(stage: Stage) -> str:
    return f"/agency/people/{stage.person('karim').membership_id}"


def sent(client: FlaskClient, path: str, action: str, **typed: Any) -> tuple[int, str]:
    page = client.get(path).get_data(as_text=True)
    answer = client.post(action, data=form_of(page, action) | typed)
    return answer.status_code, answer.get_data(as_text=True)


def said_at(page: str, field: str) -> str:
    """What the summary says of a field, which is marked as wrong and points at the same sentence."""
    marked = re.search(rf'id="{field}"[^>]*aria-invalid="true"[^>]*aria-describedby="{field}-error"', page)
    assert marked, field
    said = re.search(rf'<a href="#{field}">([^<]+)</a>', page)
    assert said, field
    assert re.search(rf'id="{field}-error"[^>]*>{re.escape(said[1])}<', page)
    return said[1]


def number_of(model: Any) -> int:
    with reading() as db:
        return int(db.scalar(select(func.count()).select_from(model)) or 0)


def test_a_role_with_a_day_that_is_over(felix: FlaskClient, karim: str) -> None:
    before = number_of(RoleGrant)
    status, page = sent(felix, karim, f"{karim}/roles", role="appraiser", since="", until=LONG_AGO)
    assert (status, said_at(page, "role-until")) == (
        422,
        "The last day must lie ahead, and no further than the rules allow.",
    )
    assert f'name="until" value="{LONG_AGO}"' in page
    assert '<option value="appraiser" selected>' in page
    assert number_of(RoleGrant) == before


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"role": "king"}, "role"),
        ({"role": "contributor"}, "role"),
        ({"role": "appraiser", "since": "soon"}, "role-since"),
        ({"role": "appraiser", "until": "soon"}, "role-until"),
    ],
)
def test_a_role_that_cannot_be_given_so(
    felix: FlaskClient, karim: str, typed: dict[str, str], field: str
) -> None:
    status, page = sent(felix, karim, f"{karim}/roles", **typed)
    assert status == 422
    assert said_at(page, field)


def test_a_move_keeps_what_was_chosen(felix: FlaskClient, karim: str) -> None:
    before = number_of(Move)
    typed = {"agency": "national-archive", "how": "secondment", "until": LONG_AGO}
    status, page = sent(felix, karim, f"{karim}/send", **typed)
    assert status == 422
    assert said_at(page, "send-until")
    assert '<option value="national-archive" selected>' in page
    assert '<option value="secondment" selected>' in page
    assert number_of(Move) == before


def test_an_agency_that_does_not_exist_is_on_the_record_too(felix: FlaskClient, karim: str) -> None:
    status, page = sent(felix, karim, f"{karim}/send", agency="nowhere", how="transfer", until="")
    assert (status, said_at(page, "agency")) == (422, "Choose an agency that takes part.")
    with reading() as db:
        latest = select(AuditPending.act, AuditPending.detail).order_by(AuditPending.id.desc()).limit(1)
        row = db.all(latest)[0]
    assert (row.act, row.detail["error"]) == ("access.refuse", "UnknownAgency")


def test_closed_groups_that_are_not_names(stage: Stage, karim: str) -> None:
    typed = {"level": "internal", "compartments": "North Sea!"}
    status, page = sent(english(stage, "haas"), karim, f"{karim}/clearance", **typed)
    assert status == 422
    assert "small letters" in said_at(page, "compartments")
    assert 'value="North Sea!"' in page
    assert '<option value="internal" selected>' in page


def test_an_invitation_with_a_day_that_is_over(felix: FlaskClient) -> None:
    before = number_of(Invitation)
    typed = {"role": ["contributor", "appraiser"], "note": "For the new analyst", "until": LONG_AGO}
    status, page = sent(felix, "/agency/invitations", "/agency/invitations", **typed)
    assert status == 422
    assert said_at(page, "invite-until")
    assert 'value="For the new analyst"' in page
    assert re.search(r'id="invite-appraiser"[^>]* checked', page)
    assert not re.search(r'id="partner-appraiser"[^>]* checked', page)
    assert number_of(Invitation) == before


@pytest.mark.parametrize(
    ("typed", "field"), [({"until": ""}, "partner-until"), ({"until": SOON, "sponsor": ""}, "sponsor")]
)
def test_a_partner_without_a_last_day_or_anybody_who_answers(
    felix: FlaskClient, typed: dict[str, str], field: str
) -> None:
    status, page = sent(felix, "/agency/invitations", "/agency/partners", note="Of the museum", **typed)
    assert status == 422
    assert said_at(page, field)
    assert re.search(r'id="partner-note"[^>]*value="Of the museum"', page)
